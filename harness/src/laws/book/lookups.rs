//! Comparisons by value: equality, order, ranges, lists, NULL.

use std::cmp::Ordering;

use carbon_specs::{FieldType, Provenance, Source};
use serde_json::{Value, json};

use super::super::call::{Call, condition, conditions};
use super::super::dice::Dice;
use super::super::draw::is_ordered;
use super::super::law::{Law, Made};
use super::super::pick::Pick;
use super::super::reply::Reply;
use super::super::sample::{Column, Sample};
use super::super::value::{order, same, same_keys};
use super::super::verdict::{Judged, Wrong};

const DJANGO: Source = Source::Other(Provenance::Derived);

/// Laws about comparisons.
pub const LAWS: &[Law] = &[
    Law {
        name: "exact",
        says: "equality finds exactly the rows whose value it is",
        source: Source::Page(77),
        make: exact,
        calls: value_calls,
        judge: |sample, pick, replies| by_value(sample, pick, replies, &|kind, value, other| same(kind, value, other)),
    },
    Law {
        name: "exact-case",
        says: "equality tells upper-case letters from lower-case ones",
        source: DJANGO,
        make: |sample, dice| {
            let cased = |_: &Column, text: &str| swapped(text) != text;
            let (column, value) =
                super::super::draw::text(sample, dice, cased).ok_or("no text column has letters with two cases")?;
            Ok(on(sample, dice, column).needing(column.name.clone(), json!(swapped(&value))))
        },
        calls: value_calls,
        judge: |sample, pick, replies| by_value(sample, pick, replies, &|kind, value, other| same(kind, value, other)),
    },
    Law {
        name: "in",
        says: "`in` is the union of equalities",
        source: DJANGO,
        make: one_of,
        calls: in_calls,
        judge: in_judge,
    },
    Law {
        name: "in-empty",
        says: "`in` with an empty list finds nothing",
        source: DJANGO,
        make: |sample, dice| {
            let column = sample.any_column(dice, |_| true).ok_or("no column has a value")?;
            Ok(on(sample, dice, column).needing(format!("{}__in", column.name), json!([])))
        },
        calls: |_, pick| vec![found(pick).plain("count"), found(pick)],
        judge: |_, _, replies| {
            same_keys("no row", &[], &replies[1].pks()?)?;
            Ok(super::super::verdict::must(replies[0].number()? == 0, "the count 0", replies[0].short()).into())
        },
    },
    Law {
        name: "gt",
        says: "`gt` finds exactly the rows whose value is greater",
        source: DJANGO,
        make: |s, d| ordered(s, d, "gt"),
        calls: value_calls,
        judge: |s, p, r| by_order(s, p, r, Ordering::is_gt),
    },
    Law {
        name: "gte",
        says: "`gte` finds exactly the rows whose value is greater or equal",
        source: DJANGO,
        make: |s, d| ordered(s, d, "gte"),
        calls: value_calls,
        judge: |s, p, r| by_order(s, p, r, Ordering::is_ge),
    },
    Law {
        name: "lt",
        says: "`lt` finds exactly the rows whose value is less",
        source: DJANGO,
        make: |s, d| ordered(s, d, "lt"),
        calls: value_calls,
        judge: |s, p, r| by_order(s, p, r, Ordering::is_lt),
    },
    Law {
        name: "lte",
        says: "`lte` finds exactly the rows whose value is less or equal",
        source: DJANGO,
        make: |s, d| ordered(s, d, "lte"),
        calls: value_calls,
        judge: |s, p, r| by_order(s, p, r, Ordering::is_le),
    },
    Law {
        name: "range",
        says: "`range` is `gte` and `lte` together",
        source: Source::Page(49),
        make: range,
        calls: range_calls,
        judge: range_judge,
    },
    Law {
        name: "halves",
        says: "`gt` and `lte` part the rows that have a value, texts too",
        source: DJANGO,
        make: halves,
        calls: halves_calls,
        judge: halves_judge,
    },
    Law {
        name: "isnull",
        says: "`isnull` with true finds the rows whose value is null, with false the others; 1 and 0 mean the same",
        source: Source::Page(700),
        make: isnull,
        calls: isnull_calls,
        judge: isnull_judge,
    },
    Law {
        name: "null-value",
        says: "equality with null finds the rows whose value is null",
        source: DJANGO,
        make: |sample, dice| {
            let column =
                sample.any_column(dice, |column| column.nulls > 0).ok_or("no column has both a NULL and a value")?;
            Ok(on(sample, dice, column).needing(column.name.clone(), Value::Null))
        },
        calls: value_calls,
        judge: |_, pick, replies| {
            let column = pick.name(0);
            let expected = rows_where(&replies[0], column, Value::is_null)?;
            Ok(same_keys("the rows whose value is null", &expected, &replies[1].pks()?).into())
        },
    },
    Law {
        name: "number-as-text",
        says: "a number may be given as a text",
        source: Source::Page(85),
        make: as_text,
        calls: twin_calls,
        judge: twins,
    },
    Law {
        name: "flag-spellings",
        says: "a flag may be asked for as 1 and \"1\" and true",
        source: Source::Other(Provenance::Observed),
        make: |sample, dice| {
            let column =
                sample.any_column(dice, |column| column.kind == FieldType::Flag).ok_or("no flag has a value")?;
            let flag = dice.one_in(2);
            Ok(Pick { values: vec![json!(flag), json!(u8::from(flag).to_string())], ..on(sample, dice, column) }
                .needing(column.name.clone(), json!(u8::from(flag))))
        },
        calls: twin_calls,
        judge: twins,
    },
    Law {
        name: "key",
        says: "`pk` is the primary key by another name",
        source: Source::Page(277),
        make: |sample, dice| {
            let table = sample.any_table(dice, |_| true).ok_or("no model has rows")?;
            let (name, key) = (&sample.tables[table].name, sample.model(table).pk_field().name.clone());
            let lookup = ["", "__in", "__gt", "__lte"][dice.case % 4];
            let pk = dice.pick(&sample.tables[table].keys()).cloned().unwrap_or_default();
            let value = if lookup == "__in" { json!([pk]) } else { pk };
            Ok(Pick::of(name, sample.tables[table].scope(dice))
                .needing(format!("pk{lookup}"), value)
                .naming(format!("{key}{lookup}")))
        },
        calls: renamed_calls,
        judge: twins,
    },
    Law {
        name: "key-shown",
        says: "`pk` of an object is its key: equality with it finds that row alone",
        source: Source::Page(35),
        make: |sample, dice| {
            let table = sample.any_table(dice, |_| true).ok_or("no model has rows")?;
            let keys = dice.some(&sample.tables[table].keys(), 1);
            let key = sample.model(table).pk_field().name.clone();
            Ok(Pick { values: keys.clone(), ..Pick::of(&sample.tables[table].name, Scope::Keys(keys)) }.naming(key))
        },
        calls: |_, pick| {
            vec![Call::filter(&pick.model, condition(pick.name(0), pick.value(0))).fields(&[pick.name(0)])]
        },
        judge: |_, pick, replies| {
            let rows = replies[0].rows()?;
            let keys: Vec<Value> = rows.iter().map(|row| row.pk.clone()).collect();
            if keys.is_empty() {
                return Ok(Judged::Vacuous("the row is gone"));
            }
            same_keys("that row", &[pick.value(0).clone()], &keys)?;
            let shown = rows[0].value(pick.name(0))?;
            Ok(super::super::verdict::must(
                shown == rows[0].pk,
                format!("`{}` the same as `pk`: {}", pick.name(0), rows[0].pk),
                shown.to_string(),
            )
            .into())
        },
    },
    Law {
        name: "foreign-key-spellings",
        says: "a foreign key may be asked for as `fk`, `fk_id`, `fk__pk` and by its target's key",
        source: Source::Page(326),
        make: key_spellings,
        calls: renamed_calls,
        judge: twins,
    },
];

