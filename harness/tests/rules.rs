//! Rules that no call can show name tests that do; the tests must be there.

mod support;

use carbon_specs::Contract;

#[test]
fn the_tests_that_rules_name_exist() {
    let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
    let named: Vec<(&str, &str)> = contract
        .rules
        .iter()
        .flat_map(|rule| &rule.tests)
        .map(|test| test.split_once("::").unwrap_or_else(|| panic!("`{test}` is not `file::test`")))
        .collect();
    assert!(!named.is_empty());
    for (file, test) in named {
        let text =
            std::fs::read_to_string(support::root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("fn {test}(")), "{file} has no test `{test}`");
    }
}

#[test]
fn every_documented_rule_quotes_the_page() {
    let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
    assert!(contract.rules.len() > 50, "{}", contract.rules.len());
    for rule in contract.rules.iter().filter(|rule| rule.source.line().is_some()) {
        assert!(rule.text.is_some(), "{} cites a line and quotes nothing of it", rule.id);
    }
}
