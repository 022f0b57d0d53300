//! The generated documents are current, and say what the contract says.

mod support;

use carbon_harness::exit;
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
