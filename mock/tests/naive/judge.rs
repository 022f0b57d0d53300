//! Asks the mock, and holds its answer against the naive one.

use std::sync::{Arc, LazyLock};

use carbon_mock::tasks::Clock;
use carbon_mock::wire::{self, Outcome, Reply};
use carbon_mock::{Mock, Options};
use serde_json::Value as Json;

use super::call::{Call, End, Path, Shown, Step};
use super::cell::Cell;
use super::database::{CONTRACT, Database};
use super::evaluator::{Answer, Sorted, evaluate};
use super::projection::show;

/// Making options reads the contract: once is enough.
static OPTIONS: LazyLock<Options> = LazyLock::new(|| Options {
    contract: Arc::clone(&CONTRACT),
    clock: Clock::Virtual { now: jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0) },
    ..Options::new().unwrap()
});

/// A mock that holds these rows.
pub fn mock(database: &Database) -> Mock {
    Mock::new(Options { state: Some(database.state().into()), ..OPTIONS.clone() }).unwrap()
}

/// What the mock answers: a result or the text of a refusal.
pub fn ask(mock: &Mock, name: &str, steps: &[(&str, Json)], fields: Option<Vec<String>>) -> Result<Json, String> {
    let number = |(place, (method, arg)): (usize, &(&str, Json))| wire::Step {
        number: u32::try_from(place).unwrap() + 1,
        method: if place == 0 { format!("objects.{method}") } else { (*method).to_owned() },
        arg: arg.clone(),
    };
    let call = wire::Call {
        path: format!("/rest_api/v2/{name}/"),
        model: name.to_owned(),
        steps: steps.iter().enumerate().map(number).collect(),
        fields,
        extra: Vec::new(),
        warnings: Vec::new(),
    };
    let Reply { outcome, .. } = mock.handle(call);
    match outcome {
        Outcome::Error(text) => Err(text),
        Outcome::Value(value) => Ok(value),
        Outcome::Stream(pieces) => {
            Ok(serde_json::from_slice(&pieces.map(Result::unwrap).collect::<Vec<_>>().concat()).unwrap())
        }
        Outcome::Spelled(_) => panic!("nothing deviates here"),
    }
}

/// How a comparison came out.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The mock is right.
    Same,
    /// The call has too many rows for the naive evaluator.
    Skipped,
    /// The mock is wrong, or the evaluator is.
    Different(String),
}

/// Asks both and compares.
pub fn judge(database: &Database, mock: &Mock, call: &Call) -> Verdict {
    let Ok(expected) = evaluate(database, call) else { return Verdict::Skipped };
    let fields = (!call.fields.is_empty()).then(|| call.fields());
    let got = ask(mock, &call.model, &call.sent(), fields);
    if same(database, call, &expected, &got) {
        Verdict::Same
    } else {
        Verdict::Different(format!("{call:?}\n  expected: {expected:?}\n  the mock: {got:?}"))
    }
}

fn same(database: &Database, call: &Call, expected: &Answer, got: &Result<Json, String>) -> bool {
    let got = match (expected, got) {
        (Answer::Refused(text), Err(said)) => return text == said,
        (_, Err(_)) => return false,
        (_, Ok(got)) => got,
    };
    match expected {
        Answer::Refused(_) => false,
        Answer::Count(count) => got.as_u64() == u64::try_from(*count).ok(),
        Answer::Truth(truth) => got.as_bool() == Some(*truth),
        Answer::Nothing => got.is_null(),
        Answer::OneOf(keys) => as_row(database, &call.model, &call.fields, got).is_some_and(|pk| keys.contains(&pk)),
        Answer::Rows(rows) => {
            let row = |got: &Json| as_row(database, &call.model, &call.fields, got);
            let keys: Option<Vec<i64>> = got.as_array().and_then(|rows| rows.iter().map(row).collect());
            keys.is_some_and(|keys| in_order(rows, &keys))
        }
        Answer::Values(rows) => {
            let paths = selected(call);
            let row = |got: &Json| values(paths, matches!(call.end, End::ValuesList(_)), got);
            let got: Option<Vec<Vec<Cell>>> = got.as_array().and_then(|rows| rows.iter().map(row).collect());
            // Of rows that are equal but for blanks DISTINCT keeps whichever it likes.
            let blank = call.steps.iter().any(|step| matches!(step, Step::Distinct));
            let plain = |cells: &Vec<Cell>| -> Vec<Cell> {
                cells.iter().map(|cell| if blank { cell.compared() } else { cell.clone() }).collect()
            };
            let rows: Vec<_> =
                rows.iter().map(|row| Sorted { item: plain(&row.item), keys: row.keys.clone() }).collect();
            got.is_some_and(|got| in_order(&rows, &got.iter().map(plain).collect::<Vec<_>>()))
        }
    }
}

/// The key of an object, if all of it is as it should be.
fn as_row(database: &Database, model: &str, fields: &[Shown], got: &Json) -> Option<i64> {
    let pk = got.get("pk")?.as_i64()?;
    (*got == show(database, model, pk, fields)).then_some(pk)
}

/// The columns that the rows of `values()` show.
fn selected(call: &Call) -> &[Path] {
    let step = call.steps.iter().rev().find_map(|step| match step {
        Step::Values(paths) => Some(paths.as_slice()),
        _ => None,
    });
    match &call.end {
        End::ValuesList(paths) => paths,
        _ => step.unwrap_or_default(),
    }
}

fn values(paths: &[Path], list: bool, got: &Json) -> Option<Vec<Cell>> {
    if got.as_array().map(Vec::len).or(got.as_object().map(|pairs| pairs.len())) != Some(paths.len()) {
        return None;
    }
    let cells = paths.iter().enumerate().map(|(place, path)| {
        let shown = if list { got.get(place)? } else { got.get(&path.text)? };
        let cell = Cell::meant(path.field.kind, shown);
        // It must be spelled as a column of its type is.
        (cell.shown(path.field.kind, path.field.places) == *shown).then_some(cell)
    });
    cells.collect()
}

/// Whether these are the expected things, in an order that the sort keys allow.
fn in_order<T: Clone + Ord>(expected: &[Sorted<T>], got: &[T]) -> bool {
    if expected.len() != got.len() {
        return false;
    }
    let mut place = 0;
    expected.chunk_by(|one, other| one.keys == other.keys).all(|ties| {
        let mut wanted: Vec<T> = ties.iter().map(|row| row.item.clone()).collect();
        let mut there = got[place..place + ties.len()].to_vec();
        place += ties.len();
        wanted.sort();
        there.sort();
        wanted == there
    })
}
