//! One call: its body read, carried out, logged and answered.

use std::panic::{self, AssertUnwindSafe};
use std::time::Instant;

use bytes::Bytes;
use carbon_specs::Provenance;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};

use super::body::{Body, JSON, read};
use super::routes::refuse;
use super::{App, words};
use crate::faults::{Hangup, Kind};
use crate::mock::Mock;
use crate::pyjson;
use crate::wire::{self, Call, Outcome, Reply};

/// The weakest standing of what an answer relies on.
static PROVENANCE: HeaderName = HeaderName::from_static("x-mock-provenance");
/// What would go wrong on a real server.
static HAZARD: HeaderName = HeaderName::from_static("x-mock-hazard");

/// Answers a POST to a model.
pub async fn answer(
    app: &App,
    path: String,
    model: String,
    request: Request<Incoming>,
) -> Result<Response<Body>, Hangup> {
    let started = Instant::now();
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let in_url = request.uri().query().is_some_and(|query| query.contains("method1="));
    let bytes = match read(request.into_body(), app.limits.body, app.limits.body_time).await {
        Ok(bytes) => bytes,
        Err(error) => {
            let mut response = refuse(error.status(), &path, &error.to_string());
            // What is left of the body must not be taken for the next request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return Ok(response);
        }
    };
    let mut call = match wire::parse_as(&kind, &path, &bytes, app.limits.call) {
        Ok(call) => call,
        Err(error) => {
            let mut text = error.to_string();
            if in_url {
                text.push_str("; what is in the URL after `?` is not read: send it as the body");
            }
            let call = wire::call_path(&model);
            let refused = aside(app, move |mock| Done::of(mock.refuse(call, text))).await;
            return Ok(refused.map_or_else(|| broken(&path, &bytes), |done| done.respond(&bytes, None, started)));
        }
    };
    let fault = app.faults.take(&call);
    if let Some(fault) = &fault {
        let told = format!("a fault on purpose: {}", pyjson::to_string(fault));
        tracing::info!(target: "api_v2", "{told}");
        if fault.spares_the_call() {
            // Its own entry in the journal tells of it.
            call.warnings.push(told);
        } else {
            let error = if let Kind::Error { text } = fault { Some(text.clone()) } else { None };
            let struck = call.clone();
            aside(app, move |mock| mock.struck(&struck, told, error)).await;
        }
        if let Some(delay) = fault.delay() {
            tokio::time::sleep(delay).await;
        }
        if let Some(status) = fault.status() {
            return Ok(refuse(status, &path, "a fault on purpose"));
        }
        match fault {
            Kind::Error { text } => {
                let outcome = Outcome::Error(text.clone());
                let reply = Reply { call: call.path, outcome, provenance: Provenance::Assumed, hazards: Vec::new() };
                return Ok(Done::of(reply).respond(&bytes, None, started));
            }
            Kind::Refuse => return Err(Hangup),
            _ => {}
        }
    }
    let words = tracing::enabled!(target: "words", tracing::Level::DEBUG).then(|| words::describe(&call));
    let Some(mut done) = carry_out(app, call).await else { return Ok(broken(&path, &bytes)) };
    match fault {
        Some(Kind::Hangup) => return Err(Hangup),
        Some(Kind::Tear) => done.body = done.body.torn(),
        _ => {}
    }
    Ok(done.respond(&bytes, words.as_deref(), started))
}

/// Tells on what a response rests.
pub fn rests_on(response: &mut Response<Body>, provenance: Provenance) {
    if let Ok(value) = HeaderValue::from_str(&provenance.to_string()) {
        response.headers_mut().insert(PROVENANCE.clone(), value);
    }
}

/// The answer to a call that panicked.
fn broken(path: &str, bytes: &Bytes) -> Response<Body> {
    tracing::error!(target: "api_v2", "{} {}: a bug in the mock stopped this call", shown(path.as_bytes()), shown(bytes));
    refuse(StatusCode::INTERNAL_SERVER_ERROR, path, "internal error: a bug in the mock stopped this call")
}

