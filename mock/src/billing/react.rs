//! What follows from a change of itself. It is derived twice: for the view of the request, so that its reply shows it,
//! and from what is true when the task commits. There it also finds out what two tasks that overlap must not both do.

use std::collections::{BTreeMap, BTreeSet};

use carbon_specs::ModelId;

use super::money::Money;
use super::{accounts, blocks, look, services};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Row, Value};
use crate::tasks::{Change, Patch};

/// What a balance block depends on.
const BALANCE: [&str; 5] = ["ostatok", "debit", "credit", "limit", "unlimited"];

/// What follows from changes: the stack is worked off, a tariff brings its services, a price its version, and the
/// balance blocks or unblocks.
pub fn react(tx: &mut Tx<'_>, changes: &[Change]) -> Result<(), CallError> {
    let before = tx.changes().len();
    for change in changes {
        let (model, pk) = change.target();
        let name = tx.store.model(model).name.as_str();
        if matches!(name, "Abonents" | "Users") && matches!(change, Change::Insert { .. } | Change::Write { .. }) {
            keep_unique(tx, change)?;
        }
        match (tx.store.model(model).name.as_str(), change) {
            ("AbonentsBlock", Change::Insert { .. }) => blocks::keep_one(tx, pk)?,
            ("UsersUsluga", Change::Insert { .. }) => services::check_single_promise(tx, pk)?,
            ("AccountStack", Change::Insert { .. }) => accounts::work_off(tx, pk)?,
            ("Abonents", Change::Insert { row, .. }) => follow_tarif(tx, pk, None, row)?,
            ("Abonents", Change::Write { base, row, .. }) => follow_tarif(tx, pk, Some(base), row)?,
            ("Usluga", Change::Write { base, row, .. }) => follow_price(tx, pk, base, row)?,
            _ => {}
        }
    }
    let own = tx.changes().get(before..).unwrap_or_default().to_vec();
    let mut accounts = BTreeSet::new();
    for change in changes.iter().chain(&own) {
        accounts.extend(touched_account(tx, change)?);
    }
    let spent = spent(tx, changes.iter().chain(&own))?;
    for (account, spent) in spent {
        accounts::warn(tx, account, spent)?;
    }
    accounts.into_iter().try_for_each(|account| accounts::follow_balance(tx, account))
}

/// How much less is on each personal account than before these changes. A whole row that is saved spends nothing.
fn spent<'c>(tx: &Tx<'_>, changes: impl Iterator<Item = &'c Change>) -> Result<BTreeMap<Pk, Money>, CallError> {
    let mut spent = BTreeMap::new();
    for change in changes {
        let Change::Patch { model, pk, columns } = change else { continue };
        let model = tx.store.model(*model);
        for (field, patch) in columns.iter().filter(|_| model.name == "AdminAccounts") {
            let Patch::Add(units) = patch else { continue };
            let amount = match model.at(*field).name.as_str() {
                "credit" => Money::from_units(*units),
                "ostatok" | "debit" => -Money::from_units(*units),
                _ => continue,
            };
            let sum = spent.get(pk).copied().unwrap_or(Money::ZERO).plus(amount)?;
            spent.insert(*pk, sum);
        }
    }
    Ok(spent)
}

/// What was free when the request was answered may have been taken by an earlier task: then this one fails.
fn keep_unique(tx: &Tx<'_>, change: &Change) -> Result<(), CallError> {
    let (id, pk) = change.target();
    let model = tx.store.model(id).name.clone();
    // A contract number stays with a subscriber in the trash; a login or address does not stay with an account there.
    let (columns, live): (&[&str], Vec<(&str, Value)>) = match model.as_str() {
        "Users" => (&["login", "ip"], vec![("deleted", Value::Int(0))]),
        _ => (&["contract_number"], Vec::new()),
    };
    let Some(object) = tx.find(&model, pk)? else { return Ok(()) };
    for column in columns {
        let value = object.text(column)?;
        if value.is_empty() || !touches(tx, id, change, &[column]) {
            continue;
        }
        let mut same = vec![(*column, Value::text(value))];
        same.extend(live.iter().cloned());
        if tx.all_where(&model, &same)?.iter().any(|other| other.pk != object.pk) {
            return Err(CallError::Refused(format!("{column} {value} was given to another of {model} meanwhile")));
        }
    }
    Ok(())
}

