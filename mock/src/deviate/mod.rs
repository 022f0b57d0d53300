//! Misbehaving on purpose: what each [`Deviation`] does, and a probe for each that shows it (`probe`).
//!
//! Almost all of them work from outside the faithful mock, around the answering of a call: `request` rewrites the call before
//! it is carried out, `reply` rewrites the answer afterwards. A few are decided where the behaviour is, by asking the
//! [`Deviations`] that are passed there.
//!
//! A mock without deviations does none of this: its replies stream, and nobody looks at them again.

pub mod probe;
mod reply;
mod request;
mod steps;

use carbon_specs::Schema;

use crate::deviation::{Deviation, Deviations};
use crate::tasks::{Change, Overlap, Patch, Profile};
use crate::wire::{Call, Outcome, Reply};

pub(crate) use reply::rewrite as reply;

/// How long tasks take, and what happens where they overlap.
pub(crate) fn pace(on: Deviations, tasks: Profile, overlap: Overlap) -> (Profile, Overlap) {
    let tasks = if on.contains(Deviation::TasksImmediate) { Profile::INSTANT } else { tasks };
    let overlap = if on.contains(Deviation::TasksChangedColumnsOnly) {
        Overlap::Serialize
    } else if on.contains(Deviation::TasksOverlapRefused) {
        Overlap::Refuse
    } else {
        overlap
    };
    (tasks, overlap)
}

/// Answers a call as a deviating server does.
///
/// `answer` is the faithful server, told what it is to carry out; `peek` shows what a read answers now; `refused` is
/// told of a refusal that the faithful server never heard of.
pub(crate) fn handle(
    on: Deviations,
    schema: &Schema,
    asked: &Call,
    answer: impl FnOnce(Call) -> Reply,
    peek: impl FnOnce(&Call) -> Option<Outcome>,
    refused: impl FnOnce(String) -> Reply,
) -> Reply {
    let reply = match request::rewrite(on, schema, asked.clone()) {
        Ok(call) => {
            let before = request::before(on, &call).and_then(|call| peek(&call));
            let mut reply = answer(call);
            if let (Some(before), false) = (before, matches!(reply.outcome, Outcome::Error(_))) {
                reply.outcome = before;
            }
            reply
        }
        Err(text) => refused(text),
    };
    self::reply(on, schema, Some(asked), reply)
}

/// A change as such a server makes it.
pub(crate) fn made(on: Deviations, mut change: Change) -> Change {
    let factor = if on.contains(Deviation::TasksSumsTwice) {
        2
    } else if on.contains(Deviation::TasksSumsLost) {
        0
    } else {
        return change;
    };
    if let Change::Patch { columns, .. } = &mut change {
        for (_, patch) in columns {
            if let Patch::Add(amount) = patch {
                *amount = amount.saturating_mul(factor);
            }
        }
    }
    change
}
