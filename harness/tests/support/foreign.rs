//! A server that is not ours, with its own state before and after.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of tests fails the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use carbon_mock::CarbonMock;
use carbon_mock::tasks::Profile;
use serde_json::Value;

use super::{Ended, harness, until};

/// A mock that the harness only knows by its address.
pub struct Foreign {
    pub runtime: tokio::runtime::Runtime,
    mock: Option<CarbonMock>,
    pub folder: tempfile::TempDir,
}

impl Foreign {
    pub fn start(tasks: Profile) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let builder = CarbonMock::builder().clock("system").tasks(tasks).abonents(120);
        let mock = runtime.block_on(builder.start()).unwrap();
        Self { runtime, mock: Some(mock), folder: tempfile::tempdir().unwrap() }
    }

    pub fn mock(&self) -> &CarbonMock {
        self.mock.as_ref().unwrap()
    }

    pub fn url(&self) -> String {
        self.mock().url()
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("sandbox.jsonl")
    }

    /// The arguments of a run in a sandbox, as far as they are always the same.
    pub fn arguments(&self, more: &[&str]) -> Vec<String> {
        let journal = self.journal().display().to_string();
        let url = self.url();
        let fixed = [
            "run",
            "--target",
            &url,
            "--writes",
            "sandbox",
            "--compare",
            "shape",
            "--settle",
            "20",
            "--journal",
            &journal,
        ];
        fixed.iter().chain(more).map(|text| (*text).to_owned()).collect()
    }

    pub fn run(&self, more: &[&str]) -> Ended {
        let arguments = self.arguments(more);
        harness(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub fn clean(&self, more: &[&str]) -> Ended {
        let (journal, url) = (self.journal().display().to_string(), self.url());
        harness(&[&["clean", "--target", &url, "--settle", "2", "--journal", &journal], more].concat())
    }

    /// Waits until no task is left: what the test looks at is the server at rest.
    pub fn rest(&self) -> Value {
        until(|| self.mock().mock().waiting() == 0);
        self.mock().mock().state()
    }

    /// How many calls were answered.
    pub fn calls(&self) -> u64 {
        self.mock().mock().journal()["total"].as_u64().unwrap()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        if let Some(mock) = self.mock.take() {
            self.runtime.block_on(mock.shutdown());
        }
    }
}

/// Quick tasks that still come later than their replies.
pub const LATE: Profile = Profile { latency_ms: (15, 40), service_ms: 1 };

/// Where the server keeps what was; the API has no way to take it away again.
pub const BOOKS: [&str; 9] = [
    "AdminAccounts",
    "AbonentsBlockHistory",
    "ArchAccountStack",
    "DynamicSessionUsers",
    "DynamicSessions",
    "FinanceOperations",
    "FinanceOperationsDetail",
    "PayLog",
    "VoipLog",
];

type Rows = BTreeMap<i64, Value>;

fn rows(state: &Value, model: &str) -> Rows {
    let list = state[model].as_array().unwrap();
    list.iter().map(|row| (row["pk"].as_i64().unwrap(), row["fields"].clone())).collect()
}

/// Holds that a server is as it was: no row that was there differs or is gone; what came is in the trash and bears a
/// sandbox's name, or is in the books and belongs to what is in the trash.
#[track_caller]
pub fn as_it_was(before: &Value, after: &Value) -> usize {
    let mut came = BTreeMap::new();
    for model in before.as_object().unwrap().keys() {
        let (old, mut new) = (rows(before, model), rows(after, model));
        for (pk, fields) in &old {
            assert_eq!(new.remove(pk).as_ref(), Some(fields), "{model} {pk} was there before");
        }
        came.insert(model.as_str(), new);
    }
    for (model, name) in [("Abonents", "name"), ("Users", "login")] {
        for (pk, fields) in &came[model] {
            let marked = fields[name].as_str().is_some_and(|name| name.starts_with("carbon-harness-"));
            assert!(marked && fields["deleted"] == 1, "{model} {pk}: {fields}");
        }
    }
    let accounts: Vec<&Value> = came["Abonents"].values().map(|fields| &fields["account_id"]).collect();
    for (model, rows) in &came {
        for (pk, fields) in rows {
            let ours = |column: &str, of: &str| fields[column].as_i64().is_some_and(|pk| came[of].contains_key(&pk));
            let belongs = match *model {
                "Abonents" | "Users" => true,
                "AdminAccounts" => accounts.contains(&&Value::from(*pk)),
                "DynamicSessionUsers" => ours("user_id", "Users"),
                "DynamicSessions" => fields["id"].as_i64().is_some_and(|id| came["Abonents"].contains_key(&id)),
                "FinanceOperationsDetail" => ours("finance_operation_id", "FinanceOperations"),
                _ => ours("abonent_id", "Abonents"),
            };
            assert!(belongs, "{model} {pk} was left behind: {fields}");
            assert!(["Abonents", "Users"].contains(model) || BOOKS.contains(model), "{model} {pk} was left: {fields}");
        }
    }
    came.values().map(Rows::len).sum()
}

#[track_caller]
pub fn removed(journal: &Path) {
    let text = std::fs::read_to_string(journal).unwrap();
    assert!(text.trim_end().ends_with("{\"what\":\"done\"}"), "{text}");
}
