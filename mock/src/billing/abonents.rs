//! Subscribers: how one is created and what can be done with one.

use carbon_specs::Provenance;
use serde_json::{Value as Json, json};

use super::blocks::{self, Reason};
use super::money::Money;
use super::{Answer, Given, ObjectMethod, args, books, finance, forecast, links, messages, services};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Value};

/// The methods of a subscriber.
pub const METHODS: &[(&str, ObjectMethod)] = &[
    ("add_service", add_service),
    ("get_credit_for", get_credit_for),
    ("get_balance_until_date", get_balance_until_date),
    ("add_payment", add_payment),
    ("set_object_status", set_object_status),
    ("move_to", move_to),
    ("restore", restore),
    ("block", block),
    ("unblock", unblock),
    ("storno_credit", storno_credit),
    ("send_message", send_message),
    ("init_userattributes", init_userattributes),
    ("change_activation_date", change_activation_date),
];

fn key(abonent: &Instance) -> Pk {
    abonent.pk.unwrap_or_default()
}

fn same_object(abonent: &Instance) -> Result<Answer, CallError> {
    Ok(Answer::Object(abonent.clone()))
}

fn live(abonent: &Instance) -> Result<(), CallError> {
    if abonent.flag("is_folder")? {
        return Err(CallError::Refused(format!("{} is a folder, not a subscriber", key(abonent))));
    }
    if abonent.flag("deleted")? {
        return Err(CallError::Refused(format!("subscriber {} is in the trash", key(abonent))));
    }
    Ok(())
}

fn add_service(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    live(abonent)?;
    let usluga = given.need("usluga_id", given.int("usluga_id")?)?;
    let connected = services::connect(tx, abonent, usluga, None, "")?;
    Ok(Answer::Object(connected))
}

fn get_credit_for(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let until = given.need("end_credit_date", given.date("end_credit_date")?)?;
    tx.rely_on(Provenance::Assumed);
    Ok(Answer::Json(forecast::credit_for(&tx.store, abonent, tx.now.date(), until)?.json()))
}

fn get_balance_until_date(tx: &mut Tx<'_>, abonent: &mut Instance, _: &Given<'_>) -> Result<Answer, CallError> {
    let today = tx.now.date();
    let enough = forecast::enough_to(&tx.store, abonent, today)?;
    let days = enough.map(|day| days_between(today, day));
    Ok(Answer::Json(json!({
        "enough_to_date": enough.map(|day| day.to_string()),
        "days_until": days,
    })))
}

