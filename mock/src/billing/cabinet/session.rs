//! Who is in the cabinet: logging in, what it shows of the subscriber, the subscriber's own block.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::super::{Answer, Given, accounts, blocks, forecast, look, properties, users};
use super::{abonent_of, flag, refuse, reply, shown, visitor};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Store, Value, value};

pub fn login(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let login = given.text("login")?.unwrap_or_default();
    let password = given.text("passwd")?.unwrap_or_default();
    let result = open(tx, &login, &password);
    reply(tx, result)
}

fn open(tx: &mut Tx<'_>, login: &str, password: &str) -> Result<Json, CallError> {
    let accounts = tx.all_where("Users", &[("login", Value::text(login)), ("deleted", Value::Int(0))])?;
    // One text for both, so that nobody learns which logins exist.
    let wrong = "wrong login or password";
    let Some(account) = accounts.first() else { return refuse(wrong) };
    if !users::password_fits(account, password)? {
        return refuse(wrong);
    }
    let Some(abonent) = abonent_of(&tx.store, account)? else { return refuse(wrong) };
    let session = users::begin_session(tx, account)?;
    Ok(json!({ "session_id": session.text("suid")?, "user": person(&tx.store, account, &abonent)? }))
}

/// An account with its subscriber, as `login` and `get_user` show it.
fn person(store: &Store, account: &Instance, abonent: &Instance) -> Result<Json, CallError> {
    Ok(json!({
        "pk": account.pk,
        "__abonent": shown(abonent, "name")?,
        "abonent": {
            "pk": abonent.pk,
            "__home": address(store, abonent)?,
            "a_home_number": shown(abonent, "a_home_number")?,
            "sms": shown(abonent, "sms")?,
            "email": shown(abonent, "email")?,
            "own_disabled_start": shown(abonent, "own_disabled_start")?,
            "own_disabled_end": shown(abonent, "own_disabled_end")?,
        },
    }))
}

fn address(store: &Store, abonent: &Instance) -> Result<Json, CallError> {
    let Some(home) = look::follow(store, abonent, "home_id", "Homes")? else { return Ok(Json::Null) };
    let parts = [home.text("city")?, home.text("street")?, home.text("s_number")?];
    Ok(Json::from(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")))
}

pub fn get_user(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let result = visitor(tx, given).and_then(|(account, abonent)| person(&tx.store, &account, &abonent));
    reply(tx, result)
}

pub fn user_info(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let result = visitor(tx, given).and_then(|(_, abonent)| info(tx, &abonent));
    reply(tx, result)
}

fn info(tx: &Tx<'_>, abonent: &Instance) -> Result<Json, CallError> {
    let today = tx.now.date();
    let account = accounts::of_abonent(&tx.store, abonent)?;
    let enough = forecast::enough_to(&tx.store, abonent, today)?;
    Ok(json!({
        "tarif_id": abonent.int("tarif_id")?,
        "balance": accounts::balance(&account)?.json(),
        "in_block": flag(blocks::any(&tx.store, abonent.pk.unwrap_or_default())?),
        "enough_to_date": enough.map(|day| day.to_string()),
        "minimal_pay_sum": properties::minimal_pay(&tx.store, abonent, today)?.json(),
    }))
}

/// A day as the cabinet's forms write it (`31.01.2022`), or as everywhere else.
pub fn day(given: &Given<'_>, key: &'static str) -> Result<Option<Date>, CallError> {
    let Some(text) = given.text(key)? else { return Ok(None) };
    let mut parts = text.trim().split('.').map(str::parse::<i16>);
    let written = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(day)), Some(Ok(month)), Some(Ok(year)), None) => match (i8::try_from(month), i8::try_from(day)) {
            (Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
            _ => None,
        },
        _ => value::parse_date(text.trim()),
    };
    match written {
        Some(day) => Ok(Some(day)),
        None => Err(CallError::Value(format!("{key} is '{text}', not a date (DD.MM.YYYY)"))),
    }
}

pub fn block_user(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let start = day(given, "start_date")?.unwrap_or(tx.now.date());
    let end = day(given, "end_date")?;
    let result = visitor(tx, given).and_then(|(_, abonent)| plan_block(tx, abonent, start, end));
    reply(tx, result)
}

/// The subscriber's own block: planned, it begins and ends with the daily run of its days.
fn plan_block(tx: &mut Tx<'_>, mut abonent: Instance, start: Date, end: Option<Date>) -> Result<Json, CallError> {
    if start < tx.now.date() {
        return refuse("a block cannot begin in the past");
    }
    if end.is_some_and(|end| end <= start) {
        return refuse("a block ends after the day it begins");
    }
    abonent.put("own_disabled_start", start)?;
    abonent.put("own_disabled_end", end)?;
    tx.save(&mut abonent)?;
    let until = end.map_or_else(String::new, |end| format!(" по {end}"));
    Ok(json!({ "message": format!("Добровольная блокировка с {start}{until}") }))
}

pub fn get_vpn_const(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let (wanted, suid) = (given.int("const_id")?, given.text("suid")?);
    // Constants belong to nobody, so no session is needed; one that is given must live.
    let visit = if suid.is_some() { visitor(tx, given).map(|_| ()) } else { Ok(()) };
    let result = visit.and_then(|()| match wanted {
        Some(id) => shown(&tx.get("VpnConst", id)?, "const_value"),
        None => {
            let all = tx.all_where("VpnConst", &[])?;
            let pairs: Result<serde_json::Map<String, Json>, CallError> = all
                .iter()
                .map(|entry| Ok((entry.pk.unwrap_or_default().to_string(), shown(entry, "const_value")?)))
                .collect();
            Ok(Json::Object(pairs?))
        }
    });
    reply(tx, result)
}
