//! Which methods of a chain are carried out, and in which order.

use serde_json::json;

use crate::deviate::steps::{after, drop_all, instead, last, method, replace};
use crate::deviation::{Deviation as D, Deviations};
use crate::wire::Call;

/// What follows from the numbers of `methodN`.
pub fn order(on: Deviations, call: &mut Call) {
    if on.contains(D::ChainsNumbersAsTexts) {
        call.steps.sort_by_key(|step| step.number.to_string());
    }
    if on.contains(D::ChainsStopAtGap) {
        let whole = call.steps.iter().zip(1..).take_while(|(step, expected)| step.number == *expected).count();
        call.steps.truncate(whole);
    }
    if on.contains(D::ChainsFirstMethodOnly) {
        call.steps.truncate(1);
    }
}

/// What follows from the methods.
pub fn rewrite(on: Deviations, call: &mut Call) {
    if on.contains(D::ChainsLastFilterOnly) {
        last_filter(call);
    }
    if on.contains(D::ChainsOrderIgnored) {
        drop_all(call, "order_by");
    }
    if on.contains(D::ChainsReverseIgnored) {
        drop_all(call, "reverse");
    }
    for step in &mut call.steps {
        if let ("order_by", Some(paths)) = (method(step), step.arg.as_array()) {
            let mut paths = paths.clone();
            if on.contains(D::ChainsOrderFirstOnly) {
                paths.truncate(1);
            }
            if on.contains(D::ChainsDescendingIgnored) {
                for path in &mut paths {
                    *path = json!(path.as_str().unwrap_or_default().trim_start_matches('-'));
                }
            }
            step.arg = paths.into();
        }
    }
    for (deviation, from, to) in [
        (D::ChainsLastAsFirst, "last", "first"),
        (D::ChainsLatestAsEarliest, "latest", "earliest"),
        (D::ChainsNoneAsAll, "none", "all"),
        (D::ChainsValuesAsLists, "values", "values_list"),
        (D::ChainsValuesListAsObjects, "values_list", "values"),
    ] {
        if on.contains(deviation) {
            replace(call, |step| {
                vec![if method(step) == from { instead(step, to, step.arg.clone()) } else { step.clone() }]
            });
        }
    }
    if on.contains(D::ChainsCountDistinct) {
        replace(call, |step| match method(step) {
            "count" => vec![instead(step, "distinct", json!({})), after(step, "count", step.arg.clone())],
            _ => vec![step.clone()],
        });
    }
    if on.contains(D::ChainsGetFirstOfSeveral) {
        replace(call, |step| match method(step) {
            "get" => vec![instead(step, "filter", step.arg.clone()), after(step, "first", json!({}))],
            _ => vec![step.clone()],
        });
    }
    if on.contains(D::ChainsNewestFirst)
        && matches!(last(call), "all" | "filter" | "exclude" | "distinct")
        && !call.steps.iter().any(|step| matches!(method(step), "order_by" | "values" | "none"))
        && let Some(step) = call.steps.last()
    {
        call.steps.push(after(step, "order_by", json!(["-pk"])));
    }
}

/// Every filter but the last is forgotten.
fn last_filter(call: &mut Call) {
    let Some(kept) = call.steps.iter().rposition(|step| method(step) == "filter") else { return };
    for step in &mut call.steps[..kept] {
        if method(step) == "filter" {
            step.arg = json!({});
        }
    }
}
