//! The page's `sqlexec` statements over the demo data select the rows that the contract lists.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like the tests themselves")]

use std::collections::BTreeSet;
use std::sync::Arc;

use carbon_mock::sql;
use carbon_mock::store::Store;
use carbon_specs::demo;
use carbon_specs::example::{Example, Loop};
use carbon_specs::{Contract, Schema};
use jiff::civil::{DateTime, date};

fn now() -> DateTime {
    date(2022, 2, 1).at(10, 0, 0, 0)
}

fn store(contract: &Contract, schema: &Arc<Schema>) -> Store {
    let rows = contract.demo.iter().cloned().chain(demo::filler(schema, demo::DEFAULT_FILLER));
    Store::from_rows(schema, rows, now()).unwrap()
}

/// The loops of an example that begin with SQL, with the words `printed` or `corrected`.
fn loops(example: &Example) -> impl Iterator<Item = (&'static str, &str, &Loop)> {
    let variants = [("printed", Some(&example.printed)), ("corrected", example.corrected.as_ref())];
    variants.into_iter().filter_map(|(which, variant)| {
        let turns = variant?.turns.as_ref()?;
        Some((which, turns.sql.as_deref()?, turns))
    })
}

/// The words of each row, as `read a b` gets them behind the page's `awk` or `sed`.
fn selected(store: &Store, script: &str) -> BTreeSet<Vec<String>> {
    let script = sql::run(store, now(), script);
    script
        .outcomes
        .iter()
        .filter_map(|outcome| outcome.table.as_ref())
        .flat_map(|table| &table.rows)
        .map(|row| {
            let line: Vec<String> = row.iter().map(sql::text::display).collect();
            line.join(" ").split_whitespace().map(str::to_owned).collect()
        })
        .collect()
}

#[test]
fn every_loop_of_the_page_selects_the_rows_that_the_contract_lists() {
    let contract = Contract::embedded().unwrap();
    let schema = Arc::new(contract.schema.clone());
    let mut wrong = Vec::new();
    let mut seen = 0;
    let store = store(&contract, &schema);
    // An example that needs more than the demo data makes it first; the replay, which can, checks those.
    for example in contract.examples.iter().filter(|example| example.before.is_empty()) {
        for (which, statement, turns) in loops(example) {
            seen += 1;
            let expected: BTreeSet<Vec<String>> = turns.rows.iter().cloned().collect();
            let found = selected(&store, statement);
            if found != expected {
                wrong.push(format!(
                    "{} ({which}): {statement}\n  selected {found:?}\n  listed   {expected:?}",
                    example.id
                ));
            }
        }
    }
    assert!(seen > 40, "only {seen} loops");
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
