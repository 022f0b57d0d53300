//! Accounts of access (`Users`): passwords, sessions, deletion.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::touched::Touched;
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

/// Before an account is created: the subscriber's pool, an address, a password.
pub fn before_create(tx: &mut Tx<'_>, account: &mut Instance) -> Result<(), CallError> {
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
    addresses::allot(tx, account)?;
    generate_password(tx, account)
}

/// An account belongs to a subscriber: a folder has none.
pub fn check_owner(tx: &Tx<'_>, row: &Touched) -> Result<(), CallError> {
    let Some(account) = &row.after else { return Ok(()) };
    if !row.changed("abonent_id")? {
        return Ok(());
    }
    match look::follow(&tx.store, account, "abonent_id", "Abonents")? {
        Some(abonent) if abonent.flag("is_folder")? => Err(CallError::Refused(format!(
            "{} is a folder, and an account belongs to a subscriber",
            abonent.pk.unwrap_or_default()
        ))),
        _ => Ok(()),
    }
}

fn generate_password(tx: &mut Tx<'_>, account: &mut Instance) -> Result<(), CallError> {
    // A password written in the open is the password.
    let none_given = account.text("passwd")?.is_empty() || !account.changed("passwd")?;
    if account.changed("gen_pwd")? && !account.text("gen_pwd")?.is_empty() && none_given {
        let password = account.value("gen_pwd")?.clone();
        return account.put("passwd", password);
    }
    if account.text("passwd")?.is_empty() {
        let password = tx.chance.text(PASSWORD_LETTERS, PASSWORD_LENGTH);
        account.put("gen_pwd", password.as_str())?;
        account.put("passwd", password)?;
    }
    Ok(())
}

/// What a password that is not shown is kept as.
const DIGEST: &str = "sha256$";

/// Gives an account a password. Shown, it is kept in the open; otherwise only so that it can be compared.
pub fn put_password(account: &mut Instance, password: &str, shown: bool) -> Result<(), CallError> {
    let kept = if shown || password.is_empty() { password.to_owned() } else { digest(password) };
    account.put("passwd", kept)?;
    account.put("gen_pwd", if shown { password } else { "" })
}

fn digest(password: &str) -> String {
    Sha256::digest(password.as_bytes()).iter().fold(DIGEST.to_owned(), |text, byte| format!("{text}{byte:02x}"))
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
    let given = if own.starts_with(DIGEST) { digest(password) } else { password.to_owned() };
    Ok(!own.is_empty() && own == given)
}

/// `delete`: to the trash, as a subscriber's; its sessions end, its addresses and its login are free again.
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
    live_sessions(&tx.store, account)?.iter().try_for_each(|holder| end(tx, holder))
}

/// A session that begins ends the others of its account: there is one until the next, also of two that were asked for
/// at once.
pub fn end_other_sessions(tx: &mut Tx<'_>, begun: Pk) -> Result<(), CallError> {
    let Some(begun) = tx.find("DynamicSessionUsers", begun)? else { return Ok(()) };
    let (true, Some(account)) = (begun.flag("active")?, begun.int("user_id")?) else { return Ok(()) };
    let mut others = live_sessions(&tx.store, account)?;
    others.retain(|holder| holder.pk != begun.pk);
    others.iter().try_for_each(|holder| end(tx, holder))
}

fn end(tx: &mut Tx<'_>, holder: &Instance) -> Result<(), CallError> {
    tx.patch("DynamicSessionUsers", holder.pk.unwrap_or_default(), &[("active", Patch::Set(Value::Int(0)))])
}

fn live_sessions(store: &Store, account: Pk) -> Result<Vec<Instance>, CallError> {
    look::all_where(store, "DynamicSessionUsers", &[("user_id", Value::Int(account)), ("active", Value::Int(1))])
}

