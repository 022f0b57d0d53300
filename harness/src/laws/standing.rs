//! Laws about every reply: status, envelope, spelling, objects, types.

mod objects;
mod spelling;

use carbon_specs::{Provenance, Source};
use serde_json::Value;

use super::call::Call;
use super::law::Standing;
use super::reply::{Reply, keys};
use super::verdict::{Judged, Wrong, brief, must};

/// All of them.
pub const LAWS: &[Standing] = &[
    Standing {
        name: "status",
        says: "every reply, an error too, comes with the HTTP status 200",
        source: Source::Other(Provenance::Observed),
        judge: |_, _, reply| {
            if reply.status == 0 {
                return Judged::Fails(Wrong::new("a reply", reply.short()));
            }
            must(reply.status == 200, "status 200", format!("status {}", reply.status)).into()
        },
    },
    Standing {
        name: "content-type",
        says: "a reply calls itself JSON",
        source: Source::Other(Provenance::Assumed),
        judge: |_, _, reply| {
            if reply.status == 0 {
                return Judged::Vacuous("no reply");
            }
            must(
                reply.content_type.starts_with("application/json"),
                "the content type application/json",
                format!("`{}`", reply.content_type),
            )
            .into()
        },
    },
    Standing {
        name: "envelope",
        says: "a reply is an object of exactly `call` and `result`, or of exactly `call` and a text `error`",
        source: Source::Page(23),
        judge: |_, _, reply| envelope(reply).into(),
    },
    Standing {
        name: "envelope-order",
        says: "`call` comes first in the reply",
        source: Source::Other(Provenance::Assumed),
        judge: |_, _, reply| match reply.json.as_ref().and_then(Value::as_object) {
            Some(envelope) if envelope.contains_key("call") => {
                must(envelope.keys().next().is_some_and(|key| key == "call"), "`call` before the rest", keys(envelope))
                    .into()
            }
            _ => Judged::Vacuous("no envelope"),
        },
    },
    Standing {
        name: "call",
        says: "`call` is the path as it was asked for",
        source: Source::Page(23),
        judge: |_, call, reply| match reply.json.as_ref().and_then(|json| json.get("call")) {
            Some(echo) => must(echo.as_str() == Some(&call.path()), format!("\"{}\"", call.path()), brief(echo)).into(),
            None => Judged::Vacuous("no `call`"),
        },
    },
    Standing {
        name: "ascii",
        says: "a reply is ASCII: other letters are \\uXXXX",
        source: Source::Page(730),
        judge: |_, _, reply| spelling::ascii(&reply.body).into(),
    },
    Standing {
        name: "spelling",
        says: "JSON is spelled as Python spells it: `, ` and `: `, lower-case hex digits, nothing escaped without need",
        source: Source::Other(Provenance::Assumed),
        judge: |_, _, reply| match reply.json {
            Some(_) => spelling::python(&reply.body).into(),
            None => Judged::Vacuous("no JSON"),
        },
    },
    Standing {
        name: "objects",
        says: "an object is exactly `pk`, `model` in the vendor's spelling, and `fields`",
        source: Source::Page(35),
        judge: objects::form,
    },
    Standing {
        name: "types",
        says: "values have their columns' types: numbers are numbers, flags 0 or 1, decimals and money texts, days \
               %Y-%m-%d, moments %Y-%m-%d %H:%M:%S",
        source: Source::Other(Provenance::Derived),
        judge: objects::types,
    },
    Standing {
        name: "nulls",
        says: "null stands only in columns that may be NULL, and `pk` is never null",
        source: Source::Other(Provenance::Derived),
        judge: objects::nulls,
    },
    Standing {
        name: "asked",
        says: "the fields of an object are those that were asked for, and `<fk>_id` beside an expanded foreign key",
        source: Source::Page(37),
        judge: objects::asked,
    },
];

fn envelope(reply: &Reply) -> Result<(), Wrong> {
    let Some(json) = &reply.json else {
        return Err(Wrong::new("a JSON object", reply.short()));
    };
    let envelope = json.as_object().ok_or_else(|| Wrong::new("an object of `call` and `result`", brief(json)))?;
    let expected = "exactly `call` and `result`, or `call` and `error`";
    must(
        envelope.len() == 2
            && envelope.contains_key("call")
            && (envelope.contains_key("result") || envelope.contains_key("error")),
        expected,
        keys(envelope),
    )?;
    match envelope.get("error") {
        Some(Value::String(error)) => must(!error.is_empty(), "a text that says what is wrong", "an empty `error`"),
        Some(error) => Err(Wrong::new("an `error` that is a text", brief(error))),
        None => Ok(()),
    }
}

