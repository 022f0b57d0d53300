//! A mock without a socket, for tests of tasks and hazards: calls go in as bodies, and replies come out as JSON.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use carbon_mock::tasks::{Clock, Overlap, Profile};
use carbon_mock::{Mock, Options, wire};
use carbon_specs::Contract;
use serde_json::Value;

pub fn mock() -> Mock {
    minded(Overlap::Faithful)
}

/// A mock that treats overlaps so.
pub fn minded(overlap: Overlap) -> Mock {
    let options = Options {
        contract: Arc::new(Contract::embedded().unwrap()),
        seed: 1,
        clock: Clock::Virtual { now: jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0) },
        tasks: Profile::DOCUMENTED,
        overlap,
        filler: 0,
        state: None,
        deviations: carbon_mock::Deviations::NONE,
    };
    Mock::new(options).unwrap()
}

/// The reply as bytes.
pub fn bytes(mock: &Mock, model: &str, body: &str) -> Vec<u8> {
    let call = wire::parse(&format!("/rest_api/v2/{model}/"), body.as_bytes()).unwrap();
    wire::body(mock.handle(call)).flat_map(Result::unwrap).collect()
}

pub fn ask(mock: &Mock, model: &str, body: &str) -> Value {
    serde_json::from_slice(&bytes(mock, model, body)).unwrap()
}

/// A call that must succeed.
#[track_caller]
pub fn done(mock: &Mock, model: &str, body: &str) -> Value {
    let reply = ask(mock, model, body);
    assert!(reply.get("error").is_none(), "{reply}");
    reply["result"].clone()
}

/// The kinds of hazards so far.
pub fn hazards(mock: &Mock) -> Vec<String> {
    let hazards = mock.hazards();
    hazards["hazards"].as_array().unwrap().iter().map(|hazard| hazard["kind"].as_str().unwrap().to_owned()).collect()
}
