//! A layer names only those below it: no circles among the modules of a crate.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The mock's modules, from the ground up.
const MOCK: &str = "
    pyjson counted deviation signals log
    store wire tasks sql orm
    journal faults billing chain hazards foresight deviate
    world answer mock
    control http server cli";

/// The harness' modules, from the ground up.
const HARNESS: &str = "
    brief exit diff exchange form shell curl explain
    chain safety redact target ask control version
    catalog embedded bindings check literal regression fault outcome known laws
    sandbox replay render snapshot report
    run choose cli";

#[test]
fn a_layer_of_the_mock_names_only_those_below_it() {
    holds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../mock/src"), MOCK);
}

#[test]
fn a_layer_of_the_harness_names_only_those_below_it() {
    holds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), HARNESS);
}

/// Holds the modules of a crate to their order. Each is listed, and each that is listed is there.
fn holds(sources: &Path, layers: &str) {
    let layers: Vec<&str> = layers.split_whitespace().collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files(sources) {
        let inside = file.strip_prefix(sources).unwrap().with_extension("");
        let module = inside.components().next().unwrap().as_os_str().to_str().unwrap().to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        match layers.iter().position(|layer| *layer == module) {
            None => wrong.push(format!("`{module}` is not listed")),
            Some(place) => {
                for named in named(&fs::read_to_string(&file).unwrap()) {
                    let below = layers[..=place].contains(&named.as_str());
                    if !below {
                        wrong.push(format!("{} names `{named}`, which is not below it", inside.display()));
                    }
                }
            }
        }
        seen.insert(module);
    }
    wrong.extend(layers.iter().filter(|layer| !seen.contains(**layer)).map(|layer| format!("there is no `{layer}`")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a source names of its own crate, comments aside.
fn named(source: &str) -> Vec<String> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| line.to_owned() + "\n").collect();
    let path = Regex::new(r"\bcrate::(?:(\w+)|\{([^}]*)\})").unwrap();
    path.captures_iter(&code)
        .flat_map(|found| match (found.get(1), found.get(2)) {
            (Some(name), _) => vec![name.as_str().to_owned()],
            (_, Some(list)) => list
                .as_str()
                .split(',')
                .map(|name| name.trim().split("::").next().unwrap_or_default().to_owned())
                .collect(),
            _ => Vec::new(),
        })
        .filter(|name| !name.is_empty())
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension() {
            _ if path.is_dir() => found.extend(files(&path)),
            Some(kind) if kind == "rs" => found.push(path),
            _ => {}
        }
    }
    found
}

#[test]
fn what_a_source_names_is_found() {
    let source = "use crate::store::Pk;\n// crate::http\nuse crate::{control, wire::Call};\nfn f() { crate::log::x() }";
    assert_eq!(named(source), ["store", "control", "wire", "log"]);
}
