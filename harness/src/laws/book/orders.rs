//! Orders: `order_by`, `reverse`, several names, NULLs.

use std::cmp::Ordering;

use carbon_specs::{Provenance, Source};
use serde_json::{Value, json};

use super::super::draw::is_ordered;
use super::super::law::Law;
use super::super::pick::Pick;
use super::super::reply::Reply;
use super::super::sample::Sample;
use super::super::value::{order, same};
use super::super::verdict::{Judged, Wrong, must};

const DJANGO: Source = Source::Other(Provenance::Derived);

/// Laws about orders.
pub const LAWS: &[Law] = &[
    Law {
        name: "order-by",
        says: "`order_by` orders by its first name, then by the next: rows that are equal in the first come by descending key here",
        source: DJANGO,
        make: |sample, dice| {
            let column = sample
                .any_column(dice, |column| is_ordered(column.kind) && column.filled > column.values.len())
                .ok_or("no column that can be ordered has a value twice")?;
            Ok(super::lookups::on(sample, dice, column))
        },
        calls: |_, pick| vec![pick.base().then("order_by", json!([pick.name(0), "-pk"])).fields(&[pick.name(0)])],
        judge: ordered,
    },
    Law {
        name: "reverse",
        says: "`reverse` turns an order around, and so does `-` before each name",
        source: DJANGO,
        make: |sample, dice| super::sets::some(sample, dice, 1),
        calls: |s, pick| {
            vec![
                pick.base().then("order_by", json!(["pk"])).lean(s),
                pick.base().then("order_by", json!(["-pk"])).lean(s),
                pick.base().then("order_by", json!(["pk"])).plain("reverse").lean(s),
            ]
        },
        judge: |_, _, replies| {
            let mut forward = replies[0].pks()?;
            forward.reverse();
            must(replies[1].pks()? == forward, "the ascending order turned around", replies[1].short())?;
            Ok(must(replies[2].pks()? == forward, "the ascending order turned around", replies[2].short()).into())
        },
    },
    Law {
        name: "order-keeps-all",
        says: "an order, by a column of another model too, leaves no row out",
        source: DJANGO,
        make: |sample, dice| {
            let column = sample
                .any_column(dice, |column| sample.model(column.table).at(column.field).to.is_some())
                .ok_or("no foreign key has a value")?;
            Ok(super::lookups::on(sample, dice, column))
        },
        calls: |s, pick| {
            vec![
                pick.base().lean(s),
                pick.base().then("order_by", json!([format!("{}__pk", pick.name(0)), "pk"])).lean(s),
            ]
        },
        judge: |_, _, replies| {
            Ok(super::super::value::same_keys("the same rows", &replies[0].pks()?, &replies[1].pks()?).into())
        },
    },
    Law {
        name: "nulls-first",
        says: "NULLs come first in an ascending order, as Firebird puts them",
        source: Source::Other(Provenance::Assumed),
        make: |sample, dice| {
            let column =
                sample.any_column(dice, |column| column.nulls > 0).ok_or("no column has both a NULL and a value")?;
            Ok(super::lookups::on(sample, dice, column))
        },
        calls: |_, pick| vec![pick.base().then("order_by", json!([pick.name(0), "pk"])).fields(&[pick.name(0)])],
        judge: |_, pick, replies| {
            let nulls = values(pick, &replies[0])?.iter().map(Value::is_null).collect::<Vec<_>>();
            let first = nulls.iter().take_while(|null| **null).count();
            let late = nulls.iter().skip(first).filter(|null| **null).count();
            Ok(must(late == 0, "every NULL before every value", format!("{late} NULLs after a value")).into())
        },
    },
];

/// The values of the pick's column, in the order of the reply: as the attribute, where a foreign key is asked for.
fn values(pick: &Pick, reply: &Reply) -> Result<Vec<Value>, Wrong> {
    let name = pick.name(0);
    let rows = reply.rows()?;
    rows.iter().map(|row| row.value(name).cloned()).collect()
}

fn ordered(sample: &Sample, pick: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let Some(field) = sample.schema.model(&pick.model).and_then(|model| model.field(pick.name(0))) else {
        return Ok(Judged::Vacuous("the contract does not know the column"));
    };
    let rows = replies[0].rows()?;
    let values = values(pick, &replies[0])?;
    for (place, pair) in values.windows(2).enumerate() {
        if pair.iter().any(Value::is_null) {
            continue;
        }
        let at =
            |text: &str| Wrong::new(format!("{text}: {} before {}", pair[0], pair[1]), format!("at {}", place + 1));
        if order(field.kind, &pair[0], &pair[1]) == Some(Ordering::Greater) {
            return Err(at("the lesser first"));
        }
        if same(field.kind, &pair[0], &pair[1]) && rows[place].pk.as_i64() < rows[place + 1].pk.as_i64() {
            let (one, other) = (rows[place].pk, rows[place + 1].pk);
            return Err(Wrong::new(
                format!("of equal ones the greater key first, {other} before {one}"),
                format!("{one} before {other}"),
            ));
        }
    }
    Ok(Judged::Holds)
}
