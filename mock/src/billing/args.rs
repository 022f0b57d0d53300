//! Reads a method's arguments: typed, checked against the contract, and none left unread.
//!
//! Python would refuse a call with an argument that the method does not have, or without one that it needs, before
//! running any of it; so does [`Given::check`]. An emulator that ignores what it does not know hides the caller's typo.

use std::cell::RefCell;
use std::collections::BTreeSet;

use carbon_specs::{Method, Provenance};
use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

use super::money::Money;
use crate::orm::CallError;
use crate::store::{Pk, value};

/// The arguments of one call.
#[derive(Debug)]
pub struct Given<'a> {
    name: &'a str,
    method: &'a Method,
    given: &'a Map<String, Json>,
    read: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Given<'a> {
    /// Checks the names that were given against those of the contract.
    ///
    /// # Errors
    /// [`CallError::Argument`] with Python's texts for an unknown and for a missing argument.
    pub fn check(name: &'a str, method: &'a Method, given: &'a Map<String, Json>) -> Result<Self, CallError> {
        let short = name.rsplit('.').next().unwrap_or(name);
        if let Some(unknown) = given.keys().find(|key| !method.args.contains_key(*key)) {
            return Err(CallError::Argument(format!("{short}() got an unexpected keyword argument '{unknown}'")));
        }
        let missing: Vec<String> = method
            .args
            .iter()
            .filter(|(arg, spec)| spec.required && !given.contains_key(*arg))
            .map(|(arg, _)| format!("'{arg}'"))
            .collect();
        if !missing.is_empty() {
            let (count, s) = (missing.len(), if missing.len() == 1 { "" } else { "s" });
            let list = join(&missing);
            return Err(CallError::Argument(format!(
                "{short}() missing {count} required positional argument{s}: {list}"
            )));
        }
        Ok(Self { name: short, method, given, read: RefCell::default() })
    }

    /// How sure the contract is of this method and of the arguments given.
    pub fn provenance(&self) -> Provenance {
        self.given
            .keys()
            .filter_map(|key| self.method.args.get(key))
            .map(|arg| arg.source.provenance())
            .fold(self.method.source.provenance(), Provenance::max)
    }

    /// The arguments of a method that declares none because the data do (a report's variables).
    pub fn open(name: &'a str, method: &'a Method, given: &'a Map<String, Json>) -> Self {
        Self { name, method, given, read: RefCell::default() }
    }

    /// All of them, unread and unchecked: for a method whose arguments the data declare.
    pub fn all(&self) -> &'a Map<String, Json> {
        self.given
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`CallError::Internal`] where the contract declares an argument that the code never looked at.
    pub fn finish(&self) -> Result<(), CallError> {
        let read = self.read.borrow();
        match self.given.keys().find(|key| !read.contains(key.as_str())) {
            Some(key) => Err(CallError::Internal(format!("{}() does not use its argument `{key}`", self.name))),
            None => Ok(()),
        }
    }

    /// Any value that is not null; `None` where it is null or absent.
    ///
    /// # Errors
    /// [`CallError::Internal`] for a name that the contract does not have.
    pub fn json(&self, key: &'static str) -> Result<Option<&'a Json>, CallError> {
        if !self.method.args.contains_key(key) {
            return Err(CallError::Internal(format!("the contract has no argument `{key}` of {}()", self.name)));
        }
        self.read.borrow_mut().insert(key);
        Ok(self.given.get(key).filter(|value| !value.is_null()))
    }

    fn wrong(&self, key: &str, value: &Json, expected: &str) -> CallError {
        CallError::Value(format!("{}(): {key} is {value}, not {expected}", self.name))
    }

    fn typed<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&Json) -> Option<T>,
    ) -> Result<Option<T>, CallError> {
        match self.json(key)? {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.wrong(key, value, expected)),
        }
    }

    /// The value, which must not be null or absent.
    ///
    /// # Errors
    /// [`CallError::Value`] for null.
    pub fn need<T>(&self, key: &str, value: Option<T>) -> Result<T, CallError> {
        value.ok_or_else(|| CallError::Value(format!("{}(): {key} may not be null", self.name)))
    }

    /// A text; numbers count as their digits.
    ///
    /// # Errors
    /// [`CallError::Value`] for anything else.
    pub fn text(&self, key: &'static str) -> Result<Option<String>, CallError> {
        self.typed(key, "a text", text)
    }

    /// A whole number, or text that is one: a key of a row, for instance.
    ///
    /// # Errors
    /// [`CallError::Value`] for anything else.
    pub fn int(&self, key: &'static str) -> Result<Option<Pk>, CallError> {
        self.typed(key, "a whole number", int)
    }

    /// Rubles.
    ///
    /// # Errors
    /// [`CallError::Value`] for what is no amount, or has more digits than the billing stores.
    pub fn money(&self, key: &'static str) -> Result<Option<Money>, CallError> {
        self.typed(key, "an amount of money", money)
    }

    /// A flag: 0, 1, "0", "1", true or false.
    ///
    /// # Errors
    /// [`CallError::Value`] for anything else.
    pub fn flag(&self, key: &'static str) -> Result<Option<bool>, CallError> {
        self.typed(key, "a flag (0, 1, true or false)", as_flag)
    }

    /// A day; a moment counts as its day.
    ///
    /// # Errors
    /// [`CallError::Value`] for anything else.
    pub fn date(&self, key: &'static str) -> Result<Option<Date>, CallError> {
        self.typed(key, "a date (%Y-%m-%d)", |json| json.as_str().and_then(value::parse_datetime).map(DateTime::date))
    }

    /// A moment; a day counts as its midnight.
    ///
    /// # Errors
    /// [`CallError::Value`] for anything else.
    pub fn datetime(&self, key: &'static str) -> Result<Option<DateTime>, CallError> {
        self.typed(key, "a moment (%Y-%m-%d %H:%M:%S)", |json| json.as_str().and_then(value::parse_datetime))
    }
}