/// Whether the chain ends with objects: then `result` can be judged by the model of the call.
fn ends_in_objects(call: &Call) -> bool {
    call.steps.last().is_some_and(|step| {
        let method = step.method.strip_prefix("objects.").unwrap_or(&step.method);
        matches!(
            method,
            "all"
                | "filter"
                | "exclude"
                | "get"
                | "first"
                | "last"
                | "distinct"
                | "order_by"
                | "reverse"
                | "none"
                | "latest"
                | "earliest"
        ) && !call.steps.iter().any(|step| step.method.ends_with("values"))
    })
}

/// The objects of a result, one or many.
fn objects<'a>(call: &Call, reply: &'a Reply) -> Option<Vec<&'a Value>> {
    let Ok(result) = reply.result() else { return None };
    if !ends_in_objects(call) {
        return None;
    }
    match result {
        Value::Null => None,
        Value::Array(items) => Some(items.iter().collect()),
        one => Some(vec![one]),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn judge(name: &str, call: &Call, status: u16, content_type: &str, body: &str) -> Judged {
        let schema = carbon_specs::Contract::embedded().unwrap().schema;
        let law = LAWS.iter().find(|law| law.name == name).unwrap();
        let reply = Reply::new(status, content_type.to_owned(), Bytes::copy_from_slice(body.as_bytes()));
        (law.judge)(&schema, call, &reply)
    }

    #[track_caller]
    fn check(name: &str, call: &Call, right: &str, wrong: &[&str]) {
        let json = "application/json";
        assert_eq!(judge(name, call, 200, json, right), Judged::Holds, "{name}: {right}");
        for wrong in wrong {
            assert!(judge(name, call, 200, json, wrong).failure().is_some(), "{name} lets pass: {wrong}");
        }
    }

    const TARIF: &str =
        r#"{"call": "/rest_api/v2/Tarif/", "result": [{"pk": 1, "model": "Tarif", "fields": {"name": "\u0431"}}]}"#;

    fn names() -> Call {
        Call::all("Tarif").fields(&["name"])
    }

    #[test]
    fn a_status_and_a_content_type_can_be_wrong() {
        assert_eq!(judge("status", &names(), 200, "application/json", TARIF), Judged::Holds);
        assert!(judge("status", &names(), 500, "application/json", TARIF).failure().is_some());
        assert!(judge("content-type", &names(), 200, "text/html", TARIF).failure().is_some());
        assert_eq!(judge("content-type", &names(), 200, "application/json; charset=utf-8", TARIF), Judged::Holds);
    }

    #[test]
    fn envelopes_can_be_wrong() {
        check(
            "envelope",
            &names(),
            TARIF,
            &[
                "<html>",
                "[]",
                r#"{"result": []}"#,
                r#"{"call": "/rest_api/v2/Tarif/", "data": []}"#,
                r#"{"call": "/rest_api/v2/Tarif/", "result": [], "error": null}"#,
                r#"{"call": "/rest_api/v2/Tarif/", "error": ""}"#,
                r#"{"call": "/rest_api/v2/Tarif/", "error": {"message": "no"}}"#,
            ],
        );
        check("envelope-order", &names(), TARIF, &[r#"{"result": [], "call": "/rest_api/v2/Tarif/"}"#]);
        check("call", &names(), TARIF, &[r#"{"call": "/rest_api/v2/tarif/", "result": []}"#, r#"{"call": 1}"#]);
    }

    #[test]
    fn spellings_can_be_wrong() {
        check("ascii", &names(), TARIF, &[r#"{"call": "", "result": "б"}"#]);
        check(
            "spelling",
            &names(),
            TARIF,
            &[
                r#"{"call":"/rest_api/v2/Tarif/", "result": []}"#,
                r#"{"call": "\/rest_api\/v2\/Tarif\/", "result": []}"#,
                r#"{"call": "\u043A", "result": []}"#,
                "{\n \"call\": \"\"}",
            ],
        );
    }

    #[test]
    fn objects_can_be_wrong() {
        let wrong = |object: Value| json!({"call": "/rest_api/v2/Tarif/", "result": [object]}).to_string();
        check(
            "objects",
            &names(),
            TARIF,
            &[
                &wrong(json!({"id": 1, "model": "Tarif", "fields": {"name": "a"}})),
                &wrong(json!({"pk": 1, "model": "carbon.tarif", "fields": {"name": "a"}})),
                &wrong(json!({"pk": 1, "model": "Tarif", "name": "a"})),
                &wrong(json!({"pk": 1, "model": "Tarif", "fields": {"name": "a"}, "more": 1})),
                &wrong(json!(7)),
            ],
        );
        check(
            "types",
            &names(),
            TARIF,
            &[
                &wrong(json!({"pk": "1", "model": "Tarif", "fields": {"name": "a"}})),
                &wrong(json!({"pk": 1, "model": "Tarif", "fields": {"name": 7}})),
            ],
        );
        check(
            "asked",
            &names(),
            TARIF,
            &[
                &wrong(json!({"pk": 1, "model": "Tarif", "fields": {"name": "a", "id": 1}})),
                &wrong(json!({"pk": 1, "model": "Tarif", "fields": {}})),
            ],
        );
        check("nulls", &names(), TARIF, &[&wrong(json!({"pk": null, "model": "Tarif", "fields": {"name": "a"}}))]);
    }

    #[test]
    fn every_type_can_be_wrong() {
        let users = |fields: Value| {
            json!({"call": "/rest_api/v2/MsgStack/", "result": {"pk": 1, "model": "MsgStack", "fields": fields}})
                .to_string()
        };
        let call = Call::get("MsgStack", json!({"pk": 1})).fields(&["send_date"]);
        check(
            "types",
            &call,
            &users(json!({"send_date": "2022-01-01 10:00:00"})),
            &[
                &users(json!({"send_date": "2022-01-01T10:00:00"})),
                &users(json!({"send_date": "2022-01-01"})),
                &users(json!({"send_date": "2022-01-01 10:00:00.000"})),
                &users(json!({"send_date": 164_000_000})),
            ],
        );
        let abonents = |fields: Value| {
            json!({"call": "/rest_api/v2/Abonents/", "result": {"pk": 1, "model": "Abonents", "fields": fields}})
                .to_string()
        };
        let call = Call::get("Abonents", json!({"pk": 1})).fields(&["is_folder", "tarif__name", "activate_date"]);
        let right = json!({"is_folder": 0, "tarif": {"pk": 1, "model": "Tarif", "fields": {"name": "a"}}, "tarif_id": 1,
                           "activate_date": "2022-01-01"});
        let with = |name: &str, value: Value| {
            let mut wrong = right.clone();
            wrong[name] = value;
            abonents(wrong)
        };
        check(
            "types",
            &call,
            &abonents(right.clone()),
            &[
                &with("is_folder", json!(false)),
                &with("is_folder", json!("0")),
                &with("is_folder", json!(2)),
                &with("tarif", json!(1)),
                &with("tarif_id", json!("1")),
                &with("tarif_id", json!(1.0)),
                &with("activate_date", json!("01.02.2022")),
            ],
        );
        check("nulls", &call, &abonents(right.clone()), &[&with("is_folder", Value::Null)]);
        let mut bare = right.clone();
        bare.as_object_mut().unwrap().shift_remove("tarif_id");
        check("asked", &call, &abonents(right.clone()), &[&abonents(bare), &with("sms", json!("1"))]);
    }

    #[test]
    fn how_money_is_spelled_is_only_assumed() {
        let call = Call::get("Usluga", json!({"pk": 1}));
        let schema = carbon_specs::Contract::embedded().unwrap().schema;
        let usluga = schema.model("Usluga").unwrap();
        let money = usluga.fields.iter().find(|field| field.kind == carbon_specs::FieldType::Money).unwrap();
        let fields = serde_json::Map::from_iter([(money.name.clone(), json!(10.5))]);
        let body = json!({"call": "/rest_api/v2/Usluga/", "result": {"pk": 1, "model": "Usluga", "fields": fields}});
        let judged = judge("types", &call, 200, "application/json", &body.to_string());
        assert_eq!(judged.failure().unwrap().standing, Some(Provenance::Assumed));
    }
}
