//! Queries that no index serves, with joins, against SQLite in memory on the same rows.
//!
//! `cargo bench -p carbon-mock --bench sqlite [-- ABONENTS]` (default 100000). Both sides answer the keys of the rows; SQLite
//! has an index on every foreign key, as Firebird has. "After a change": a row of the table that is looked through is changed
//! before each query, on both sides and outside the time.

mod common;

use std::time::Instant;

use carbon_mock::store::{Store, Value};
use carbon_mock::wire::Outcome;
use carbon_mock::{CarbonMock, Mock, wire};
use carbon_specs::FieldType;
use common::{Failure, abonents, rounds};
use rusqlite::Connection;
use rusqlite::types::Value as Sql;

const ROUNDS: usize = 7;

/// What, the model, the call, the same in SQL.
const QUERIES: [(&str, &str, &str, &str); 4] = [
    (
        "no index, no join",
        "Users",
        r#"method1=objects.filter&arg1={"passwd__startswith":"a1"}&method2=count"#,
        "select count(*) from users where passwd glob 'a1*'",
    ),
    (
        "two joins, unindexed columns",
        "Users",
        r#"method1=objects.filter&arg1={"abonent__a_home_number":"7","abonent__tarif__users_limit__gte":0}&method2=count"#,
        "select count(*) from users u join abonents a on a.id = u.abonent_id join tarif t on t.id = a.tarif_id
         where a.a_home_number = '7' and t.users_limit >= 0",
    ),
    (
        "two joins, one to many",
        "Abonents",
        r#"method1=objects.filter&arg1={"abonent_id_users__passwd__startswith":"a1","tarif__name__contains":"о"}&method2=count"#,
        "select count(*) from abonents a join users u on u.abonent_id = a.id join tarif t on t.id = a.tarif_id
         where u.passwd glob 'a1*' and t.name glob '*о*'",
    ),
    (
        "a subquery of NOT IN",
        "Abonents",
        r#"method1=objects.exclude&arg1={"abonent_id_users__passwd__startswith":"a"}&method2=count"#,
        "select count(*) from abonents a where not exists (select 1 from users u where u.passwd glob 'a*' and u.abonent_id = a.id)",
    ),
];

fn main() -> Result<(), Failure> {
    let count = abonents(100_000);
    let mock = CarbonMock::builder().abonents(count).build()?;
    let database = copy(&mock.snapshot().0, &["Abonents", "Users", "Tarif"])?;
    println!("{count} subscribers; milliseconds, medians of {ROUNDS} interleaved rounds\n");
    println!("{:<30} {:>8} {:>8} {:>7} {:>10} {:>20}", "", "mock", "SQLite", "ratio", "rows", "ratio after a change");
    for (what, model, body, sql) in QUERIES {
        let (ours, theirs) = (ask(&mock, model, body)?, select(&database, sql)?);
        if ours != theirs {
            return Err(format!("{what}: we count {ours}, SQLite {theirs}").into());
        }
        let [mine, sqlite] = rounds(ROUNDS, |which| {
            let started = Instant::now();
            match which {
                0 => ask(&mock, model, body)?,
                _ => select(&database, sql)?,
            };
            Ok(started.elapsed().as_secs_f64() * 1000.0)
        })?;
        let [changed, sqlite_changed] = rounds(ROUNDS, |which| {
            match which {
                0 => touch(&mock)?,
                _ => database
                    .execute_batch("update users set gen_pwd = 'changed' where id = (select min(id) from users)")?,
            }
            let started = Instant::now();
            match which {
                0 => ask(&mock, model, body)?,
                _ => select(&database, sql)?,
            };
            Ok(started.elapsed().as_secs_f64() * 1000.0)
        })?;
        let (ratio, ratio_changed) = (mine / sqlite, changed / sqlite_changed);
        println!("{what:<30} {mine:>8.1} {sqlite:>8.1} {ratio:>7.2} {ours:>10} {ratio_changed:>20.2}");
    }
    Ok(())
}

fn ask(mock: &Mock, model: &str, body: &str) -> Result<i64, Failure> {
    let call = wire::parse(&format!("/rest_api/v2/{model}/"), body.as_bytes())?;
    match mock.handle(call).outcome {
        Outcome::Value(value) => value.as_i64().ok_or_else(|| format!("no count: {value}").into()),
        Outcome::Error(text) => Err(text.into()),
        _ => Err("no count".into()),
    }
}

/// Changes a row of each table that is looked through.
fn touch(mock: &Mock) -> Result<(), Failure> {
    for model in ["Users", "Abonents", "Tarif"] {
        let call = wire::parse(
            &format!("/rest_api/v2/{model}/"),
            br#"method1=objects.first&method2=set&arg2={"deleted":0}&method3=save"#,
        )?;
        if let Outcome::Error(text) = mock.handle(call).outcome {
            return Err(text.into());
        }
    }
    mock.run_tasks();
    Ok(())
}

fn select(database: &Connection, sql: &str) -> Result<i64, Failure> {
    Ok(database.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// The rows of some models as tables.
fn copy(store: &Store, models: &[&str]) -> Result<Connection, Failure> {
    let database = Connection::open_in_memory()?;
    for name in models {
        let model = store.schema().model(name).ok_or("no such model")?;
        let columns: Vec<String> = model
            .fields
            .iter()
            .map(|field| {
                let key = if field.id == model.pk { " primary key" } else { "" };
                let kind = match field.kind {
                    FieldType::String | FieldType::Text | FieldType::Ip | FieldType::Date | FieldType::DateTime => {
                        "text"
                    }
                    FieldType::Decimal => "numeric",
                    _ => "integer",
                };
                format!("{} {kind}{key}", field.column)
            })
            .collect();
        database.execute_batch(&format!("create table {} ({})", model.table, columns.join(", ")))?;
        let places = vec!["?"; model.fields.len()].join(", ");
        let mut insert = database.prepare(&format!("insert into {} values ({places})", model.table))?;
        database.execute_batch("begin")?;
        for (_, row) in store.table(model.id).iter() {
            let values = row.iter().map(|value| match value {
                Value::Null => Sql::Null,
                Value::Int(number) => Sql::Integer(*number),
                other => Sql::Text(other.to_string()),
            });
            insert.execute(rusqlite::params_from_iter(values))?;
        }
        database.execute_batch("commit")?;
        for field in model.fields.iter().filter(|field| field.kind == FieldType::Fk) {
            let (table, column) = (&model.table, &field.column);
            database.execute_batch(&format!("create index {table}_{column} on {table} ({column})"))?;
        }
    }
    database.execute_batch("analyze")?;
    Ok(database)
}
