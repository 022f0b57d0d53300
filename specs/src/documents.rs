//! The documents that are generated from the contract: the list of misprints and the list of assumptions.

use std::fmt::Write;

use crate::contract::Contract;
use crate::errata::PageErratum;
use crate::source::{Provenance, Source};

/// `docs/errata.md`: every misprint of the page. Of a call: what happens as printed, and the corrected form. Of the text:
/// what holds, and what shows it.
pub fn errata(contract: &Contract) -> String {
    let mut out = String::from(
        "# Errata of the documentation page\n\n\
         Generated from `specs/examples` and `specs/errata.toml` by `carbon-harness docs`; do not edit.\n\n\
         First the calls that cannot work as the page prints them: what really happens, and the form that works. Both are\n\
         replayed. Then what is wrong in the [text and the printed replies](#text-and-printed-replies).\n",
    );
    let misprints: Vec<_> = contract
        .examples
        .iter()
        .filter_map(|example| Some((example, example.erratum.as_ref()?, example.corrected.as_ref()?)))
        .collect();
    line(&mut out, format_args!("\n{} of {} calls.\n", misprints.len(), contract.examples.len()));
    for (example, erratum, corrected) in misprints {
        let kind = serde_json::to_value(erratum.kind).unwrap_or_default();
        let kind = kind.as_str().unwrap_or_default();
        line(&mut out, format_args!("\n## {} (page line {}): {kind}\n\n", example.id, example.line));
        line(&mut out, format_args!("{}\n\n", example.title));
        line(&mut out, format_args!("{}\n\n", erratum.text));
        line(&mut out, format_args!("As printed:\n\n```sh\n{}\n```\n\n", example.printed.command.trim()));
        line(&mut out, format_args!("Corrected:\n\n```sh\n{}\n```\n", corrected.command.trim()));
    }
    if !contract.errata.is_empty() {
        text_errata(&mut out, &contract.errata);
    }
    out
}

/// What is wrong between the calls: where something hangs on it at length, mere slips in a list.
fn text_errata(out: &mut String, errata: &[PageErratum]) {
    out.push_str(
        "\n## Text and printed replies\n\n\
         Where the page contradicts itself or can be read in two ways, each way is a case of a rule (`carbon-harness rules`),\n\
         and `carbon-harness run` tries all of them.\n",
    );
    for erratum in errata {
        let Some(holds) = &erratum.holds else { continue };
        line(out, format_args!("\n### {} (page line {})\n\n", erratum.id, erratum.line));
        line(out, format_args!("> {}\n\n{} {}\n\n", code(&erratum.text), erratum.wrong.trim(), holds.trim()));
        for reading in &erratum.readings {
            line(out, format_args!("- reading: {} (rule `{}`)\n", reading.case, reading.rule));
        }
        for rule in &erratum.rules {
            line(out, format_args!("- shown by rule `{rule}`\n"));
        }
        for example in &erratum.examples {
            line(out, format_args!("- shown by call `{example}`\n"));
        }
    }
    out.push_str("\n### Slips of the pen\n\nNothing hangs on these.\n\n");
    for erratum in errata.iter().filter(|erratum| erratum.holds.is_none()) {
        line(out, format_args!("- line {}: {}: {}\n", erratum.line, code(&erratum.text), erratum.wrong.trim()));
    }
}

/// A quotation of the page, which is full of `<placeholders>` and `__names`, as it stands.
fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{}{fence}", text.trim())
}

/// `docs/assumptions.md`: every decision that nothing but ourselves stands behind.
pub fn assumptions(contract: &Contract) -> String {
    let mut out = String::from(
        "# Assumptions\n\n\
         Generated from `specs` by `carbon-harness docs`; do not edit.\n\n\
         Where neither the page, nor Django, nor public clients of real servers say, this was decided once. If you know the\n\
         real billing, correct it line by line: each entry is one `why` in `specs/`.\n",
    );
    let assumed = |source: Source| source.provenance() == Provenance::Assumed;
    out.push_str("\n## Behaviour\n\n");
    for rule in contract.rules.iter().filter(|rule| assumed(rule.source)) {
        let why = rule.why.as_deref().unwrap_or_default();
        line(&mut out, format_args!("- **{}**: {} *Why:* {}\n", rule.id, rule.says.trim(), why.trim()));
    }
    for model in &contract.schema.models {
        let mut entries = Vec::new();
        let mut note = |name: String, source: Source, why: &Option<String>| {
            if assumed(source) {
                entries.push((name, why.clone().unwrap_or_default()));
            }
        };
        note("the model itself".into(), model.source, &model.why);
        for field in &model.fields {
            note(format!("`{}`", field.name), field.source, &field.why);
        }
        for (name, property) in &model.properties {
            note(format!("property `{name}`"), property.source, &property.why);
        }
        for (name, method) in model.methods.iter().chain(&model.model_methods) {
            note(format!("method `{name}`"), method.source, &method.why);
            for (arg, spec) in &method.args {
                note(format!("argument `{arg}` of `{name}`"), spec.source, &spec.why);
            }
        }
        if !entries.is_empty() {
            line(&mut out, format_args!("\n## {}\n\n", model.name));
            for (name, why) in entries {
                line(&mut out, format_args!("- {name}: {}\n", why.trim()));
            }
        }
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(text);
}
