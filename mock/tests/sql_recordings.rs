//! Every recorded answer of the real Firebird, byte for byte: `specs/firebird/recordings.json`, made by `record.sh`
//! there. The same rows are in both databases; no Firebird is needed here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like the tests themselves")]

use std::path::PathBuf;
use std::sync::Arc;

use carbon_mock::sql;
use carbon_mock::store::Store;
use carbon_specs::Schema;
use carbon_specs::demo::DemoRow;
use carbon_specs::model::ModelFile;
use carbon_specs::schema::Generic;
use jiff::civil::{DateTime, date};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Recordings {
    recordings: Vec<Recording>,
}

#[derive(Deserialize)]
struct Recording {
    id: String,
    group: String,
    sql: String,
    stdout: Vec<String>,
    stderr: Vec<String>,
    exit: i32,
}

#[derive(Deserialize)]
struct RowFile {
    pk: i64,
    fields: Map<String, Value>,
}

fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../specs/firebird").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn now() -> DateTime {
    date(2022, 2, 1).at(10, 0, 0, 0)
}

/// The contract's models and the grid's, with the rows of `rows.json` and `grid_rows.json`. Keys may dangle: SQL does
/// not mind.
fn store() -> Store {
    let mut models = contract_models();
    models.extend(serde_json::from_str::<Vec<ModelFile>>(&read("grid_models.json")).unwrap());
    let schema = Arc::new(Schema::build(models, Generic::default()).unwrap());
    let mut rows = Vec::new();
    for file in ["rows.json", "grid_rows.json"] {
        let models: serde_json::Map<String, Value> = serde_json::from_str(&read(file)).unwrap();
        for (name, entries) in models {
            let model = schema.model(&name).unwrap_or_else(|| panic!("no model {name}")).id;
            let entries: Vec<RowFile> = serde_json::from_value(entries).unwrap();
            rows.extend(entries.into_iter().map(|row| DemoRow { model, pk: row.pk, fields: row.fields }));
        }
    }
    Store::from_rows(&schema, rows, now()).unwrap()
}

fn contract_models() -> Vec<ModelFile> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../specs/models");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()).collect()
}

#[test]
fn every_recording_is_answered_byte_for_byte() {
    let store = store();
    let recordings: Recordings = serde_json::from_str(&read("recordings.json")).unwrap();
    let only = std::env::var("ONLY").ok();
    let mut wrong = Vec::new();
    for recording in &recordings.recordings {
        if only.as_ref().is_some_and(|only| *only != recording.id) {
            continue;
        }
        let printed = sql::isql::render(&sql::run(&store, now(), &recording.sql));
        let (stdout, stderr) = (recording.stdout.join("\n"), recording.stderr.join("\n"));
        if (printed.stdout.as_str(), printed.stderr.as_str(), printed.exit) != (&stdout, &stderr, recording.exit) {
            wrong.push(format!(
                "== {} ==\n{}\n-- Firebird ({}):\n{stdout}{stderr}\n-- mock ({}):\n{}{}",
                recording.id, recording.sql, recording.exit, printed.exit, printed.stdout, printed.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), recordings.recordings.len(), wrong.join("\n"));
}

#[test]
fn all_statements_of_the_page_are_recorded() {
    let recordings: Recordings = serde_json::from_str(&read("recordings.json")).unwrap();
    let page: Vec<&Recording> = recordings.recordings.iter().filter(|recording| recording.group == "page").collect();
    assert_eq!(page.len(), 43);
    // Line 486 names a table that does not exist; all others run and, over these rows, select something.
    let failing: Vec<&str> = page.iter().filter(|page| page.exit != 0).map(|page| page.id.as_str()).collect();
    assert_eq!(failing, ["L486"]);
    let empty: Vec<&str> =
        page.iter().filter(|page| page.exit == 0 && page.stdout.len() < 3).map(|page| page.id.as_str()).collect();
    assert_eq!(empty, Vec::<&str>::new());
}
