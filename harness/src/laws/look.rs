//! The first look: samples the server's own data by reads. Tables that are not small are only seen through windows of
//! keys, and no list is asked for before it was counted.

use std::sync::Arc;

use carbon_specs::{Model, ModelId, Schema};
use serde_json::{Value, json};

use super::ask::{Asker, Stop};
use super::call::{Call, condition};
use super::dice::Dice;
use super::reply::{Reply, Said};
use super::sample::{Sample, Sampled, Table};

/// Tables with no more rows than this are read whole.
const SMALL: u64 = 500;
/// Rows looked at through one window.
const WINDOW: u64 = 150;
/// Windows per large table.
const WINDOWS: usize = 3;
/// Bytes of rows kept of one table.
const MOST_BYTES: usize = 1 << 20;

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// These models; nothing means all.
    pub models: Vec<ModelId>,
    /// Whether personal columns may be used in conditions, and so be printed.
    pub personal: bool,
    /// The seed of the windows.
    pub seed: u64,
}

/// Looks.
///
/// # Errors
/// A bound is reached, or the server is gone. What was seen before is lost with it: nothing could be concluded.
pub async fn look(asker: &mut Asker<'_>, schema: &Arc<Schema>, wanted: &Wanted) -> Result<Sample, Stop> {
    let mut tables = Vec::new();
    for model in &schema.models {
        if !wanted.models.is_empty() && !wanted.models.contains(&model.id) {
            continue;
        }
        tables.push(table(asker, model, wanted).await?);
    }
    Ok(Sample::new(Arc::clone(schema), tables))
}

async fn table(asker: &mut Asker<'_>, model: &Model, wanted: &Wanted) -> Result<Table, Stop> {
    let counted = asker.ask(&Call::all(&model.name).plain("count")).await?;
    let count = counted.number().ok();
    let mut table =
        Table { model: model.id, name: model.name.clone(), count, rows: Vec::new(), windows: Vec::new(), note: None };
    match count {
        Some(0) => table.note = Some("it has no rows".to_owned()),
        Some(count) if count <= SMALL => {
            let reply = asker.ask(&Call::all(&model.name)).await?;
            keep(&mut table, model, &reply, wanted.personal);
        }
        _ => {
            let unknown = matches!(counted.said, Said::Error(_));
            windows(asker, &mut table, model, wanted).await?;
            if table.rows.is_empty() && unknown {
                table.note = Some(counted.short());
            }
        }
    }
    if table.rows.is_empty() && table.note.is_none() {
        table.note = Some(format!("its rows cannot be read: {}", counted.short()));
    }
    Ok(table)
}

/// Some windows of keys: at both ends, and in between.
async fn windows(asker: &mut Asker<'_>, table: &mut Table, model: &Model, wanted: &Wanted) -> Result<(), Stop> {
    let mut dice = Dice::new(wanted.seed, &model.name, 0);
    let end = |reply: &Reply| reply.object().ok().and_then(|row| row.pk.as_i64());
    let pk = &model.pk_field().column;
    let first = Call::new(&model.name, "objects.first", json!({})).fields(&[pk]);
    let last = Call::new(&model.name, "objects.last", json!({})).fields(&[pk]);
    // Without ends, the window in which hand-made rows usually are.
    let low = end(&asker.ask(&first).await?).unwrap_or(1);
    let high = end(&asker.ask(&last).await?).unwrap_or(low + WINDOW as i64).max(low);
    let span = (high - low).max(1) as u64;
    let width = (span.saturating_mul(WINDOW) / table.count.unwrap_or(span).max(1)).clamp(1, span) as i64;
    for place in 0..WINDOWS {
        let from = match place {
            0 => low,
            1 => (high - width).max(low),
            _ => low + dice.below((span as usize).saturating_sub(width as usize).max(1)) as i64,
        };
        window(asker, table, model, wanted, (from, width)).await?;
    }
    Ok(())
}

/// One window, narrowed until it holds few enough rows.
async fn window(
    asker: &mut Asker<'_>,
    table: &mut Table,
    model: &Model,
    wanted: &Wanted,
    (from, mut width): (i64, i64),
) -> Result<(), Stop> {
    const MOST_TRIES: usize = 8;
    let chosen = |width: i64| Call::filter(&model.name, condition("pk__range", &json!([from, from + width])));
    if table.count.is_some() {
        for _ in 0..MOST_TRIES {
            let counted = asker.ask(&chosen(width).plain("count")).await?.number();
            match counted {
                Ok(count) if count <= 2 * WINDOW => break,
                _ => width /= 2,
            }
        }
    }
    let reply = asker.ask(&chosen(width)).await?;
    let before = table.rows.len();
    keep(table, model, &reply, wanted.personal);
    if table.rows.len() > before {
        table.windows.push((json!(from), json!(from + width)));
    }
    Ok(())
}

/// Keeps the rows of a reply that are not there yet, as far as they fit.
fn keep(table: &mut Table, model: &Model, reply: &Reply, personal: bool) {
    let rows = match reply.rows() {
        Ok(rows) => rows,
        Err(wrong) => {
            table.note = Some(format!("its rows cannot be read: expected {}, got {}", wrong.expected, wrong.got));
            return;
        }
    };
    let mut bytes = 0;
    for row in rows {
        if table.rows.iter().any(|known| known.pk == *row.pk) {
            continue;
        }
        bytes += row.fields.iter().map(|(name, value)| name.len() + value.as_str().map_or(8, str::len)).sum::<usize>();
        if bytes > MOST_BYTES {
            break;
        }
        let mut fields = row.fields.clone();
        if !personal {
            fields.retain(|name, _| model.field(name).is_none_or(|field| !field.secret));
        }
        table.rows.push(Sampled { pk: row.pk.clone(), fields });
    }
}

/// A value that stands for a key of no row.
pub fn no_such_key(sample: &Sample, table: usize) -> Value {
    let greatest = sample.tables[table].rows.iter().filter_map(|row| row.pk.as_i64()).max().unwrap_or(0);
    json!(greatest.saturating_add(1_000_003).min(2_147_000_000))
}
