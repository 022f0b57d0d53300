//! Which documented calls an integration made: a call is known by its model, its methods, and the names it gives them.

use std::collections::BTreeSet;

use carbon_specs::Contract;
use carbon_specs::example::{Example, Request};
use serde_json::Value as Json;

use super::entry::Entry;
use crate::wire::{self, Call};

/// What of a call tells which one it is. Values do not: they are the integration's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    model: String,
    steps: Vec<(String, BTreeSet<String>)>,
    fields: BTreeSet<String>,
}

/// The names in an argument: its keys, or the texts of a list.
pub fn names(argument: &Json) -> Vec<String> {
    match argument {
        Json::Object(pairs) => pairs.keys().cloned().collect(),
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

impl Pattern {
    /// That of a call in the journal.
    pub fn of(entry: &Entry) -> Self {
        let names = entry.arguments.iter().cloned().chain(std::iter::repeat(Vec::new()));
        Self {
            model: entry.model.to_lowercase(),
            steps: entry.methods.iter().cloned().zip(names.map(BTreeSet::from_iter)).collect(),
            fields: entry.fields.iter().cloned().collect(),
        }
    }

    fn of_call(call: &Call) -> Self {
        let step = |step: &wire::Step| (step.method.clone(), names(&step.arg).into_iter().collect());
        Self {
            model: call.model.to_lowercase(),
            steps: call.steps.iter().map(step).collect(),
            fields: call.fields.iter().flatten().cloned().collect(),
        }
    }

    /// Whether this call does what the documented one shows: the same methods, each with the names that are shown
    /// (others may be beside them, but not where none is), and all the fields that are asked for. By which column the
    /// one object is found with which something is done is the integration's own matter.
    fn covers(&self, documented: &Self) -> bool {
        let names_fit = |given: &BTreeSet<String>, shown: &BTreeSet<String>| {
            shown.is_subset(given) && shown.is_empty() == given.is_empty()
        };
        self.model == documented.model
            && self.steps.len() == documented.steps.len()
            && self.steps.iter().zip(&documented.steps).enumerate().all(|(place, ((method, given), (shown, names)))| {
                let only_finds = method == "objects.get" && place + 1 < self.steps.len();
                method == shown && (only_finds || names_fit(given, names))
            })
            && documented.fields.is_subset(&self.fields)
    }
}

/// The ids of the documented calls that these cover.
pub fn exercised<'p>(contract: &Contract, calls: impl Iterator<Item = &'p Pattern> + Clone) -> Vec<String> {
    let covered = |example: &&Example| {
        documented(example).is_some_and(|documented| calls.clone().any(|call| call.covers(&documented)))
    };
    contract.examples.iter().filter(covered).map(|example| example.id.clone()).collect()
}

/// The pattern of a documented call: as corrected, where it is misprinted.
fn documented(example: &Example) -> Option<Pattern> {
    let variant = example.corrected.as_ref().unwrap_or(&example.printed);
    let Request { path, body } = variant.request.as_ref()?;
    let call = wire::parse(path, without_variables(body).as_bytes()).ok()?;
    Some(Pattern::of_call(&call))
}

/// A loop's `$variables` stand for values; any number will do.
fn without_variables(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, name)) = rest.split_once('$') {
        text.push_str(before);
        text.push('0');
        rest = name.trim_start_matches(|symbol: char| symbol.is_ascii_alphanumeric() || symbol == '_');
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(model: &str, body: &str) -> Pattern {
        Pattern::of_call(&wire::parse(&format!("/rest_api/v2/{model}/"), body.as_bytes()).unwrap())
    }

    #[test]
    fn every_documented_call_is_known_by_its_own_names() {
        let contract = Contract::embedded().unwrap();
        for example in &contract.examples {
            let pattern = documented(example).unwrap_or_else(|| panic!("{} has no request to compare", example.id));
            assert!(exercised(&contract, [&pattern].into_iter()).contains(&example.id), "{}", example.id);
        }
    }

    #[test]
    fn a_call_is_not_another_with_the_same_methods() {
        let contract = Contract::embedded().unwrap();
        let covered = |body: &str| exercised(&contract, [&pattern("abonents", body)].into_iter());
        let flat = r#"method1=objects.get&arg1={"id":1}&method2=set&arg2={"a_home_number":"1"}&method3=save"#;
        assert_eq!(covered(flat), ["abonents-2.1"]);
        let both =
            r#"method1=objects.get&arg1={"id":1}&method2=set&arg2={"a_home_number":"1","tarif_id":2}&method3=save"#;
        assert_eq!(covered(both), ["abonents-2.1", "abonents-6.2", "abonents-18.1"]);
        let found = r#"method1=objects.get&arg1={"id":1}&method2=add_payment&arg2={"SUM_IN":1,"comment":"x"}"#;
        assert_eq!(covered(found), ["abonents-11.1"], "the page finds it by its contract number");
        let other = r#"method1=objects.filter&arg1={"id":1}&method2=count"#;
        assert!(covered(other).is_empty(), "conditions are what such a call shows");
        let trash = r#"method1=objects.get&arg1={"id":1}&method2=delete"#;
        assert_eq!(covered(trash), ["abonents-16.1", "abonents-17.1"]);
    }

    #[test]
    fn fields_that_are_shown_must_be_asked_for() {
        let shown = pattern("Abonents", r#"method1=objects.all&fields=["id","allow_internet"]"#);
        assert!(!pattern("Abonents", "method1=objects.all").covers(&shown));
        assert!(pattern("abonents", r#"method1=objects.all&fields=["allow_internet","id","sms"]"#).covers(&shown));
    }

    #[test]
    fn variables_of_a_loop_stand_for_values() {
        assert_eq!(without_variables(r#"{"id":$line,"x":"$a_1"}$"#), r#"{"id":0,"x":"0"}0"#);
    }
}
