//! Makes a failing case as small as it can be: fewer rows, conditions, names, values; or, of a call whose reply breaks a
//! standing law, fewer methods and fields. Each smaller case is asked anew, so what is left fails by itself.

use carbon_specs::Schema;
use serde_json::{Value, json};

use super::ask::{Asker, Stop};
use super::call::{Arg, Call};
use super::law::{Law, Standing};
use super::pick::Pick;
use super::reply::Reply;
use super::sample::Sample;
use super::verdict::Wrong;

/// Requests spent on one failure.
const MOST_REQUESTS: usize = 120;

/// A failing case: what was asked, what came, what is wrong with it.
#[derive(Clone, Debug)]
pub struct Failing {
    /// The calls.
    pub calls: Vec<Call>,
    /// Their replies.
    pub replies: Vec<Reply>,
    /// What is wrong.
    pub wrong: Wrong,
}

/// The smallest failing case like this one.
///
/// # Errors
/// A bound is reached; the case so far is the answer then, so this is only the server being gone.
pub async fn smallest(
    asker: &mut Asker<'_>,
    sample: &Sample,
    law: &Law,
    mut pick: Pick,
    mut failing: Failing,
) -> Result<Failing, Stop> {
    let keys = sample.table(&pick.model).map(super::sample::Table::keys).unwrap_or_default();
    let from = asker.sent();
    'smaller: loop {
        for candidate in pick.smaller(&keys) {
            if asker.sent() - from >= MOST_REQUESTS {
                break 'smaller;
            }
            let calls = (law.calls)(sample, &candidate);
            if calls == failing.calls {
                continue;
            }
            let replies = match asker.ask_all(&calls).await {
                Ok(replies) => replies,
                Err(Stop::Unreachable(error)) => return Err(Stop::Unreachable(error)),
                Err(_) => break 'smaller,
            };
            let judged = law.judged(sample, &candidate, &replies);
            if let Some(wrong) = judged.failure().filter(|wrong| wrong.standing <= failing.wrong.standing) {
                failing = Failing { calls, replies, wrong: wrong.clone() };
                pick = candidate;
                continue 'smaller;
            }
        }
        break;
    }
    Ok(failing)
}

/// The smallest call like this one whose reply breaks a standing law.
///
/// # Errors
/// As [`smallest`].
pub async fn smallest_call(
    asker: &mut Asker<'_>,
    schema: &Schema,
    law: &Standing,
    mut call: Call,
    reply: Reply,
    wrong: Wrong,
) -> Result<Failing, Stop> {
    let mut failing = Failing { calls: vec![call.clone()], replies: vec![reply], wrong };
    let from = asker.sent();
    'smaller: loop {
        for candidate in smaller_calls(schema, &call, &failing.replies[0]) {
            if asker.sent() - from >= MOST_REQUESTS / 2 {
                break 'smaller;
            }
            let reply = match asker.ask(&candidate).await {
                Ok(reply) => reply,
                Err(Stop::Unreachable(error)) => return Err(Stop::Unreachable(error)),
                Err(_) => break 'smaller,
            };
            let judged = (law.judge)(schema, &candidate, &reply);
            if let Some(wrong) = judged.failure().filter(|wrong| wrong.standing <= failing.wrong.standing) {
                failing = Failing { calls: vec![candidate.clone()], replies: vec![reply], wrong: wrong.clone() };
                call = candidate;
                continue 'smaller;
            }
        }
        break;
    }
    Ok(failing)
}

/// Simpler calls that may show the same: one object instead of a list, fewer methods, fewer fields.
fn smaller_calls(schema: &Schema, call: &Call, reply: &Reply) -> Vec<Call> {
    let mut smaller = Vec::new();
    let Some(model) = schema.model(&call.model) else { return smaller };
    if let Ok(Value::Array(items)) = reply.result() {
        for item in items.iter().take(8).chain(items.last()) {
            if let Some(pk) = item.get("pk") {
                let one = Call { steps: Call::get(&call.model, json!({"pk": pk})).steps, ..call.clone() };
                smaller.push(one);
            }
        }
    }
    for place in 1..call.steps.len() {
        let mut fewer = call.clone();
        fewer.steps.remove(place);
        smaller.push(fewer);
    }
    match &call.fields {
        Some(fields) if fields.len() > 1 => {
            for field in fields {
                smaller.push(call.clone().fields(&[field]));
            }
        }
        None if matches!(reply.result(), Ok(Value::Object(object)) if object.contains_key("fields")) => {
            for field in &model.fields {
                smaller.push(call.clone().fields(&[&field.column]));
            }
        }
        _ => {}
    }
    for step in &call.steps {
        if let Arg::Json(Value::Object(pairs)) = &step.arg
            && pairs.len() > 1
        {
            for name in pairs.keys() {
                let mut fewer = call.clone();
                for known in &mut fewer.steps {
                    if known.number == step.number
                        && let Arg::Json(Value::Object(pairs)) = &mut known.arg
                    {
                        pairs.shift_remove(name);
                    }
                }
                smaller.push(fewer);
            }
        }
    }
    smaller
}
