//! The answer rewritten after the faithful mock gave it: first what it says, then how that is spelled and sent.

mod cabinet;
mod dates;
mod envelope;
mod errors;
mod objects;
mod projection;
mod results;
mod spelling;
mod types;

use carbon_specs::Schema;
use serde_json::Value as Json;

use crate::deviation::{Deviation, Deviations};
use crate::wire::{Call, Outcome, Reply, Spelled};

/// What is being rewritten, and what is known about it.
struct Saying<'a> {
    on: Deviations,
    /// The call as it was asked; none where the body was no call.
    asked: Option<&'a Call>,
    schema: &'a Schema,
}

/// What an answer says.
type Said = Result<Json, String>;

/// Rewrites an answer. All of it is held in memory for that: lists do not stream from a deviating mock.
pub(crate) fn rewrite(on: Deviations, schema: &Schema, asked: Option<&Call>, reply: Reply) -> Reply {
    let saying = Saying { on, asked, schema };
    let Reply { call, outcome, provenance, hazards } = reply;
    let said = gather(outcome);
    let said = results::change(&saying, said);
    let said = errors::change(&saying, said);
    let said = cabinet::change(&saying, said);
    let said = said.map(|result| shown(&saying, result));
    let error = said.as_ref().err().cloned();
    let sent = envelope::wrap(&saying, &call, said);
    let body = spelling::spell(on, &sent.body);
    let spelled = Spelled { status: sent.status, content_type: sent.content_type, body, error };
    Reply { call, outcome: Outcome::Spelled(Box::new(spelled)), provenance, hazards }
}

/// Values first, then the objects they are in: a column is recognised by its name and its object's model.
fn shown(saying: &Saying<'_>, mut result: Json) -> Json {
    let Saying { on, asked, schema } = *saying;
    objects::columns(schema, asked, &mut result, &mut |column, value| {
        dates::change(on, column, value);
        types::change(on, column, value);
    });
    types::bare(on, &mut result);
    if on.contains(Deviation::LimitsFiftyLetters) {
        results::cut(saying, &mut result);
    }
    projection::change(saying, &mut result);
    result
}

/// The whole of an answer, streamed ones too.
fn gather(outcome: Outcome) -> Said {
    match outcome {
        Outcome::Value(value) => Ok(value),
        Outcome::Error(text) => Err(text),
        Outcome::Stream(pieces) => {
            let bytes = pieces.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?.concat();
            serde_json::from_slice(&bytes).map_err(|error| format!("internal error: the reply is no JSON: {error}"))
        }
        Outcome::Spelled(spelled) => serde_json::from_slice(&spelled.body)
            .map_err(|error| format!("internal error: the reply is rewritten twice: {error}")),
    }
}
