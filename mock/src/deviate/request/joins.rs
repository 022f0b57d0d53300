//! Links between models followed otherwise: repeats, shared joins, rows of NULLs, what `exclude` leaves out.

use carbon_specs::{Model, Schema};
use serde_json::{Map, Value as Json, json};

use crate::deviate::steps::{after, conditions, drop_all, instead, method, replace};
use crate::deviation::{Deviation as D, Deviations};
use crate::orm::lookup::LookupKind;
use crate::orm::path::{self, Path};
use crate::wire::{Call, Step};

/// Changes the chain of a call.
///
/// # Errors
/// The text with which such a server refuses it.
pub fn rewrite(on: Deviations, schema: &Schema, model: &Model, call: &mut Call) -> Result<(), String> {
    if on.contains(D::JoinsReverseUnknown) {
        refuse_reverse(schema, model, call)?;
    }
    if on.contains(D::JoinsExcludeIgnored) {
        drop_all(call, "exclude");
    }
    if on.contains(D::JoinsDistinctIgnored) {
        drop_all(call, "distinct");
    }
    if on.contains(D::JoinsChainedShared) {
        merge_filters(call);
    }
    if on.contains(D::JoinsConditionsApart) {
        replace(call, |step| if method(step) == "filter" { apart(step) } else { vec![step.clone()] });
    }
    if on.contains(D::JoinsExcludeApart) {
        replace(call, |step| if method(step) == "exclude" { apart(step) } else { vec![step.clone()] });
    }
    if on.contains(D::JoinsExcludeDropsNull) {
        replace(
            call,
            |step| if method(step) == "exclude" { not_null(schema, model, step) } else { vec![step.clone()] },
        );
    }
    if on.contains(D::JoinsLeftLost) {
        replace(call, |step| inner(model, step));
    }
    if on.contains(D::JoinsRepeatsRemoved) {
        replace(call, |step| match method(step) {
            "filter" => vec![step.clone(), after(step, "distinct", json!({}))],
            "get" => vec![
                instead(step, "filter", step.arg.clone()),
                after(step, "distinct", json!({})),
                after(step, "get", json!({})),
            ],
            _ => vec![step.clone()],
        });
    }
    Ok(())
}

fn refuse_reverse(schema: &Schema, model: &Model, call: &mut Call) -> Result<(), String> {
    for step in &mut call.steps {
        for path in conditions(step).into_iter().flat_map(|given| given.keys()) {
            let many = |resolved: Path| resolved.hops.iter().any(|hop| hop.is_many());
            if path::resolve(schema, model.id, path).is_ok_and(many) {
                let name = path.split("__").next().unwrap_or(path);
                return Err(path::cannot_resolve(model, name).to_string());
            }
        }
    }
    Ok(())
}

/// `filter(a).filter(b)` as `filter(a, b)`, where no condition is there twice.
fn merge_filters(call: &mut Call) {
    let mut merged: Vec<Step> = Vec::with_capacity(call.steps.len());
    for step in &call.steps {
        if let Some(earlier) =
            merged.last_mut().filter(|earlier| method(earlier) == "filter" && method(step) == "filter")
            && let (Json::Object(known), Json::Object(more)) = (&mut earlier.arg, &step.arg)
            && !more.keys().any(|path| known.contains_key(path))
        {
            known.extend(more.clone());
        } else {
            merged.push(step.clone());
        }
    }
    call.steps = merged;
}

/// One step for each condition.
fn apart(step: &Step) -> Vec<Step> {
    let Json::Object(given) = &step.arg else { return vec![step.clone()] };
    if given.len() < 2 {
        return vec![step.clone()];
    }
    given
        .iter()
        .enumerate()
        .map(|(place, (path, value))| {
            let arg = json!({ path: value });
            if place == 0 { instead(step, method(step), arg) } else { after(step, method(step), arg) }
        })
        .collect()
}

/// `exclude(x=1)` as SQL's `NOT (x = 1)`, which no row without an `x` satisfies.
fn not_null(schema: &Schema, model: &Model, step: &Step) -> Vec<Step> {
    let Json::Object(given) = &step.arg else { return vec![step.clone()] };
    let mut present = Map::new();
    for path in given.keys() {
        let Ok(resolved) = path::resolve(schema, model.id, path) else { continue };
        let direct = resolved.hops.is_empty() && resolved.lookup != LookupKind::IsNull;
        if direct && path::end_field(schema, model.id, &resolved).null {
            let column = &model.at(resolved.field).column;
            present.insert(format!("{column}__isnull"), json!(false));
        }
    }
    match present.is_empty() {
        true => vec![step.clone()],
        false => vec![step.clone(), after(step, "filter", Json::Object(present))],
    }
}

/// Every link followed must lead to a row, in orderings and where NULL is asked for too.
fn inner(model: &Model, step: &Step) -> Vec<Step> {
    let mut present = Map::new();
    let mut need = |path: &str| {
        let names: Vec<&str> = path.trim_start_matches('-').split("__").collect();
        if let [link, _, ..] = names.as_slice()
            && model.field(link).is_some_and(|field| field.to.is_some() && field.null && field.name == *link)
        {
            present.insert(format!("{link}__isnull"), json!(false));
        }
    };
    match (method(step), &step.arg) {
        ("order_by", Json::Array(paths)) => paths.iter().filter_map(Json::as_str).for_each(need),
        ("filter", Json::Object(given)) => {
            given.keys().filter_map(|path| path.strip_suffix("__isnull")).for_each(&mut need);
        }
        _ => {}
    }
    if present.is_empty() {
        return vec![step.clone()];
    }
    let narrow = instead(step, "filter", Json::Object(present));
    vec![narrow, after(step, method(step), step.arg.clone())]
}
