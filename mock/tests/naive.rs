//! Random small databases and random chains of calls: the mock against a naive evaluator of Django's rules.
//!
//! `PROPTEST_CASES=20000 cargo test -p carbon-mock --test naive` looks further. Seeds that failed are kept in
//! `proptest-regressions/naive.txt` and asked first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "naive/mod.rs"]
mod model;

use model::judge::{Verdict, judge, mock};
use model::random::cases;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

const FAILED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/naive.txt");

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(FAILED))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_mock_answers_what_the_rules_say((database, calls) in cases()) {
        let mock = mock(&database);
        for call in &calls {
            if let Verdict::Different(how) = judge(&database, &mock, call) {
                return Err(TestCaseError::fail(how));
            }
        }
    }
}
