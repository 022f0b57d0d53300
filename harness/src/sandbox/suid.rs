//! Whose cabinet session it is. Whoever has a session's SUID writes on its subscriber, and which SUID is the sandbox's, only
//! the server can say: it is asked in more than one way before anything is written through one.

use serde_json::{Value, json};

use super::SandboxError;
use super::estate::Builder;
use super::journal::Entry;
use crate::ask::{self, AskError};
use crate::chain::Chain;
use crate::exchange::key;

/// No session has it: the page's have 18 digits.
const NOBODYS: &str = "carbon-harness";

/// Takes a session in, if it is the sandbox's user's, whichever way the server is asked.
///
/// # Errors
/// See [`SandboxError`]; [`SandboxError::Lacks`] where the server's answers do not agree.
pub(super) async fn take_in(builder: &Builder<'_>, suid: &str, user: i64, subscriber: i64) -> Result<(), SandboxError> {
    // A server that does not look at the SUID would call any session ours.
    if let Some(somebody) = user_of(builder, NOBODYS).await? {
        return Err(SandboxError::Lacks(format!(
            "the server says that a SUID which nobody has is of Users {somebody}"
        )));
    }
    let told = user_of(builder, suid).await?;
    if told != Some(user) || !builder.sandbox.scope(|scope| scope.owns("Users", user)) {
        let told = told.map_or("nobody".to_owned(), |told| format!("Users {told}"));
        return Err(SandboxError::Lacks(format!(
            "the server answers a session of Users {user} that it then says is of {told}: nothing is written through it"
        )));
    }
    // The sessions themselves, where the server shows them.
    let rows = match ask::rows(builder.client, "DynamicSessions", json!({"suid": suid}), &[]).await {
        Ok(rows) => rows,
        Err(AskError::Answer { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let ours = |row: &ask::Row| {
        row.fields.get("suid").and_then(Value::as_str) == Some(suid)
            && row.fields.get("id").and_then(key) == Some(subscriber)
            && builder.sandbox.scope(|scope| scope.is_new("DynamicSessions", row.pk))
    };
    if let Some(stranger) = rows.iter().find(|row| !ours(row)) {
        return Err(SandboxError::Stranger { model: "DynamicSessions".to_owned(), pk: stranger.pk });
    }
    let is_known = builder.sandbox.scope(|scope| {
        let is_known = scope.has_session(&suid.into());
        scope.open_session(suid);
        is_known
    });
    if !is_known {
        for row in rows {
            builder.sandbox.note(&Entry::Along { model: "DynamicSessions".to_owned(), pk: row.pk })?;
        }
    }
    Ok(())
}

/// The user of a session, by the server's word; nobody where it answers an error.
async fn user_of(builder: &Builder<'_>, suid: &str) -> Result<Option<i64>, SandboxError> {
    let chain = Chain::on("Users").then("get_user_by_suid", json!({"suid": suid}));
    match ask::result(builder.client, &chain).await {
        Ok(user) => Ok(user.get("pk").and_then(key)),
        Err(AskError::Answer { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
