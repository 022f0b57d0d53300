//! One object: `get`, `first`, `last`, `latest`, `earliest`, `in_bulk`.

use carbon_specs::{Provenance, Source};
use serde_json::json;

use super::super::call::{Call, condition, conditions};
use super::super::law::Law;
use super::super::look::no_such_key;
use super::super::pick::{Pick, Scope};
use super::super::reply::row;
use super::super::value::same_keys;
use super::super::verdict::{Judged, Wrong, must};

const DJANGO: Source = Source::Other(Provenance::Derived);

/// Laws about single objects.
pub const LAWS: &[Law] = &[
    Law {
        name: "get",
        says: "`get` answers the one row that `filter` finds, the same object",
        source: Source::Page(25),
        make: |sample, dice| {
            let table = sample.any_table(dice, |_| true).ok_or("no model has rows")?;
            let keys = dice.some(&sample.tables[table].keys(), 1);
            let name = if dice.one_in(2) { "pk".to_owned() } else { sample.model(table).pk_field().name.clone() };
            let key = keys.first().cloned().unwrap_or_default();
            let key = if dice.one_in(2) { json!(key.to_string().trim_matches('"')) } else { key };
            Ok(Pick::of(&sample.tables[table].name, Scope::Keys(keys)).needing(name, key))
        },
        calls: |_, pick| {
            vec![
                Call::filter(&pick.model, conditions(&pick.conditions)),
                Call::get(&pick.model, conditions(&pick.conditions)),
                Call::filter(&pick.model, conditions(&pick.conditions)).plain("get"),
            ]
        },
        judge: |_, _, replies| {
            let list = replies[0].result()?;
            let Some(one) = list.as_array().filter(|items| items.len() == 1).map(|items| &items[0]) else {
                return if replies[0].pks()?.is_empty() {
                    Ok(Judged::Vacuous("the row is gone"))
                } else {
                    Err(Wrong::new("a list of the one row", replies[0].short()))
                };
            };
            for reply in &replies[1..] {
                must(
                    reply.result()? == one,
                    format!("the object of the list: {}", super::super::verdict::brief(one)),
                    reply.short(),
                )?;
            }
            Ok(Judged::Holds)
        },
    },
    Law {
        name: "get-none",
        says: "`get` of no row is the error `<Model> matching query does not exist.`",
        source: DJANGO,
        make: |sample, dice| {
            let table = sample.any_table(dice, |_| true).ok_or("no model has rows")?;
            Ok(Pick::of(&sample.tables[table].name, Scope::All).needing("pk", no_such_key(sample, table)))
        },
        calls: |_, pick| {
            vec![
                Call::filter(&pick.model, conditions(&pick.conditions)).plain("count"),
                Call::get(&pick.model, conditions(&pick.conditions)),
            ]
        },
        judge: |_, pick, replies| {
            if replies[0].number()? != 0 {
                return Ok(Judged::Vacuous("there is such a row"));
            }
            let expected = format!("{} matching query does not exist.", pick.model);
            let error = replies[1].error()?;
            Ok(must(error == expected, format!("error \"{expected}\""), replies[1].short()).into())
        },
    },
    Law {
        name: "get-several",
        says: "`get` of several rows is the error that names the model and their number",
        source: DJANGO,
        make: |sample, dice| {
            let table = sample.any_table(dice, |table| table.rows.len() > 1).ok_or("no model has two rows")?;
            let most = 2 + dice.below(4);
            let keys = dice.some(&sample.tables[table].keys(), most);
            Ok(Pick::of(&sample.tables[table].name, Scope::Keys(keys)))
        },
        calls: |_, pick| vec![pick.base().plain("count"), pick.base().plain("get")],
        judge: |_, pick, replies| {
            let count = replies[0].number()?;
            if count < 2 {
                return Ok(Judged::Vacuous("fewer than two rows"));
            }
            let expected = format!("get() returned more than one {} -- it returned {count}!", pick.model);
            let error = replies[1].error()?;
            Ok(must(error == expected, format!("error \"{expected}\""), replies[1].short()).into())
        },
    },
    Law {
        name: "first-last",
        says: "`first` and `last` are the ends of the ordered list",
        source: DJANGO,
        make: |sample, dice| {
            let table = sample.any_table(dice, |table| table.rows.len() > 1).ok_or("no model has two rows")?;
            Ok(Pick::of(&sample.tables[table].name, sample.tables[table].scope(dice)))
        },
        calls: |s, pick| {
            vec![
                pick.base().then("order_by", json!(["pk"])).lean(s),
                pick.base().then("order_by", json!(["pk"])).plain("first").lean(s),
                pick.base().then("order_by", json!(["pk"])).plain("last").lean(s),
                pick.base().plain("first").lean(s),
                pick.base().plain("last").lean(s),
            ]
        },
        judge: |_, _, replies| {
            let keys = replies[0].pks()?;
            let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(Judged::Vacuous("no rows")) };
            for (reply, expected) in replies[1..].iter().zip([first, last, first, last]) {
                must(reply.object()?.pk == expected, format!("the object {expected}"), reply.short())?;
            }
            Ok(Judged::Holds)
        },
    },
    Law {
        name: "first-none",
        says: "`first` and `last` of no row are null",
        source: DJANGO,
        make: |sample, dice| {
            let table = sample.any_table(dice, |_| true).ok_or("no model has rows")?;
            Ok(Pick::of(&sample.tables[table].name, Scope::All).needing("pk", no_such_key(sample, table)))
        },
        calls: |_, pick| {
            ["count", "first", "last"]
                .iter()
                .map(|method| Call::filter(&pick.model, conditions(&pick.conditions)).plain(method))
                .collect()
        },
        judge: |_, _, replies| {
            if replies[0].number()? != 0 {
                return Ok(Judged::Vacuous("there is such a row"));
            }
            for reply in &replies[1..] {
                must(reply.result()?.is_null(), "null", reply.short())?;
            }
            Ok(Judged::Holds)
        },
    },
    Law {
        name: "latest",
        says: "`latest` and `earliest` are the ends by that column",
        source: DJANGO,
        make: |sample, dice| {
            let column = sample
                .any_column(dice, |column| {
                    matches!(column.kind, carbon_specs::FieldType::Date | carbon_specs::FieldType::DateTime)
                        && column.values.len() > 1
                        && column.nulls == 0
                })
                .ok_or("no column of days or moments has two different values and no NULL")?;
            Ok(super::lookups::on(sample, dice, column))
        },
        calls: |_, pick| {
            vec![
                pick.base().fields(&[pick.name(0)]),
                pick.base().then("latest", json!([pick.name(0)])).fields(&[pick.name(0)]),
                pick.base().then("earliest", json!([pick.name(0)])).fields(&[pick.name(0)]),
            ]
        },
        judge: |_, pick, replies| {
            let mut values = Vec::new();
            for row in replies[0].rows()? {
                values.push(row.value(pick.name(0))?.as_str().unwrap_or_default().to_owned());
            }
            values.sort();
            let (Some(first), Some(last)) = (values.first(), values.last()) else {
                return Ok(Judged::Vacuous("no rows"));
            };
            for (reply, expected) in replies[1..].iter().zip([last, first]) {
                let value = reply.object()?.value(pick.name(0))?;
                must(value.as_str() == Some(expected), format!("an object with {expected}"), reply.short())?;
            }
            Ok(Judged::Holds)
        },
    },
    Law {
        name: "in-bulk",
        says: "`in_bulk` answers the rows of a list of keys, by key",
        source: Source::Other(Provenance::Assumed),
        make: |sample, dice| {
            let table = sample.any_table(dice, |_| true).ok_or("no model has rows")?;
            let most = 1 + dice.below(4);
            let keys = dice.some(&sample.tables[table].keys(), most);
            Ok(Pick::of(&sample.tables[table].name, Scope::Keys(keys)))
        },
        calls: |s, pick| {
            let Scope::Keys(keys) = &pick.scope else { return Vec::new() };
            vec![
                Call::filter(&pick.model, condition("pk__in", &json!(keys))).lean(s),
                Call::new(&pick.model, "objects.in_bulk", json!(keys)).lean(s),
            ]
        },
        judge: |_, _, replies| {
            if replies.is_empty() {
                return Ok(Judged::Vacuous("no keys"));
            }
            let bulk = replies[1]
                .result()?
                .as_object()
                .ok_or_else(|| Wrong::new("an object of objects by key", replies[1].short()))?;
            let mut keys = Vec::new();
            for (key, value) in bulk {
                let pk = row(value)?.pk;
                let spelled = pk.to_string();
                must(spelled == *key, format!("the object {key} under its key"), &spelled)?;
                keys.push(pk.clone());
            }
            Ok(same_keys("the rows of the list", &replies[0].pks()?, &keys).into())
        },
    },
];
