//! The personal cabinet (`web_cabinet.*`): what a subscriber sees and does, by session.
//!
//! Its replies are encoded twice: the result is a list with one string, which is itself JSON. A refusal of the billing
//! stands inside that string as `{"error": "..."}`; a call that is wrong as such (an unknown argument, a date that is
//! none) is an error of the envelope, as everywhere.

mod money;
mod password;
mod session;
mod uslugi;

use carbon_specs::Provenance;
use serde_json::{Value as Json, json};

use super::{Answer, Given, ModelMethod, look, users};
use crate::orm::{CallError, Instance, Tx};
use crate::pyjson;
use crate::store::Store;

/// The cabinet's methods, of the model `Users`.
pub const MODEL_METHODS: &[(&str, ModelMethod)] = &[
    ("web_cabinet.login", session::login),
    ("web_cabinet.user_info", session::user_info),
    ("web_cabinet.get_user", session::get_user),
    ("web_cabinet.get_usluga_list", uslugi::get_usluga_list),
    ("web_cabinet.set_user_usluga", uslugi::set_user_usluga),
    ("web_cabinet.remove_user_usluga", uslugi::remove_user_usluga),
    ("web_cabinet.get_promise_pay_list", money::get_promise_pay_list),
    ("web_cabinet.add_promise_pay", money::add_promise_pay),
    ("web_cabinet.reset_password", password::reset_password),
    ("web_cabinet.submit_password", password::submit_password),
    ("web_cabinet.get_pay_log", money::get_pay_log),
    ("web_cabinet.block_user", session::block_user),
    ("web_cabinet.get_vpn_const", session::get_vpn_const),
];

/// Encodes what a method came to. That replies look like this, clients show; the page does not.
fn reply(tx: &mut Tx<'_>, result: Result<Json, CallError>) -> Result<Answer, CallError> {
    tx.rely_on(Provenance::Observed);
    let inner = match result {
        Ok(value) => value,
        Err(error @ (CallError::Refused(_) | CallError::DoesNotExist { .. })) => json!({ "error": error.to_string() }),
        Err(other) => return Err(other),
    };
    Ok(Answer::Json(json!([pyjson::to_string(&inner)])))
}

fn refuse<T>(text: impl Into<String>) -> Result<T, CallError> {
    Err(CallError::Refused(text.into()))
}

/// The account and subscriber of a live session.
fn visitor(tx: &Tx<'_>, given: &Given<'_>) -> Result<(Instance, Instance), CallError> {
    let suid = given.text("suid")?.unwrap_or_default();
    let Some(account) = users::by_suid(&tx.store, &suid)? else {
        return refuse("the session has ended: log in again");
    };
    match abonent_of(&tx.store, &account)? {
        Some(abonent) => Ok((account, abonent)),
        None => refuse("the account belongs to no subscriber"),
    }
}

/// The subscriber of an account, unless it is in the trash.
fn abonent_of(store: &Store, account: &Instance) -> Result<Option<Instance>, CallError> {
    let abonent = look::follow(store, account, "abonent_id", "Abonents")?;
    Ok(match abonent {
        Some(abonent) if !abonent.flag("deleted")? => Some(abonent),
        _ => None,
    })
}

/// A flag as the cabinet prints it.
fn flag(set: bool) -> Json {
    Json::from(if set { "1" } else { "0" })
}

