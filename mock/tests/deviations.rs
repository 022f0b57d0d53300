//! Each deviation changes at least one reply, and only on purpose: its probe is answered otherwise than by the faithful mock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use carbon_mock::deviate::probe::Step;
use carbon_mock::deviate::{Deviation, Shows};
use carbon_mock::wire::{self, Outcome};
use carbon_mock::{CarbonMock, Mock};

/// What comes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    content_type: String,
    body: String,
}

fn mock(deviations: &[Deviation]) -> Mock {
    let builder = CarbonMock::builder().abonents(20);
    deviations.iter().fold(builder, |builder, deviation| builder.deviate(*deviation)).build().unwrap()
}

fn ask(mock: &Mock, model: &str, body: &str) -> Answer {
    let path = format!("{}{model}/", wire::ROOT);
    let reply = match wire::parse(&path, body.as_bytes()) {
        Ok(call) => mock.handle(call),
        Err(error) => mock.refuse(path, error.to_string()),
    };
    let (status, content_type) = match &reply.outcome {
        Outcome::Spelled(spelled) => (spelled.status, spelled.content_type),
        _ => (200, "application/json"),
    };
    let bytes: Vec<u8> = wire::body(reply).flatten().collect();
    Answer { status, content_type: content_type.to_owned(), body: String::from_utf8(bytes).unwrap() }
}

fn answers(mock: &Mock, steps: &[Step]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for step in steps {
        match step {
            Step::Call(model, body) => answers.push(ask(mock, model, body)),
            Step::RunTasks => {
                mock.run_tasks();
            }
        }
    }
    answers
}

#[test]
fn every_probe_is_answered_differently_by_its_deviation() {
    let mut wrong = Vec::new();
    for deviation in Deviation::all() {
        let faithful = answers(&mock(&[]), deviation.probe());
        let deviating = answers(&mock(&[deviation]), deviation.probe());
        if faithful == deviating {
            wrong.push(format!("{deviation}: the same answer {faithful:#?}"));
        }
        assert_eq!(faithful, answers(&mock(&[]), deviation.probe()), "{deviation}: its probe must be repeatable");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_reads_can_show_is_probed_by_reads() {
    for deviation in Deviation::all() {
        let mock = mock(&[]);
        answers(&mock, deviation.probe());
        let journal = mock.journal();
        let writes = journal["journal"].as_array().unwrap().iter().filter(|entry| !entry["task"].is_null()).count();
        match deviation.shows() {
            Shows::Reads => assert_eq!(writes, 0, "{deviation}"),
            Shows::Writes => assert!(writes > 0, "{deviation}"),
        }
    }
}
