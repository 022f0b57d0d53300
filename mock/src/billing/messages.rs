//! Messages to subscribers: rows of `MsgStack`, made from a template or with a text of their own.

use jiff::civil::DateTime;

use super::look;
use crate::orm::{CallError, Instance, Tx};
use crate::store::Pk;

/// The kind of a message that goes out as SMS (the page's `ttype_id: 1`).
pub const SMS: Pk = 1;
/// The kind of a message that goes out as mail.
pub const EMAIL: Pk = 2;

/// Before a message is put on the stack: its text and time, where the call leaves them to the template.
pub fn before_create(tx: &mut Tx<'_>, message: &mut Instance) -> Result<(), CallError> {
    if message.value("send_date")?.is_null() {
        message.put("send_date", tx.now)?;
    }
    if message.text("text")?.is_empty()
        && let Some(template) = look::follow(&tx.store, message, "admin_msg_id", "AdminMsg")?
    {
        let text = template.text("text")?.to_owned();
        message.put("text", text)?;
    }
    if message.text("addressee")?.is_empty()
        && let Some(abonent) = look::follow(&tx.store, message, "abonent_id", "Abonents")?
    {
        let column = if message.int("ttype_id")? == Some(EMAIL) { "email" } else { "sms" };
        let addressee = abonent.value(column)?.clone();
        message.put("addressee", addressee)?;
    }
    Ok(())
}

/// Puts a message made from a template on the stack.
pub fn send(tx: &mut Tx<'_>, abonent: Pk, template: Pk, kind: Pk, when: DateTime) -> Result<Instance, CallError> {
    tx.get("AdminMsg", template)?;
    let mut message = tx.blank("MsgStack")?;
    message.put("abonent_id", abonent)?;
    message.put("admin_msg_id", template)?;
    message.put("ttype_id", known_kind(tx, kind)?)?;
    message.put("send_date", when)?;
    before_create(tx, &mut message)?;
    tx.save(&mut message)?;
    Ok(message)
}

/// Puts a message with a text of its own on the stack.
pub fn send_text(tx: &mut Tx<'_>, abonent: Pk, kind: Pk, text: &str) -> Result<Instance, CallError> {
    let mut message = tx.blank("MsgStack")?;
    message.put("abonent_id", abonent)?;
    message.put("ttype_id", known_kind(tx, kind)?)?;
    message.put("text", text)?;
    before_create(tx, &mut message)?;
    tx.save(&mut message)?;
    Ok(message)
}

/// A state of somebody's own need not have our kinds of messages.
fn known_kind(tx: &Tx<'_>, kind: Pk) -> Result<Option<Pk>, CallError> {
    Ok(tx.find("MsgTypes", kind)?.and(Some(kind)))
}