use super::super::pick::Scope;

/// The text with the case of its letters turned.
fn swapped(text: &str) -> String {
    let turned = |letter: char| match letter.is_lowercase() {
        true => letter.to_uppercase().to_string(),
        false => letter.to_lowercase().to_string(),
    };
    text.chars().map(turned).collect()
}

/// A pick on a column's table; the column is its first name.
pub(super) fn on(sample: &Sample, dice: &mut Dice, column: &Column) -> Pick {
    let table = &sample.tables[column.table];
    Pick::of(&table.name, table.scope(dice)).naming(column.column.clone())
}

/// The kind of a pick's column.
pub(super) fn kind(sample: &Sample, pick: &Pick) -> FieldType {
    sample
        .schema
        .model(&pick.model)
        .and_then(|model| model.field(pick.name(0)))
        .map_or(FieldType::String, |field| field.kind)
}

/// The rows that the first condition finds.
fn found(pick: &Pick) -> Call {
    let (path, value) = pick.path();
    pick.where_(path, value)
}

/// The scope with the column's values, and what the condition finds of it.
pub(super) fn value_calls(_: &Sample, pick: &Pick) -> Vec<Call> {
    vec![pick.base().fields(&[pick.name(0)]), found(pick).fields(&[pick.name(0)])]
}

