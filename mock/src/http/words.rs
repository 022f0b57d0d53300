//! A call in words, for `serve -v`: what the chain asks for, method by method.

use serde_json::Value;

use crate::pyjson;
use crate::wire::{Call, Step};

/// One line for the model, one for each method, and what is noteworthy.
pub fn describe(call: &Call) -> String {
    let mut lines = vec![format!("{}:", call.model.escape_debug())];
    for step in &call.steps {
        lines.push(format!("  {}. {}", step.number, sentence(step)));
    }
    for (key, value) in &call.extra {
        lines.push(format!("  with {} = {}", key.escape_debug(), value.escape_debug()));
    }
    match &call.fields {
        Some(fields) => {
            lines.push(format!("  show {}", list(fields.iter().map(|name| name.escape_debug().to_string()))))
        }
        None if call.steps.is_empty() => {}
        None => lines.push("  show every column".to_owned()),
    }
    lines.extend(call.warnings.iter().map(|warning| format!("  note: {warning}")));
    lines.join("\n")
}

fn sentence(step: &Step) -> String {
    let given = arguments(&step.arg);
    let with = |verb: &str, none: &str| if given.is_empty() { none.to_owned() } else { format!("{verb} {given}") };
    match step.method.as_str() {
        "objects.all" | "all" => "all rows".to_owned(),
        "objects.get" | "get" => with("the one row with", "the only row"),
        "objects.filter" | "filter" => with("the rows with", "all rows (nothing is filtered)"),
        "objects.exclude" | "exclude" => with("the rows without", "all rows (nothing is excluded)"),
        "objects.create" => with("create a row with", "create a row of defaults"),
        "objects.count" | "count" => "count them".to_owned(),
        "objects.distinct" | "distinct" => "without repeats".to_owned(),
        "set" => with("set", "set nothing"),
        "save" => with("save it, with", "save it"),
        "delete" => with("delete it, with", "delete it"),
        method => with(&format!("{} with", method.escape_debug()), &method.escape_debug().to_string()),
    }
}

fn arguments(arg: &Value) -> String {
    match arg {
        Value::Object(named) => list(named.iter().map(|(name, value)| named_value(name, value))),
        Value::Array(items) => list(items.iter().map(short)),
        other => short(other),
    }
}

/// `name__lookup: value` as a comparison.
fn named_value(name: &str, value: &Value) -> String {
    let (path, lookup) = name.rsplit_once("__").unwrap_or((name, ""));
    let sign = match lookup {
        "gt" => ">",
        "gte" => ">=",
        "lt" => "<",
        "lte" => "<=",
        "in" => "in",
        "contains" | "icontains" => "containing",
        "startswith" | "istartswith" => "starting with",
        "endswith" | "iendswith" => "ending with",
        "range" => "between",
        "isnull" => "is NULL:",
        _ => return format!("{} = {}", name.escape_debug(), short(value)),
    };
    format!("{} {sign} {}", path.escape_debug(), short(value))
}

/// A value as JSON, legible and not too long.
fn short(value: &Value) -> String {
    const MOST: usize = 120;
    // Cyrillic stays legible here, unlike on the wire.
    let text = serde_json::to_string(value).unwrap_or_else(|_| pyjson::to_string(value));
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::describe;
    use crate::wire::parse;

    #[test]
    fn a_chain_reads_as_sentences() {
        let body = r#"method1=objects.filter&arg1={"name":"Ж","s_date__range":["2018-10-01","2018-11-01"]}&method2=count&fields=["id"]&arg7={}"#;
        let call = parse("/rest_api/v2/Abonents/", body.as_bytes()).unwrap();
        assert_eq!(
            describe(&call),
            "Abonents:\n  1. the rows with name = \"Ж\", s_date between [\"2018-10-01\",\"2018-11-01\"]\n  2. count them\n  \
             show id\n  note: arg7 belongs to no method: there is no method7"
        );
    }
}
