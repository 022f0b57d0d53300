//! Computed properties: what `fields=["allow_internet"]` answers.

use jiff::civil::Date;
use serde_json::{Map, Value as Json};

use super::money::Money;
use super::{PropertyCode, accounts, blocks, forecast, look, services};
use crate::orm::{CallError, Instance};
use crate::store::{Store, Value};

/// Those of a subscriber.
pub const ABONENTS: &[(&str, PropertyCode)] = &[
    ("allow_internet", allow_internet),
    ("minimal_pay_sum", minimal_pay_sum),
    ("recomend_pay_sum", recomend_pay_sum),
    ("promise_pay", promise_pay),
    ("promise_date_end", promise_date_end),
    ("child_folders_count", child_folders_count),
    ("attr", attr),
    ("balance", balance_of_abonent),
];

/// Those of a personal account.
pub const ADMIN_ACCOUNTS: &[(&str, PropertyCode)] = &[("balance", balance)];

/// Those of an account of access: two columns of its subscriber's personal account.
pub const USERS: &[(&str, PropertyCode)] = &[("ostatok", ostatok), ("debit", debit)];

/// A folder has no money, no services and no blocks: its properties about them are null.
fn is_payer(abonent: &Instance) -> Result<bool, CallError> {
    Ok(!abonent.flag("is_folder")? && !abonent.value("account_id")?.is_null())
}

fn allow_internet(store: &Store, _: Date, abonent: &Instance) -> Result<Json, CallError> {
    let blocked = blocks::any(store, abonent.pk.unwrap_or_default())?;
    Ok(Json::from(u8::from(!blocked)))
}

/// What is missing to the threshold: the least payment that lifts the block of a negative balance.
pub fn minimal_pay(store: &Store, abonent: &Instance, today: Date) -> Result<Money, CallError> {
    Ok((-accounts::spendable(store, abonent, today)?).or_zero())
}

fn minimal_pay_sum(store: &Store, today: Date, abonent: &Instance) -> Result<Json, CallError> {
    if is_payer(abonent)? { Ok(minimal_pay(store, abonent, today)?.json()) } else { Ok(Json::Null) }
}

/// What is missing to the threshold once everything connected has been charged one more time.
fn recomend_pay_sum(store: &Store, today: Date, abonent: &Instance) -> Result<Json, CallError> {
    if !is_payer(abonent)? {
        return Ok(Json::Null);
    }
    let due = forecast::monthly(store, abonent, today)?.minus(accounts::spendable(store, abonent, today)?)?;
    Ok(due.or_zero().json())
}

fn promise_pay(store: &Store, today: Date, abonent: &Instance) -> Result<Json, CallError> {
    let promised = services::promised(store, abonent.pk.unwrap_or_default(), today)?;
    Ok(promised.map_or(Money::ZERO, |promised| promised.sum).json())
}

fn promise_date_end(store: &Store, today: Date, abonent: &Instance) -> Result<Json, CallError> {
    let promised = services::promised(store, abonent.pk.unwrap_or_default(), today)?;
    Ok(promised.and_then(|promised| promised.last_end()).map_or(Json::Null, |end| Json::from(end.to_string())))
}

fn child_folders_count(store: &Store, _: Date, abonent: &Instance) -> Result<Json, CallError> {
    let conditions = [("parent_id", Value::from(abonent.pk)), ("is_folder", Value::Int(1)), ("deleted", Value::Int(0))];
    Ok(Json::from(look::all_where(store, "Abonents", &conditions)?.len()))
}

fn attr(store: &Store, _: Date, abonent: &Instance) -> Result<Json, CallError> {
    let mut found = Map::new();
    for value in look::all_where(store, "AttributeValues", &[("abonent_id", Value::from(abonent.pk))])? {
        if let Some(kind) = look::follow(store, &value, "attribute_id", "UserAttributes")? {
            found.insert(kind.text("name")?.to_owned(), Json::from(value.text("attribute_value")?));
        }
    }
    Ok(Json::Object(found))
}

fn balance_of_abonent(store: &Store, _: Date, abonent: &Instance) -> Result<Json, CallError> {
    match look::follow(store, abonent, "account_id", "AdminAccounts")? {
        Some(account) => Ok(accounts::balance(&account)?.json()),
        None => Ok(Json::Null),
    }
}

fn balance(_: &Store, _: Date, account: &Instance) -> Result<Json, CallError> {
    Ok(accounts::balance(account)?.json())
}

fn of_account(store: &Store, user: &Instance, column: &str) -> Result<Json, CallError> {
    let Some(abonent) = look::follow(store, user, "abonent_id", "Abonents")? else { return Ok(Json::Null) };
    match look::follow(store, &abonent, "account_id", "AdminAccounts")? {
        Some(account) => Ok(Money::of(account.value(column)?).json()),
        None => Ok(Json::Null),
    }
}

fn ostatok(store: &Store, _: Date, user: &Instance) -> Result<Json, CallError> {
    of_account(store, user, "ostatok")
}

fn debit(store: &Store, _: Date, user: &Instance) -> Result<Json, CallError> {
    of_account(store, user, "debit")
}