/// The keys of a reply's rows whose value satisfies a condition.
pub(super) fn rows_where(reply: &Reply, column: &str, holds: impl Fn(&Value) -> bool) -> Result<Vec<Value>, Wrong> {
    let mut keys = Vec::new();
    for row in reply.rows()? {
        if holds(row.value(column)?) {
            keys.push(row.pk.clone());
        }
    }
    Ok(keys)
}

fn by_value(
    sample: &Sample,
    pick: &Pick,
    replies: &[Reply],
    holds: &dyn Fn(FieldType, &Value, &Value) -> bool,
) -> Result<Judged, Wrong> {
    let (path, wanted) = pick.path();
    let kind = kind(sample, pick);
    let expected = rows_where(&replies[0], pick.name(0), |value| holds(kind, value, wanted))?;
    Ok(same_keys(&format!("the rows that satisfy {path} {wanted}"), &expected, &replies[1].pks()?).into())
}

fn by_order(sample: &Sample, pick: &Pick, replies: &[Reply], holds: fn(Ordering) -> bool) -> Result<Judged, Wrong> {
    by_value(sample, pick, replies, &|kind, value, bound| order(kind, value, bound).is_some_and(holds))
}

fn exact(sample: &Sample, dice: &mut Dice) -> Made {
    let column = if dice.case.is_multiple_of(2) {
        let (column, value) =
            super::super::draw::text(sample, dice, |_, _| true).ok_or("no text column has a value")?;
        return Ok(on(sample, dice, column).needing(column.name.clone(), json!(value)));
    } else {
        dice.case /= 2;
        sample.any_column(dice, |column| !column.kind.is_text()).ok_or("no column has a value")?
    };
    let value = dice.pick(&column.values).cloned().unwrap_or_default();
    Ok(on(sample, dice, column).needing(column.name.clone(), value))
}

fn ordered(sample: &Sample, dice: &mut Dice, lookup: &str) -> Made {
    let column = sample
        .any_column(dice, |column| is_ordered(column.kind) && column.kind != FieldType::Flag && column.values.len() > 1)
        .ok_or("no column has two different values that have an order")?;
    let value = dice.pick(&column.values).cloned().unwrap_or_default();
    Ok(on(sample, dice, column).needing(format!("{}__{lookup}", column.name), value))
}

fn one_of(sample: &Sample, dice: &mut Dice) -> Made {
    let column =
        sample.any_column(dice, |column| column.values.len() > 1).ok_or("no column has two different values")?;
    let most = if dice.one_in(2) { 3 } else { 15 };
    let values = dice.some(&column.values, most);
    Ok(on(sample, dice, column).needing(format!("{}__in", column.name), json!(values)))
}

