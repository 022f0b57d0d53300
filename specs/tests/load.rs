//! A contract that does not fit together is refused with file and key.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use carbon_specs::Contract;
use carbon_specs::files;

/// Loads the embedded contract with one text replaced in one file.
#[track_caller]
fn refused(file: &str, from: &str, to: &str) -> String {
    let mut files = files::embedded();
    let text = files.get(file).unwrap_or_else(|| panic!("there is no {file}")).clone();
    assert!(text.contains(from), "{file} does not hold {from}");
    files.insert(file.to_owned(), text.replacen(from, to, 1));
    match Contract::load(&files) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(file: &str, from: &str, to: &str, parts: &[&str]) {
    let said = refused(file, from, to);
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn a_dangling_foreign_key_names_model_and_field() {
    check("models/Users.toml", "to = \"Abonents\"", "to = \"Abonent\"", &["Users.abonent", "`Abonent`"]);
}

#[test]
fn an_assumption_without_a_reason_names_file_and_key() {
    let reason = "why = \"every table has a key\"\n";
    check("models/MsgStack.toml", reason, "", &["models/MsgStack.toml", "fields.id", "why"]);
}

#[test]
fn an_unknown_key_names_the_file() {
    check("models/Nas.toml", "table =", "tabel =", &["models/Nas.toml", "tabel"]);
}

#[test]
fn an_unknown_field_in_an_example_names_it() {
    let file = "examples/abonents.toml";
    let body = "request = { path = \"/rest_api/v2/Abonents/\", body = 'method1=objects.get&arg1={\"id\":\"45\"}&method2=set&arg2={\"a_home_number\"";
    check(file, body, &body.replace("a_home_number", "a_home_nr"), &[file, "abonents-2.1", "`a_home_nr`"]);
    check(file, "fields=[\"operator\"]' }", "fields=[\"carrier\"]' }", &[file, "abonents-34.1", "`carrier`"]);
}

#[test]
fn an_unknown_method_in_an_example_names_it() {
    let body = "&method2=restore&arg2={}' }";
    check("examples/abonents.toml", body, "&method2=revive&arg2={}' }", &["abonents-31.1", "`revive`"]);
}

#[test]
fn a_duplicate_example_is_told() {
    let mut files = files::embedded();
    let text = files["examples/debug.toml"].clone();
    files.insert("examples/zz.toml".to_owned(), text);
    let said = Contract::load(&files).unwrap_err().to_string();
    assert!(said.contains("examples/zz.toml: debug-1: is there twice"), "{said}");
}

#[test]
fn a_duplicate_rule_or_model_is_told() {
    check(
        "rules/headings-money.toml",
        "id = \"houses-are-synchronised\"",
        "id = \"date-format\"",
        &["date-format: is there twice"],
    );
    let mut files = files::embedded();
    let text = files["models/Nas.toml"].clone();
    files.insert("models/Nas2.toml".to_owned(), text);
    let said = Contract::load(&files).unwrap_err().to_string();
    assert!(said.contains("models/Nas2.toml: name: is `Nas`, not the file's name"), "{said}");
}

#[test]
fn an_inventory_line_without_an_example_is_told() {
    let mut files = files::embedded();
    files.remove("examples/debug.toml");
    let said = Contract::load(&files).unwrap_err().to_string();
    assert!(said.contains("debug-1") && said.contains("no example"), "{said}");
}

#[test]
fn a_demo_row_that_points_at_nothing_names_row_and_column() {
    let parts = ["demo", "Abonents 1321", "`tarif_id` points at Tarif 77"];
    let mut files = files::embedded();
    let text = files["demo/page-a.toml"].clone();
    let at = text.find("pk = 1321\n").unwrap();
    let (before, after) = text.split_at(at);
    files.insert(
        "demo/page-a.toml".to_owned(),
        format!("{before}{}", after.replacen("tarif_id = 1\n", "tarif_id = 77\n", 1)),
    );
    let said = Contract::load(&files).unwrap_err().to_string();
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn a_check_without_an_expectation_is_told() {
    let file = "examples/attributes.toml";
    check(file, "at = \"/result\", length = 1", "at = \"/result\"", &[file, "attributes-2.1", "0 expectations"]);
}

#[test]
fn an_erratum_that_shows_nothing_or_quotes_wrongly_names_it() {
    let file = "errata.toml";
    let name = "a-script-that-does-not-wait";
    let case = "case = \"after the wait of line 136 it is created\"";
    check(file, case, "case = \"after a while\"", &[file, name, "no case `after a while`"]);
    check(file, "examples = [\"abonents-10.2\"]", "examples = [\"abonents-10.9\"]", &[file, name, "`abonents-10.9`"]);
    check(file, "rules = [\"object-format\"]\n", "", &[file, "object-skeleton-unclosed", "shows it"]);
    check(file, "rules = [\"object-format\"]", "rules = [\"format\"]", &[file, "`format` is no rule"]);
    check(file, "\"http://169.1.80.82:8082\"", "\"http://169.1.80.83:8082\"", &[file, "another-host", "line 91"]);
    check(file, "id = \"link-misspelt\"", "id = \"stray-letters\"", &[file, "stray-letters", "twice"]);
}

#[test]
fn a_contract_of_other_models_needs_no_errata() {
    let mut files = files::embedded();
    files.remove("errata.toml");
    assert_eq!(Contract::load(&files).unwrap().errata, []);
}
