//! What is chosen for a run, and by what it is judged: `--only`, `--skip`, `--shard`, `--rerun-failed`, `--known`,
//! `--strict`, at the command line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use carbon_harness::exit;
use serde_json::Value;
use support::{Ended, Folder, harness, root};

fn summary(ended: &Ended) -> Value {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
    report["summary"].clone()
}

/// Snapshots of which one is wrong, so that `debug-1` fails, in a folder of this test's own.
fn wrong_snapshots(name: &str) -> Folder {
    let snapshots = Folder::new(name);
    snapshots.copy(&root().join("snapshots"));
    let file = snapshots.0.join("debug-1.snap");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\"pk\": 3", "\"pk\": 4", 1)).unwrap();
    snapshots
}

#[test]
fn the_shards_of_a_run_are_the_whole_run() {
    let mut examples = 0;
    let mut cases = 0;
    for part in 1..=3 {
        let ended = harness(&["run", "--format", "json", "--shard", &format!("{part}/3")]);
        assert_eq!(ended.code, i32::from(exit::CONFORMS), "{}", ended.stdout);
        let summary = summary(&ended);
        examples += summary["examples"]["total"].as_u64().unwrap();
        cases += summary["cases"]["total"].as_u64().unwrap();
    }
    let whole = summary(&harness(&["run", "--format", "json"]));
    assert_eq!((Some(examples), Some(cases)), (whole["examples"]["total"].as_u64(), whole["cases"]["total"].as_u64()));
}

#[test]
fn what_is_skipped_or_not_asked_for_is_not_run() {
    let ended =
        harness(&["run", "--format", "json", "--only", "users-2*", "--skip", "users-2.2", "--skip", "users-20*"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let ids: Vec<&str> = report["examples"].as_array().unwrap().iter().filter_map(|e| e["id"].as_str()).collect();
    assert!(ids.contains(&"users-2.1") && !ids.contains(&"users-2.2"), "{ids:?}");
    let ended = harness(&["run", "--only", "nosuch-*"]);
    assert_eq!(ended.code, i32::from(exit::USAGE));
    assert!(ended.stderr.contains("no example or rule is called `nosuch-*`"), "{}", ended.stderr);
    assert_eq!(harness(&["run", "--shard", "3/2"]).code, i32::from(exit::USAGE));
}

#[test]
fn less_and_more_are_told() {
    let told = |how: &[&str]| harness(&[&["run", "--section", "homes"], how].concat()).stdout;
    assert_eq!(told(&["-q"]).lines().count(), 1, "the summary alone, where nothing fails");
    assert!(told(&[]).contains("4 of 4   Дома") && !told(&[]).contains("homes-1.1"), "{}", told(&[]));
    assert!(told(&["-v"]).contains("pass    homes-1.1"), "{}", told(&["-v"]));
    let snapshots = wrong_snapshots("quiet");
    let quiet = harness(&["run", "debug-1", "-q", "--snapshots", snapshots.path()]);
    assert!(quiet.stdout.contains("FAIL    debug-1"), "{}", quiet.stdout);
}

#[test]
fn what_failed_can_be_run_again_alone() {
    let snapshots = wrong_snapshots("rerun");
    let report = snapshots.0.join("report.json");
    let file = report.display().to_string();
    let json = format!("json={file}");
    let first = harness(&["run", "--snapshots", snapshots.path(), "--report", &json, "--no-rules"]);
    assert_eq!(first.code, i32::from(exit::MISMATCH));
    let again = harness(&["run", "--snapshots", snapshots.path(), "--rerun-failed", &file]);
    assert!(again.stdout.contains("1 example: 0 pass, 1 fail"), "{}", again.stdout);
    let right = harness(&["run", "--rerun-failed", &file, "--report", &json]);
    assert_eq!(right.code, i32::from(exit::CONFORMS), "{}", right.stdout);
    let nothing = harness(&["run", "--rerun-failed", &file]);
    assert_eq!(nothing.code, i32::from(exit::USAGE));
    assert!(nothing.stderr.contains("nothing failed in that run"), "{}", nothing.stderr);
}

#[test]
fn a_known_fault_is_accepted_until_it_is_mended_or_its_day_is_over() {
    let snapshots = wrong_snapshots("known");
    let list = snapshots.0.join("known.toml");
    let run = |text: &str, right: bool| {
        std::fs::write(&list, text).unwrap();
        let mut arguments =
            vec!["run".to_owned(), "debug-1".to_owned(), "--known".to_owned(), list.display().to_string()];
        if !right {
            arguments.extend(["--snapshots".to_owned(), snapshots.path().to_owned()]);
        }
        harness(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let entry = "[[known]]\nid = \"debug-1\"\nreason = \"it counts from 4\"\n";
    let accepted = run(entry, false);
    assert_eq!(accepted.code, i32::from(exit::CONFORMS), "{}", accepted.stdout);
    assert!(accepted.stdout.contains("it counts from 4") && accepted.stdout.contains("1 known"), "{}", accepted.stdout);
    let surprise = run(entry, true);
    assert_eq!(surprise.code, i32::from(exit::MISMATCH));
    assert!(surprise.stdout.contains("it passes, and the entry `debug-1` says that it fails"), "{}", surprise.stdout);
    let over = run(&format!("{entry}until = 2020-01-01\n"), false);
    assert_eq!(over.code, i32::from(exit::MISMATCH));
    assert!(over.stdout.contains("was accepted until 2020-01-01"), "{}", over.stdout);
    let other = run(&format!("{entry}versions = [\"1.*\"]\n"), false);
    assert_eq!(other.code, i32::from(exit::MISMATCH), "{}", other.stdout);
    let wrong = run("[[known]]\nid = \"debug-9\"\nreason = \"x\"\n", false);
    assert_eq!(wrong.code, i32::from(exit::USAGE));
    assert!(wrong.stderr.contains("`debug-9`: no example or rule is called that"), "{}", wrong.stderr);
}
