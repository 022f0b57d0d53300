//! Every command that asks a server that is not ours: reads are all that leaves, and the bounds on what is sent hold for all of
//! it together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use carbon_harness::safety::only_reads;
use carbon_mock::CarbonMock;
use carbon_specs::Contract;
use support::{Ended, Folder, harness, proxy};

fn start() -> (tokio::runtime::Runtime, CarbonMock) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").abonents(300).start()).unwrap();
    (runtime, mock)
}

/// Each command with what it needs, at this server, writing into this folder; those before leave what those after read.
fn commands(url: &str, folder: &Folder) -> Vec<Vec<String>> {
    let at = |name: &str| format!("{}/{name}", folder.path());
    let (saved, unbound, bindings, masks) = (at("saved"), at("unbound"), at("bindings.toml"), at("masks.toml"));
    let report = format!("html={}", at("report.html"));
    let commands: Vec<Vec<&str>> = vec![
        vec!["bind", "--target", url, "--out", &bindings],
        vec!["run", "--target", url, "--bindings", "page", "--save", &unbound, "--report", &report],
        vec!["run", "--target", url, "--bindings", &bindings, "--save", &saved],
        vec!["run", "--target", url, "--bindings", &bindings, "--baseline", &saved, "--values"],
        vec!["run", "--target", url, "--compare", "exact", "--only-rules"],
        vec!["run", "--target", url, "--compare", "rules", "--shard", "1/2"],
        vec!["check", "--target", url, "--personal", "--max-requests", "400"],
        vec!["diff", &saved, url, "--bindings", &bindings, "--values", "--save-masks", &masks],
        vec!["diff", url, "embedded"],
        vec!["verify", "--mock", url],
    ];
    commands.into_iter().map(|command| command.into_iter().map(str::to_owned).collect()).collect()
}

fn run(command: &[String], more: &[&str]) -> Ended {
    harness(&command.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn no_command_sends_anything_but_reads() {
    let (_runtime, mock) = start();
    let seen = proxy::start(&mock.url(), |_, reply| reply);
    let folder = Folder::new("reads-only");
    let schema = Contract::embedded().unwrap().schema;
    let before = mock.mock().state();
    for command in commands(&seen.url, &folder) {
        let ended = run(&command, &[]);
        assert!(ended.code <= 1, "{command:?}: {}", ended.stderr);
        let sent = std::mem::take(&mut *seen.forwarded.lock().unwrap());
        assert!(!sent.is_empty(), "{command:?} sends nothing: {}{}", ended.stdout, ended.stderr);
        for (path, body) in sent {
            // Pages that are only looked at have no body.
            assert!(body.is_empty() || only_reads(&schema, &path, &body).is_ok(), "{command:?}: {path} {body}");
        }
        assert_eq!(mock.mock().state(), before, "{command:?}");
    }
}

#[test]
fn the_bounds_hold_for_all_that_a_command_sends() {
    const MOST: usize = 80;
    const RATE: f64 = 100.0;
    let (_runtime, mock) = start();
    // Every third request is to be sent again, which counts as well.
    let count = AtomicUsize::new(0);
    let busy =
        proxy::start_with(&mock.url(), move |_, status, reply| match count.fetch_add(1, Ordering::Relaxed) % 3 {
            2 => ("503 Service Unavailable".to_owned(), Vec::new()),
            _ => (status.to_owned(), reply),
        });
    let folder = Folder::new("bounds");
    let most = MOST.to_string();
    let rate = RATE.to_string();
    let mut stopped = 0;
    for command in commands(&busy.url, &folder) {
        // What an earlier command was to leave may not be there: it had too few requests.
        let needs = |option: &str| command.iter().any(|word| word == option);
        let is_bound = command[0] != "bind" && command.iter().any(|word| word.ends_with("bindings.toml"));
        if needs("verify") || is_bound {
            continue;
        }
        let mut command = command.clone();
        if let Some(at) = command.iter().position(|word| word == "--max-requests") {
            command.drain(at..at + 2);
        }
        let started = Instant::now();
        let ended = run(&command, &["--max-requests", &most, "--rate", &rate]);
        let sent = std::mem::take(&mut *busy.forwarded.lock().unwrap()).len();
        assert!(ended.code <= 1, "{command:?}: {}{}", ended.stdout, ended.stderr);
        assert!(sent <= MOST, "{command:?} sent {sent}: {}{}", ended.stdout, ended.stderr);
        stopped += usize::from(sent == MOST);
        let least = Duration::from_secs_f64((sent - 1) as f64 / RATE);
        assert!(started.elapsed() >= least, "{command:?} took {:?}", started.elapsed());
    }
    assert!(stopped >= 4, "only {stopped} commands had more to ask");
}