/// Begins a session of an account; answers its row. The others end when it is there.
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
    if account.flag("deleted")? {
        return Err(CallError::Refused(format!("account {} is in the trash", account.pk.unwrap_or_default())));
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::Answer;
    use crate::billing::testing::{World, bare, refusal};

    #[test]
    fn a_password_is_generated_shown_hidden_and_checked() {
        let mut world = World::small();
        let pk = world.create("Users", json!({"abonent_id": 100, "login": "abonent1"})).unwrap();
        let generated = world.column("Users", pk, "gen_pwd");
        assert_eq!(generated.as_str().unwrap().len(), 6);
        let check = |world: &mut World, password: &str| {
            bare(world.call("Users", pk, "check_pass", json!({"passwd": password})))
        };
        assert_eq!(check(&mut world, generated.as_str().unwrap()), true);
        world.call("Users", pk, "set_password", json!({"psw": "1234", "dontshow": false})).unwrap();
        assert_eq!(world.column("Users", pk, "gen_pwd"), "1234");
        world.call("Users", pk, "set_password", json!({"psw": "5678", "dontshow": true})).unwrap();
        assert_eq!(world.column("Users", pk, "gen_pwd"), "");
        assert_eq!(check(&mut world, "5678"), true);
        assert_eq!(check(&mut world, "1234"), false);
        // The page's two steps: take it away, then save.
        world.call("Users", pk, "set_password", json!({"psw": ""})).unwrap();
        assert_eq!(world.column("Users", pk, "gen_pwd"), "");
        assert_eq!(check(&mut world, ""), false);
        world.save("Users", pk, json!({})).unwrap();
        let fresh = world.column("Users", pk, "gen_pwd");
        assert_ne!(fresh, generated);
        assert_eq!(check(&mut world, fresh.as_str().unwrap()), true);
    }

    #[test]
    fn a_password_written_in_the_open_is_the_password() {
        let mut world = World::small();
        let pk = world.create("Users", json!({"abonent_id": 100, "login": "b", "gen_pwd": "open1"})).unwrap();
        assert_eq!(bare(world.call("Users", pk, "check_pass", json!({"passwd": "open1"}))), true);
        world.save("Users", pk, json!({"gen_pwd": "open2"})).unwrap();
        assert_eq!(bare(world.call("Users", pk, "check_pass", json!({"passwd": "open2"}))), true);
    }

    #[test]
    fn deletion_needs_clean_links_and_ends_the_session() {
        let mut world = World::small();
        bare(world.call("Users", 200, "get_or_create_dynamic_session", json!({})));
        let error = world.call("Users", 200, "delete", json!({})).unwrap_err();
        assert_eq!(error.to_string(), "delete() missing 1 required positional argument: 'clean_links'");
        refusal(world.call("Users", 200, "delete", json!({"clean_links": false})));
        world.call("Users", 200, "delete", json!({"clean_links": true})).unwrap();
        assert_eq!(world.column("Users", 200, "deleted"), 1);
        assert_eq!(world.count("DynamicSessionUsers", &[("active", 1)]), 0);
        assert_eq!(world.count("Abonents", &[("id", 100)]), 1);
    }

    #[test]
    fn a_session_lives_until_the_next_login() {
        let mut world = World::small();
        let session = bare(world.call("Users", 200, "get_or_create_dynamic_session", json!({})));
        assert_eq!(session["fields"]["id"], 100);
        assert_eq!(session["fields"]["ttype"], "None");
        assert!(session["pk"].is_null());
        let suid = session["fields"]["suid"].clone();
        assert_eq!(suid.as_str().unwrap().len(), 18);
        let again = bare(world.call("Users", 200, "get_or_create_dynamic_session", json!({})));
        assert_eq!(again, session);
        let user = world.call_model("Users", "get_user_by_suid", json!({"suid": suid})).unwrap();
        assert!(matches!(user, Answer::Object(ref user) if user.pk == Some(200)));
        let entered = world.cabinet("login", json!({"login": "ivanov", "passwd": "secret1"}));
        assert_ne!(entered["session_id"], suid);
        assert!(world.call_model("Users", "get_user_by_suid", json!({"suid": suid})).is_err());
    }

    #[test]
    fn the_pages_own_session_answers_as_printed() {
        let mut world = World::demo();
        let session = bare(world.call("Users", 12230, "get_or_create_dynamic_session", json!({})));
        let printed = json!({"pk": null, "model": "DynamicSessions",
            "fields": {"ttype": "None", "id": 12200, "suid": "144997776676316356"}});
        assert_eq!(session.to_string(), printed.to_string());
    }

    #[test]
    fn a_login_belongs_to_one_account() {
        let mut world = World::small();
        let taken = world.create("Users", json!({"abonent_id": 100, "login": "ivanov"}));
        assert_eq!(refusal(taken), "login ivanov belongs to another account");
    }
}
