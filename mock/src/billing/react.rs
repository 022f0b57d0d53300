//! What must hold of changed rows, and what follows from them of itself. Both are derived twice: for the view of the
//! request, so that it is refused, or its reply shows what follows; and from what is true when the task commits. There
//! it also comes out what two tasks that overlap must not both do.

use std::collections::BTreeSet;

use super::touched::{self, Touched};
use super::{accounts, blocks, books, cards, look, services, unique, users};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};
use crate::tasks::Change;

/// The models of whose rows something must hold, or follows.
const WATCHED: [&str; 10] = [
    "Abonents",
    "AbonentsBlock",
    "AccountStack",
    "AdminAccounts",
    "ArchAccountStack",
    "DynamicSessionUsers",
    "FinanceOperations",
    "Users",
    "UsersUsluga",
    "Usluga",
];

/// What a balance block depends on.
const BALANCE: [&str; 5] = ["ostatok", "debit", "credit", "limit", "unlimited"];

/// Refuses what must not be. Then the stack is worked off, a tariff brings its services, a price its version, a session
/// ends the others, the accounts follow the books, and the balance blocks or unblocks.
pub fn react(tx: &mut Tx<'_>, changes: &[Change]) -> Result<(), CallError> {
    if changes.is_empty() {
        return Ok(());
    }
    let asked = tx.changes().len();
    changes.iter().try_for_each(|change| books::refuse_by_hand(tx, change))?;
    let rows = touched::rows(&tx.before, &tx.store, &touched::targets(changes), &WATCHED);
    rows.iter().try_for_each(|row| check(tx, row))?;
    for row in &rows {
        follow(tx, row)?;
    }
    let followed = own_changes(tx, asked);
    let all: Vec<&Change> = changes.iter().chain(&followed).collect();
    books::count_expenses(tx, &touched::targets(all.iter().copied()))?;
    for account in books::follow(tx, &all)? {
        accounts::warn(tx, account)?;
    }
    let all = touched::targets(changes.iter().chain(&own_changes(tx, asked)));
    let mut accounts = BTreeSet::new();
    for row in touched::rows(&tx.before, &tx.store, &all, &WATCHED) {
        accounts.extend(standing(tx, &row)?);
    }
    accounts.into_iter().try_for_each(|account| accounts::follow_balance(tx, account))
}

/// What was done beside what was asked for.
fn own_changes(tx: &Tx<'_>, asked: usize) -> Vec<Change> {
    tx.changes().get(asked..).unwrap_or_default().to_vec()
}

