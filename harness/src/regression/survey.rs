//! Reads beyond the page's own: most of those write, and a recording should show every model. Each model's first row, with its
//! columns and with everything that `fields` can name, each property by itself, and its rows with the lowest keys; for each
//! column of the models that the page is mostly about a row that has a value there; the ways to ask; the refusals.

use std::collections::BTreeMap;

use carbon_specs::Schema;
use carbon_specs::example::{Example, Kind, Request, Variant};
use carbon_specs::step::Check;
use serde_json::{Value, json};

use crate::exchange::Sent;
use crate::target::{Client, TargetError};

/// The section of these calls.
pub const SECTION: &str = "survey";

/// Ways to ask: lookups, joins, orders, chains, of models that every server has and that are short. The service types are
/// the page's own (line 642), so that their names are known.
const WAYS: [(&str, &str); 47] = [
    ("Tarif", r#"method1=objects.all&fields=["id"]"#),
    ("Usluga", r#"method1=objects.all&fields=["id"]"#),
    ("Tarif", r#"method1=objects.count"#),
    ("Tarif", r#"method1=objects.exists"#),
    ("Tarif", r#"method1=objects.filter&arg1={"pk__lt":0}"#),
    ("Tarif", r#"method1=objects.none&method2=first"#),
    ("Tarif", r#"method1=objects.filter&arg1={"pk__lte":10}&method2=values&arg2=["id","name"]"#),
    ("Tarif", r#"method1=objects.filter&arg1={"pk__lte":10}&method2=values_list&arg2=["id","name"]"#),
    ("Tarif", r#"method1=objects.in_bulk&arg1=[1,2]"#),
    ("Tarif", r#"method1=objects.order_by&arg1=["-pk"]&method2=first&fields=["id"]"#),
    ("Tarif", r#"method1=objects.order_by&arg1=["name","pk"]&fields=["name"]"#),
    ("Tarif", r#"method1=objects.order_by&arg1=["reserve_plan","pk"]&method2=values_list&arg2=["id"]"#),
    ("Tarif", r#"method1=objects.order_by&arg1=["reserve_plan__name","pk"]&method2=values_list&arg2=["id"]"#),
    ("Tarif", r#"method1=objects.order_by&arg1=["deleted","-pk"]&method2=values_list&arg2=["id"]"#),
    ("Tarif", r#"method1=objects.filter&arg1={"reserve_plan__name__isnull":true}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.order_by&arg1=["id"]&method2=reverse&method3=values_list&arg3=["id"]"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"id__in":[0,1,2,3,4,5,6,7,8,9,10,11,12,13]}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__iexact":"системный"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__exact":"Системный "}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__exact":"системный"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__contains":"пакет"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__icontains":"пакет"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__icontains":"ip теле"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__startswith":"телефония"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__istartswith":"ip"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__endswith":"Пакет"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__iendswith":"УСЛУГ"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__regex":"услуг"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__regex":"^пакет"}&method2=count"#),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"name__iregex":"^пакет"}&method2=count"#),
    (
        "ServiceTypes",
        r#"method1=objects.filter&arg1={"system_type_id_usluga__id__gt":0}&method2=values_list&arg2=["id"]"#,
    ),
    ("ServiceTypes", r#"method1=objects.filter&arg1={"system_type_id_usluga__id__gt":0}&method2=count"#),
    (
        "ServiceTypes",
        r#"method1=objects.filter&arg1={"system_type_id_usluga__id__gt":0}&method2=distinct&method3=count"#,
    ),
    (
        "ServiceTypes",
        r#"method1=objects.filter&arg1={"system_type_id_usluga__isnull":true}&method2=values_list&arg2=["id"]"#,
    ),
    (
        "ServiceTypes",
        r#"method1=objects.filter&arg1={"system_type_id_usluga__web_allow_disable":1,"system_type_id_usluga__is_show_web":1}&method2=count"#,
    ),
    (
        "ServiceTypes",
        r#"method1=objects.filter&arg1={"system_type_id_usluga__web_allow_disable":1}&method2=filter&arg2={"system_type_id_usluga__is_show_web":1}&method3=count"#,
    ),
    (
        "ServiceTypes",
        r#"method1=objects.filter&arg1={"system_type_id_usluga__name__contains":"а","system_type_id_usluga__name__contains":"о"}&method2=count"#,
    ),
    (
        "ServiceTypes",
        r#"method1=objects.filter&arg1={"system_type_id_usluga__id__gt":500,"system_type_id_usluga__name__contains":"а"}&method2=count"#,
    ),
    (
        "ServiceTypes",
        r#"method1=objects.filter&arg1={"system_type_id_usluga__id__gt":500}&method2=filter&arg2={"system_type_id_usluga__name__contains":"а"}&method3=count"#,
    ),
    (
        "ServiceTypes",
        r#"method1=objects.exclude&arg1={"system_type_id_usluga__deleted":0}&method2=values_list&arg2=["id"]"#,
    ),
    ("ServiceTypes", r#"method1=objects.all&method3=count"#),
    (
        "ServiceTypes",
        r#"method1=objects.order_by&arg1=["id"]&method2=all&method3=all&method4=all&method5=all&method6=all&method7=all&method8=all&method9=order_by&arg9=["id"]&method10=order_by&arg10=["-id"]&method11=first&fields=["id"]"#,
    ),
    ("ServiceTypes", r#"method1=objects.order_by&arg1=["id"]&fields=["id","system_type_id_usluga__id"]"#),
    (
        "Abonents",
        r#"method1=objects.filter&arg1={"contract_number__endswith":" ","id__lte":20000}&fields=["id","contract_number"]"#,
    ),
    ("Users", r#"method1=web_cabinet.user_info&arg1={"suid":"1"}"#),
    ("Version", r#"get_version=True"#),
    ("UslugaRangeTypes", r#"method1=objects.order_by&arg1=["id"]&fields=["id","usluga_range_type_id_usluga__id"]"#),
];

/// Calls that are refused: what is recorded is how.
const REFUSED: [(&str, &str); 12] = [
    ("Tarif", r#"method1=objects.get&arg1={"pk":-1}"#),
    ("Tarif", r#"method1=objects.get&arg1={"pk__gt":0}"#),
    ("Tarif", r#"method1=objects.filter&arg1={"no_such_field":1}"#),
    ("Tarif", r#"method1=objects.filter&arg1={"pk":"x"}"#),
    ("Tarif", r#"method1=objects.filter&arg1={"pk":1}&fields=["no_such_field"]"#),
    ("Tarif", r#"method1=objects.filter&arg1={"#),
    ("Tarif", r#"fields=["id"]"#),
    ("Tarif", r#"method1=objects.count&arg1={"id":1}"#),
    ("Tarif", r#"method1=objects.count&method2=filter&arg2={"id":1}"#),
    ("Tarif", r#"method1=objects.filter&arg1={"name__like":"x"}"#),
    ("Tarif", r#"method1=objects.latest"#),
    ("NoSuchModel", r#"method1=objects.count"#),
];

/// Models whose columns are each shown by a row that has a value there. They are as long as a provider has customers; books
/// and logs, which are longer, are not searched so.
const SEARCHED: [&str; 8] =
    ["Abonents", "Users", "Tarif", "Usluga", "UsersUsluga", "AdminAccounts", "Switch", "SwitchPorts"];

/// The width of the window of keys in which rows are listed.
const WINDOW: i64 = 50;

/// The lowest key of each model, where it is known.
pub type FirstKeys = BTreeMap<String, i64>;

/// Asks a server for the lowest key of each model: other servers number their rows otherwise.
///
/// # Errors
/// The server is gone. A model that it does not have is left out.
pub async fn first_keys(client: &Client, schema: &Schema) -> Result<FirstKeys, TargetError> {
    let mut keys = FirstKeys::new();
    for model in &schema.models {
        let fields = json!([model.pk_field().name]);
        let body = format!(r#"method1=objects.order_by&arg1=["pk"]&method2=first&fields={fields}"#);
        match client.call(Sent { path: format!("/rest_api/v2/{}/", model.name), body }).await {
            Ok(exchange) => {
                let reply = exchange.answer.json().unwrap_or_default();
                keys.extend(reply.pointer("/result/pk").and_then(Value::as_i64).map(|key| (model.name.clone(), key)));
            }
            Err(error) if error.is_unreachable() => return Err(error),
            Err(_) => {}
        }
    }
    Ok(keys)
}

/// The calls, as examples of a section of their own.
pub fn survey(schema: &Schema, first_keys: &FirstKeys) -> Vec<Example> {
    let mut calls = Vec::new();
    for model in &schema.models {
        let columns = model.fields.iter().map(|field| field.name.as_str());
        let names: Vec<&str> = columns.chain(model.properties.keys().map(String::as_str)).collect();
        let fields = Value::from(names);
        let first = first_keys.get(&model.name).copied().unwrap_or(0);
        for (number, body) in [
            r#"method1=objects.order_by&arg1=["pk"]&method2=first"#.to_owned(),
            format!(r#"method1=objects.order_by&arg1=["pk"]&method2=first&fields={fields}"#),
            format!(r#"method1=objects.filter&arg1={{"pk__lte":{}}}"#, first.saturating_add(WINDOW)),
        ]
        .into_iter()
        .enumerate()
        {
            calls.push(example(&model.name, &format!("{}.{}", model.name.to_lowercase(), number + 1), body));
        }
        // One that a server does not have must not hide the others.
        for name in model.properties.keys() {
            let body = format!(r#"method1=objects.order_by&arg1=["-pk"]&method2=first&fields=["{name}"]"#);
            calls.push(example(&model.name, &format!("{}.{name}", model.name.to_lowercase()), body));
        }
        let searched = SEARCHED.contains(&model.name.as_str());
        for field in model.fields.iter().filter(|field| searched && field.null) {
            let (name, column) = (&field.name, &field.column);
            let body = format!(
                r#"method1=objects.filter&arg1={{"{name}__isnull":false}}&method2=order_by&arg2=["pk"]&method3=first&fields=["{column}"]"#
            );
            calls.push(example(&model.name, &format!("{}.{column}", model.name.to_lowercase()), body));
        }
    }
    for (number, (model, body)) in WAYS.iter().enumerate() {
        calls.push(example(model, &format!("ways.{}", number + 1), (*body).to_owned()));
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
        let calls = survey(&contract.schema, &FirstKeys::from([("Users".to_owned(), 4000)]));
        let ids: std::collections::BTreeSet<&str> = calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids.len(), calls.len(), "each call has an id of its own");
        for id in ["survey-adminaccounts.balance", "survey-users.router_vlan", "survey-paylog.1", "survey-ways.46"] {
            assert!(ids.contains(id), "{id}");
        }
        assert!(!ids.contains("survey-voiplog.descr"), "a log is not searched");
        let users = calls.iter().find(|call| call.id == "survey-users.3").unwrap();
        assert!(users.title.contains(r#"{"pk__lte":4050}"#), "{}", users.title);
        for call in &calls {
            let request = call.printed.request.as_ref().unwrap();
            // A model or a call that nobody knows is refused by any server before it does anything.
            if !matches!(call.model.as_str(), "NoSuchModel") && !call.id.starts_with("survey-refused") {
                assert_eq!(safety::only_reads(&contract.schema, &request.path, &request.body), Ok(()), "{}", call.id);
            }
        }
    }
}