fn join(items: &[String]) -> String {
    match items {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.join(""),
    }
}

fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn int(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A flag, however it is written: 0, 1, "0", "1", true, false.
pub fn as_flag(json: &Json) -> Option<bool> {
    match json {
        Json::Bool(flag) => Some(*flag),
        Json::Number(number) if number.as_i64() == Some(0) => Some(false),
        Json::Number(number) if number.as_i64() == Some(1) => Some(true),
        Json::String(text) if text == "0" => Some(false),
        Json::String(text) if text == "1" => Some(true),
        _ => None,
    }
}

fn money(json: &Json) -> Option<Money> {
    let text = text(json)?;
    let rubles: Decimal = text.trim().parse().or_else(|_| Decimal::from_scientific(text.trim())).ok()?;
    Money::from_rubles(rubles)
}

#[cfg(test)]
mod tests {
    use carbon_specs::model::ArgFile;
    use serde_json::json;

    use super::*;

    fn method() -> Method {
        let arg = |kind: &str, required| ArgFile {
            kind: kind.into(),
            required,
            doc: None,
            source: "assumed".parse().unwrap(),
            why: Some("a test".into()),
        };
        Method {
            kind: carbon_specs::example::Kind::Write,
            args: [("sum".into(), arg("money", true)), ("day".into(), arg("date", false))].into_iter().collect(),
            returns: "none".into(),
            doc: String::new(),
            source: "page 150".parse().unwrap(),
            why: None,
        }
    }

    #[track_caller]
    fn refused(given: Json, expected: &str) {
        let method = method();
        let error = Given::check("web_cabinet.pay", &method, given.as_object().unwrap()).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn names_are_checked_as_python_does() {
        refused(json!({"summ": 1}), "pay() got an unexpected keyword argument 'summ'");
        refused(json!({}), "pay() missing 1 required positional argument: 'sum'");
    }

    #[test]
    fn money_is_a_number_or_a_text_and_never_binary() {
        for (given, units) in [
            (json!("10"), 100_000_000_000),
            (json!(50.5), 505_000_000_000),
            (json!("-0.0000000001"), -1),
            (json!(0.1), 1_000_000_000),
        ] {
            assert_eq!(money(&given).map(Money::units), Some(units), "{given}");
        }
        for given in [json!("ten"), json!("0.00000000001"), json!(true), json!("99999999999")] {
            assert_eq!(money(&given), None, "{given}");
        }
    }

    #[test]
    fn an_argument_that_nobody_read_is_a_bug() {
        let method = method();
        let given = json!({"sum": "10", "day": "2022-02-31"});
        let args = Given::check("pay", &method, given.as_object().unwrap()).unwrap();
        assert_eq!(args.provenance(), Provenance::Assumed);
        assert!(args.money("sum").unwrap().is_some());
        assert!(matches!(args.finish(), Err(CallError::Internal(_))));
        let error = args.date("day").unwrap_err().to_string();
        assert_eq!(error, "pay(): day is \"2022-02-31\", not a date (%Y-%m-%d)");
        assert_eq!(args.finish(), Ok(()));
    }

    #[test]
    fn flags_take_every_spelling_of_the_page() {
        for (given, expected) in
            [(json!(1), true), (json!("1"), true), (json!(true), true), (json!(0), false), (json!(false), false)]
        {
            assert_eq!(as_flag(&given), Some(expected), "{given}");
        }
        assert_eq!(as_flag(&json!("yes")), None);
    }
}
