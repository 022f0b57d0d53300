//! What belongs to a sandbox: objects by key, names by their mark, sessions, and rows it may point at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::redact::given::PREFIX;

/// Models whose rows are shared by everybody: pointing at one changes nothing for the others.
const SHARED: [&str; 17] = [
    "AdminMsg",
    "DjangoUsersProfile",
    "HomeTypes",
    "IpPull",
    "MsgTypes",
    "Nas",
    "ObjectStatuses",
    "OperationTypes",
    "Operators",
    "ServiceTypes",
    "SnatPull",
    "Switch",
    "SwitchPorts",
    "Tarif",
    "Usluga",
    "UslugaRangeTypes",
    "VpnConst",
];

/// What a sandbox may touch.
#[derive(Clone, Debug)]
pub struct Scope {
    mark: String,
    owned: BTreeMap<String, BTreeSet<i64>>,
    borrowed: BTreeMap<String, BTreeSet<i64>>,
    sessions: BTreeSet<String>,
    root: Option<i64>,
    newest: BTreeMap<String, i64>,
}

impl Scope {
    /// Nothing yet, for a run of this id.
    pub fn new(run: &str) -> Self {
        Self {
            mark: format!("{PREFIX}{run}-"),
            owned: BTreeMap::new(),
            borrowed: BTreeMap::new(),
            sessions: BTreeSet::new(),
            root: None,
            newest: BTreeMap::new(),
        }
    }

    /// What every name of this sandbox begins with.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Whether a text is a name that only this sandbox has given.
    pub fn is_marked(&self, value: &Value) -> bool {
        value.as_str().and_then(|text| text.strip_prefix(&self.mark)).is_some_and(|rest| !rest.is_empty())
    }

    /// Takes an object in.
    pub fn own(&mut self, model: &str, pk: i64) {
        self.owned.entry(model.to_owned()).or_default().insert(pk);
    }

    /// Notes the greatest key of each model, as they were before the sandbox created anything.
    pub fn note_newest(&mut self, newest: BTreeMap<String, i64>) {
        self.newest = newest;
    }

    /// Whether a key was not there before the sandbox was: an older one is somebody's, whatever the server says.
    pub fn is_new(&self, model: &str, pk: i64) -> bool {
        self.newest.get(model).is_some_and(|newest| pk > *newest)
    }

    /// Whether a key was there before the sandbox was, as far as the greatest keys of that time are known at all.
    pub fn is_old(&self, model: &str, pk: i64) -> bool {
        !self.newest.is_empty() && !self.is_new(model, pk)
    }

    /// Takes in an object that was looked at and is the sandbox's by what it holds, unless its key was there before.
    #[must_use]
    pub fn own_new(&mut self, model: &str, pk: i64) -> bool {
        let new = self.is_new(model, pk);
        if new {
            self.own(model, pk);
        }
        new
    }

    /// Whether an object belongs to the sandbox.
    pub fn owns(&self, model: &str, pk: i64) -> bool {
        self.owned.get(model).is_some_and(|keys| keys.contains(&pk))
    }

    /// Allows pointing at a row that everybody shares. Rows of other models are not lent.
    pub fn borrow(&mut self, model: &str, pk: i64) -> bool {
        let lent = SHARED.contains(&model);
        if lent {
            self.borrowed.entry(model.to_owned()).or_default().insert(pk);
        }
        lent
    }

    /// Whether an object of the sandbox may point at a row.
    pub fn may_point_at(&self, model: &str, pk: i64) -> bool {
        self.owns(model, pk) || self.borrowed.get(model).is_some_and(|keys| keys.contains(&pk))
    }

    /// Names the folder that the sandbox's own folder lies in.
    pub fn lie_in(&mut self, folder: Option<i64>) {
        self.root = folder;
    }

    /// The folder that the sandbox's own folder lies in.
    pub fn root(&self) -> Option<i64> {
        self.root
    }

    /// Takes a cabinet session in.
    pub fn open_session(&mut self, suid: &str) {
        self.sessions.insert(suid.to_owned());
    }

    /// Whether a cabinet session is one of the sandbox's users.
    pub fn has_session(&self, suid: &Value) -> bool {
        match suid {
            Value::String(text) => self.sessions.contains(text),
            Value::Number(number) => self.sessions.contains(&number.to_string()),
            _ => false,
        }
    }
}
