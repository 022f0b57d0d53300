//! Reads beyond the page's own: most of those write, and a recording should show every model. Each model's first row, with its
//! columns and with everything that `fields` can name, and its rows with the lowest keys; the ways to ask; the refusals.

use carbon_specs::Schema;
use carbon_specs::example::{Example, Kind, Request, Variant};
use carbon_specs::step::Check;
use serde_json::Value;

/// The section of these calls.
pub const SECTION: &str = "survey";

/// Ways to ask, of a model that every server has.
const WAYS: [&str; 9] = [
    r#"method1=objects.count"#,
    r#"method1=objects.exists"#,
    r#"method1=objects.filter&arg1={"pk__lt":0}"#,
    r#"method1=objects.none&method2=first"#,
    r#"method1=objects.filter&arg1={"pk__lte":10}&method2=values&arg2=["id","name"]"#,
    r#"method1=objects.filter&arg1={"pk__lte":10}&method2=values_list&arg2=["id","name"]"#,
    r#"method1=objects.in_bulk&arg1=[1,2]"#,
    r#"method1=objects.order_by&arg1=["-pk"]&method2=first&fields=["id"]"#,
    r#"method1=objects.filter&arg1={"pk__lte":10}&method2=order_by&arg2=["name","pk"]&fields=["name"]"#,
];

/// Calls that are refused: what is recorded is how.
const REFUSED: [(&str, &str); 8] = [
    ("Tarif", r#"method1=objects.get&arg1={"pk":-1}"#),
    ("Tarif", r#"method1=objects.get&arg1={"pk__gt":0}"#),
    ("Tarif", r#"method1=objects.filter&arg1={"no_such_field":1}"#),
    ("Tarif", r#"method1=objects.filter&arg1={"pk":"x"}"#),
    ("Tarif", r#"method1=objects.filter&arg1={"pk":1}&fields=["no_such_field"]"#),
    ("Tarif", r#"method1=objects.filter&arg1={"#),
    ("Tarif", r#"fields=["id"]"#),
    ("NoSuchModel", r#"method1=objects.count"#),
];

/// The calls, as examples of a section of their own.
pub fn survey(schema: &Schema) -> Vec<Example> {
    let mut calls = Vec::new();
    for model in &schema.models {
        let columns = model.fields.iter().map(|field| field.name.as_str());
        let names: Vec<&str> = columns.chain(model.properties.keys().map(String::as_str)).collect();
        let fields = Value::from(names);
        for (number, body) in [
            r#"method1=objects.order_by&arg1=["pk"]&method2=first"#.to_owned(),
            format!(r#"method1=objects.order_by&arg1=["pk"]&method2=first&fields={fields}"#),
            r#"method1=objects.filter&arg1={"pk__lte":50}"#.to_owned(),
        ]
        .into_iter()
        .enumerate()
        {
            calls.push(example(&model.name, &format!("{}.{}", model.name.to_lowercase(), number + 1), body));
        }
    }
    for (number, body) in WAYS.iter().enumerate() {
        calls.push(example("Tarif", &format!("ways.{}", number + 1), (*body).to_owned()));
    }
    for (number, (model, body)) in REFUSED.iter().enumerate() {
        calls.push(example(model, &format!("refused.{}", number + 1), (*body).to_owned()));
    }
    calls
}

fn example(model: &str, id: &str, body: String) -> Example {
    let path = format!("/rest_api/v2/{model}/");
    // A refusal is as good as any answer: a server may not have the model. That it is an envelope is all that is asked.
    let envelope = Check { kind: Some("object".to_owned()), ..Check::default() };
    Example {
        id: format!("{SECTION}-{id}"),
        line: 0,
        title: format!("{model}: {body}"),
        kind: Kind::Read,
        model: model.to_owned(),
        methods: Vec::new(),
        before: Vec::new(),
        printed: Variant {
            command: String::new(),
            nothing_sent: None,
            request: Some(Request { path, body }),
            turns: None,
            reply: vec![envelope],
            after: Vec::new(),
        },
        erratum: None,
        corrected: None,
    }
}

#[cfg(test)]
mod tests {
    use carbon_specs::Contract;

    use super::*;
    use crate::safety;

    #[test]
    fn only_reads_and_every_model() {
        let contract = Contract::embedded().unwrap();
        let calls = survey(&contract.schema);
        assert_eq!(calls.len(), 3 * contract.schema.models.len() + WAYS.len() + REFUSED.len());
        for call in &calls {
            let request = call.printed.request.as_ref().unwrap();
            // A model or a call that nobody knows is refused by any server before it does anything.
            if !matches!(call.model.as_str(), "NoSuchModel") && !call.id.starts_with("survey-refused") {
                assert_eq!(safety::only_reads(&contract.schema, &request.path, &request.body), Ok(()), "{}", call.id);
            }
        }
    }
}
