//! Accounts of access (`Users`): passwords, sessions, deletion.

use serde_json::{Value as Json, json};

use super::{Answer, Given, ModelMethod, ObjectMethod, addresses, look};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};
use crate::tasks::Patch;

/// The methods of an object.
pub const METHODS: &[(&str, ObjectMethod)] = &[
    ("set_password", set_password),
    ("check_pass", check_pass),
    ("get_or_create_dynamic_session", get_or_create_dynamic_session),
];

/// The methods of the model, beside the cabinet's.
pub const MODEL_METHODS: &[(&str, ModelMethod)] = &[("get_user_by_suid", get_user_by_suid)];

/// Letters and digits of a generated password: none that is mistaken for another.
const PASSWORD_LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// How long a generated password is: as the page's own, `8fqm11`.
const PASSWORD_LENGTH: usize = 6;

/// Before an account is created: the subscriber's pool, an address, a password, a login nobody else has.
pub fn before_create(tx: &mut Tx<'_>, account: &mut Instance) -> Result<(), CallError> {
    check_login(tx, account)?;
    if account.text("ip")?.is_empty()
        && account.value("pull_id")?.is_null()
        && let Some(abonent) = look::follow(&tx.store, account, "abonent_id", "Abonents")?
    {
        account.put("pull_id", abonent.int("ip_pull_id")?)?;
    }
    addresses::allot(tx, account)?;
    generate_password(tx, account)
}

/// Before an account is saved: its addresses, and a password where there is none.
pub fn before_save(tx: &mut Tx<'_>, account: &mut Instance) -> Result<(), CallError> {
    if account.changed("login")? {
        check_login(tx, account)?;
    }
    addresses::allot(tx, account)?;
    generate_password(tx, account)
}

fn check_login(tx: &Tx<'_>, account: &Instance) -> Result<(), CallError> {
    let login = account.text("login")?;
    if login.is_empty() {
        return Ok(());
    }
    for other in tx.all_where("Users", &[("login", Value::text(login))])? {
        if other.pk != account.pk && !other.flag("deleted")? {
            return Err(CallError::Refused(format!("login {login} belongs to another account")));
        }
    }
    Ok(())
}

fn generate_password(tx: &mut Tx<'_>, account: &mut Instance) -> Result<(), CallError> {
    if account.text("passwd")?.is_empty() {
        let password = tx.chance.text(PASSWORD_LETTERS, PASSWORD_LENGTH);
        account.put("gen_pwd", password.as_str())?;
        account.put("passwd", password)?;
    }
    Ok(())
}

/// Gives an account a password; it is shown in the open only if asked for.
pub fn put_password(account: &mut Instance, password: &str, shown: bool) -> Result<(), CallError> {
    account.put("passwd", password)?;
    account.put("gen_pwd", if shown { password } else { "" })
}

fn set_password(tx: &mut Tx<'_>, account: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let password = given.text("psw")?.unwrap_or_default();
    let hidden = given.flag("dontshow")?.unwrap_or(false);
    put_password(account, &password, !hidden)?;
    // An empty one stays empty until the next save, which generates one: the page's two steps.
    tx.save(account)?;
    Ok(Answer::Object(account.clone()))
}

fn check_pass(_: &mut Tx<'_>, account: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let password = given.text("passwd")?.unwrap_or_default();
    Ok(Answer::Json(Json::Bool(password_fits(account, &password)?)))
}

/// Whether this is the account's password. An account without one lets nobody in.
pub fn password_fits(account: &Instance, password: &str) -> Result<bool, CallError> {
    let own = account.text("passwd")?;
    Ok(!own.is_empty() && own == password)
}

/// `delete`: to the trash, with sessions ended and addresses freed.
pub fn delete(tx: &mut Tx<'_>, account: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    if !given.flag("clean_links")?.unwrap_or(false) {
        return Err(CallError::Refused(
            "an account can only be deleted with its links: clean_links must be true".into(),
        ));
    }
    trash(tx, account.pk.unwrap_or_default())?;
    Ok(Answer::Json(Json::Null))
}

/// Puts an account into the trash.
pub fn trash(tx: &mut Tx<'_>, pk: Pk) -> Result<(), CallError> {
    end_sessions(tx, pk)?;
    let free = Patch::Set(Value::Null);
    let columns = [
        ("deleted", Patch::Set(Value::Int(1))),
        ("ip", free.clone()),
        ("snatip", free.clone()),
        ("pull_id", free.clone()),
        ("snat_pull_id", free),
    ];
    tx.patch("Users", pk, &columns)
}

/// Ends the sessions of an account.
pub fn end_sessions(tx: &mut Tx<'_>, account: Pk) -> Result<(), CallError> {
    for holder in live_sessions(&tx.store, account)? {
        tx.patch("DynamicSessionUsers", holder.pk.unwrap_or_default(), &[("active", Patch::Set(Value::Int(0)))])?;
    }
    Ok(())
}

fn live_sessions(store: &Store, account: Pk) -> Result<Vec<Instance>, CallError> {
    look::all_where(store, "DynamicSessionUsers", &[("user_id", Value::Int(account)), ("active", Value::Int(1))])
}

/// Begins a session of an account; answers its row.
pub fn begin_session(tx: &mut Tx<'_>, account: &Instance) -> Result<Instance, CallError> {
    let mut session = tx.blank("DynamicSessions")?;
    // 18 digits, as the page's own.
    let suid = tx.chance.between(100_000_000_000_000_000, 999_999_999_999_999_999);
    session.put("suid", suid.to_string())?;
    session.put("id", account.int("abonent_id")?)?;
    let pk = tx.save(&mut session)?;
    let mut holder = tx.blank("DynamicSessionUsers")?;
    holder.put("session_id", pk)?;
    holder.put("user_id", account.pk)?;
    tx.save(&mut holder)?;
    Ok(session)
}

/// The account of a live session.
pub fn by_suid(store: &Store, suid: &str) -> Result<Option<Instance>, CallError> {
    for session in look::all_where(store, "DynamicSessions", &[("suid", Value::text(suid))])? {
        let live = [("session_id", Value::from(session.pk)), ("active", Value::Int(1))];
        for holder in look::all_where(store, "DynamicSessionUsers", &live)? {
            if let Some(account) = look::follow(store, &holder, "user_id", "Users")?
                && !account.flag("deleted")?
            {
                return Ok(Some(account));
            }
        }
    }
    Ok(None)
}

fn get_user_by_suid(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let suid = given.text("suid")?.unwrap_or_default();
    match by_suid(&tx.store, &suid)? {
        Some(account) => Ok(Answer::Object(account)),
        None => Err(CallError::DoesNotExist { model: "DynamicSessions".into() }),
    }
}

fn get_or_create_dynamic_session(tx: &mut Tx<'_>, account: &mut Instance, _: &Given<'_>) -> Result<Answer, CallError> {
    let live = live_sessions(&tx.store, account.pk.unwrap_or_default())?;
    let session = match live.last() {
        Some(holder) => look::follow(&tx.store, holder, "session_id", "DynamicSessions")?,
        None => None,
    };
    let session = match session {
        Some(session) => session,
        None => begin_session(tx, account)?,
    };
    // As the page prints it: no key, and the subscriber's id beside the session's.
    Ok(Answer::Json(json!({
        "pk": null,
        "model": "DynamicSessions",
        "fields": { "ttype": session.text("ttype")?, "id": session.int("id")?, "suid": session.text("suid")? },
    })))
}
