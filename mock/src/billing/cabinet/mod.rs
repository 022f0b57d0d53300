//! The personal cabinet (`web_cabinet.*`): what a subscriber sees and does, by session.
//!
//! Its replies are encoded twice: the result is a list with one string, which is itself JSON. A refusal of the billing
//! stands inside that string as `{"error": "..."}`; a call that is wrong as such (an unknown argument, a date that is
//! none) is an error of the envelope, as everywhere.

mod money;
mod password;
mod session;
mod uslugi;

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

/// Encodes what a method came to.
fn reply(result: Result<Json, CallError>) -> Result<Answer, CallError> {
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
