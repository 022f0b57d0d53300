//! The card of a subscriber or folder: what is filled in when it is created, and what must hold of it.

use super::touched::Touched;
use super::{accounts, look};
use crate::orm::{CallError, Instance, Tx};
use crate::store::Pk;

/// What a new subscriber takes from its folder where the call does not say.
const INHERITED: [&str; 4] = ["tarif_id", "operator_id", "ip_pull_id", "usluga_range_type_id"];

/// Before a subscriber is created: the folder's settings, an account, a contract number.
pub fn before_create(tx: &mut Tx<'_>, abonent: &mut Instance) -> Result<(), CallError> {
    if let Some(folder) = look::follow(&tx.store, abonent, "parent_id", "Abonents")? {
        for column in INHERITED {
            if abonent.value(column)?.is_null() {
                let value = folder.value(column)?.clone();
                abonent.put(column, value)?;
            }
        }
    }
    if abonent.flag("is_folder")? {
        return Ok(());
    }
    if abonent.value("account_id")?.is_null() {
        let tarif = look::follow(&tx.store, abonent, "tarif_id", "Tarif")?;
        let account = accounts::open(tx, tarif.as_ref())?;
        abonent.put("account_id", account)?;
    }
    Ok(())
}

/// After a subscriber was created: a contract number of its own, where none was given.
pub fn after_create(tx: &mut Tx<'_>, abonent: &mut Instance) -> Result<(), CallError> {
    if abonent.flag("is_folder")? || !abonent.text("contract_number")?.is_empty() {
        return Ok(());
    }
    // As the page's BILL0000021: a prefix and seven digits.
    let number = format!("BILL{:07}", abonent.pk.unwrap_or_default());
    abonent.put("contract_number", number)?;
    tx.save(abonent).map(|_| ())
}

/// What must hold of a subscriber's card, whichever call changed it.
pub fn check(tx: &Tx<'_>, row: &Touched) -> Result<(), CallError> {
    let refused = |text: &str| Err(CallError::Refused(text.to_owned()));
    let Some(abonent) = &row.after else { return Ok(()) };
    if row.changed("need_recalc")? && abonent.date("need_recalc")?.is_some_and(|day| day.day() != 1) {
        return refused("need_recalc must be the first day of a month");
    }
    if row.any_changed(&["own_disabled_start", "own_disabled_end"])?
        && let (Some(start), Some(end)) = (abonent.date("own_disabled_start")?, abonent.date("own_disabled_end")?)
        && end <= start
    {
        return refused("own_disabled_end must be later than own_disabled_start: on that day the block is over");
    }
    if let Some(before) = &row.before
        && let (Some(had), Some(has)) = (before.int("account_id")?, abonent.int("account_id")?)
        && had != has
    {
        return refused("a subscriber keeps its account: what moved on one account cannot go to another");
    }
    match abonent.int("parent_id")? {
        Some(target) if row.changed("parent_id")? => check_folder(tx, row, abonent, target),
        _ => Ok(()),
    }
}

/// Whether this is a folder that a subscriber can be in.
fn check_folder(tx: &Tx<'_>, row: &Touched, abonent: &Instance, target: Pk) -> Result<(), CallError> {
    let folder = match tx.find("Abonents", target)? {
        Some(folder) => folder,
        // A folder that so far exists only in a task is looked for when this one's turn comes.
        None if row.is_new() => return Ok(()),
        None => return Err(CallError::DoesNotExist { model: "Abonents".into() }),
    };
    if !folder.flag("is_folder")? {
        return Err(CallError::Refused(format!("subscriber {target} is not a folder")));
    }
    // Walk up from the target: a folder cannot go into itself. The count stops at a ring in a broken state.
    let mut above = Some(folder);
    for _ in 0..1000 {
        let Some(here) = above else { return Ok(()) };
        if here.pk == abonent.pk {
            return Err(CallError::Refused(format!(
                "folder {} cannot be moved into itself",
                abonent.pk.unwrap_or_default()
            )));
        }
        above = look::follow(&tx.store, &here, "parent_id", "Abonents")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::testing::{World, refusal};

    #[test]
    fn a_new_subscriber_gets_an_account_a_contract_number_and_the_tariffs_services() {
        let mut world = World::small();
        let pk = world.create("Abonents", json!({"name": "abonent", "parent_id": 1, "tarif_id": 2})).unwrap();
        assert_eq!(world.column("Abonents", pk, "contract_number"), format!("BILL{pk:07}"));
        assert_eq!(world.property("Abonents", pk, "balance"), "0");
        assert_eq!(world.count("UsersUsluga", &[("abonent_id", pk), ("usluga_id", 6)]), 1);
        assert_eq!(world.property("Abonents", pk, "allow_internet"), 1);
    }

    #[test]
    fn a_folder_gives_its_settings_to_what_is_created_in_it() {
        let mut world = World::small();
        world.save("Abonents", 1, json!({"tarif_id": 2, "ip_pull_id": 3})).unwrap();
        let pk = world.create("Abonents", json!({"name": "abonent", "parent_id": 1})).unwrap();
        assert_eq!(world.column("Abonents", pk, "tarif_id"), 2);
        assert_eq!(world.column("Abonents", pk, "ip_pull_id"), 3);
        let folder = world.create("Abonents", json!({"name": "папка", "parent_id": 1, "is_folder": 1})).unwrap();
        assert!(world.column("Abonents", folder, "account_id").is_null());
        assert_eq!(world.property("Abonents", 1, "child_folders_count"), 1);
        assert_eq!(
            refusal(world.create("Abonents", json!({"name": "abonent", "parent_id": pk}))),
            format!("subscriber {pk} is not a folder")
        );
    }

    #[test]
    fn a_contract_number_belongs_to_one_subscriber() {
        let mut world = World::small();
        let taken = world.create("Abonents", json!({"name": "abonent", "contract_number": "BILL0000100"}));
        assert_eq!(refusal(taken), "contract number BILL0000100 belongs to subscriber 100");
    }

    #[test]
    fn of_two_creations_that_overlap_one_gets_the_number() {
        let mut world = World::small();
        let ask = |world: &mut World| {
            let (_, changes) = world
                .ask(|tx| {
                    let mut abonent = tx.blank("Abonents")?;
                    abonent.put("contract_number", "TEST_API1")?;
                    crate::billing::before_create(tx, &mut abonent)?;
                    tx.save(&mut abonent)
                })
                .unwrap();
            changes
        };
        let (first, second) = (ask(&mut world), ask(&mut world));
        world.commit(&first).unwrap();
        let text = refusal(world.commit(&second));
        assert_eq!(text, "contract_number TEST_API1 was given to another of Abonents meanwhile");
    }

    #[test]
    fn only_the_first_of_a_month_can_be_recalculated_from() {
        let mut world = World::small();
        assert_eq!(
            refusal(world.save("Abonents", 100, json!({"need_recalc": "2019-06-02"}))),
            "need_recalc must be the first day of a month"
        );
        world.save("Abonents", 100, json!({"need_recalc": "2019-06-01"})).unwrap();
        assert_eq!(world.column("Abonents", 100, "need_recalc"), "2019-06-01");
        world.days(1);
        assert!(world.column("Abonents", 100, "need_recalc").is_null());
    }
}
