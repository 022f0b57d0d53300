//! What may leave and what may not.

use std::sync::LazyLock;

use carbon_specs::Contract;
use carbon_specs::example::Kind;
use proptest::prelude::*;

use super::*;

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::embedded().unwrap());

fn scope() -> Scope {
    let mut scope = Scope::new("r1");
    for (model, pk) in [
        ("Abonents", 900),
        ("Abonents", 901),
        ("Users", 910),
        ("AdminAccounts", 920),
        ("Homes", 930),
        ("UserAttributes", 940),
        ("AttributeValues", 941),
        ("UsersUsluga", 950),
    ] {
        scope.own(model, pk);
    }
    assert!(scope.borrow("Tarif", 1) && scope.borrow("Usluga", 5) && scope.borrow("ObjectStatuses", 26));
    assert!(!scope.borrow("Abonents", 45), "a subscriber is nobody's to lend");
    scope.lie_in(Some(1));
    scope.open_session("123");
    scope
}

fn judge(model: &str, body: &str) -> Result<Leave, Beyond> {
    let sent = Sent { path: format!("/rest_api/v2/{model}/"), body: body.to_owned() };
    guard(&CONTRACT.schema, &scope(), &sent)
}

#[test]
fn what_touches_only_the_sandbox_leaves() {
    for (model, body) in [
        ("Abonents", r#"method1=objects.get&arg1={"id":"900"}&method2=set&arg2={"a_home_number":"3"}&method3=save"#),
        ("Abonents", r#"method1=objects.get&arg1={"pk":900}&method2=add_payment&arg2={"SUM_IN":"10"}"#),
        (
            "Abonents",
            r#"method1=objects.get&arg1={"contract_number":"carbon-harness-r1-3"}&method2=add_service&arg2={"usluga_id":5}"#,
        ),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=move_to&arg2={"target":901}"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=delete&arg2={"clean_links":true}"#),
        ("Abonents", r#"method1=objects.create&arg1={"name":"carbon-harness-r1-1","parent_id":1,"is_folder":1}"#),
        ("Abonents", r#"method1=objects.create&arg1={"name":"carbon-harness-r1-2","parent_id":901,"tarif_id":1}"#),
        (
            "Users",
            r#"method1=objects.create&arg1={"login":"carbon-harness-r1-4","abonent_id":900}&method2=set_password&arg2={"psw":"1"}"#,
        ),
        (
            "AdminAccounts",
            r#"method1=objects.get&arg1={"account_id_abonents":"900"}&method2=set&arg2={"limit":"-5"}&method3=save"#,
        ),
        ("UsersUsluga", r#"method1=objects.get&arg1={"abonent_id":900,"usluga_id":7}&method2=delete"#),
        ("Users", r#"method1=web_cabinet.set_user_usluga&arg1={"suid":"123","usluga_id":5}"#),
        ("Users", r#"method1=objects.get&arg1={"id":910}&method2=set&arg2={"ip":"","pull_id":null}&method3=save"#),
    ] {
        let leave = judge(model, body);
        assert!(matches!(leave, Ok(Leave::Write { .. } | Leave::Create { .. })), "{model} {body}: {leave:?}");
    }
    assert_eq!(judge("Abonents", r#"method1=objects.get&arg1={"id":45}"#), Ok(Leave::Read));
}

#[test]
fn what_could_touch_anything_else_is_refused() {
    for (model, body) in [
        ("Abonents", r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"a_home_number":"3"}&method3=save"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":45}&method2=add_payment&arg2={"SUM_IN":"10"}"#),
        ("Abonents", r#"method1=objects.get&arg1={"id__gte":900}&method2=delete"#),
        ("Abonents", r#"method1=objects.get&arg1={"id__in":[900]}&method2=delete"#),
        ("Abonents", r#"method1=objects.get&arg1={"parent_id":901}&method2=delete"#),
        ("Abonents", r#"method1=objects.get&arg1={"name":"carbon-harness-r2-1"}&method2=delete"#),
        ("Abonents", r#"method1=objects.filter&arg1={"id":900}&method2=delete"#),
        ("Abonents", r#"method1=objects.all&method2=delete"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=move_to&arg2={"target":1}"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=add_service&arg2={"usluga_id":6}"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=add_service&arg2={"usluga_id":5}&method3=delete"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=set&arg2={"id":45}&method3=save"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=set&arg2={"account_id":7}&method3=save"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=set&arg2={"name":"x"}&method3=save"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=set&arg2={"sms":"+79001234567"}&method3=save"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=save&arg2={"force_insert":true}"#),
        ("Abonents", r#"method1=objects.get&arg1={"id":900}&method2=no_such_method"#),
        ("Abonents", r#"method1=objects.create&arg1={"name":"abonent","parent_id":901}"#),
        ("Abonents", r#"method1=objects.create&arg1={"name":"carbon-harness-r1-2","parent_id":1}"#),
        ("Abonents", r#"method1=objects.create&arg1={"name":"carbon-harness-r1-2"}"#),
        ("Abonents", r#"method1=objects.create&arg1={"name":"carbon-harness-r1-2","parent_id":901,"account_id":7}"#),
        ("Users", r#"method1=objects.create&arg1={"login":"carbon-harness-r1-4","abonent_id":45}"#),
        ("Users", r#"method1=objects.create&arg1={"login":"carbon-harness-r1-4"}"#),
        ("Users", r#"method1=objects.get&arg1={"id":910}&method2=set&arg2={"ip":"10.0.0.1"}&method3=save"#),
        ("Users", r#"method1=web_cabinet.set_user_usluga&arg1={"suid":"124","usluga_id":5}"#),
        ("Users", r#"method1=web_cabinet.login&arg1={"login":"x","passwd":"y"}"#),
        ("AccountStack", r#"method1=objects.create&arg1={"abonent_id":900,"account_id":7,"bonus_score":1}"#),
        (
            "UserAttributes",
            r#"method1=objects.get&arg1={"pk":940}&method2=set&arg2={"default_individual":1}&method3=save"#,
        ),
        ("Usluga", r#"method1=objects.get&arg1={"id":5}&method2=set&arg2={"summa":"1"}&method3=save"#),
        ("Tarif", r#"method1=objects.create&arg1={"name":"carbon-harness-r1-9"}"#),
        (
            "AdminAccounts",
            r#"method1=objects.get&arg1={"account_id_abonents":"45"}&method2=set&arg2={"limit":"-5"}&method3=save"#,
        ),
    ] {
        assert!(judge(model, body).is_err(), "{model} {body} would leave");
    }
}

#[test]
fn no_documented_write_leaves_as_it_stands() {
    let mut refused = 0;
    for example in CONTRACT.examples.iter().filter(|example| example.kind == Kind::Write) {
        for request in
            [Some(&example.printed), example.corrected.as_ref()].into_iter().flatten().flat_map(|v| &v.request)
        {
            let sent = Sent { path: request.path.clone(), body: request.body.clone() };
            let leave = guard(&CONTRACT.schema, &scope(), &sent);
            assert!(matches!(leave, Err(_) | Ok(Leave::Read)), "{}: {leave:?}", example.id);
            refused += usize::from(leave.is_err());
        }
    }
    assert!(refused > 80, "{refused}");
}

proptest! {
    /// Whatever conditions stand in a `get`, it leaves for a write only if one of them names a key of the sandbox.
    #[test]
    fn a_write_names_a_key_of_the_sandbox(
        path in "(id|pk|parent|parent_id|tarif_id|home_id|account|name|id__gt|id__in|abonent_id_users__id|deleted)",
        pk in 0_i64..1000,
        text in any::<bool>(),
    ) {
        let value = if text { Value::from(pk.to_string()) } else { Value::from(pk) };
        let args = Value::Object(Map::from_iter([(path.clone(), value)]));
        let body = serde_urlencoded::to_string([
            ("method1", "objects.get".to_owned()), ("arg1", args.to_string()),
            ("method2", "delete".to_owned()), ("arg2", "{}".to_owned()),
        ]).unwrap();
        let ours = matches!(path.as_str(), "id" | "pk") && matches!(pk, 900 | 901);
        prop_assert_eq!(judge("Abonents", &body).is_ok(), ours);
    }
}
