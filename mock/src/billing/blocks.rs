//! Blocks: a row of `AbonentsBlock` for each reason that stops a subscriber's services, and its history.
//!
//! Three reasons: the balance is below the threshold (`b_negbal`), an administrator said so (`b_admin`), the subscriber
//! did (`b_own`, between `own_disabled_start` and `own_disabled_end`). A block that goes leaves a row of the history.

use super::money::Money;
use super::{Answer, Given, accounts, look, services};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};

/// Why a subscriber is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The balance is below the threshold.
    NegativeBalance,
    /// An administrator.
    Admin,
    /// The subscriber's own wish.
    Own,
}

impl Reason {
    fn column(self) -> &'static str {
        match self {
            Self::NegativeBalance => "b_negbal",
            Self::Admin => "b_admin",
            Self::Own => "b_own",
        }
    }
}

/// The blocks of a subscriber for one reason.
pub fn of(store: &Store, abonent: Pk, reason: Reason) -> Result<Vec<Instance>, CallError> {
    look::all_where(store, "AbonentsBlock", &[("abonent_id", Value::Int(abonent)), (reason.column(), Value::Int(1))])
}

/// Whether a subscriber is blocked, for whatever reason.
pub fn any(store: &Store, abonent: Pk) -> Result<bool, CallError> {
    Ok(!look::all_where(store, "AbonentsBlock", &[("abonent_id", Value::Int(abonent))])?.is_empty())
}

/// Blocks a subscriber, unless this reason blocks already; answers the block.
pub fn put_on(tx: &mut Tx<'_>, abonent: Pk, reason: Reason, comment: &str) -> Result<Instance, CallError> {
    if let Some(there) = of(&tx.store, abonent, reason)?.into_iter().next() {
        return Ok(there);
    }
    let mut block = tx.blank("AbonentsBlock")?;
    block.put("abonent_id", abonent)?;
    block.put(reason.column(), 1)?;
    block.put("comment", comment)?;
    block.put("time_changed", tx.now)?;
    tx.save(&mut block)?;
    Ok(block)
}

/// Lifts the blocks of a subscriber for one reason; answers how many there were.
pub fn lift(tx: &mut Tx<'_>, abonent: Pk, reason: Reason, by: Option<&str>) -> Result<usize, CallError> {
    let blocks = of(&tx.store, abonent, reason)?;
    for block in &blocks {
        remove(tx, block, by)?;
    }
    Ok(blocks.len())
}

/// Takes a block away and writes the history.
pub fn remove(tx: &mut Tx<'_>, block: &Instance, by: Option<&str>) -> Result<(), CallError> {
    let mut entry = tx.blank("AbonentsBlockHistory")?;
    for column in ["abonent_id", "b_negbal", "b_admin", "b_own", "comment", "time_changed"] {
        let value = block.value(column)?.clone();
        entry.put(column, value)?;
    }
    entry.put("time_del", tx.now)?;
    entry.put("admin_username", by)?;
    tx.save(&mut entry)?;
    tx.delete("AbonentsBlock", block.pk.unwrap_or_default())
}

/// `delete` of a block: it goes to the history.
pub fn delete(tx: &mut Tx<'_>, block: &mut Instance, _: &Given<'_>) -> Result<Answer, CallError> {
    remove(tx, block, None)?;
    Ok(Answer::Json(serde_json::Value::Null))
}

/// Blocks a subscriber whose balance went below the threshold, and lifts that block when it is back.
pub fn follow_balance(tx: &mut Tx<'_>, abonent: &Instance) -> Result<(), CallError> {
    let Some(pk) = abonent.pk else { return Ok(()) };
    if abonent.flag("is_folder")? || abonent.flag("deleted")? {
        return Ok(());
    }
    let account = accounts::of_abonent(&tx.store, abonent)?;
    let short = accounts::spendable(&tx.store, abonent, tx.now.date())? < Money::ZERO && !account.flag("unlimited")?;
    let blocked = !of(&tx.store, pk, Reason::NegativeBalance)?.is_empty();
    match (short, blocked) {
        (true, false) => put_on(tx, pk, Reason::NegativeBalance, "").map(|_| ()),
        (false, true) => lift(tx, pk, Reason::NegativeBalance, None).map(|_| ()),
        _ => Ok(()),
    }
}

/// Blocks or unblocks by the subscriber's own dates, as of today.
pub fn follow_own_dates(tx: &mut Tx<'_>, abonent: &Instance) -> Result<(), CallError> {
    let Some(pk) = abonent.pk else { return Ok(()) };
    let today = tx.now.date();
    let started = abonent.date("own_disabled_start")?.is_some_and(|start| start <= today);
    let ended = abonent.date("own_disabled_end")?.is_some_and(|end| end <= today);
    if started && !ended {
        if services::any_blockable(&tx.store, abonent)? {
            put_on(tx, pk, Reason::Own, "")?;
        }
    } else {
        lift(tx, pk, Reason::Own, None)?;
    }
    Ok(())
}