fn days_between(from: jiff::civil::Date, to: jiff::civil::Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

fn add_payment(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let sum = given.need("SUM_IN", given.money("SUM_IN")?)?;
    let comment = given.text("comment")?.unwrap_or_default();
    if sum <= Money::ZERO {
        return Err(CallError::Refused(format!("a payment must be more than 0, not {sum}")));
    }
    if abonent.flag("is_folder")? {
        return Err(CallError::Refused(format!("{} is a folder: it has no account", key(abonent))));
    }
    finance::pay(tx, abonent, sum, &comment, false)?;
    same_object(abonent)
}

fn set_object_status(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let status = given.need("status_id", given.int("status_id")?)?;
    tx.get("ObjectStatuses", status)?;
    abonent.put("object_status_id", status)?;
    tx.save(abonent)?;
    same_object(abonent)
}

fn move_to(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let target = given.need("target", given.int("target")?)?;
    abonent.put("parent_id", target)?;
    tx.save(abonent)?;
    same_object(abonent)
}

/// `delete`: to the trash; `clean_links` says which links are broken beside.
pub fn delete(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let clean = given.json("clean_links")?;
    match (clean.and_then(args::as_flag), clean) {
        (None, None) | (Some(false), _) => {}
        (Some(true), _) => links::clean_all(tx, key(abonent))?,
        (None, Some(Json::String(relation))) => links::clean(tx, key(abonent), relation)?,
        (None, Some(other)) => {
            return Err(CallError::Value(format!("delete(): clean_links is {other}, not true or a model's name")));
        }
    }
    abonent.put("deleted", 1)?;
    tx.save(abonent)?;
    Ok(Answer::Json(Json::Null))
}

fn restore(tx: &mut Tx<'_>, abonent: &mut Instance, _: &Given<'_>) -> Result<Answer, CallError> {
    if !abonent.flag("deleted")? {
        return Err(CallError::Refused(format!("subscriber {} is not in the trash", key(abonent))));
    }
    abonent.put("deleted", 0)?;
    tx.save(abonent)?;
    same_object(abonent)
}

fn block(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let comment = given.text("comment")?.unwrap_or_default();
    live(abonent)?;
    if !services::any_blockable(&tx.store, abonent, tx.now)? {
        tx.rely_on(Provenance::Assumed);
        // The page: no block then. It is no failure either, so that a script over many subscribers goes on.
        return Ok(Answer::Json(json!({
            "blocked": false,
            "message": format!("Subscriber {} has no service that can be blocked: no block was made", key(abonent)),
        })));
    }
    blocks::put_on(tx, key(abonent), Reason::Admin, &comment)?;
    same_object(abonent)
}

fn unblock(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let name = given.text("admin_username")?;
    if let Some(name) = &name {
        let admins = tx.all_where("DjangoUsersProfile", &[("username", Value::text(name.as_str()))])?;
        if !admins.iter().any(|admin| admin.flag("is_active").unwrap_or(false)) {
            return Err(CallError::Refused(format!("there is no administrator '{name}'")));
        }
    }
    blocks::lift(tx, key(abonent), Reason::Admin, name.as_deref())?;
    same_object(abonent)
}

fn storno_credit(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let from = given.need("sdate", given.date("sdate")?)?;
    let to = given.need("edate", given.date("edate")?)?;
    if to < from {
        return Err(CallError::Refused(format!("the period ends ({to}) before it begins ({from})")));
    }
    let mut done = Vec::new();
    for mut entry in tx.all_where("ArchAccountStack", &[("abonent_id", Value::Int(key(abonent)))])? {
        let day = entry.datetime("change_balance_time")?.map(|moment| moment.date());
        let charge = Money::of(entry.value("summ")?);
        if day.is_some_and(|day| (from..=to).contains(&day)) && !entry.flag("storno")? && charge > Money::ZERO {
            books::reverse(tx, &mut entry, Vec::new())?;
            done.extend(entry.pk);
        }
    }
    Ok(Answer::Objects(tx.model("ArchAccountStack")?.id, done))
}

fn send_message(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let template = given.need("tmpl_id", given.int("tmpl_id")?)?;
    let when = given.datetime("send_date")?.unwrap_or(tx.now);
    let message = messages::send(tx, key(abonent), template, messages::SMS, when)?;
    Ok(Answer::Object(message))
}

fn init_userattributes(tx: &mut Tx<'_>, abonent: &mut Instance, _: &Given<'_>) -> Result<Answer, CallError> {
    let pk = Value::Int(key(abonent));
    for value in tx.all_where("AttributeValues", &[("abonent_id", pk.clone())])? {
        if value.text("attribute_value")?.is_empty() {
            tx.delete("AttributeValues", value.pk.unwrap_or_default())?;
        }
    }
    // The page's names: `default_individual` is for natural persons, `default_person` for legal ones.
    let automatic = if abonent.flag("company")? { "default_person" } else { "default_individual" };
    for attribute in tx.all_where("UserAttributes", &[(automatic, Value::Int(1))])? {
        let id = Value::from(attribute.pk);
        if tx.all_where("AttributeValues", &[("abonent_id", pk.clone()), ("attribute_id", id.clone())])?.is_empty() {
            let mut value = tx.blank("AttributeValues")?;
            value.put("abonent_id", pk.clone())?;
            value.put("attribute_id", id)?;
            value.put("attribute_value", "")?;
            tx.save(&mut value)?;
        }
    }
    let values = tx.all_where("AttributeValues", &[("abonent_id", pk)])?;
    Ok(Answer::Objects(tx.model("AttributeValues")?.id, values.iter().filter_map(|value| value.pk).collect()))
}

fn change_activation_date(tx: &mut Tx<'_>, abonent: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let day = given.need("new_date", given.date("new_date")?)?;
    live(abonent)?;
    abonent.put("activate_date", day)?;
    tx.save(abonent)?;
    same_object(abonent)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::Answer;
    use crate::billing::testing::{RUBLE, World, bare, refusal};

    #[test]
    fn a_payment_raises_the_balance_and_is_logged() {
        let mut world = World::small();
        assert!(matches!(
            world.call("Abonents", 100, "add_payment", json!({"SUM_IN": "10", "comment": "касса"})),
            Ok(Answer::Object(_))
        ));
        assert_eq!(world.property("Abonents", 100, "balance"), "10");
        assert_eq!(world.column("AdminAccounts", 1100, "debit"), 10 * RUBLE);
        assert_eq!(world.count("FinanceOperations", &[("abonent_id", 100), ("op_summa", 10 * RUBLE)]), 1);
        assert_eq!(world.count("PayLog", &[("abonent_id", 100), ("summ", 10 * RUBLE)]), 1);
        for sum in ["0", "-1"] {
            let text = refusal(world.call("Abonents", 100, "add_payment", json!({"SUM_IN": sum})));
            assert_eq!(text, format!("a payment must be more than 0, not {sum}"));
        }
        let error = world.call("Abonents", 100, "add_payment", json!({"SUM": "10"})).unwrap_err();
        assert_eq!(error.to_string(), "add_payment() got an unexpected keyword argument 'SUM'");
        assert_eq!(world.property("Abonents", 100, "balance"), "10");
    }

    #[test]
    fn a_service_is_connected_and_charged_from_the_next_day() {
        let mut world = World::small();
        world.call("Abonents", 100, "add_service", json!({"usluga_id": 5})).unwrap();
        assert_eq!(world.count("UsersUsluga", &[("abonent_id", 100), ("usluga_id", 5)]), 1);
        let error = world.call("Abonents", 100, "add_service", json!({"usluga_id": 999})).unwrap_err();
        assert_eq!(error.to_string(), "Usluga matching query does not exist.");
        // Two charges of 500: on February 2 and on March 2.
        let credit = |world: &mut World, day: &str| {
            bare(world.call("Abonents", 100, "get_credit_for", json!({"end_credit_date": day})))
        };
        assert_eq!(credit(&mut world, "2016-10-20"), "0");
        assert_eq!(credit(&mut world, "2022-02-28"), "500");
        assert_eq!(credit(&mut world, "2022-03-02"), "1000");
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 600.5})).unwrap();
        assert_eq!(credit(&mut world, "2022-03-02"), "399.5");
        let until = bare(world.call("Abonents", 100, "get_balance_until_date", json!({})));
        assert_eq!(until, json!({"enough_to_date": "2022-03-02", "days_until": 29}));
    }

    #[test]
    fn without_expenses_the_money_lasts() {
        let mut world = World::small();
        let until = bare(world.call("Abonents", 100, "get_balance_until_date", json!({})));
        assert_eq!(until, json!({"enough_to_date": null, "days_until": null}));
    }

    #[test]
    fn a_block_needs_a_service_that_can_be_blocked() {
        let mut world = World::small();
        world.call("Abonents", 100, "add_service", json!({"usluga_id": 6})).unwrap();
        let reply = bare(world.call("Abonents", 100, "block", json!({"comment": "Блокировка"})));
        assert_eq!(reply["blocked"], false);
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 1);
        world.call("Abonents", 100, "add_service", json!({"usluga_id": 5})).unwrap();
        world.call("Abonents", 100, "block", json!({"comment": "Блокировка"})).unwrap();
        world.call("Abonents", 100, "block", json!({"comment": "ещё раз"})).unwrap();
        assert_eq!(world.count("AbonentsBlock", &[("abonent_id", 100), ("b_admin", 1)]), 1);
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 0);

        let nobody = world.call("Abonents", 100, "unblock", json!({"admin_username": "nobody"}));
        assert_eq!(refusal(nobody), "there is no administrator 'nobody'");
        world.call("Abonents", 100, "unblock", json!({"admin_username": "root"})).unwrap();
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 1);
        assert_eq!(world.count("AbonentsBlockHistory", &[("abonent_id", 100), ("b_admin", 1)]), 1);
        assert_eq!(world.column("AbonentsBlockHistory", 1, "admin_username"), "root");
        assert_eq!(world.column("AbonentsBlockHistory", 1, "comment"), "Блокировка");
        assert_eq!(world.column("AbonentsBlockHistory", 1, "time_del"), "2022-02-01 10:00:00");
    }

    #[test]
    fn to_the_trash_and_back() {
        let mut world = World::small();
        world.call("Abonents", 100, "add_service", json!({"usluga_id": 5})).unwrap();
        world.call("Abonents", 100, "delete", json!({})).unwrap();
        assert_eq!(world.column("Abonents", 100, "deleted"), 1);
        let left = |world: &World| (world.count("Users", &[("deleted", 0)]), world.count("UsersUsluga", &[]));
        assert_eq!(left(&world), (1, 1));
        assert_eq!(refusal(world.call("Abonents", 100, "block", json!({}))), "subscriber 100 is in the trash");
        world.call("Abonents", 100, "restore", json!({})).unwrap();
        assert_eq!(refusal(world.call("Abonents", 100, "restore", json!({}))), "subscriber 100 is not in the trash");
        world.call("Abonents", 100, "delete", json!({"clean_links": "UsersUsluga"})).unwrap();
        assert_eq!(left(&world), (1, 0));
        world.call("Abonents", 100, "delete", json!({"clean_links": true})).unwrap();
        assert_eq!(left(&world), (0, 0));
        let error = world.call("Abonents", 100, "delete", json!({"clean_links": "Tarif"})).unwrap_err();
        assert!(
            error.to_string().starts_with("delete(): clean_links is 'Tarif', not true or one of: Users"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_is_not_moved_into_itself() {
        let mut world = World::small();
        let folder = world.create("Abonents", json!({"name": "папка", "parent_id": 1, "is_folder": 1})).unwrap();
        world.call("Abonents", 100, "move_to", json!({"target": folder})).unwrap();
        assert_eq!(world.column("Abonents", 100, "parent_id"), folder);
        assert_eq!(
            refusal(world.call("Abonents", 1, "move_to", json!({"target": folder}))),
            "folder 1 cannot be moved into itself"
        );
        assert_eq!(
            refusal(world.call("Abonents", folder, "move_to", json!({"target": 100}))),
            "subscriber 100 is not a folder"
        );
    }

    #[test]
    fn a_status_a_date_and_a_message() {
        let mut world = World::demo();
        world.call("Abonents", 100, "set_object_status", json!({"status_id": "26"})).unwrap();
        assert_eq!(world.column("Abonents", 100, "object_status_id"), 26);
        assert!(world.call("Abonents", 100, "set_object_status", json!({"status_id": 999})).is_err());
        world.call("Abonents", 100, "change_activation_date", json!({"new_date": "2021-02-01"})).unwrap();
        assert_eq!(world.column("Abonents", 100, "activate_date"), "2021-02-01");
        let before = world.count("MsgStack", &[("abonent_id", 100)]);
        let args = json!({"tmpl_id": "6", "send_date": "2019-04-08 12:30:00"});
        world.call("Abonents", 100, "send_message", args).unwrap();
        assert_eq!(world.count("MsgStack", &[("abonent_id", 100), ("admin_msg_id", 6)]), before + 1);
    }

    #[test]
    fn automatic_attributes_come_and_empty_ones_go() {
        let mut world = World::of(json!({
            "UserAttributes": [
                {"pk": 14, "fields": {"name": "Паспорт", "default_individual": 1}},
                {"pk": 15, "fields": {"name": "ИНН", "default_person": 1}},
                {"pk": 16, "fields": {"name": "Прочее"}}
            ],
            "Abonents": [{"pk": 100, "fields": {"name": "Иванов"}}],
            "AttributeValues": [
                {"pk": 1, "fields": {"attribute_id": 15, "abonent_id": 100, "attribute_value": ""}},
                {"pk": 2, "fields": {"attribute_id": 16, "abonent_id": 100, "attribute_value": "7"}}
            ]
        }));
        world.call("Abonents", 100, "init_userattributes", json!({})).unwrap();
        assert_eq!(world.property("Abonents", 100, "attr"), json!({"Прочее": "7", "Паспорт": ""}));
        world.call("Abonents", 100, "init_userattributes", json!({})).unwrap();
        assert_eq!(world.count("AttributeValues", &[("abonent_id", 100)]), 2);
    }
}
