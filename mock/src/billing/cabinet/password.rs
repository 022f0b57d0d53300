//! Recovering a password: a code is sent, and whoever knows it may set a new one.

use serde_json::{Value as Json, json};

use super::super::{Answer, Given, messages, users};
use super::{abonent_of, refuse, reply};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Value};
use crate::tasks::Patch;

/// As the page's `475GZ4`: upper case, six characters.
const CODE_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 6;

/// The page asks for passwords longer than 6 characters (and shows one of 6, an erratum).
const PASSWORD_LENGTH: usize = 7;

pub fn reset_password(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let login = given.text("login")?.unwrap_or_default();
    let base_url = given.text("base_url")?.unwrap_or_default();
    let result = send_code(tx, &login, &base_url);
    reply(tx, result)
}

fn send_code(tx: &mut Tx<'_>, login: &str, base_url: &str) -> Result<Json, CallError> {
    let Some((account, abonent)) = owner(tx, login)? else { return refuse("there is no such login or e-mail") };
    let uid = account.pk.unwrap_or_default();
    let token = tx.chance.text(CODE_LETTERS, CODE_LENGTH);
    let mut code = tx.blank("PasswordCodes")?;
    code.put("user_id", uid)?;
    code.put("token", token.as_str())?;
    tx.save(&mut code)?;
    let kind = if abonent.text("sms")?.is_empty() { messages::EMAIL } else { messages::SMS };
    let link = if base_url.is_empty() { String::new() } else { format!(" {base_url}") };
    let text = format!("Код для восстановления пароля: {token}{link}");
    messages::send_text(tx, abonent.pk.unwrap_or_default(), kind, &text)?;
    Ok(json!({ "uid": uid, "message": "Код отправлен" }))
}

/// The account of this login, or the first account of the subscriber with this e-mail.
fn owner(tx: &Tx<'_>, login: &str) -> Result<Option<(Instance, Instance)>, CallError> {
    if login.is_empty() {
        return Ok(None);
    }
    let live = ("deleted", Value::Int(0));
    let mut accounts = tx.all_where("Users", &[("login", Value::text(login)), live.clone()])?;
    if accounts.is_empty() {
        for abonent in tx.all_where("Abonents", &[("email", Value::text(login)), live.clone()])? {
            accounts.extend(tx.all_where("Users", &[("abonent_id", Value::from(abonent.pk)), live.clone()])?);
        }
    }
    let Some(account) = accounts.into_iter().next() else { return Ok(None) };
    Ok(abonent_of(&tx.store, &account)?.map(|abonent| (account, abonent)))
}

pub fn submit_password(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let token = given.text("token")?.unwrap_or_default();
    let uid = given.need("uid", given.int("uid")?)?;
    let first = given.text("psw1")?.unwrap_or_default();
    let second = given.text("psw2")?.unwrap_or_default();
    let result = set_new(tx, uid, &token, &first, &second);
    reply(tx, result)
}

fn set_new(tx: &mut Tx<'_>, uid: Pk, token: &str, first: &str, second: &str) -> Result<Json, CallError> {
    let codes = tx.all_where("PasswordCodes", &[("user_id", Value::Int(uid)), ("used", Value::Int(0))])?;
    let known: Result<Vec<&str>, CallError> = codes.iter().map(|code| code.text("token")).collect();
    if token.is_empty() || !known?.contains(&token) {
        return refuse("the code is wrong or was used");
    }
    if first != second {
        return refuse("the passwords differ");
    }
    if first.chars().count() < PASSWORD_LENGTH {
        return refuse(format!("a password has at least {PASSWORD_LENGTH} characters"));
    }
    let mut account = tx.get("Users", uid)?;
    users::put_password(&mut account, first, false)?;
    tx.save(&mut account)?;
    users::end_sessions(tx, uid)?;
    // One code was used, and the others were sent for the same password.
    for code in &codes {
        tx.patch(
            "PasswordCodes",
            code.pk.unwrap_or_default(),
            &[("used", Patch::Turn { from: Value::Int(0), to: Value::Int(1) })],
        )?;
    }
    Ok(json!({ "uid": uid, "message": "Пароль изменён" }))
}
