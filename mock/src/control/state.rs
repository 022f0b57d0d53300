//! A state file, written row by row: it can be large.

use bytes::Bytes;

use crate::store::Store;
use crate::store::state::row_state;

/// Rows written at once.
const ROWS: usize = 200;

/// The state as [`Store::from_state`] reads it, a line for each row, so that two of them can be compared.
pub fn pieces(store: Store) -> impl Iterator<Item = Bytes> + Send {
    // Where we are: the model, and the keys of its rows still to be written.
    let mut model = 0;
    let mut keys = None;
    let mut ended = false;
    std::iter::from_fn(move || {
        let mut out = Vec::new();
        let Some(spec) = store.schema().models.get(model) else {
            // After the last model; a store without models is `{}`.
            let last: &[u8] = if model == 0 { b"{}\n" } else { b"\n}\n" };
            return (!std::mem::replace(&mut ended, true)).then(|| Bytes::from_static(last));
        };
        let rows = match &mut keys {
            Some(rows) => {
                out.extend_from_slice(b",");
                rows
            }
            None => {
                let pks: Vec<_> = store.table(spec.id).iter().map(|(pk, _)| pk).collect();
                out.extend_from_slice(if model == 0 { b"{\n" } else { b",\n" });
                out.extend_from_slice(format!("\"{}\": [", spec.name).as_bytes());
                keys.insert(pks.into_iter())
            }
        };
        for (place, pk) in rows.by_ref().take(ROWS).enumerate() {
            out.extend_from_slice(if place == 0 { b"\n  " } else { b",\n  " });
            if let Some(row) = store.get(spec.id, pk) {
                out.extend_from_slice(row_state(spec, pk, row).to_string().as_bytes());
            }
        }
        if rows.len() == 0 {
            out.extend_from_slice(b"]");
            keys = None;
            model += 1;
        }
        Some(Bytes::from(out))
    })
}
