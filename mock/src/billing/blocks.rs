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

/// Of two tasks that block for one reason, the later one finds the block there and adds none.
pub fn keep_one(tx: &mut Tx<'_>, block: Pk) -> Result<(), CallError> {
    let Some(block) = tx.find("AbonentsBlock", block)? else { return Ok(()) };
    for reason in [Reason::NegativeBalance, Reason::Admin, Reason::Own] {
        let twins = of(&tx.store, block.int("abonent_id")?.unwrap_or_default(), reason)?;
        if block.flag(reason.column())? && twins.len() > 1 {
            return tx.delete("AbonentsBlock", block.pk.unwrap_or_default());
        }
    }
    Ok(())
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
    if abonent.flag("is_folder")? || abonent.flag("deleted")? {
        return Ok(());
    }
    let today = tx.now.date();
    let started = abonent.date("own_disabled_start")?.is_some_and(|start| start <= today);
    let ended = abonent.date("own_disabled_end")?.is_some_and(|end| end <= today);
    if started && !ended {
        if services::any_blockable(&tx.store, abonent, tx.now)? {
            put_on(tx, pk, Reason::Own, "")?;
        }
    } else {
        lift(tx, pk, Reason::Own, None)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::testing::World;

    fn negative(world: &World) -> usize {
        world.count("AbonentsBlock", &[("abonent_id", 100), ("b_negbal", 1)])
    }

    #[test]
    fn the_balance_block_comes_and_goes_with_the_balance() {
        let mut world = World::small();
        world.create("AccountStack", json!({"summ": 10, "abonent_id": 100})).unwrap();
        assert_eq!(negative(&world), 1);
        assert_eq!(world.property("Abonents", 100, "minimal_pay_sum"), "10");
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": "9.99"})).unwrap();
        assert_eq!(negative(&world), 1);
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": "0.01"})).unwrap();
        assert_eq!(negative(&world), 0);
        assert_eq!(world.count("AbonentsBlockHistory", &[("abonent_id", 100), ("b_negbal", 1)]), 1);
        assert_eq!(world.property("Abonents", 100, "minimal_pay_sum"), "0");
    }

    #[test]
    fn the_threshold_and_the_unlimited_flag_are_heeded() {
        let mut world = World::small();
        world.save("AdminAccounts", 1100, json!({"limit": "-5000"})).unwrap();
        world.create("AccountStack", json!({"summ": 5000, "abonent_id": 100})).unwrap();
        assert_eq!(negative(&world), 0);
        world.create("AccountStack", json!({"summ": "0.01", "abonent_id": 100})).unwrap();
        assert_eq!(negative(&world), 1);
        world.save("AdminAccounts", 1100, json!({"unlimited": 1})).unwrap();
        assert_eq!(negative(&world), 0);
        world.save("AdminAccounts", 1100, json!({"unlimited": 0})).unwrap();
        assert_eq!(negative(&world), 1);
    }

    #[test]
    fn two_blocks_that_overlap_are_one() {
        let mut world = World::small();
        world.call("Abonents", 100, "add_service", json!({"usluga_id": 5})).unwrap();
        let ask = |world: &mut World| {
            let (_, changes) = world
                .ask(|tx| {
                    let mut abonent = tx.get("Abonents", 100)?;
                    crate::billing::object_method(tx, &mut abonent, "block", &serde_json::Map::new()).unwrap()
                })
                .unwrap();
            changes
        };
        let (first, second) = (ask(&mut world), ask(&mut world));
        world.commit(&first).unwrap();
        world.commit(&second).unwrap();
        assert_eq!(world.count("AbonentsBlock", &[("abonent_id", 100)]), 1);
    }

    #[test]
    fn a_deleted_block_is_in_the_history() {
        let mut world = World::small();
        world.create("AccountStack", json!({"summ": 10, "abonent_id": 100})).unwrap();
        world.call("AbonentsBlock", 1, "delete", json!({})).unwrap();
        assert_eq!(negative(&world), 0);
        assert_eq!(world.column("AbonentsBlockHistory", 1, "time_del"), "2022-02-01 10:00:00");
    }

    #[test]
    fn ones_own_block_begins_and_ends_with_its_days() {
        let mut world = World::small();
        world.call("Abonents", 100, "add_service", json!({"usluga_id": 5})).unwrap();
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 5000})).unwrap();
        let dates = json!({"own_disabled_start": "2022-02-02", "own_disabled_end": "2022-02-04"});
        world.save("Abonents", 100, dates).unwrap();
        assert_eq!(world.count("AbonentsBlock", &[("b_own", 1)]), 0);
        world.days(1);
        assert_eq!(world.count("AbonentsBlock", &[("b_own", 1)]), 1);
        // Blocked, nothing was charged.
        assert_eq!(world.property("Abonents", 100, "balance"), "5000");
        world.days(1);
        assert_eq!(world.count("AbonentsBlock", &[("b_own", 1)]), 1);
        world.days(1);
        assert_eq!(world.count("AbonentsBlock", &[("b_own", 1)]), 0);
        assert_eq!(world.property("Abonents", 100, "balance"), "4500");
    }
}
