//! Faults on purpose: what an integration has to survive on a bad day.
//!
//! A fault is ordered through the control API and meets the next calls that fit it. It is the transport that fails:
//! what the world does with the call is decided by when the fault strikes, before or after the call is carried out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use carbon_specs::{Model, Schema};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::tasks::Chance;
use crate::wire::Call;

/// The longest delay: longer ones are no test any more.
const LONGEST_DELAY_MS: u64 = 600_000;

/// What every fault can be described by.
const KEYS: [&str; 6] = ["fault", "model", "method", "skip", "percent", "times"];

/// What only one kind is described by.
const OWN_KEYS: [(&str, &str); 3] = [("delay", "ms"), ("status", "status"), ("error", "text")];

/// The connection is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hung up on purpose")]
pub struct Hangup;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "lowercase")]
pub enum Kind {
    /// The answer comes late.
    Delay {
        /// By so many milliseconds.
        ms: u64,
    },
    /// A proxy answers instead; the call is not carried out.
    Status {
        /// With this status.
        status: u16,
    },
    /// The vendor's envelope with an error; the call is not carried out.
    Error {
        /// The error's text.
        text: String,
    },
    /// The connection is closed before the call is carried out.
    Refuse,
    /// The call is carried out, and the connection closed without an answer: was it done or not?
    Hangup,
    /// The call is carried out, and the connection breaks in the middle of the answer.
    Tear,
}

/// A fault, and the calls it meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: Kind,
    /// Only calls of this model, in any letter case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only calls with this method in their chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How many fitting calls go by unharmed first: 2 spares two and meets the third.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skip: u64,
    /// How likely it meets a fitting call, in percent, by a seeded dice: the same calls meet the same faults.
    #[serde(default = "always", skip_serializing_if = "is_always")]
    pub percent: u8,
    /// How many calls it still meets.
    #[serde(default = "once")]
    pub times: u64,
}

fn is_zero(skip: &u64) -> bool {
    *skip == 0
}

fn always() -> u8 {
    100
}

fn is_always(percent: &u8) -> bool {
    *percent == 100
}

fn once() -> u64 {
    1
}

impl Fault {
    /// Reads `{"fault": "delay", "ms": 500, "model": "Users", "method": "save", "times": 3}`. What can meet no call of
    /// these models is refused.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn read(schema: &Schema, value: Value) -> Result<Self, String> {
        // serde cannot refuse unknown keys of a flattened struct; a misspelt condition must not be ignored.
        for key in value.as_object().into_iter().flat_map(|entries| entries.keys()) {
            let owner = OWN_KEYS.iter().find(|(_, own)| own == key).map(|(kind, _)| *kind);
            match owner {
                None if !KEYS.contains(&key.as_str()) => {
                    return Err(format!("a fault has no `{}`", key.escape_debug()));
                }
                Some(owner) if value["fault"].as_str().is_some_and(|kind| kind != owner) => {
                    return Err(format!("`{key}` belongs to the fault {owner} alone"));
                }
                _ => {}
            }
        }
        let fault: Self = serde_json::from_value(value).map_err(|error| {
            format!("{error}; faults are delay (ms), status (status), error (text), refuse, hangup and tear")
        })?;
        match fault.kind {
            Kind::Delay { ms } if ms > LONGEST_DELAY_MS => Err("a delay is at most ten minutes".to_owned()),
            Kind::Status { status } if !(400..600).contains(&status) => Err("`status` is from 400 to 599".to_owned()),
            _ if !(1..=100).contains(&fault.percent) => Err("`percent` is from 1 to 100".to_owned()),
            _ if fault.times == 0 => Err("`times` is at least 1".to_owned()),
            _ => fault.can_strike(schema).map(|()| fault),
        }
    }

    /// Whether there is a call that it fits.
    fn can_strike(&self, schema: &Schema) -> Result<(), String> {
        let model = match &self.model {
            Some(name) => match schema.model(name) {
                Some(model) => Some(model),
                None => return Err(format!("there is no model `{}`", name.escape_debug())),
            },
            None => None,
        };
        let Some(method) = &self.method else { return Ok(()) };
        let generic = &schema.generic;
        let of_every_model = [&generic.manager, &generic.queryset, &generic.instance];
        let short = method.strip_prefix("objects.").unwrap_or(method);
        let of = |model: &Model| model.methods.contains_key(method) || model.model_methods.contains_key(method);
        let known = of_every_model.iter().any(|methods| methods.contains_key(method))
            || generic.queryset.contains_key(short)
            || generic.refused.contains_key(short)
            || model.map_or_else(|| schema.models.iter().any(of), of);
        let shown = method.escape_debug();
        match model {
            _ if known => Ok(()),
            None => Err(format!("no model has a method `{shown}`")),
            Some(model) => Err(format!("{} has no method `{shown}`", model.name)),
        }
    }

    fn fits(&self, call: &Call) -> bool {
        let model = self.model.as_ref().is_none_or(|model| model.to_lowercase() == call.model.to_lowercase());
        model && self.method.as_ref().is_none_or(|method| call.methods().any(|called| called == method))
    }

    /// Whether it meets a call that fits, or spares it.
    fn strikes(&mut self, chance: &mut Chance) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.percent == 100 || chance.between(1, 100) <= u64::from(self.percent)
    }
}

