//! Asking: the thin part that sends calls, counts them, keeps to the bounds, and holds each reply to the standing laws.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use carbon_specs::Schema;

use super::call::Call;
use super::law::Standing;
use super::reply::Reply;
use super::verdict::{Judged, Wrong};
use crate::target::{Client, TargetError};

/// How much may be asked.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// At most so many requests.
    pub requests: usize,
    /// At most this long.
    pub time: Duration,
}

/// Why no more is asked.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The bound on requests.
    #[error("{0} requests were sent, and no more are allowed")]
    Requests(usize),
    /// The bound on time.
    #[error("the time allowed, {0:?}, is over")]
    Time(Duration),
    /// The user.
    #[error("interrupted")]
    Interrupted,
    /// Nobody there.
    #[error(transparent)]
    Unreachable(TargetError),
}

/// What became of one standing law.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The law.
    pub law: Standing,
    /// Replies that it could judge.
    pub replies: usize,
    /// Replies that broke it.
    pub broken: usize,
    /// The shortest call whose reply broke it.
    pub smallest: Option<(Call, Reply, Wrong)>,
}

/// Sends calls to one server.
#[derive(Debug)]
pub struct Asker<'a> {
    client: &'a Client,
    schema: &'a Schema,
    bounds: Bounds,
    started: Instant,
    interrupted: &'a AtomicBool,
    sent: usize,
    /// The standing laws, and what became of them.
    pub standing: Vec<Tried>,
}

impl<'a> Asker<'a> {
    /// Nothing asked yet.
    pub fn new(
        client: &'a Client,
        schema: &'a Schema,
        bounds: Bounds,
        laws: &[Standing],
        interrupted: &'a AtomicBool,
    ) -> Self {
        let standing = laws.iter().map(|law| Tried { law: *law, replies: 0, broken: 0, smallest: None }).collect();
        Self { client, schema, bounds, started: Instant::now(), interrupted, sent: 0, standing }
    }

    /// How many requests were sent.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Sends a call and waits for the reply. A reply that breaks off is a reply that says nothing.
    ///
    /// # Errors
    /// A bound is reached, or the server is gone.
    pub async fn ask(&mut self, call: &Call) -> Result<Reply, Stop> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(Stop::Interrupted);
        }
        if self.sent >= self.bounds.requests {
            return Err(Stop::Requests(self.sent));
        }
        if self.started.elapsed() >= self.bounds.time {
            return Err(Stop::Time(self.bounds.time));
        }
        self.sent += 1;
        let reply = match self.client.call(call.sent()).await {
            Ok(exchange) => Reply::new(exchange.answer.status, exchange.answer.content_type, exchange.answer.body),
            Err(error) if error.is_unreachable() => return Err(Stop::Unreachable(error)),
            Err(TargetError::Exhausted(most)) => return Err(Stop::Requests(most)),
            Err(error) => Reply::none(error.to_string()),
        };
        self.hold(call, &reply);
        Ok(reply)
    }

    /// Sends calls, one after another.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn ask_all(&mut self, calls: &[Call]) -> Result<Vec<Reply>, Stop> {
        let mut replies = Vec::with_capacity(calls.len());
        for call in calls {
            replies.push(self.ask(call).await?);
        }
        Ok(replies)
    }

    fn hold(&mut self, call: &Call, reply: &Reply) {
        for tried in &mut self.standing {
            match (tried.law.judge)(self.schema, call, reply) {
                Judged::Vacuous(_) => {}
                Judged::Holds => tried.replies += 1,
                Judged::Fails(wrong) => {
                    tried.replies += 1;
                    tried.broken += 1;
                    let length = |call: &Call| call.sent().body.len();
                    let graver = tried.smallest.as_ref().is_none_or(|(known, _, found)| {
                        // What fails by a stronger word comes first, then what is shorter.
                        (wrong.standing, length(call) + wrong.got.len())
                            < (found.standing, length(known) + found.got.len())
                    });
                    if graver {
                        tried.smallest = Some((call.clone(), reply.clone(), wrong));
                    }
                }
            }
        }
    }
}
