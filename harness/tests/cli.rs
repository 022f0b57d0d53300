//! The command line: what it lists, and how it ends when it cannot do what it is asked.

mod support;

use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;

use carbon_harness::exit;
use serde_json::Value;
use support::{Ended, Folder, harness, program, root};

#[track_caller]
fn ends(ended: &Ended, code: u8, says: &str) {
    assert_eq!(ended.code, i32::from(code), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains(says), "`{says}` is not in: {}", ended.stderr);
}

#[test]
fn the_list_is_the_inventory() {
    let ended = harness(&["list", "--format", "json"]);
    ends(&ended, exit::CONFORMS, "");
    let listed: Vec<Value> = serde_json::from_str(&ended.stdout).expect("the list is JSON");
    let inventory = std::fs::read_to_string(root().join("specs/inventory.tsv")).expect("the inventory is there");
    let lines: Vec<Vec<&str>> = inventory.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(listed.len(), 148);
    assert_eq!(lines.len(), listed.len());
    for (entry, line) in listed.iter().zip(lines) {
        let methods: Vec<&str> = line[4].split(',').filter(|method| !method.is_empty()).collect();
        assert_eq!(entry["id"], line[0]);
        assert_eq!(entry["line"].to_string(), line[1]);
        assert_eq!(entry["model"], line[3]);
        assert_eq!(entry["methods"], Value::from(methods), "{}", line[0]);
        assert!(["read", "write"].contains(&entry["kind"].as_str().unwrap()), "{entry}");
        assert!(entry["erratum"].is_null() || entry["erratum"].is_string(), "{entry}");
        assert_eq!(entry.as_object().unwrap().len(), 7, "{entry}");
    }
}

#[test]
fn a_selection_narrows_the_list() {
    let ended = harness(&["list", "--section", "users", "--read", "--format", "json"]);
    ends(&ended, exit::CONFORMS, "");
    let listed: Vec<Value> = serde_json::from_str(&ended.stdout).expect("the list is JSON");
    assert!(!listed.is_empty());
    assert!(listed.iter().all(|entry| entry["section"] == "users" && entry["kind"] == "read"));
}

#[test]
fn an_empty_selection_is_a_usage_error() {
    ends(&harness(&["run", "no-such-call"]), exit::USAGE, "no example is called `no-such-call`");
    ends(&harness(&["run", "abonents-2"]), exit::USAGE, "there are abonents-2.1");
    ends(&harness(&["run", "--section", "Абоненты", "--model", "Homes"]), exit::USAGE, "the selection is empty");
    ends(&harness(&["run", "--section", "nowhere"]), exit::USAGE, "there is no section `nowhere`");
    ends(&harness(&["run", "--model", "Nobody"]), exit::USAGE, "no example calls the model `Nobody`");
    ends(&harness(&["run", "["]), exit::USAGE, "neither an id nor a pattern");
}

#[test]
fn wrong_arguments_are_usage_errors() {
    ends(&harness(&["run", "--nonsense"]), exit::USAGE, "--nonsense");
    ends(&harness(&["run", "--read", "--write"]), exit::USAGE, "cannot be used with");
    ends(&harness(&["run", "--target", "ftp://example.org"]), exit::USAGE, "http and https are spoken here, not ftp");
    ends(&harness(&["run", "--target", "http://h/", "--update"]), exit::USAGE, "cannot be used with");
    ends(&harness(&["run", "--report", "pdf=x"]), exit::USAGE, "there is no report `pdf`");
    ends(&harness(&["run", "--only-rules", "no-such-rule"]), exit::USAGE, "no rule is called `no-such-rule`");
}

#[test]
fn a_target_that_nobody_listens_at_is_unreachable() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
    let ended = harness(&["run", "--target", &format!("http://{address}")]);
    ends(&ended, exit::UNREACHABLE, "cannot be reached");
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_broken_contract_names_file_and_key() {
    let specs = Folder::new("specs");
    ends(&harness(&["list", "--specs", specs.path()]), exit::CONTRACT, "cannot be read");
    specs.copy(&root().join("specs"));
    let file = specs.0.join("models/Tarif.toml");
    let text = std::fs::read_to_string(&file).expect("the model is there");
    std::fs::write(&file, format!("{text}\n[fields.broken]\ntype = \"fk\"\nto = \"Nowhere\"\nsource = \"derived\"\n"))
        .expect("the copy can be written");
    let ended = harness(&["run", "--specs", specs.path()]);
    ends(&ended, exit::CONTRACT, "Tarif.broken: points at `Nowhere`");
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child =
        program().args(["list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().expect("stderr is piped").read_to_string(&mut stderr).expect("stderr is UTF-8");
    let code = child.wait().expect("it ends").code();
    assert_eq!((code, stderr.as_str()), (Some(i32::from(exit::CONFORMS)), ""));
}

#[test]
fn show_tells_everything_about_a_misprint() {
    let ended = harness(&["show", "abonents-3.1"]);
    ends(&ended, exit::CONFORMS, "");
    for part in [
        "page line 88",
        "Misprint: url-as-data",
        "as printed",
        "corrected",
        "= objects.get {\"contract_number\":\"BILL0000021\"} . add_service {\"usluga_id\":532}",
        "/result/fields/abonent_id equals 1021",
        "UsersUsluga {\"abonent_id\":1021,\"usluga_id\":532}  count 1",
        "Snapshot\nPOST /rest_api/v2/Abonents/",
    ] {
        assert!(ended.stdout.contains(part), "`{part}` is not in:\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains('\u{1b}'), "NO_COLOR is respected");
    ends(&harness(&["show", "users-*"]), exit::USAGE, "there are users-1.1");
}

#[test]
fn help_explains_the_exit_codes_and_gives_examples() {
    let ended = harness(&["--help"]);
    ends(&ended, exit::CONFORMS, "");
    assert!(ended.stdout.contains("carbon-harness show abonents-3.1"), "{}", ended.stdout);
    assert!(harness(&["-h"]).stdout.contains("refused for safety"));
    assert!(harness(&["run", "--help"]).stdout.contains("--only-rules"));
}