impl Kind {
    /// Whether the call is carried out all the same.
    pub fn spares_the_call(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::Hangup | Self::Tear)
    }

    /// How long to wait before anything else.
    pub fn delay(&self) -> Option<Duration> {
        match self {
            Self::Delay { ms } => Some(Duration::from_millis(*ms)),
            _ => None,
        }
    }

    /// The status that a proxy answers with.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status } => StatusCode::from_u16(*status).ok(),
            _ => None,
        }
    }
}

/// The faults that wait for their calls, in the order they were given.
#[derive(Debug)]
pub struct Faults(Mutex<Waiting>);

#[derive(Debug)]
struct Waiting {
    faults: Vec<Fault>,
    chance: Chance,
}

/// The dice of `percent` start here; `clear` starts them anew.
const SEED: u64 = 1;

impl Default for Faults {
    fn default() -> Self {
        Self(Mutex::new(Waiting { faults: Vec::new(), chance: Chance::new(SEED) }))
    }
}

impl Faults {
    /// Adds one.
    pub fn add(&self, fault: Fault) {
        self.with(|waiting| waiting.faults.push(fault));
    }

    /// Drops all.
    pub fn clear(&self) {
        self.with(|waiting| *waiting = Waiting { faults: Vec::new(), chance: Chance::new(SEED) });
    }

    /// The first fault that meets a call; it has one time less to go.
    pub fn take(&self, call: &Call) -> Option<Kind> {
        self.with(|Waiting { faults, chance }| {
            let place = faults.iter_mut().position(|fault| fault.fits(call) && fault.strikes(chance))?;
            let fault = &mut faults[place];
            fault.times -= 1;
            let kind = fault.kind.clone();
            if fault.times == 0 {
                faults.remove(place);
            }
            Some(kind)
        })
    }

    /// Those that wait.
    pub fn to_json(&self) -> Value {
        self.with(|waiting| json!({ "faults": waiting.faults }))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Waiting) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::parse;

    fn read(fault: Value) -> Result<Fault, String> {
        Fault::read(&carbon_specs::Contract::embedded().unwrap().schema, fault)
    }

    #[test]
    fn a_fault_meets_the_calls_it_is_meant_for_and_no_more() {
        let faults = Faults::default();
        let ordered = json!({ "fault": "delay", "ms": 5, "model": "users", "method": "save", "times": 2 });
        faults.add(read(ordered.clone()).unwrap());
        assert_eq!(faults.to_json(), json!({ "faults": [ordered] }));
        let save = parse("/rest_api/v2/Users/", b"method1=objects.get&method2=save").unwrap();
        let other = parse("/rest_api/v2/Users/", b"method1=objects.get").unwrap();
        let elsewhere = parse("/rest_api/v2/Homes/", b"method1=objects.get&method2=save").unwrap();
        assert_eq!((faults.take(&other), faults.take(&elsewhere)), (None, None));
        assert_eq!(faults.take(&save), Some(Kind::Delay { ms: 5 }));
        assert_eq!(faults.take(&save), Some(Kind::Delay { ms: 5 }));
        assert_eq!(faults.take(&save), None);
    }

    #[test]
    fn a_fault_can_spare_the_first_calls_and_strike_by_chance() {
        let faults = Faults::default();
        let call = parse("/rest_api/v2/Users/", b"method1=objects.all").unwrap();
        faults.add(read(json!({ "fault": "refuse", "skip": 2 })).unwrap());
        let met: Vec<bool> = (0..4).map(|_| faults.take(&call).is_some()).collect();
        assert_eq!(met, [false, false, true, false]);

        let strikes = || {
            faults.clear();
            faults.add(read(json!({ "fault": "refuse", "percent": 30, "times": 1000 })).unwrap());
            (0..200).map(|_| faults.take(&call).is_some()).collect::<Vec<_>>()
        };
        let met = strikes();
        let count = met.iter().filter(|met| **met).count();
        assert!((30..=90).contains(&count), "{count} of 200");
        assert_eq!(met, strikes(), "the dice are seeded");
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        for (wrong, said) in [
            (json!({}), "missing field `fault`"),
            (json!({ "fault": "fire" }), "unknown variant `fire`"),
            (json!({ "fault": "delay" }), "missing field `ms`"),
            (json!({ "fault": "delay", "ms": 9_999_999 }), "ten minutes"),
            (json!({ "fault": "status", "status": 200 }), "from 400"),
            (json!({ "fault": "tear", "times": 0 }), "at least 1"),
            (json!({ "fault": "tear", "percent": 0 }), "from 1 to 100"),
            (json!({ "fault": "tear", "modle": "Users" }), "no `modle`"),
            (json!({ "fault": "tear", "ms": 5 }), "`ms` belongs to the fault delay alone"),
            (json!({ "fault": "tear", "model": "Nope" }), "there is no model `Nope`"),
            (json!({ "fault": "tear", "method": "fly" }), "no model has a method `fly`"),
            (json!({ "fault": "tear", "method": "block", "model": "users" }), "Users has no method `block`"),
        ] {
            let text = read(wrong).unwrap_err();
            assert!(text.contains(said), "{text}");
        }
        for method in ["save", "objects.get", "objects.reverse", "count", "block", "web_cabinet.login", "get_version"] {
            read(json!({ "fault": "tear", "method": method })).unwrap();
        }
    }
}
