//! Says a step of a chain in a sentence.

use carbon_specs::path::LOOKUPS;
use carbon_specs::{Contract, Model};
use serde_json::{Map, Value};

use super::form::Step;

/// What the step does.
pub fn sentence(step: &Step, model: Option<&Model>, contract: &Contract) -> String {
    let empty = Map::new();
    let argument = match &step.json {
        Some(Value::Object(argument)) => argument,
        Some(_) => &empty,
        None => return format!("{} with an argument that is not JSON: {}", step.method, step.argument),
    };
    let where_ = || {
        let conditions: Vec<String> = argument.iter().map(|(path, value)| condition(path, value)).collect();
        if conditions.is_empty() {
            "without condition".to_owned()
        } else {
            format!("where {}", conditions.join(" and "))
        }
    };
    match step.method.as_str() {
        "objects.all" | "all" => "take every row".into(),
        "objects.get" | "get" => format!("find the one row {}; none or several are an error", where_()),
        "objects.filter" | "filter" => format!("take the rows {}", where_()),
        "objects.exclude" | "exclude" => format!("leave out the rows {}", where_()),
        "objects.create" => format!("create a row with {}", values(argument)),
        "set" => format!("set {} on the object in hand; nothing is written yet", values(argument)),
        "save" => "save it: a task writes the whole row".into(),
        "count" | "objects.count" => "answer how many rows there are".into(),
        "distinct" | "objects.distinct" => "leave equal rows out but once".into(),
        name => {
            let generic = &contract.schema.generic;
            let method = model
                .and_then(|model| model.methods.get(name).or_else(|| model.model_methods.get(name)))
                .or_else(|| generic.manager.get(name))
                .or_else(|| generic.queryset.get(name))
                .or_else(|| generic.instance.get(name));
            let what = method.map(|method| format!(": {}", method.doc.trim_end_matches('.'))).unwrap_or_default();
            let with = match &step.json {
                Some(Value::Array(_)) => format!(" with {}", step.argument),
                _ if argument.is_empty() => String::new(),
                _ => format!(" with {}", values(argument)),
            };
            format!("{name}{with}{what}")
        }
    }
}

fn values(argument: &Map<String, Value>) -> String {
    if argument.is_empty() {
        return "nothing".into();
    }
    let pairs: Vec<String> = argument
        .iter()
        .map(|(name, value)| if value.is_null() { format!("{name} cleared") } else { format!("{name} = {value}") })
        .collect();
    pairs.join(", ")
}

/// `s_date__range [a, b]` becomes "s_date is from a to b".
fn condition(path: &str, value: &Value) -> String {
    let (field, lookup) = match path.rsplit_once("__") {
        Some((field, lookup)) if LOOKUPS.contains(&lookup) => (field, lookup),
        _ => (path, "exact"),
    };
    let field = field.replace("__", ".");
    let verb = match lookup {
        "exact" => "is",
        "iexact" => "is (in any letter case)",
        "contains" => "contains",
        "icontains" => "contains (in any letter case)",
        "startswith" => "begins with",
        "istartswith" => "begins (in any letter case) with",
        "endswith" => "ends with",
        "iendswith" => "ends (in any letter case) with",
        "gt" => "is more than",
        "gte" => "is at least",
        "lt" => "is less than",
        "lte" => "is at most",
        "in" => "is one of",
        "range" => match value.as_array().map(Vec::as_slice) {
            Some([from, to]) => return format!("{field} is from {from} to {to}, both included"),
            _ => "is within",
        },
        "isnull" => {
            let null = matches!(value, Value::Bool(true)) || value.as_i64() == Some(1) || value.as_str() == Some("1");
            return format!("{field} is {}", if null { "empty" } else { "not empty" });
        }
        other => return format!("{field} by `{other}` {value}"),
    };
    format!("{field} {verb} {value}")
}
