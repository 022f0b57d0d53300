//! The arguments of a step, by name or by place, and Python's TypeErrors for others.

use serde_json::{Map, Value as Json};

use crate::orm::CallError;
use crate::wire::Step;

/// The named arguments of a step.
pub(super) fn kwargs(step: &Step) -> Result<&Map<String, Json>, CallError> {
    step.arg.as_object().ok_or_else(|| {
        CallError::Argument(format!(
            "{}() takes named arguments: arg{} must be a JSON object",
            step.method, step.number
        ))
    })
}

/// Who Python says that a method belongs to: the manager hands most of them on to a QuerySet.
fn owner(step: &Step) -> &'static str {
    if step.method == "objects.all" { "BaseManager" } else { "QuerySet" }
}

/// The method's name, without the manager's.
fn bare(step: &Step) -> &str {
    step.method.strip_prefix("objects.").unwrap_or(&step.method)
}

/// Python's TypeError for a name that the method does not have.
pub(super) fn unexpected(step: &Step, name: &str) -> CallError {
    CallError::Argument(format!("{}.{}() got an unexpected keyword argument '{name}'", owner(step), bare(step)))
}

/// The positional arguments of a step: a JSON list of texts; no argument is none.
pub(super) fn texts(step: &Step) -> Result<Vec<&str>, CallError> {
    let wrong = || {
        CallError::Argument(format!("{}() takes names: arg{} must be a JSON list of strings", step.method, step.number))
    };
    match &step.arg {
        Json::Array(items) => items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect(),
        Json::Object(pairs) => match pairs.keys().next() {
            None => Ok(Vec::new()),
            Some(name) => Err(unexpected(step, name)),
        },
        _ => Err(wrong()),
    }
}

/// No argument at all.
pub(super) fn nothing(step: &Step) -> Result<(), CallError> {
    match &step.arg {
        Json::Object(pairs) => pairs.keys().next().map_or(Ok(()), |name| Err(unexpected(step, name))),
        Json::Array(items) if items.is_empty() => Ok(()),
        Json::Array(items) => Err(CallError::Argument(format!(
            "{}.{}() takes 1 positional argument but {} were given",
            owner(step),
            bare(step),
            items.len() + 1
        ))),
        _ => Err(CallError::Argument(format!("{}() takes no arguments (arg{})", step.method, step.number))),
    }
}
