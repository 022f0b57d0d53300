//! Writes that ask for something else than they say.

use carbon_specs::Schema;
use serde_json::{Value as Json, json};

use crate::deviate::steps::{after, last, method};
use crate::deviation::{Deviation as D, Deviations};
use crate::wire::Call;

/// Changes what is to be written.
pub fn rewrite(on: Deviations, schema: &Schema, call: &mut Call) {
    let model = schema.model(&call.model);
    for step in &mut call.steps {
        if !matches!(method(step), "set" | "create") {
            continue;
        }
        let Some(columns) = step.arg.as_object_mut() else { continue };
        if on.contains(D::TasksNullIgnored) {
            columns.retain(|_, value| !value.is_null());
        }
        if on.contains(D::TasksFalsyIgnored) {
            let falsy =
                |value: &Json| *value == json!(0) || *value == json!("0") || *value == json!("") || *value == false;
            columns.retain(|_, value| !falsy(value));
        }
        if on.contains(D::TasksUnknownColumnIgnored)
            && let Some(model) = model
        {
            columns.retain(|name, _| name == "pk" || model.field(name).is_some());
        }
    }
    if on.contains(D::TasksSetSaves)
        && last(call) == "set"
        && let Some(step) = call.steps.last()
    {
        call.steps.push(after(step, "save", json!({})));
    }
}

/// The read that shows what a save is about to change, where the reply shows the old values.
pub(crate) fn before(on: Deviations, call: &Call) -> Option<Call> {
    if !on.contains(D::TasksReplyOld) || last(call) != "save" {
        return None;
    }
    let set = call.steps.iter().position(|step| method(step) == "set").filter(|place| *place > 0)?;
    Some(Call { steps: call.steps[..set].to_vec(), ..call.clone() })
}
