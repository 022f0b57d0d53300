//! Links: foreign keys and the rows that point back, in conditions and in `fields`.
//!
//! A family is a parent's key and the rows that point at it. The rows of a condition are named by their keys, so that a
//! law knows what must be found without knowing every row of the server.

use carbon_specs::{Provenance, Source};
use serde_json::{Map, Value, json};

use super::super::call::{Call, Step, condition};
use super::super::dice::Dice;
use super::super::law::{Law, Made};
use super::super::pick::{Pick, Scope};
use super::super::reply::Reply;
use super::super::sample::{Link, Sample};
use super::super::value::same_keys;
use super::super::verdict::{Judged, Wrong, must};

const DJANGO: Source = Source::Other(Provenance::Derived);

/// A family's rows that a law uses at most.
const FAMILY: usize = 30;

/// Laws about links.
pub const LAWS: &[Law] = &[
    Law {
        name: "repeats",
        says: "a row found through several linked rows comes as often, `count` counts the repeats, and `distinct` takes them out",
        source: Source::Page(438),
        make: |sample, dice| family(sample, dice, 2),
        calls: |s, pick| {
            let found = pick.where_(&format!("{}__pk__in", pick.name(0)), pick.value(0));
            vec![
                found.clone().lean(s),
                found.clone().plain("count"),
                found.clone().plain("distinct").lean(s),
                found.plain("distinct").plain("count"),
            ]
        },
        judge: |_, pick, replies| {
            let times = pick.value(0).as_array().map_or(0, Vec::len);
            let expected = vec![pick.value(1).clone(); times];
            same_keys("the parent, once for each of its rows", &expected, &replies[0].pks()?)?;
            must(replies[1].number()? == times as u64, times.to_string(), replies[1].short())?;
            same_keys("the parent, once", &expected[..1], &replies[2].pks()?)?;
            Ok(must(replies[3].number()? == 1, "1", replies[3].short()).into())
        },
    },
    Law {
        name: "one-filter-one-row",
        says: "conditions of one `filter` hold for one linked row together; chained filters may each hold for another",
        source: DJANGO,
        make: |sample, dice| family(sample, dice, 2),
        calls: |s, pick| {
            let (link, rows) = (pick.name(0), pick.value(0).as_array().cloned().unwrap_or_default());
            let one = condition(&format!("{link}__pk"), rows.first().unwrap_or(&Value::Null));
            let other = condition(&format!("{link}__pk__in"), &json!([rows.last()]));
            let mut both = Map::new();
            both.extend(one.as_object().cloned().unwrap_or_default());
            both.extend(other.as_object().cloned().unwrap_or_default());
            vec![
                pick.narrowed("filter", Value::Object(both)).lean(s),
                pick.narrowed("filter", one).then("filter", other).lean(s),
            ]
        },
        judge: |_, pick, replies| {
            same_keys("no parent: no row is two", &[], &replies[0].pks()?)?;
            Ok(same_keys("the parent of both rows", &[pick.value(1).clone()], &replies[1].pks()?).into())
        },
    },
    Law {
        name: "linked-or-not",
        says: "`isnull` across a reverse link parts the rows into those with linked rows and those without",
        source: DJANGO,
        make: |sample, dice| {
            let link = dice.pick(&sample.links).ok_or("no link leads to rows")?;
            let table = &sample.tables[link.parent];
            Ok(Pick::of(&table.name, table.scope(dice)).naming(link.name.clone()))
        },
        calls: |s, pick| {
            let path = format!("{}__isnull", pick.name(0));
            vec![
                pick.base().lean(s),
                pick.where_(&path, &json!(true)).lean(s),
                pick.where_(&path, &json!(false)).plain("distinct").lean(s),
            ]
        },
        judge: |_, _, replies| {
            let parts = [replies[1].pks()?, replies[2].pks()?].concat();
            Ok(same_keys("all rows, as those with and without linked rows", &replies[0].pks()?, &parts).into())
        },
    },
    Law {
        name: "linked-list",
        says: "a reverse link in `fields` lists every row that points at the object",
        source: Source::Page(45),
        make: |sample, dice| family(sample, dice, 1),
        calls: |_, pick| {
            let (link, column) = (pick.name(0), pick.name(1));
            let child = pick.name(2);
            vec![
                Call::filter(child, condition(column, pick.value(1))).fields(&["pk"]),
                Call::get(&pick.model, condition("pk", pick.value(1))).fields(&[format!("{link}__pk")]),
            ]
        },
        judge: |_, pick, replies| {
            let listed = replies[1].object()?.value(pick.name(0))?;
            let items = listed.as_array().ok_or_else(|| Wrong::new("a list of objects", listed.to_string()))?;
            let keys: Vec<Value> = items.iter().map(|item| item["pk"].clone()).collect();
            Ok(same_keys("the rows that point at it", &replies[0].pks()?, &keys).into())
        },
    },
    Law {
        name: "fields-across",
        says: "a path of `fields` across a foreign key shows the value that the other row has",
        source: Source::Page(41),
        make: across,
        calls: |_, pick| {
            let (key, column) = (pick.name(0), pick.name(1));
            vec![
                pick.base().fields(&[format!("{key}__{column}")]),
                Call::filter(pick.name(2), condition("pk__in", pick.value(0))).fields(&[column]),
            ]
        },
        judge: shown_across,
    },
    Law {
        name: "condition-across",
        says: "a condition across a foreign key finds the rows whose other row satisfies it",
        source: Source::Page(438),
        make: across,
        calls: |s, pick| {
            let key = pick.name(0);
            vec![pick.base().fields(&[pick.name(3)]), pick.where_(&format!("{key}__pk__in"), pick.value(0)).lean(s)]
        },
        judge: |_, pick, replies| {
            let wanted = pick.value(0).as_array().cloned().unwrap_or_default();
            let mut expected = Vec::new();
            for row in replies[0].rows()? {
                if wanted.contains(row.value(pick.name(3))?) {
                    expected.push(row.pk.clone());
                }
            }
            Ok(same_keys("the rows that point at these", &expected, &replies[1].pks()?).into())
        },
    },
    Law {
        name: "method-numbers",
        says: "methods are carried out in the order of their numbers, 10 after 2, and a missing number is passed over",
        source: Source::Page(395),
        make: |sample, dice| {
            let table = sample.any_table(dice, |table| table.rows.len() > 1).ok_or("no model has two rows")?;
            let keys = sample.tables[table].keys();
            let pair = vec![keys[0].clone(), keys[1].clone()];
            let mut pick = Pick::of(&sample.tables[table].name, Scope::Keys(pair.clone()));
            pick.values = pair;
            Ok(pick)
        },
        calls: |s, pick| {
            let step =
                |number, name: &str| Step { number, ..Call::new("", "order_by", json!([name])).steps[0].clone() };
            let mut call = pick.base();
            call.steps.extend([step(3, "pk"), step(10, "-pk")]);
            vec![call.lean(s)]
        },
        judge: |_, pick, replies| {
            let keys = replies[0].pks()?;
            let order = |keys: &[Value]| keys.iter().filter_map(Value::as_i64).collect::<Vec<_>>();
            let mut expected = order(&pick.values);
            if expected.len() < 2 {
                return Ok(Judged::Vacuous("the keys are no numbers"));
            }
            expected.sort_unstable_by(|one, other| other.cmp(one));
            Ok(must(order(&keys) == expected, format!("{expected:?}: method10 is the last"), format!("{keys:?}"))
                .into())
        },
    },
];

