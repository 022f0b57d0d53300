//! The generated documents are current, and say what the contract says.

mod support;

use std::collections::BTreeMap;

use carbon_harness::exit;
use carbon_specs::{Contract, Source};
use support::{Folder, harness};

#[test]
fn the_committed_documents_are_current() {
    let ended = harness(&["docs", "--check"]);
    assert_eq!(ended.code, i32::from(exit::CONFORMS), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn documents_that_are_not_there_are_not_current_until_they_are_written() {
    let folder = Folder::new("docs");
    let check = ["docs", "--check", "--dir", folder.path()];
    let ended = harness(&check);
    assert_eq!(ended.code, i32::from(exit::MISMATCH));
    assert!(ended.stdout.contains("errata.md is not current"), "{}", ended.stdout);
    assert_eq!(harness(&["docs", "--dir", folder.path()]).code, i32::from(exit::CONFORMS));
    assert_eq!(harness(&check).code, i32::from(exit::CONFORMS));
    let errata = std::fs::read_to_string(folder.0.join("errata.md")).unwrap();
    assert!(errata.contains("## abonents-3.1 (page line 88): url-as-data"), "{errata}");
    assert!(errata.contains("### object-skeleton-unclosed (page line 35)\n\n> `{\"pk\": <id>"), "{errata}");
    assert!(errata.contains("- reading: checkpass, as the text has it (rule `the-method-is-check-pass`)"), "{errata}");
    assert!(errata.contains("- line 168: `связть`: read `связь`"), "{errata}");
    let assumptions = std::fs::read_to_string(folder.0.join("assumptions.md")).unwrap();
    assert!(assumptions.contains("## DynamicSessionUsers"), "{assumptions}");
}

#[test]
fn the_recipes_are_those_of_the_examples() {
    let read = |file: &str| {
        std::fs::read_to_string(support::root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    let page = read("docs/ci.md");
    for recipe in ["github.yml", "github-nightly.yml", "gitlab.yml"] {
        assert!(page.contains(&format!("```yaml\n{}```", read(&format!("examples/ci/{recipe}")))), "{recipe}");
    }
}

/// A page that holds everything where the contract cites it, and two lines that nothing cites. The real one is not ours.
fn page(contract: &Contract) -> Vec<String> {
    let mut lines: BTreeMap<u32, String> = BTreeMap::new();
    for example in &contract.examples {
        let command: Vec<&str> = example.printed.command.trim().lines().collect();
        let sends = command.iter().position(|line| line.contains("curl") || line.contains("'method1'"));
        let first = example.line - sends.map_or(0, |place| place as u32);
        lines.extend((first..).zip(command.into_iter().map(str::to_owned)));
    }
    let quotes = contract.rules.iter().filter_map(|rule| Some((rule.source.line()?, rule.text.clone()?)));
    let errata = contract.errata.iter().map(|erratum| (erratum.line, erratum.text.clone()));
    let mut names = Vec::new();
    for model in &contract.schema.models {
        let mut cite = |source: Source, name: &str| names.extend(source.line().map(|line| (line, name.to_owned())));
        model.fields.iter().for_each(|field| cite(field.source, &field.name));
        model.properties.iter().for_each(|(name, property)| cite(property.source, name));
        for (name, method) in model.methods.iter().chain(&model.model_methods) {
            cite(method.source, name);
            method.args.iter().for_each(|(name, argument)| cite(argument.source, name));
        }
    }
    for (number, text) in quotes.chain(errata).chain(names) {
        let line = lines.entry(number).or_default();
        if !line.contains(&text) {
            line.push(' ');
            line.push_str(&text);
        }
    }
    let last = lines.keys().next_back().copied().unwrap_or_default();
    let mut page: Vec<String> = (1..=last).map(|number| lines.remove(&number).unwrap_or_default()).collect();
    page.extend(["Ищите метку?".to_owned(), String::new(), "A new sentence.".to_owned()]);
    page
}

#[test]
fn the_contract_is_held_against_the_page_that_is_given() {
    let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
    let folder = Folder::new("page");
    let file = folder.0.join("page.txt");
    let hold = |lines: &[String]| {
        std::fs::write(&file, lines.join("\n")).expect("the page can be written");
        harness(&["docs", "--page", file.to_str().expect("a path of UTF-8")])
    };
    let lines = page(&contract);
    let ended = hold(&lines);
    assert_eq!(ended.code, i32::from(exit::CONFORMS), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("0 citations do not hold; 2 lines are not cited:"), "{}", ended.stdout);
    assert!(ended.stdout.contains("A new sentence."), "{}", ended.stdout);

    // A later version has a line more at line 100, and says another thing in line 41 and in the command of line 85.
    let mut later = lines.clone();
    later[40] = "the tariff's name".to_owned();
    later[84] = later[84].replace("a_home_number", "flat");
    later.insert(99, "A line more.".to_owned());
    let ended = hold(&later);
    assert_eq!(ended.code, i32::from(exit::MISMATCH), "{}", ended.stderr);
    for told in [
        "rule fields-through-double-underscore: line 41 does not hold `",
        "call abonents-2.1: line 85 does not hold `curl -XPOST",
        "; no line does",
        "rule no-block-without-a-service-to-block: line 190 does not hold `Если у абонента нет услуг",
        "; line 191 does",
        "Abonents.push_token: line 217 does not hold `push_token`; line 218 does",
    ] {
        assert!(ended.stdout.contains(told), "`{told}` is not in: {}", ended.stdout);
    }
    assert_eq!(harness(&["docs", "--page", "no-such-page.txt"]).code, i32::from(exit::USAGE));
}
