//! What nobody has twice: a contract number, the login and the address of an account.

use super::touched::Touched;
use crate::orm::{CallError, Instance, Tx};
use crate::store::Value;

/// Refuses a row whose column has a value that another row has. What was free when the request was answered may have
/// been taken by an earlier task: then the later one fails.
pub fn check(tx: &Tx<'_>, row: &Touched, columns: &[&'static str]) -> Result<(), CallError> {
    let Some(after) = &row.after else { return Ok(()) };
    // A contract number stays with a subscriber in the trash; a login or address does not stay with an account there,
    // and must still be free when the account comes back.
    let (live, restored) = match after.model().name.as_str() {
        "Users" if after.flag("deleted")? => return Ok(()),
        "Users" => (Some(("deleted", Value::Int(0))), row.changed("deleted")?),
        _ => (None, false),
    };
    for column in columns {
        let value = after.text(column)?;
        if value.is_empty() || !(restored || row.changed(column)?) {
            continue;
        }
        let same: Vec<_> = [(*column, Value::text(value))].into_iter().chain(live.clone()).collect();
        let others = tx.all_where(&after.model().name, &same)?;
        if let Some(other) = others.iter().find(|other| other.pk != after.pk) {
            return Err(CallError::Refused(taken(tx, column, value, other)));
        }
    }
    Ok(())
}

fn taken(tx: &Tx<'_>, column: &str, value: &str, other: &Instance) -> String {
    let model = &other.model().name;
    match column {
        _ if tx.committing => format!("{column} {value} was given to another of {model} meanwhile"),
        "contract_number" => {
            format!("contract number {value} belongs to subscriber {}", other.pk.unwrap_or_default())
        }
        _ => format!("{column} {value} belongs to another account"),
    }
}