/// A parent with at least so many rows: the link's name, the child's foreign key and model as names; the rows' keys and the
/// parent's as values. Larger families first, where limits would show.
fn family(sample: &Sample, dice: &mut Dice, least: usize) -> Made {
    let fitting: Vec<&Link> = sample
        .links
        .iter()
        .filter(|link| link.families.first().is_some_and(|(_, rows)| (least..=FAMILY).contains(&rows.len())))
        .collect();
    let largest = || fitting.iter().max_by_key(|link| link.families[0].1.len()).copied();
    let link = if dice.case.is_multiple_of(3) { largest() } else { dice.pick(&fitting).copied() };
    let link = link.ok_or("no row has several rows that point at it")?;
    let (parent, rows) = &link.families[0];
    let child = &sample.tables[link.child];
    let keys: Vec<Value> = rows.iter().map(|place| child.rows[*place].pk.clone()).collect();
    let column = &sample.model(link.child).at(link.field).column;
    let scope = Scope::Keys(vec![parent.clone()]);
    let mut pick = Pick::of(&sample.tables[link.parent].name, scope);
    pick = pick.naming(link.name.clone()).naming(column.clone()).naming(child.name.clone());
    pick.values = vec![Value::Array(keys), parent.clone()];
    Ok(pick)
}

/// A foreign key with values, and a column of the model it leads to: key, column, the other model and the key's attribute as
/// names; some keys of the other model as a value.
fn across(sample: &Sample, dice: &mut Dice) -> Made {
    let column = sample.any_column(dice, |column| sample.is_link(column)).ok_or("no foreign key has a value")?;
    let (target, seen) = sample.target(column).ok_or("no foreign key has a value")?;
    let is_seen =
        |name: &str| seen.and_then(|table| table.rows.first()).is_none_or(|row| row.fields.contains_key(name));
    let shown: Vec<&str> = target
        .fields
        .iter()
        .filter(|field| field.id != target.pk && field.to.is_none() && !field.secret && is_seen(&field.column))
        .map(|field| field.name.as_str())
        .collect();
    let name = dice.pick(&shown).ok_or("the other model has no column to show")?;
    let table = &sample.tables[column.table];
    let rows: Vec<Value> = table
        .rows
        .iter()
        .filter(|row| row.fields.get(&column.column).is_some_and(|key| column.values.contains(key)))
        .map(|row| row.pk.clone())
        .take(20)
        .collect();
    let keys: Vec<Value> = column.values.iter().take(40).cloned().collect();
    let mut pick = Pick::of(&table.name, Scope::Keys(rows));
    pick = pick.naming(column.name.clone()).naming(*name).naming(target.name.clone()).naming(column.column.clone());
    pick.values = vec![Value::Array(keys)];
    Ok(pick)
}

fn shown_across(_: &Sample, pick: &Pick, replies: &[Reply]) -> Result<Judged, Wrong> {
    let (key, column) = (pick.name(0), pick.name(1));
    let others = replies[1].rows()?;
    let mut compared = 0;
    for row in replies[0].rows()? {
        let shown = row.value(key)?;
        let other = others.iter().find(|other| *other.pk == shown["pk"]);
        let (Some(other), Some(fields)) = (other, shown["fields"].as_object()) else { continue };
        let expected = other.value(column)?;
        let got = fields.get(column).unwrap_or(&Value::Null);
        must(got == expected, format!("{expected}, as {} {} has it", pick.name(2), other.pk), got.to_string())?;
        compared += 1;
    }
    Ok(if compared == 0 { Judged::Vacuous("no row leads to one of these") } else { Judged::Holds })
}