/// The personal account whose standing a change may have moved.
fn touched_account(tx: &Tx<'_>, change: &Change) -> Result<Option<Pk>, CallError> {
    let (model, pk) = change.target();
    match tx.store.model(model).name.as_str() {
        "AdminAccounts" => Ok(touches(tx, model, change, &BALANCE).then_some(pk)),
        "Abonents" if touches(tx, model, change, &["account_id", "deleted"]) => match tx.find("Abonents", pk)? {
            Some(abonent) => abonent.int("account_id"),
            None => Ok(None),
        },
        // A promised payment came, ended or went. A row that is gone leaves its subscriber in no change but the base.
        "UsersUsluga" => {
            let Some(link) = tx.find("UsersUsluga", pk)? else { return Ok(None) };
            match look::follow(&tx.store, &link, "abonent_id", "Abonents")? {
                Some(abonent) if is_promise(tx, &link)? => abonent.int("account_id"),
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

fn is_promise(tx: &Tx<'_>, link: &Instance) -> Result<bool, CallError> {
    match look::follow(&tx.store, link, "usluga_id", "Usluga")? {
        Some(usluga) => services::is_promised(&usluga),
        None => Ok(false),
    }
}

/// Whether a change is to one of these columns.
fn touches(tx: &Tx<'_>, model: ModelId, change: &Change, columns: &[&str]) -> bool {
    let model = tx.store.model(model);
    let mut places = columns.iter().filter_map(|column| model.field(column)).map(|field| field.id);
    match change {
        Change::Write { base, row, .. } => places.any(|place| base[place.0] != row[place.0]),
        Change::Patch { columns, .. } => places.any(|place| columns.iter().any(|(field, _)| *field == place)),
        Change::Insert { .. } => true,
        Change::Delete { .. } => false,
    }
}

/// The services of a tariff come and go with it.
fn follow_tarif(tx: &mut Tx<'_>, pk: Pk, base: Option<&Row>, row: &Row) -> Result<(), CallError> {
    let Some(place) = tx.model("Abonents")?.field("tarif_id").map(|field| field.id.0) else { return Ok(()) };
    let from = base.and_then(|base| base[place].as_int());
    let to = row[place].as_int();
    if from == to { Ok(()) } else { change_tarif(tx, pk, from, to) }
}

/// Takes the services of one tariff away and connects those of another.
pub fn change_tarif(tx: &mut Tx<'_>, abonent: Pk, from: Option<Pk>, to: Option<Pk>) -> Result<(), CallError> {
    let Some(abonent) = tx.find("Abonents", abonent)? else { return Ok(()) };
    if abonent.flag("is_folder")? || abonent.flag("deleted")? {
        return Ok(());
    }
    let (old, new) = (tarif_services(tx, from)?, tarif_services(tx, to)?);
    let mut there = BTreeSet::new();
    for (link, usluga) in services::connected(&tx.store, abonent.pk.unwrap_or_default())? {
        let Some(id) = usluga.pk else { continue };
        if old.contains(&id) && !new.contains(&id) {
            tx.delete_cascading(link.model, link.pk.unwrap_or_default())?;
        } else {
            there.insert(id);
        }
    }
    for usluga in new.difference(&there) {
        services::connect(tx, &abonent, *usluga, None, "")?;
    }
    Ok(())
}

fn tarif_services(tx: &Tx<'_>, tarif: Option<Pk>) -> Result<BTreeSet<Pk>, CallError> {
    let Some(tarif) = tarif else { return Ok(BTreeSet::new()) };
    let links = tx.all_where("TarifUsersUsluga", &[("tarif_id", Value::Int(tarif))])?;
    links.iter().filter_map(|link| link.int("usluga_id").transpose()).collect()
}

/// A service whose price changes gets a version.
fn follow_price(tx: &mut Tx<'_>, pk: Pk, base: &Row, row: &Row) -> Result<(), CallError> {
    let Some(place) = tx.model("Usluga")?.field("summa").map(|field| field.id.0) else { return Ok(()) };
    if base[place] == row[place] {
        return Ok(());
    }
    let mut version = tx.blank("UslugaHistory")?;
    version.put("usluga_id", pk)?;
    version.put("summa", row[place].clone())?;
    version.put("date_from", tx.now.date())?;
    tx.save(&mut version).map(|_| ())
}
