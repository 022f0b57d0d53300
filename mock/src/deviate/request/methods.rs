//! Methods, models and arguments that are not what they were.

use carbon_specs::Schema;
use serde_json::{Value as Json, json};

use crate::deviate::steps::method;
use crate::deviation::{Deviation as D, Deviations};
use crate::wire::{Call, Step};

/// A model that is there no more.
const GONE_MODEL: &str = "SwitchPorts";

/// Refuses what such a server does not know, and forgives what it does not look at.
///
/// # Errors
/// The refusal.
pub fn check(on: Deviations, schema: &Schema, call: &mut Call) -> Result<(), String> {
    let known = schema.model(&call.model);
    let unknown = || Err(format!("Unknown model '{}'.", call.model));
    if on.contains(D::MethodsModelGone) && known.is_some_and(|model| model.name == GONE_MODEL) {
        return unknown();
    }
    if on.contains(D::MethodsModelCase) && known.is_none_or(|model| model.name != call.model) {
        return unknown();
    }
    if on.contains(D::LimitsTwoMethods) && call.steps.len() > 2 {
        return Err("The chain has more than 2 methods.".to_owned());
    }
    // `get_version=True` names its method without `method1`.
    if on.contains(D::MethodsVersionGone) && call.extra.iter().any(|(name, _)| name == "get_version") {
        return Err("'Version' object has no attribute 'get_version'".to_owned());
    }
    for step in &mut call.steps {
        refuse(on, step)?;
        if on.contains(D::MethodsArgumentsIgnored) && takes_nothing(step) {
            step.arg = json!({});
        }
    }
    Ok(())
}

fn takes_nothing(step: &Step) -> bool {
    matches!(method(step), "all" | "count" | "exists" | "first" | "last" | "distinct" | "reverse" | "none")
}

fn refuse(on: Deviations, step: &Step) -> Result<(), String> {
    let name = method(step);
    let no_attribute = |holder: &str| Err(format!("'{holder}' object has no attribute '{name}'"));
    for (deviation, gone, holder) in [
        (D::MethodsCountGone, "count", "QuerySet"),
        (D::MethodsExcludeGone, "exclude", "QuerySet"),
        (D::MethodsAllGone, "all", "Manager"),
        (D::MethodsCheckPassGone, "check_pass", "Users"),
        (D::MethodsVersionGone, "get_version", "Version"),
    ] {
        if on.contains(deviation) && name == gone {
            return no_attribute(holder);
        }
    }
    let empty = match &step.arg {
        Json::Object(pairs) => pairs.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    };
    if on.contains(D::MethodsArgumentRequired) && empty {
        return Err(format!("{name}() missing arg{}", step.number));
    }
    if on.contains(D::MethodsListsRefused) && step.arg.is_array() {
        return Err(format!("{name}() takes named arguments: arg{} must be a JSON object", step.number));
    }
    if on.contains(D::MethodsCabinetPositional) && name.starts_with("web_cabinet.") && step.arg.is_object() && !empty {
        return Err(format!("{name}() takes positional arguments: arg{} must be a JSON list", step.number));
    }
    Ok(())
}
