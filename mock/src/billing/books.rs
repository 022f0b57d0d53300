//! The books: rows that say what moved on an account, and the accounts that follow them.
//!
//! A row of `FinanceOperations` brings money in; one of `ArchAccountStack` takes it, and its bonus points come with it.
//! What a row moves is read off its columns, and is nothing once it is storno or gone. The four columns of an account
//! that follow from these rows are nobody's to write: whenever rows came, changed or went, by whatever call, the
//! account is moved by the difference between what they moved before and what they move now. So the books balance
//! after every task, and an account that is written back whole over a payment keeps the payment.

use std::collections::{BTreeMap, BTreeSet};

use super::money::{Money, too_much};
use super::touched::{self, Target, Touched};
use super::{finance, look};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};
use crate::tasks::{Change, Patch};

/// The columns of an account that follow from the books, and what to do instead of writing them.
pub const KEPT: [(&str, &str); 4] = [
    ("ostatok", "create an operation of type 8 in FinanceOperations"),
    ("debit", "call add_payment of the subscriber"),
    ("credit", "create a row of AccountStack"),
    ("bonus_score", "create a row of AccountStack"),
];

/// What rows move: so many units in a column of an account.
type Moves = BTreeMap<(Pk, &'static str), i128>;

/// What one row moves, and on which account.
fn moved_by(store: &Store, row: &Instance) -> Result<Vec<(Pk, &'static str, i64)>, CallError> {
    if row.flag("storno")? {
        return Ok(Vec::new());
    }
    if row.model().name == "FinanceOperations" {
        let Some(column) = finance::column(store, row)? else { return Ok(Vec::new()) };
        let abonent = look::follow(store, row, "abonent_id", "Abonents")?;
        let account = abonent.map(|abonent| abonent.int("account_id")).transpose()?.flatten();
        let sum = row.int("op_summa")?.unwrap_or(0);
        return Ok(account.map(|account| (account, column, sum)).into_iter().collect());
    }
    let Some(account) = row.int("account_id")? else { return Ok(Vec::new()) };
    let (sum, points) = (row.int("summ")?.unwrap_or(0), row.int("bonus_score")?.unwrap_or(0));
    Ok(vec![(account, "credit", sum), (account, "bonus_score", points)])
}

/// Enters a new row, and moves its money at once, so that whoever looks next sees it moved.
pub fn enter(tx: &mut Tx<'_>, row: &mut Instance) -> Result<Pk, CallError> {
    let pk = tx.save(row)?;
    let moved = moved_by(&tx.store, row)?;
    moved.into_iter().try_for_each(|(account, column, units)| shift(tx, account, column, units))?;
    Ok(pk)
}

/// Marks a row storno, once, and takes back what it moved. Columns beside are changed with it.
pub fn reverse(tx: &mut Tx<'_>, row: &mut Instance, beside: Vec<(&str, Patch)>) -> Result<(), CallError> {
    let (model, pk) = (row.model().name.clone(), row.pk.unwrap_or_default());
    let there = tx.get(&model, pk)?;
    if there.flag("storno")? {
        return Err(CallError::Refused(format!("operation {pk} is storno already")));
    }
    let moved = moved_by(&tx.store, &there)?;
    let mut columns = beside;
    columns.push(("storno", Patch::Turn { from: Value::Int(0), to: Value::Int(1) }));
    tx.patch(&model, pk, &columns)?;
    moved.into_iter().try_for_each(|(account, column, units)| shift(tx, account, column, units.saturating_neg()))?;
    row.put("storno", 1)
}

/// Moves so many units on an account, if it is there.
fn shift(tx: &mut Tx<'_>, account: Pk, column: &str, units: i64) -> Result<(), CallError> {
    if units == 0 || tx.find("AdminAccounts", account)?.is_none() {
        return Ok(());
    }
    tx.patch("AdminAccounts", account, &[(column, Patch::Add(units))])
}

/// Moves the accounts by what the rows that changes touched say, as far as no change has yet; answers the accounts.
pub fn follow(tx: &mut Tx<'_>, changes: &[&Change]) -> Result<BTreeSet<Pk>, CallError> {
    let mut due = Moves::new();
    for (model, pk) in entries(tx, &touched::targets(changes.iter().copied()))? {
        let row = touched::row(&tx.before, &tx.store, model, pk);
        for (store, row, sign) in [(&tx.before, &row.before, -1), (&tx.store, &row.after, 1)] {
            for (account, column, units) in row.as_ref().map_or(Ok(Vec::new()), |row| moved_by(store, row))? {
                *due.entry((account, column)).or_default() += sign * i128::from(units);
            }
        }
    }
    for (moved, units) in moved_already(tx, changes)? {
        *due.entry(moved).or_default() -= units;
    }
    let mut accounts = BTreeSet::new();
    for ((account, column), rest) in due {
        shift(tx, account, column, i64::try_from(rest).map_err(|_| too_much())?)?;
        accounts.insert(account);
    }
    Ok(accounts)
}

/// What changes have moved on accounts themselves: what they added; and where an account was written whole, which may
/// have put back what it held when it was read, what it holds more than before.
fn moved_already(tx: &Tx<'_>, changes: &[&Change]) -> Result<Moves, CallError> {
    let mut moved = Moves::new();
    let mut written = BTreeSet::new();
    for change in changes {
        let (model, pk) = change.target();
        let model = tx.store.model(model);
        match change {
            _ if model.name != "AdminAccounts" => {}
            Change::Patch { columns, .. } => {
                for (field, patch) in columns {
                    let kept = KEPT.iter().find(|(column, _)| *column == model.at(*field).name);
                    if let (Some((column, _)), Patch::Add(units)) = (kept, patch) {
                        *moved.entry((pk, *column)).or_default() += i128::from(*units);
                    }
                }
            }
            _ => {
                written.insert(pk);
            }
        }
    }
    for pk in written {
        for (column, _) in KEPT {
            moved.insert((pk, column), held(&tx.store, pk, column)? - held(&tx.before, pk, column)?);
        }
    }
    Ok(moved)
}

fn held(store: &Store, account: Pk, column: &str) -> Result<i128, CallError> {
    let account = look::find(store, "AdminAccounts", account)?;
    Ok(i128::from(account.map_or(Ok(None), |account| account.int(column))?.unwrap_or(0)))
}

/// The rows of the books that were touched: themselves, or in what decides where their money goes.
fn entries(tx: &Tx<'_>, targets: &[Target]) -> Result<BTreeSet<Target>, CallError> {
    const WATCHED: [&str; 4] = ["FinanceOperations", "ArchAccountStack", "OperationTypes", "Abonents"];
    let mut found = BTreeSet::new();
    for row in touched::rows(&tx.before, &tx.store, targets, &WATCHED) {
        let through = match tx.store.model(row.model).name.as_str() {
            "OperationTypes" if row.changed("is_income")? => "op_type_id",
            "Abonents" if row.changed("account_id")? => "abonent_id",
            "OperationTypes" | "Abonents" => continue,
            _ => {
                found.insert((row.model, row.pk));
                continue;
            }
        };
        for store in [&tx.before, &tx.store] {
            let operations = look::all_where(store, "FinanceOperations", &[(through, Value::Int(row.pk))])?;
            found.extend(operations.iter().filter_map(|operation| Some((operation.model, operation.pk?))));
        }
    }
    Ok(found)
}

/// Adds up the expenses of a subscriber on a service by the day, as the archive's rows came, changed and went.
pub fn count_expenses(tx: &mut Tx<'_>, targets: &[Target]) -> Result<(), CallError> {
    let mut due: BTreeMap<Counted, i128> = BTreeMap::new();
    for row in touched::rows(&tx.before, &tx.store, targets, &["ArchAccountStack"]) {
        for (entry, sign) in [(&row.before, -1), (&row.after, 1)] {
            if let Some(entry) = entry
                && let Some(key) = counted(entry)?
            {
                *due.entry(key).or_default() += sign * i128::from(entry.int("summ")?.unwrap_or(0));
            }
        }
    }
    for (key, due) in due {
        // A service that goes takes itself out of the counters as out of the archive: that much is done.
        let moved = counters(&tx.store, &key)?.1 - counters(&tx.before, &key)?.1;
        let rest = i64::try_from(due - moved).map_err(|_| too_much())?;
        match counters(&tx.store, &key)?.0 {
            _ if rest == 0 => {}
            Some(counter) => tx.patch("Counters", counter, &[("summ", Patch::Add(rest))])?,
            None if is_there(tx, &key)? => {
                let mut counter = tx.blank("Counters")?;
                for (column, value) in COUNTED.into_iter().zip(key) {
                    counter.put(column, value)?;
                }
                counter.put("summ", Money::from_units(rest))?;
                tx.save(&mut counter)?;
            }
            None => {}
        }
    }
    Ok(())
}

/// What expenses are added up by.
const COUNTED: [&str; 3] = ["abonent_id", "usluga_id", "s_date"];

/// Subscriber, service and day.
type Counted = [Value; 3];

/// What a row of the archive is counted under; nothing, where it is storno or of no day.
fn counted(entry: &Instance) -> Result<Option<Counted>, CallError> {
    let storno = entry.flag("storno")?;
    let day = entry.datetime("change_balance_time")?.map(|moment| moment.date());
    let Some(day) = day.filter(|_| !storno) else { return Ok(None) };
    Ok(Some([entry.value("abonent_id")?.clone(), entry.value("usluga_id")?.clone(), day.into()]))
}

/// The first counter of these, and what all of them hold.
fn counters(store: &Store, key: &Counted) -> Result<(Option<Pk>, i128), CallError> {
    let conditions: Vec<(&str, Value)> = COUNTED.into_iter().zip(key.iter().cloned()).collect();
    let rows = look::all_where(store, "Counters", &conditions)?;
    let mut sum = 0;
    for row in &rows {
        sum += i128::from(row.int("summ")?.unwrap_or(0));
    }
    Ok((rows.first().and_then(|row| row.pk), sum))
}

/// Whether subscriber and service are still there to be counted for.
fn is_there(tx: &Tx<'_>, [abonent, usluga, _]: &Counted) -> Result<bool, CallError> {
    let there = |model: &str, key: &Value| match key.as_int() {
        Some(pk) => tx.find(model, pk).map(|row| row.is_some()),
        None => Ok(true),
    };
    Ok(there("Abonents", abonent)? && there("Usluga", usluga)?)
}

/// Nobody writes the columns that follow from the books: there would be no row to say why.
pub fn refuse_by_hand(tx: &Tx<'_>, change: &Change) -> Result<(), CallError> {
    let model = tx.store.model(change.target().0);
    if model.name != "AdminAccounts" {
        return Ok(());
    }
    for (column, instead) in KEPT {
        let Some(field) = model.field(column).map(|field| field.id) else { continue };
        let by_hand = match change {
            Change::Insert { row, .. } => row[field.0].as_int().is_some_and(|units| units != 0),
            Change::Write { base, row, .. } => base[field.0] != row[field.0],
            Change::Patch { columns, .. } => {
                columns.iter().any(|(changed, patch)| *changed == field && !matches!(patch, Patch::Add(_)))
            }
            Change::Delete { .. } => false,
        };
        if by_hand {
            return Err(CallError::Refused(format!(
                "{column} of an account follows from its operations and cannot be set: {instead}"
            )));
        }
    }
    Ok(())
}

/// A row of the books belongs to a subscriber, and moves the money of that subscriber's account.
pub fn check_owner(tx: &Tx<'_>, row: &Touched) -> Result<(), CallError> {
    let Some(entry) = &row.after else { return Ok(()) };
    let names_account = tx.store.model(row.model).name != "FinanceOperations";
    let owners: &[&str] = if names_account { &["abonent_id", "account_id"] } else { &["abonent_id"] };
    if !row.any_changed(owners)? {
        return Ok(());
    }
    // A subscriber who is not there yet is looked for when the task runs.
    let Some(abonent) = look::follow(&tx.store, entry, "abonent_id", "Abonents")? else { return Ok(()) };
    let pk = abonent.pk.unwrap_or_default();
    let own = abonent.int("account_id")?;
    match (own, if names_account { entry.int("account_id")? } else { own }) {
        (None, _) => Err(CallError::Refused(format!("subscriber {pk} has no account"))),
        (own, given) if own == given => Ok(()),
        (_, given) => Err(CallError::Refused(format!(
            "account {} is not the account of subscriber {pk}",
            given.unwrap_or_default()
        ))),
    }
}
