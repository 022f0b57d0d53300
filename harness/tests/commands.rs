//! Proves that each stored request is what its verbatim command sends: bash's quoting first, then curl's own rules.

use carbon_harness::curl::{self, CurlError};
use carbon_harness::shell::{Script, Word};
use carbon_specs::Contract;
use carbon_specs::example::{ErratumKind, Example, Request, Variant};

const BASE: &str = "http://127.0.0.1:8082";

/// Printed and corrected forms with a name for each.
fn variants(contract: &Contract) -> impl Iterator<Item = (String, &Example, &Variant)> {
    contract.examples.iter().flat_map(|example| {
        let printed = (format!("{} as printed", example.id), example, &example.printed);
        let corrected = example.corrected.as_ref();
        let corrected = corrected.map(|variant| (format!("{} corrected", example.id), example, variant));
        std::iter::once(printed).chain(corrected)
    })
}

/// What the text sends, in order: path and body of each request, variables as `$name`.
fn sent(command: &str) -> Result<Vec<Request>, String> {
    let script = Script::parse(&curl::point_at(command, BASE));
    let mut requests = Vec::new();
    for found in script.curls() {
        let arguments: Vec<Word> = found.curl_arguments().unwrap_or_default().to_vec();
        match curl::parse(&arguments, &curl::no_files) {
            Ok(curl) => requests.extend(curl.requests().map(|request| {
                assert_eq!(request.method, "POST", "{command}");
                assert_eq!((request.url.scheme.as_str(), request.url.authority.as_str()), ("http", "127.0.0.1:8082"));
                Request { path: request.url.target(), body: request.text().to_owned() }
            })),
            Err(error) => return Err(error.to_string()),
        }
    }
    match script.error {
        Some(error) if requests.is_empty() => Err(error.to_string()),
        _ => Ok(requests),
    }
}

#[test]
fn every_command_sends_its_stored_request() {
    let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, example, variant) in variants(&contract) {
        count += 1;
        let kind = example.erratum.as_ref().map(|erratum| erratum.kind);
        // The page's one Python sample: see the test below.
        if kind == Some(ErratumKind::NotACommand) {
            continue;
        }
        let outcome = sent(&variant.command);
        let fine = match (&variant.request, &outcome) {
            // A script may hold several calls, each of them an example of its own.
            (Some(request), Ok(requests)) => requests.contains(request),
            // The shell is sound, but its loop gets no rows.
            (None, Ok(requests)) if kind == Some(ErratumKind::InvalidSql) => {
                requests.iter().all(|request| request.body.contains('$'))
            }
            (None, Ok(requests)) => requests.is_empty(),
            (None, Err(_)) => true,
            (Some(_), Err(_)) => false,
        };
        if !fine {
            wrong
                .push(format!("{name} (line {}):\n  stored {:?}\n  sends  {outcome:?}", example.line, variant.request));
        }
    }
    assert!(count >= 148, "{count} forms");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_loop_variable_is_one_of_the_shells() {
    let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
    for (name, _, variant) in variants(&contract) {
        let (Some(turns), Some(request)) = (&variant.turns, &variant.request) else { continue };
        let script = Script::parse(&curl::point_at(&variant.command, BASE));
        for found in script.curls() {
            let used: Vec<&str> = found.words.iter().flat_map(Word::variables).collect();
            for variable in used {
                assert!(found.scope.iter().any(|known| known == variable), "{name}: ${variable} has no value");
                if request.body.contains(&format!("${variable}")) {
                    assert!(turns.variables.iter().any(|known| known == variable), "{name}: `loop` lacks {variable}");
                }
            }
        }
    }
}

#[test]
fn the_misprints_of_the_page_fail_as_the_shell_and_curl_fail() {
    let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
    let error = |id: &str| {
        let example = contract.example(id).unwrap_or_else(|| panic!("no example {id}"));
        sent(&example.printed.command)
    };
    assert_eq!(error("abonents-3.1"), Err(CurlError::NoUrl.to_string()));
    for id in ["abonents-7.2", "homes-1.1"] {
        assert_eq!(error(id), Err("curl: option -D: requires parameter".to_owned()), "{id}");
    }
    for id in ["abonents-32.1", "users-13.2", "users-13.3", "users-15.1"] {
        let said = error(id).unwrap_err();
        assert!(said.ends_with("unexpected EOF while looking for matching `''"), "{id}: {said}");
    }
}

#[test]
fn the_python_sample_posts_its_dictionary_as_a_form() {
    let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
    let example = contract.example("abonents-5.1").unwrap();
    assert!(Script::parse(&example.printed.command).curls().next().is_none());
    let corrected = example.corrected.as_ref().unwrap();
    let script = Script::parse(&curl::point_at(&corrected.command, BASE));
    let program = script.commands[0].words[2].text();
    let request = corrected.request.as_ref().unwrap();
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&request.body).unwrap();
    assert_eq!(pairs.len(), 2);
    for (name, value) in pairs {
        assert!(program.contains(&format!("\"{name}\"")) && program.contains(&value), "{name}={value}: {program}");
    }
}