fn in_calls(_: &Sample, pick: &Pick) -> Vec<Call> {
    vec![pick.base().fields(&[pick.name(0)]), found(pick).fields(&[pick.name(0)])]
}

fn in_judge(sample: &Sample, pick: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let kind = kind(sample, pick);
    let wanted = pick.path().1.as_array().cloned().unwrap_or_default();
    let expected =
        rows_where(&replies[0], pick.name(0), |value| wanted.iter().any(|wanted| same(kind, value, wanted)))?;
    Ok(same_keys("the rows whose value is one of the list", &expected, &replies[1].pks()?).into())
}

fn range(sample: &Sample, dice: &mut Dice) -> Made {
    let column = sample
        .any_column(dice, |column| {
            is_ordered(column.kind)
                && !matches!(column.kind, FieldType::Flag | FieldType::Fk)
                && column.values.len() > 1
        })
        .ok_or("no column has two different values that have an order")?;
    let mut ends = dice.some(&column.values, 2);
    ends.sort_by(|left, right| order(column.kind, left, right).unwrap_or(Ordering::Equal));
    Ok(on(sample, dice, column).needing(format!("{}__range", column.name), json!(ends)))
}

fn range_calls(_: &Sample, pick: &Pick) -> Vec<Call> {
    let (path, ends) = pick.path();
    let name = path.trim_end_matches("__range");
    let both = [(format!("{name}__gte"), ends[0].clone()), (format!("{name}__lte"), ends[1].clone())];
    vec![
        pick.base().fields(&[pick.name(0)]),
        found(pick).fields(&[pick.name(0)]),
        pick.narrowed("filter", conditions(&both)).fields(&[pick.name(0)]),
    ]
}

fn range_judge(sample: &Sample, pick: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let (kind, ends) = (kind(sample, pick), pick.path().1);
    let between = rows_where(&replies[0], pick.name(0), |value| {
        order(kind, value, &ends[0]).is_some_and(Ordering::is_ge)
            && order(kind, value, &ends[1]).is_some_and(Ordering::is_le)
    })?;
    same_keys("the rows between the two, both included", &between, &replies[1].pks()?)?;
    Ok(same_keys("what `range` finds, with `gte` and `lte`", &replies[1].pks()?, &replies[2].pks()?).into())
}

fn halves(sample: &Sample, dice: &mut Dice) -> Made {
    let column = sample.any_column(dice, |column| column.kind != FieldType::Flag).ok_or("no column has a value")?;
    let value = dice.pick(&column.values).cloned().unwrap_or_default();
    Ok(on(sample, dice, column).needing(column.name.clone(), value))
}

fn halves_calls(_: &Sample, pick: &Pick) -> Vec<Call> {
    let (name, value) = pick.path();
    let half = |lookup: &str| pick.where_(&format!("{name}__{lookup}"), value).fields(&[pick.name(0)]);
    vec![pick.base().fields(&[pick.name(0)]), half("gt"), half("lte"), half("lt"), half("gte")]
}

fn halves_judge(_: &Sample, pick: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let filled = rows_where(&replies[0], pick.name(0), |value| !value.is_null())?;
    let halves = [replies[1].pks()?, replies[2].pks()?].concat();
    same_keys("the rows with a value, as `gt` and `lte` together", &filled, &halves)?;
    let halves = [replies[3].pks()?, replies[4].pks()?].concat();
    Ok(same_keys("the rows with a value, as `lt` and `gte` together", &filled, &halves).into())
}

fn isnull(sample: &Sample, dice: &mut Dice) -> Made {
    let column = sample.any_column(dice, |column| column.nulls > 0).ok_or("no column has both a NULL and a value")?;
    Ok(on(sample, dice, column).needing(format!("{}__isnull", column.name), json!(true)))
}