/// Any other column as the cabinet prints it: text, or null.
fn shown(object: &Instance, column: &str) -> Result<Json, CallError> {
    let value = object.value(column)?;
    Ok(if value.is_null() { Json::Null } else { Json::from(value.to_string()) })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::billing::Answer;
    use crate::billing::testing::{World, bare};

    fn enter(world: &mut World) -> Json {
        world.cabinet("login", json!({"login": "ivanov", "passwd": "secret1"}))["session_id"].clone()
    }

    #[test]
    fn replies_are_encoded_twice_in_pythons_spelling() {
        let mut world = World::small();
        let answer = world.call_model("Users", "web_cabinet.user_info", json!({"suid": "1"})).unwrap();
        let Answer::Json(reply) = answer else { panic!("{answer:?}") };
        assert_eq!(reply, json!(["{\"error\": \"the session has ended: log in again\"}"]));
        let error = world.call_model("Users", "web_cabinet.user_info", json!({})).unwrap_err();
        assert_eq!(error.to_string(), "user_info() missing 1 required positional argument: 'suid'");
    }

    #[test]
    fn logging_in_shows_the_subscriber() {
        let mut world = World::small();
        let wrong = world.cabinet("login", json!({"login": "ivanov", "passwd": "no"}));
        assert_eq!(wrong, json!({"error": "wrong login or password"}));
        let reply = world.cabinet("login", json!({"login": "ivanov", "passwd": "secret1"}));
        assert_eq!(reply["user"]["pk"], 200);
        assert_eq!(reply["user"]["__abonent"], "Иванов");
        assert_eq!(reply["user"]["abonent"]["sms"], "+79991112233");
        let suid = reply["session_id"].clone();
        assert_eq!(world.cabinet("get_user", json!({"suid": suid})), reply["user"]);
        let info = world.cabinet("user_info", json!({"suid": suid}));
        assert_eq!(
            info,
            json!({"tarif_id": 1, "balance": "0", "in_block": "0", "enough_to_date": null, "minimal_pay_sum": "0"})
        );
    }

    #[test]
    fn services_are_listed_connected_and_disconnected() {
        let mut world = World::small();
        let suid = enter(&mut world);
        let names = |list: &Json| -> Vec<String> {
            list.as_array().unwrap().iter().map(|item| item["pk"].to_string()).collect()
        };
        let lists = world.cabinet("get_usluga_list", json!({"suid": suid, "get_user_uslugas_all": 1}));
        assert_eq!((names(&lists[0]), names(&lists[1])), (vec!["5".into(), "6".into(), "11".into()], vec![]));
        assert_eq!(lists[0][0]["__self"], "Интернет: (цена 500 руб.)");
        assert_eq!(lists[0][0]["web_allow_disable"], "1");
        let promised = world.cabinet("get_usluga_list", json!({"suid": suid, "system_type_id": 11}));
        assert_eq!(names(&promised[0]), ["11"]);

        let connect = json!({"suid": suid, "usluga_id": 5});
        assert!(world.cabinet("set_user_usluga", connect.clone())["message"].is_string());
        assert_eq!(
            world.cabinet("set_user_usluga", connect.clone()),
            json!({"error": "service 5 is connected already"})
        );
        let own = world.cabinet("get_usluga_list", json!({"suid": suid, "get_setted": 1}));
        assert_eq!(own[1][0]["__usluga"], "Интернет");
        assert_eq!(own[0], json!([]));
        assert_eq!(own[2], json!([{"pk": 5, "name": "Интернет"}]));
        assert!(world.cabinet("remove_user_usluga", connect.clone())["message"].is_string());
        assert_eq!(world.cabinet("remove_user_usluga", connect), json!({"error": "service 5 is not connected"}));
        for (hidden, text) in
            [(7, "service 7 cannot be connected in the cabinet"), (99, "Usluga matching query does not exist.")]
        {
            let refused = world.cabinet("set_user_usluga", json!({"suid": suid, "usluga_id": hidden}));
            assert_eq!(refused, json!({ "error": text }));
        }
    }

    #[test]
    fn a_promised_payment_is_offered_and_taken_once() {
        let mut world = World::small();
        let suid = enter(&mut world);
        let list = world.cabinet("get_promise_pay_list", json!({"suid": suid}));
        assert_eq!((list[0]["pk"].clone(), list[0]["period_days"].clone()), (json!(11), json!(3)));
        let other = world.cabinet("add_promise_pay", json!({"suid": suid, "promise_pay_id": 5}));
        assert_eq!(other, json!({"error": "service 5 is not a promised payment"}));
        let take = json!({"suid": suid, "promise_pay_id": 11});
        assert!(world.cabinet("add_promise_pay", take.clone())["message"].is_string());
        assert!(world.cabinet("add_promise_pay", take)["error"].is_string());
        assert_eq!(world.cabinet("get_promise_pay_list", json!({"suid": suid})), json!([]));
        assert_eq!(world.property("Abonents", 100, "promise_pay"), "300");
    }

    #[test]
    fn a_password_is_recovered_by_a_code_that_the_state_shows() {
        let mut world = World::small();
        assert!(world.cabinet("reset_password", json!({"login": "nobody"}))["error"].is_string());
        for login in ["ivanov", "ivanov@example.net"] {
            assert_eq!(world.cabinet("reset_password", json!({"login": login, "base_url": ""}))["uid"], 200);
        }
        let token = world.column("PasswordCodes", 2, "token");
        let text = world.column("MsgStack", 2, "text");
        assert!(text.as_str().unwrap().contains(token.as_str().unwrap()), "{text}");
        let submit = |world: &mut World, token: &Json, one: &str, two: &str| {
            world.cabinet("submit_password", json!({"token": token, "uid": "200", "psw1": one, "psw2": two}))
        };
        let lower = json!(token.as_str().unwrap().to_lowercase());
        for (code, one, two) in
            [(&lower, "1234567", "1234567"), (&token, "1234567", "7654321"), (&token, "123456", "123456")]
        {
            assert!(submit(&mut world, code, one, two)["error"].is_string(), "{code} {one} {two}");
        }
        assert_eq!(submit(&mut world, &token, "1234567", "1234567")["uid"], 200);
        assert_eq!(bare(world.call("Users", 200, "check_pass", json!({"passwd": "1234567"}))), true);
        assert!(submit(&mut world, &token, "7654321", "7654321")["error"].is_string());
    }

    #[test]
    fn payments_are_paged_newest_first() {
        let mut world = World::small();
        let suid = enter(&mut world);
        for sum in 1..=3 {
            world.call("Abonents", 100, "add_payment", json!({ "SUM_IN": sum })).unwrap();
        }
        let args = json!({"suid": suid, "start_date": "01.02.2022", "end_date": "01.02.2022", "page_number": 2, "per_page": 2});
        let page = world.cabinet("get_pay_log", args);
        assert_eq!(page["count"], 3);
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        assert_eq!(page["items"][0]["summ"], "1");
        let earlier = world.cabinet("get_pay_log", json!({"suid": suid, "end_date": "31.01.2022"}));
        assert_eq!(earlier["items"], json!([]));
        let error =
            world.call_model("Users", "web_cabinet.get_pay_log", json!({"suid": suid, "end_date": "31.02.2022"}));
        assert_eq!(error.unwrap_err().to_string(), "end_date is '31.02.2022', not a date (DD.MM.YYYY)");
    }

    #[test]
    fn the_subscribers_own_block_and_the_constants() {
        let mut world = World::demo();
        let suid = json!("144997776676316356");
        let past = world.cabinet("block_user", json!({"suid": suid, "start_date": "31.01.2022"}));
        assert_eq!(past, json!({"error": "a block cannot begin in the past"}));
        let planned =
            world.cabinet("block_user", json!({"suid": suid, "start_date": "02.02.2022", "end_date": "05.02.2022"}));
        assert!(planned["message"].is_string(), "{planned}");
        assert_eq!(world.column("Abonents", 12200, "own_disabled_start"), "2022-02-02");
        world.days(1);
        assert_eq!(world.cabinet("user_info", json!({"suid": suid}))["in_block"], "1");
        assert_eq!(world.cabinet("get_vpn_const", json!({"const_id": 1})), "10000000000");
        assert!(world.cabinet("get_vpn_const", json!({"const_id": 999}))["error"].is_string());
    }
}
