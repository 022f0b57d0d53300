//! Whether examples and rules fit the models: every name in them must be one.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::example::{Example, Variant};
use crate::inventory::InventoryLine;
use crate::schema::{Model, Schema};
use crate::step::{Check, Read, Step};

/// Whether an example is the inventory's and all names in it exist.
pub(crate) fn example(example: &Example, schema: &Schema, inventory: &[InventoryLine]) -> Result<(), String> {
    let line = inventory.iter().find(|line| line.id == example.id).ok_or("is not in the inventory")?;
    if (example.line, &example.model, &example.methods) != (line.line, &line.model, &line.methods) {
        return Err("line, model or methods are not the inventory's".into());
    }
    if example.erratum.is_some() != example.corrected.is_some() {
        return Err("an erratum and a corrected form come together".into());
    }
    let misprint = example.erratum.is_some();
    variant(&example.printed, schema, line.sqlexec, misprint).map_err(|problem| format!("printed: {problem}"))?;
    if let Some(corrected) = &example.corrected {
        variant(corrected, schema, line.sqlexec, false).map_err(|problem| format!("corrected: {problem}"))?;
    }
    steps(&example.before, schema)
}

fn variant(variant: &Variant, schema: &Schema, sqlexec: bool, misprint: bool) -> Result<(), String> {
    match (&variant.request, &variant.nothing_sent) {
        (Some(_), Some(_)) => return Err("has both a request and `nothing_sent`".into()),
        (None, None) => return Err("has neither a request nor `nothing_sent`".into()),
        (None, Some(_)) if !misprint => return Err("sends nothing, but is no misprint".into()),
        (None, Some(_)) => return Ok(()),
        (Some(request), None) => {
            if variant.reply.is_empty() {
                return Err("says nothing of the reply".into());
            }
            if !misprint {
                call(&request.path, &request.body, schema)?;
            }
        }
    }
    if let Some(turns) = &variant.turns {
        if sqlexec && turns.sql.is_none() {
            return Err("the inventory says sqlexec, and the loop has no `sql`".into());
        }
        if turns.rows.is_empty() || turns.rows.iter().any(|row| row.len() != turns.variables.len()) {
            return Err("each of the loop's rows has one value for each variable, and there is at least one".into());
        }
        let distinct: HashSet<_> = turns.rows.iter().collect();
        if distinct.len() != turns.rows.len() {
            return Err("a row of the loop is there twice".into());
        }
    } else if sqlexec {
        return Err("begins with sqlexec and has no `loop`".into());
    }
    checks(&variant.reply)?;
    steps(&variant.after, schema)
}

/// Whether steps are well-formed and name what exists. A call in a step may be wrong on purpose.
pub(crate) fn steps(steps: &[Step], schema: &Schema) -> Result<(), String> {
    for step in steps {
        match step {
            Step::Call { reply, path, .. } => {
                checks(reply)?;
                if !path.starts_with("/rest_api/v2/") {
                    return Err(format!("a step's path is `{path}`, not `/rest_api/v2/<Model>/`"));
                }
            }
            Step::Read(step) => read(step, schema)?,
            Step::Settle => {}
            Step::Advance { by } => {
                by.parse::<jiff::Span>().map_err(|error| format!("advance by `{by}`: {error}"))?;
            }
        }
    }
    Ok(())
}

fn checks(list: &[Check]) -> Result<(), String> {
    for check in list {
        if check.expectations() != 1 {
            return Err(format!("the check at `{}` has {} expectations, not one", check.at, check.expectations()));
        }
        if !check.at.is_empty() && !check.at.starts_with('/') {
            return Err(format!("`{}` is no JSON pointer", check.at));
        }
        checks(check.json.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

fn read(read: &Read, schema: &Schema) -> Result<(), String> {
    let model = schema.model(&read.model).ok_or_else(|| format!("a read names `{}`, which is no model", read.model))?;
    if read.expectations() != 1 {
        return Err(format!("a read of {} has {} expectations, not one", read.model, read.expectations()));
    }
    if read.count.is_none() && read.field.is_none() {
        return Err(format!("a read of {} names no field", read.model));
    }
    for path in read.filter.keys().chain(read.field.as_ref()) {
        schema.resolve(model, path)?;
    }
    Ok(())
}

/// The names in a call that is supposed to work: model, methods, what its arguments name, and `fields`.
fn call(path: &str, body: &str, schema: &Schema) -> Result<(), String> {
    let name = path
        .strip_prefix("/rest_api/v2/")
        .map(|rest| rest.trim_end_matches('/'))
        .ok_or_else(|| format!("`{path}` is not `/rest_api/v2/<Model>/`"))?;
    let model = schema.model(name).ok_or_else(|| format!("`{name}` is no model"))?;
    let pairs: Vec<(&str, &str)> = body.split('&').filter_map(|part| part.split_once('=')).collect();
    for (key, value) in &pairs {
        if *key == "fields" {
            let paths: Vec<String> =
                serde_json::from_str(value).map_err(|error| format!("fields is not a JSON list: {error}"))?;
            for path in paths {
                schema.resolve(model, &path)?;
            }
        }
        let Some(number) = key.strip_prefix("method") else { continue };
        let method = value.trim();
        if !schema.has_method(model, method) {
            return Err(format!("`{method}` is no method of {name}"));
        }
        let given = pairs.iter().find(|(key, _)| key.strip_prefix("arg") == Some(number));
        // Percent-encoded arguments are left to the replay; the page writes names bare.
        if let Some((_, given)) = given.filter(|(_, given)| !given.starts_with('%')) {
            arguments(schema, model, method, &parsed(given)?)?;
        }
    }
    Ok(())
}

/// An argument as JSON, a loop's variable counting as a number.
fn parsed(text: &str) -> Result<Map<String, Value>, String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(symbol) = rest.next() {
        if symbol != '$' {
            plain.push(symbol);
            continue;
        }
        while rest.next_if(|next| next.is_ascii_alphanumeric() || *next == '_').is_some() {}
        plain.push('0');
    }
    serde_json::from_str(&plain).map_err(|error| format!("`{text}` is no JSON object: {error}"))
}

fn arguments(schema: &Schema, model: &Model, method: &str, given: &Map<String, Value>) -> Result<(), String> {
    let own = model.methods.get(method).or_else(|| model.model_methods.get(method));
    for name in given.keys() {
        match method.strip_prefix("objects.").unwrap_or(method) {
            "get" | "filter" | "exclude" => schema.resolve(model, name)?,
            "create" | "set" if model.field(name).is_none() => {
                return Err(format!("{method}: {} has no field `{name}`", model.name));
            }
            // A report's arguments are its own variables.
            _ => {
                if own.is_some_and(|own| !own.args.is_empty() && !own.args.contains_key(name)) {
                    return Err(format!("{method} of {} has no argument `{name}`", model.name));
                }
            }
        }
    }
    Ok(())
}