fn isnull_calls(_: &Sample, pick: &Pick) -> Vec<Call> {
    let mut calls = vec![pick.base().fields(&[pick.name(0)])];
    for value in [json!(true), json!(1), json!(false), json!(0)] {
        calls.push(pick.where_(pick.path().0, &value).fields(&[pick.name(0)]));
    }
    calls
}

fn isnull_judge(_: &Sample, pick: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let nulls = rows_where(&replies[0], pick.name(0), Value::is_null)?;
    let filled = rows_where(&replies[0], pick.name(0), |value| !value.is_null())?;
    for (reply, (what, expected)) in replies[1..].iter().zip([
        ("the rows with null, by true", &nulls),
        ("the rows with null, by 1", &nulls),
        ("the rows with a value, by false", &filled),
        ("the rows with a value, by 0", &filled),
    ]) {
        same_keys(what, expected, &reply.pks()?)?;
    }
    Ok(Judged::Holds)
}

fn as_text(sample: &Sample, dice: &mut Dice) -> Made {
    let numeric = |column: &Column| {
        matches!(
            column.kind,
            FieldType::Int | FieldType::BigInt | FieldType::Fk | FieldType::Decimal | FieldType::Money
        )
    };
    let column = sample.any_column(dice, numeric).ok_or("no column has a number")?;
    let value = dice.pick(&column.values).cloned().unwrap_or_default();
    // Whichever way it is printed, the other way must do as well.
    let (number, text) = match &value {
        Value::String(text) => (serde_json::from_str(text).unwrap_or_else(|_| value.clone()), value.clone()),
        other => (other.clone(), json!(other.to_string())),
    };
    Ok(Pick { values: vec![text], ..on(sample, dice, column) }.needing(column.name.clone(), number))
}

/// The condition, and the same with each of the other values.
fn twin_calls(_: &Sample, pick: &Pick) -> Vec<Call> {
    let path = pick.path().0;
    let mut calls = vec![found(pick).fields(&[pick.name(0)])];
    calls.extend(pick.values.iter().map(|value| pick.where_(path, value).fields(&[pick.name(0)])));
    calls
}

/// The condition, and the same under each of the names.
fn renamed_calls(_: &Sample, pick: &Pick) -> Vec<Call> {
    let (path, value) = pick.path();
    let names = std::iter::once(path).chain(pick.names.iter().map(String::as_str));
    names
        .map(|name| pick.where_(name, value).plain("count"))
        .chain([found(pick)])
        .chain(pick.names.iter().map(|name| pick.where_(name, value)))
        .collect()
}

/// All replies say the same.
pub(super) fn twins(_: &Sample, _: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let lists: Vec<&Reply> = replies.iter().filter(|reply| reply.number().is_err()).collect();
    for pair in lists.windows(2) {
        same_keys("the same rows for both spellings", &pair[0].pks()?, &pair[1].pks()?)?;
    }
    let counts: Vec<u64> = replies.iter().filter_map(|reply| reply.number().ok()).collect();
    let agree = counts.windows(2).all(|pair| pair[0] == pair[1]);
    Ok(super::super::verdict::must(agree, "the same count for every spelling", format!("{counts:?}")).into())
}

fn key_spellings(sample: &Sample, dice: &mut Dice) -> Made {
    let column = sample.any_column(dice, |column| sample.is_link(column)).ok_or("no foreign key has a value")?;
    let (target, _) = sample.target(column).ok_or("no foreign key has a value")?;
    let target = target.pk_field().name.clone();
    let table = &sample.tables[column.table];
    let value = dice.pick(&column.values).cloned().unwrap_or_default();
    Ok(Pick::of(&table.name, table.scope(dice))
        .needing(column.name.clone(), value)
        .naming(column.column.clone())
        .naming(format!("{}__pk", column.name))
        .naming(format!("{}__{target}", column.name))
        .naming(format!("{}__exact", column.name)))
}