/// What must hold of a row, whichever call changed it.
fn check(tx: &Tx<'_>, row: &Touched) -> Result<(), CallError> {
    match tx.store.model(row.model).name.as_str() {
        "Abonents" => {
            cards::check(tx, row)?;
            unique::check(tx, row, &["contract_number"])
        }
        "Users" => {
            users::check_owner(tx, row)?;
            unique::check(tx, row, &["login", "ip"])
        }
        "AccountStack" | "ArchAccountStack" | "FinanceOperations" => books::check_owner(tx, row),
        "UsersUsluga" => match turned_on(tx, row)? {
            Some(link) => services::check_single_promise(tx, link),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// What follows from a row.
fn follow(tx: &mut Tx<'_>, row: &Touched) -> Result<(), CallError> {
    match tx.store.model(row.model).name.as_str() {
        "AbonentsBlock" if row.is_new() => blocks::keep_one(tx, row.pk),
        "AccountStack" if row.is_new() => accounts::work_off(tx, row.pk),
        "DynamicSessionUsers" if row.is_new() => users::end_other_sessions(tx, row.pk),
        "Usluga" => follow_price(tx, row),
        "Abonents" => {
            if row.changed("tarif_id")? {
                let tarif = |row: &Option<Instance>| row.as_ref().map(|row| row.int("tarif_id")).transpose();
                change_tarif(tx, row.pk, tarif(&row.before)?.flatten(), tarif(&row.after)?.flatten())?;
            }
            match &row.after {
                Some(abonent) if row.any_changed(&["own_disabled_start", "own_disabled_end"])? => {
                    blocks::follow_own_dates(tx, abonent)
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The connected service that these changes connected, or switched on again.
fn turned_on<'r>(tx: &Tx<'_>, row: &'r Touched) -> Result<Option<&'r Instance>, CallError> {
    let Some(after) = &row.after else { return Ok(None) };
    let was_on = row.before.as_ref().map_or(Ok(false), |before| services::is_on(before, tx.now))?;
    Ok((!was_on && services::is_on(after, tx.now)?).then_some(after))
}

/// The personal accounts whose standing a row may have moved: by their own columns, by whose they are, or by a promised
/// payment that came, went, or is of another sum.
fn standing(tx: &Tx<'_>, row: &Touched) -> Result<BTreeSet<Pk>, CallError> {
    let mut found = BTreeSet::new();
    match tx.store.model(row.model).name.as_str() {
        "AdminAccounts" if row.any_changed(&BALANCE)? => found.extend(row.after.as_ref().map(|_| row.pk)),
        "Abonents" if row.any_changed(&["account_id", "deleted"])? => {
            found.extend(row.after.as_ref().map_or(Ok(None), |abonent| abonent.int("account_id"))?);
        }
        "UsersUsluga" => {
            for (store, link) in [(&tx.before, &row.before), (&tx.store, &row.after)] {
                let Some(link) = link else { continue };
                let usluga = look::follow(store, link, "usluga_id", "Usluga")?;
                if usluga.as_ref().map_or(Ok(false), services::is_promised)? {
                    found.extend(account_of(tx, link)?);
                }
            }
        }
        "Usluga" if row.any_changed(&["summa", "system_type_id"])? => {
            let mut promised = false;
            for usluga in row.versions() {
                promised |= services::is_promised(usluga)?;
            }
            if promised {
                for link in tx.all_where("UsersUsluga", &[("usluga_id", Value::Int(row.pk))])? {
                    found.extend(account_of(tx, &link)?);
                }
            }
        }
        _ => {}
    }
    Ok(found)
}

/// The account of the subscriber who has a connected service.
fn account_of(tx: &Tx<'_>, link: &Instance) -> Result<Option<Pk>, CallError> {
    match look::follow(&tx.store, link, "abonent_id", "Abonents")? {
        Some(abonent) => abonent.int("account_id"),
        None => Ok(None),
    }
}

/// Takes the services of one tariff away and connects those of another.
pub fn change_tarif(tx: &mut Tx<'_>, abonent: Pk, from: Option<Pk>, to: Option<Pk>) -> Result<(), CallError> {
    let Some(abonent) = tx.find("Abonents", abonent)? else { return Ok(()) };
    if abonent.flag("is_folder")? || abonent.flag("deleted")? {
        return Ok(());
    }
    let (old, new) = (tarif_services(&tx.store, from)?, tarif_services(&tx.store, to)?);
    let mut there = BTreeSet::new();
    for (link, usluga) in services::links(&tx.store, abonent.pk.unwrap_or_default())? {
        let Some(id) = usluga.pk else { continue };
        if old.contains(&id) && !new.contains(&id) {
            tx.delete_cascading(link.model, link.pk.unwrap_or_default())?;
        } else if !services::is_over(&link, tx.now)? {
            there.insert(id);
        }
    }
    for usluga in new.difference(&there) {
        services::connect(tx, &abonent, *usluga, None, "")?;
    }
    Ok(())
}

/// The services of a tariff. A promised payment is taken by a subscriber and not brought by a tariff.
fn tarif_services(store: &Store, tarif: Option<Pk>) -> Result<BTreeSet<Pk>, CallError> {
    let mut found = BTreeSet::new();
    let Some(tarif) = tarif else { return Ok(found) };
    for link in look::all_where(store, "TarifUsersUsluga", &[("tarif_id", Value::Int(tarif))])? {
        if let Some(usluga) = look::follow(store, &link, "usluga_id", "Usluga")?
            && !services::is_promised(&usluga)?
        {
            found.extend(usluga.pk);
        }
    }
    Ok(found)
}

/// A service whose price changes gets a version.
fn follow_price(tx: &mut Tx<'_>, row: &Touched) -> Result<(), CallError> {
    let (Some(_), Some(usluga)) = (&row.before, &row.after) else { return Ok(()) };
    if !row.changed("summa")? {
        return Ok(());
    }
    let mut version = tx.blank("UslugaHistory")?;
    version.put("usluga_id", row.pk)?;
    version.put("summa", usluga.value("summa")?.clone())?;
    version.put("date_from", tx.now.date())?;
    tx.save(&mut version).map(|_| ())
}
