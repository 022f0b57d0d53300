//! Whole results: filter and exclude, counts, chains.

use carbon_specs::{Provenance, Source};
use serde_json::{Value, json};

use super::super::call::{Call, conditions};
use super::super::dice::Dice;
use super::super::draw;
use super::super::law::{Law, Made};
use super::super::pick::Pick;
use super::super::reply::Reply;
use super::super::sample::Sample;
use super::super::value::{same_keys, tally};
use super::super::verdict::{Judged, Wrong, must};
use crate::brief::plural;

const DJANGO: Source = Source::Other(Provenance::Derived);

/// Laws about whole results.
pub const LAWS: &[Law] = &[
    Law {
        name: "partition",
        says: "`filter` and `exclude` part the rows: each is in exactly one of them, NULLs too",
        source: DJANGO,
        make: |sample, dice| some(sample, dice, 1 + dice.case % 3),
        calls: partition_calls,
        judge: partition,
    },
    Law {
        name: "exclude-null",
        says: "`exclude` of a value keeps the rows whose value is null",
        source: DJANGO,
        make: |sample, dice| {
            let column =
                sample.any_column(dice, |column| column.nulls > 0).ok_or("no column has both a NULL and a value")?;
            let value = dice.pick(&column.values).cloned().unwrap_or_default();
            Ok(super::lookups::on(sample, dice, column).needing(column.name.clone(), value))
        },
        calls: |_, pick| {
            vec![
                pick.base().fields(&[pick.name(0)]),
                pick.narrowed("exclude", conditions(&pick.conditions)).fields(&[pick.name(0)]),
            ]
        },
        judge: |_, pick, replies| {
            let nulls = super::lookups::rows_where(&replies[0], pick.name(0), Value::is_null)?;
            let kept = super::lookups::rows_where(&replies[1], pick.name(0), Value::is_null)?;
            Ok(same_keys("the rows whose value is null, kept", &nulls, &kept).into())
        },
    },
    Law {
        name: "chained",
        says: "chained filters are one filter with all conditions, where no link leads to several rows",
        source: DJANGO,
        make: |sample, dice| some(sample, dice, 2 + dice.case % 3),
        calls: chained_calls,
        judge: |_, _, replies| Ok(same_keys("the rows of one filter", &replies[0].pks()?, &replies[1].pks()?).into()),
    },
    Law {
        name: "filter-subset",
        says: "a second filter finds rows of the first only",
        source: DJANGO,
        make: |sample, dice| some(sample, dice, 2),
        calls: |s, pick| {
            vec![
                pick.narrowed("filter", conditions(&pick.conditions[..1])).plain("count"),
                pick.narrowed("filter", conditions(&pick.conditions[..1])).lean(s),
                pick.narrowed("filter", conditions(&pick.conditions[..1]))
                    .then("filter", conditions(&pick.conditions[1..]))
                    .lean(s),
            ]
        },
        judge: |_, _, replies| {
            let (first, both) = (replies[1].pks()?, replies[2].pks()?);
            let first = tally(&first);
            let strange: Vec<&Value> = both.iter().filter(|pk| !first.contains_key(&pk.to_string())).collect();
            Ok(must(strange.is_empty(), "only rows of the first filter", format!("{strange:?} too")).into())
        },
    },
    Law {
        name: "count",
        says: "`count` is the length of the list",
        source: Source::Page(82),
        make: |sample, dice| some(sample, dice, 1),
        calls: |s, pick| {
            let list = pick.narrowed("filter", conditions(&pick.conditions));
            vec![list.clone().plain("count"), list.lean(s)]
        },
        judge: |_, _, replies| {
            let length = replies[1].rows()?.len() as u64;
            Ok(must(replies[0].number()? == length, format!("{length}, the length of the list"), replies[0].short())
                .into())
        },
    },
    Law {
        name: "complete",
        says: "a long list is complete: as long as `count` says, and no row twice",
        source: DJANGO,
        make: complete,
        calls: |s, pick| vec![pick.base().plain("count"), pick.base().lean(s)],
        judge: complete_judge,
    },
    Law {
        name: "exists",
        says: "`exists` is true exactly where `count` is not 0",
        source: DJANGO,
        make: |sample, dice| some(sample, dice, 1),
        calls: |_, pick| {
            let list = pick.narrowed("filter", conditions(&pick.conditions));
            let nothing = list.clone().then("filter", json!({"pk__in": []}));
            vec![list.clone().plain("count"), list.plain("exists"), nothing.plain("exists")]
        },
        judge: |_, _, replies| {
            let expected = json!(replies[0].number()? > 0);
            must(*replies[1].result()? == expected, expected.to_string(), replies[1].short())?;
            Ok(must(*replies[2].result()? == json!(false), "false for no rows", replies[2].short()).into())
        },
    },
    Law {
        name: "none",
        says: "`none` finds nothing",
        source: DJANGO,
        make: |sample, dice| some(sample, dice, 1),
        calls: |_, pick| {
            let list = pick.narrowed("filter", conditions(&pick.conditions)).plain("none");
            vec![list.clone(), list.plain("count"), Call::new(&pick.model, "objects.none", json!({}))]
        },
        judge: |_, _, replies| {
            same_keys("no row", &[], &replies[0].pks()?)?;
            must(replies[1].number()? == 0, "0", replies[1].short())?;
            Ok(same_keys("no row", &[], &replies[2].pks()?).into())
        },
    },
    Law {
        name: "all",
        says: "`all` changes nothing, at the beginning of a chain and within it",
        source: Source::Page(55),
        make: |sample, dice| some(sample, dice, 1),
        calls: |s, pick| {
            let filter = conditions(&pick.conditions);
            vec![
                pick.narrowed("filter", filter.clone()).lean(s),
                pick.base().plain("all").then("filter", filter.clone()).lean(s),
                pick.narrowed("filter", filter).plain("all").lean(s),
            ]
        },
        judge: super::lookups::twins,
    },
    Law {
        name: "repeat",
        says: "the same read twice gives the same reply",
        source: DJANGO,
        make: |sample, dice| some(sample, dice, 1),
        calls: |_, pick| {
            let list = pick.narrowed("filter", conditions(&pick.conditions));
            vec![list.clone(), list]
        },
        judge: |_, _, replies| {
            Ok(must(
                replies[0].result()? == replies[1].result()?,
                format!("the first reply again: {}", replies[0].short()),
                replies[1].short(),
            )
            .into())
        },
    },
];

