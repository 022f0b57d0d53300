//! Addresses of accounts: an empty `ip` or `snatip` with a pool gets a free address of that pool when it is saved.
//!
//! No address is given out twice, not even to an account whose task has not run yet: those are kept in the leases.

use std::net::Ipv4Addr;

use super::look;
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Store, Value};

/// One of the two addresses of an account.
struct Kind {
    /// The address's column.
    address: &'static str,
    /// The pool's column.
    pool: &'static str,
    /// The pool's model.
    model: &'static str,
}

const KINDS: [Kind; 2] = [
    Kind { address: "ip", pool: "pull_id", model: "IpPull" },
    Kind { address: "snatip", pool: "snat_pull_id", model: "SnatPull" },
];

/// Fills in the addresses that an account about to be written should have.
pub fn allot(tx: &mut Tx<'_>, account: &mut Instance) -> Result<(), CallError> {
    for kind in &KINDS {
        if account.text(kind.address)?.is_empty()
            && let Some(pool) = account.int(kind.pool)?
        {
            let free = first_free(tx, kind, pool)?;
            tx.leases.insert(lease(kind, &free));
            account.put(kind.address, free)?;
        }
    }
    Ok(())
}

fn lease(kind: &Kind, address: &str) -> String {
    format!("{} {address}", kind.address)
}

fn taken(store: &Store, kind: &Kind, address: &str) -> Result<bool, CallError> {
    let live = [(kind.address, Value::text(address)), ("deleted", Value::Int(0))];
    Ok(!look::all_where(store, "Users", &live)?.is_empty())
}

fn first_free(tx: &Tx<'_>, kind: &Kind, pool: i64) -> Result<String, CallError> {
    let row = tx.get(kind.model, pool)?;
    let (first, last) = bounds(&row)?;
    for number in first..=last {
        let address = Ipv4Addr::from(number).to_string();
        if !tx.leases.contains(&lease(kind, &address)) && !taken(&tx.store, kind, &address)? {
            return Ok(address);
        }
    }
    Err(CallError::Refused(format!("no free address left in {} {pool}", kind.model)))
}

/// The first and the last address of a pool.
fn bounds(pool: &Instance) -> Result<(u32, u32), CallError> {
    let read = |column: &str| -> Result<u32, CallError> {
        let text = pool.text(column)?;
        text.parse::<Ipv4Addr>().map(u32::from).map_err(|_| {
            let name = &pool.model().name;
            CallError::Refused(format!("{name} {}: {column} is no address", pool.pk.unwrap_or_default()))
        })
    };
    Ok((read("start_ip")?, read("end_ip")?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::testing::{World, refusal};
    use crate::billing::{before_create, users};
    use crate::orm::{CallError, Tx};

    #[test]
    fn a_pool_gives_each_address_once_until_it_is_empty() {
        let mut world = World::small();
        world.save("Users", 200, json!({"ip": "", "pull_id": 3})).unwrap();
        assert_eq!(world.column("Users", 200, "ip"), "10.0.0.1");
        let second = world.create("Users", json!({"abonent_id": 100, "login": "b", "pull_id": 3})).unwrap();
        assert_eq!(world.column("Users", second, "ip"), "10.0.0.2");
        let third = world.create("Users", json!({"abonent_id": 100, "login": "c", "pull_id": 3}));
        assert_eq!(refusal(third), "no free address left in IpPull 3");
        world.call("Users", 200, "delete", json!({"clean_links": true})).unwrap();
        let fourth = world.create("Users", json!({"abonent_id": 100, "login": "d", "pull_id": 3})).unwrap();
        assert_eq!(world.column("Users", fourth, "ip"), "10.0.0.1");
    }

    #[test]
    fn an_address_promised_to_a_task_is_not_given_again() {
        let mut world = World::small();
        let create = |tx: &mut Tx<'_>| -> Result<String, CallError> {
            let mut account = tx.blank("Users")?;
            account.put("abonent_id", 100)?;
            account.put("pull_id", 3)?;
            before_create(tx, &mut account)?;
            Ok(account.text("ip")?.to_owned())
        };
        // Neither is written: their tasks have not run.
        assert_eq!(world.run(create), Ok("10.0.0.1".to_owned()));
        assert_eq!(world.run(create), Ok("10.0.0.2".to_owned()));
        assert!(world.run(create).is_err());
    }

    #[test]
    fn of_two_tasks_that_set_one_address_the_second_fails() {
        let mut world = World::small();
        let other = world.create("Users", json!({"abonent_id": 100, "login": "b"})).unwrap();
        let set = |world: &mut World, pk: i64| {
            let (_, changes) = world
                .ask(|tx| {
                    let mut account = tx.get("Users", pk)?;
                    account.put("ip", "10.9.9.9")?;
                    crate::billing::before_save(tx, &mut account, &serde_json::Map::new())?;
                    tx.save(&mut account)
                })
                .unwrap();
            changes
        };
        let (first, second) = (set(&mut world, 200), set(&mut world, other));
        world.commit(&first).unwrap();
        assert_eq!(refusal(world.commit(&second)), "ip 10.9.9.9 was given to another of Users meanwhile");
        assert!(world.column("Users", other, "ip").is_null());
    }

    #[test]
    fn without_a_pool_an_empty_address_is_none() {
        let mut world = World::small();
        world.save("Users", 200, json!({"ip": "10.9.9.9"})).unwrap();
        let twice = world.create("Users", json!({"abonent_id": 100, "login": "b", "ip": "10.9.9.9"}));
        assert_eq!(refusal(twice), "ip 10.9.9.9 belongs to another account");
        world.save("Users", 200, json!({"ip": ""})).unwrap();
        assert!(world.column("Users", 200, "ip").is_null());
        assert!(users::password_fits(&world.run(|tx| tx.get("Users", 200)).unwrap(), "secret1").unwrap());
    }

    #[test]
    fn a_new_account_takes_its_subscribers_pool() {
        let mut world = World::small();
        world.save("Abonents", 100, json!({"ip_pull_id": 3})).unwrap();
        let pk = world.create("Users", json!({"abonent_id": 100, "login": "b"})).unwrap();
        assert_eq!(world.column("Users", pk, "ip"), "10.0.0.1");
        assert_eq!(world.column("Users", pk, "pull_id"), 3);
    }
}