/// Off the runtime's threads: whoever holds the world or computes for long delays nobody else. None if it panicked.
async fn aside<T: Send + 'static>(app: &App, work: impl FnOnce(&Mock) -> T + Send + 'static) -> Option<T> {
    let mock = app.mock.clone();
    tokio::task::spawn_blocking(move || work(&mock)).await.ok()
}

/// Lets the world answer; none if that panicked.
async fn carry_out(app: &App, call: Call) -> Option<Done> {
    let prospect = app.mock.prospect(&call);
    // The first chunk is made here too, where a panic is still an honest 500.
    let done = if prospect.quick {
        // A call that panics leaves the world as it was: it is changed by whole assignments only.
        panic::catch_unwind(AssertUnwindSafe(|| Done::of(app.mock.handle(call)))).ok()
    } else {
        aside(app, move |mock| Done::of(mock.handle(call))).await
    };
    if !prospect.reads {
        app.wake.notify_one();
    }
    done
}

/// A call that is answered, ready to be logged and sent.
struct Done {
    call: String,
    error: Option<String>,
    provenance: Provenance,
    hazards: Vec<String>,
    status: StatusCode,
    content_type: HeaderValue,
    body: Body,
}

impl Done {
    fn of(mut reply: Reply) -> Self {
        let (mut status, mut content_type) = (StatusCode::OK, JSON);
        let error = match &reply.outcome {
            Outcome::Error(text) => Some(text.clone()),
            Outcome::Spelled(spelled) => {
                status = StatusCode::from_u16(spelled.status).unwrap_or(status);
                content_type = HeaderValue::from_static(spelled.content_type);
                spelled.error.clone()
            }
            _ => None,
        };
        let hazards = std::mem::take(&mut reply.hazards);
        let (call, provenance) = (reply.call.clone(), reply.provenance);
        let mut chunks = wire::body(reply).peekable();
        if let Some(Err(broken)) = chunks.peek() {
            // Nothing is sent yet, so that it can still be told.
            let outcome = Outcome::Error(broken.to_string());
            return Self::of(Reply { call, outcome, provenance, hazards });
        }
        Self { call, error, provenance, hazards, status, content_type, body: Body::pieces(chunks) }
    }

    fn respond(self, bytes: &Bytes, words: Option<&str>, started: Instant) -> Response<Body> {
        /// More than a header section should carry is in the journal.
        const MOST: usize = 8;
        self.log(bytes, words, started);
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type);
        for hazard in self.hazards.iter().take(MOST) {
            let text: String = hazard.chars().take(300).collect();
            // Headers are ASCII: Cyrillic is spelled as in the body, without the quotes.
            let spelled = pyjson::to_string(&text);
            if let Ok(value) = HeaderValue::from_str(&spelled[1..spelled.len() - 1]) {
                headers.append(HAZARD.clone(), value);
            }
        }
        rests_on(&mut response, self.provenance);
        response
    }

    /// As the vendor's api_v2.log: refused calls at `error`, every call at `info`; in words where that is asked for.
    fn log(&self, bytes: &Bytes, words: Option<&str>, started: Instant) {
        let took = started.elapsed().as_secs_f64() * 1000.0;
        let call = self.call.as_bytes();
        match &self.error {
            Some(text) => {
                let (call, body, text) = (shown(call), shown(bytes), shown(text.as_bytes()));
                tracing::error!(target: "api_v2", "POST {call} {body} -> error: {text}");
            }
            None => {
                tracing::info!(target: "api_v2", "POST {} {} -> result in {took:.1} ms", shown(call), shown(bytes));
            }
        }
        if let Some(words) = words {
            tracing::debug!(target: "words", "{words}");
        }
        for hazard in &self.hazards {
            tracing::debug!(target: "words", "hazard: {}", shown(hazard.as_bytes()));
        }
    }
}

/// A text for the log: on one line, and cut where it is long.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 2000;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]);
    let mut line = String::with_capacity(text.len());
    for symbol in text.chars() {
        if symbol.is_control() {
            line.extend(symbol.escape_debug());
        } else {
            line.push(symbol);
        }
    }
    if bytes.len() > MOST {
        line.push_str(&format!("... ({} bytes)", bytes.len()));
    }
    line
}
