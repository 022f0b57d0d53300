//! Steps of a chain taken out, put in and told apart.

use serde_json::{Map, Value as Json, json};

use crate::wire::{Call, Step};

/// A step's method without `objects.`.
pub fn method(step: &Step) -> &str {
    step.method.strip_prefix("objects.").unwrap_or(&step.method)
}

/// Whether a step takes conditions.
pub fn has_conditions(step: &Step) -> bool {
    matches!(method(step), "filter" | "exclude" | "get")
}

/// The conditions of a step.
pub fn conditions(step: &mut Step) -> Option<&mut Map<String, Json>> {
    has_conditions(step).then_some(())?;
    step.arg.as_object_mut()
}

/// The same step with another method and argument.
pub fn instead(step: &Step, name: &str, arg: Json) -> Step {
    let method = if step.method.starts_with("objects.") { format!("objects.{name}") } else { name.to_owned() };
    Step { number: step.number, method, arg }
}

/// A step that follows another.
pub fn after(step: &Step, name: &str, arg: Json) -> Step {
    Step { number: step.number, method: name.to_owned(), arg }
}

/// Takes out the steps of this method; the first of a chain becomes `objects.all`.
pub fn drop_all(call: &mut Call, name: &str) {
    replace(call, |step| {
        if method(step) != name {
            return vec![step.clone()];
        }
        if step.method.starts_with("objects.") { vec![instead(step, "all", json!({}))] } else { Vec::new() }
    });
}

/// Puts others in the place of each step.
pub fn replace(call: &mut Call, mut others: impl FnMut(&Step) -> Vec<Step>) {
    call.steps = call.steps.iter().flat_map(&mut others).collect();
}

/// The method of the last step.
pub fn last(call: &Call) -> &str {
    call.steps.last().map_or("", method)
}
