//! SQL over the committed state. The server's tool looks past the tasks too, so a script can ask it too early.

use super::Mock;
use crate::sql::{self, Cell, Script, Table};
use crate::store::Store;
use crate::world::Forecast;

/// The most of a statement that a hazard names.
const SHOWN: usize = 200;

impl Mock {
    /// Runs a script; says so where it came too early.
    pub fn sql(&self, text: &str) -> (Script, Option<String>) {
        let (store, now, forecast) = {
            let mut world = self.world();
            world.run_due();
            (world.store.clone(), world.clock.now(), world.ahead())
        };
        let script = sql::run(&store, now, text);
        let call = format!("sqlexec {:?}", text.trim().chars().take(SHOWN).collect::<String>());
        let early = |state: &Store| lacks(&script, &sql::run(state, now, text));
        match forecast {
            Forecast::Unknown => (script, None),
            Forecast::Ahead(ahead) if early(&ahead) => {
                let outlook = self.world().outlook();
                let other = outlook.culprit(early);
                let says = self.world().too_early(None, &call, other);
                (script, Some(says))
            }
            Forecast::Nothing | Forecast::Ahead(_) => {
                self.world().was_waiting(&call);
                (script, None)
            }
        }
    }
}

/// Whether some statement will select more rows, or count more.
fn lacks(now: &Script, then: &Script) -> bool {
    now.outcomes.iter().zip(&then.outcomes).any(|(now, then)| match (&now.table, &then.table) {
        (Some(now), Some(then)) => then.rows.len() > now.rows.len() || counted(now) < counted(then),
        (None, Some(then)) => !then.rows.is_empty(),
        (_, None) => false,
    })
}

/// The number that `select count(*)` came to; isql heads it so.
fn counted(table: &Table) -> Option<i64> {
    match (table.columns.as_slice(), table.rows.as_slice()) {
        ([column], [row]) if column.name == "COUNT" => match row.as_slice() {
            [Cell::Exact { raw, scale: 0 }] => Some(*raw),
            _ => None,
        },
        _ => None,
    }
}