/// A model with rows, a scope and so many conditions, each of which reaches at most one row per row.
pub(super) fn some(sample: &Sample, dice: &mut Dice, number: usize) -> Made {
    let with_columns = |table: &super::super::sample::Table| {
        sample.columns.iter().any(|column| sample.tables[column.table].model == table.model)
    };
    let table = sample.any_table(dice, with_columns).ok_or("no model has rows with values")?;
    let mut pick = Pick::of(&sample.tables[table].name, sample.tables[table].scope(dice));
    for _ in 0..8 * number {
        if pick.conditions.len() == number {
            break;
        }
        if let Some((path, value)) = draw::condition(sample, dice, table)
            && !pick.conditions.iter().any(|(known, _)| *known == path)
        {
            pick.conditions.push((path, value));
        }
    }
    pick.least.0 = pick.conditions.len().min(if number > 1 { 2 } else { 1 });
    if pick.conditions.is_empty() { Err("no condition can be made of the values there are") } else { Ok(pick) }
}

fn partition_calls(s: &Sample, pick: &Pick) -> Vec<Call> {
    let arg = conditions(&pick.conditions);
    vec![pick.base().lean(s), pick.narrowed("filter", arg.clone()).lean(s), pick.narrowed("exclude", arg).lean(s)]
}

fn partition(_: &Sample, _: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let parts = [replies[1].pks()?, replies[2].pks()?].concat();
    Ok(same_keys("all rows, as `filter` and `exclude` together", &replies[0].pks()?, &parts).into())
}

fn chained_calls(s: &Sample, pick: &Pick) -> Vec<Call> {
    let one = pick.narrowed("filter", conditions(&pick.conditions)).lean(s);
    let mut chain = pick.base();
    for condition in &pick.conditions {
        chain = chain.then("filter", conditions([condition]));
    }
    vec![one, chain.lean(s)]
}

fn complete(sample: &Sample, dice: &mut Dice) -> Made {
    // The largest first: where a limit would show.
    let mut places: Vec<usize> =
        (0..sample.tables.len()).filter(|place| !sample.tables[*place].rows.is_empty()).collect();
    places.sort_by_key(|place| usize::MAX - sample.tables[*place].rows.len());
    let place = *places.get(dice.case % places.len().clamp(1, 4)).ok_or("no model has rows")?;
    let table = &sample.tables[place];
    let scope = match table.count {
        // The keys alone of a few thousand rows are no burden.
        Some(count) if count <= 5000 => super::super::pick::Scope::All,
        _ => table.scope(dice),
    };
    Ok(Pick::of(&table.name, scope))
}

fn complete_judge(_: &Sample, _: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let keys = replies[1].pks()?;
    let count = replies[0].number()?;
    let rows = |count| plural(count, "row", "rows");
    must(count == keys.len() as u64, format!("{}, as counted", rows(count)), rows(keys.len() as u64))?;
    let twice: Vec<String> =
        tally(&keys).into_iter().filter(|(_, times)| *times > 1).map(|(key, _)| key).take(5).collect();
    Ok(must(twice.is_empty(), "each row once", format!("{} more than once", twice.join(", "))).into())
}
