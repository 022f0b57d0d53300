//! Which path and method lead where, and what an answer looks like on the wire.

use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{ACCEPT, ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::json;

use super::body::{Body, JSON, json_reply, read};
use super::{App, browser, words};
use crate::control;
use crate::pyjson;
use crate::wire::{self, Outcome, Reply};

/// The weakest standing of what an answer relies on.
static PROVENANCE: HeaderName = HeaderName::from_static("x-mock-provenance");
/// What would go wrong on a real server.
static HAZARD: HeaderName = HeaderName::from_static("x-mock-hazard");

/// Answers one request.
pub async fn respond(app: &App, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let response = route(app, request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        tracing::warn!(target: "api_v2", "{method} {} {}", path.escape_debug(), status);
    }
    response
}

async fn route(app: &App, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if path == "/__mock__" {
        return redirect("/__mock__/");
    }
    if let Some(rest) = path.strip_prefix(control::ROOT) {
        return control::respond(app, rest, request).await;
    }
    if path == "/" {
        return redirect(wire::ROOT);
    }
    if path == wire::ROOT || format!("{path}/") == wire::ROOT {
        return match *request.method() {
            Method::GET | Method::HEAD => browser::index(&app.contract.schema, wants(request.headers())),
            Method::POST => refuse(StatusCode::NOT_FOUND, &path, "the URL names no model: /rest_api/v2/<Model>/"),
            _ => not_allowed(&path, request.method(), "GET, HEAD"),
        };
    }
    let Some(model) = wire::model_in(&path) else {
        let text = format!(
            "there is nothing here: the API is at {}<Model>/, the mock's own one at {}",
            wire::ROOT,
            control::ROOT
        );
        return refuse(StatusCode::NOT_FOUND, &path, &text);
    };
    match *request.method() {
        Method::GET | Method::HEAD => match app.contract.schema.model(&model) {
            Some(model) => browser::model(&app.contract.schema, model, wants(request.headers())),
            None => refuse(StatusCode::NOT_FOUND, &path, &format!("there is no model `{model}`")),
        },
        Method::POST => call(app, path, model, request).await,
        _ => not_allowed(&path, request.method(), "GET, HEAD, POST"),
    }
}

async fn call(app: &App, path: String, model: String, request: Request<Incoming>) -> Response<Body> {
    let started = Instant::now();
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("").to_lowercase();
    let bytes = match read(request.into_body(), app.limits.body, app.limits.body_time).await {
        Ok(bytes) => bytes,
        Err(error) => {
            let mut response = refuse(error.status(), &path, &error.to_string());
            // What is left of the body must not be taken for the next request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return response;
        }
    };
    // Django reads forms only. (Some clients send a form without saying so; that is let pass.)
    if kind.starts_with("application/json") || kind.starts_with("multipart/") {
        let text = format!("the body is {kind}: the API reads forms (application/x-www-form-urlencoded)");
        let text = text.replace(|symbol: char| symbol.is_control(), " ");
        return refused(app.mock.refuse(wire::call_path(&model), text), &bytes, started);
    }
    let call = match wire::parse_within(&path, &bytes, app.limits.call) {
        Ok(call) => call,
        Err(error) => return refused(app.mock.refuse(wire::call_path(&model), error.to_string()), &bytes, started),
    };
    let words = tracing::enabled!(target: "words", tracing::Level::DEBUG).then(|| words::describe(&call));
    let mock = app.mock.clone();
    // Off the runtime's threads: a long computation delays nobody else, and a panic ends here.
    let outcome = tokio::task::spawn_blocking(move || {
        let mut reply = mock.handle(call);
        let (call, provenance, hazards) = (reply.call.clone(), reply.provenance, std::mem::take(&mut reply.hazards));
        let refused = match &reply.outcome {
            Outcome::Error(text) => Some(text.clone()),
            _ => None,
        };
        // The first chunk is made here too, where a panic is still an honest 500.
        let body = Body::pieces(wire::body(reply));
        (call, provenance, hazards, refused, body)
    })
    .await;
    app.wake.notify_one();
    match outcome {
        Ok((call, provenance, hazards, refused, body)) => {
            log(&call, &bytes, words.as_deref(), refused.as_deref(), &hazards, started);
            response(provenance, &hazards, body)
        }
        Err(_) => {
            tracing::error!(target: "api_v2", "{path} {}: a bug in the mock stopped this call", shown(&bytes));
            refuse(StatusCode::INTERNAL_SERVER_ERROR, &path, "internal error: a bug in the mock stopped this call")
        }
    }
}

/// The answer to a body that is no call.
fn refused(reply: Reply, bytes: &[u8], started: Instant) -> Response<Body> {
    if let Outcome::Error(text) = &reply.outcome {
        log(&reply.call, bytes, None, Some(text), &reply.hazards, started);
    }
    let provenance = reply.provenance;
    response(provenance, &[], Body::pieces(wire::body(reply)))
}

fn response(provenance: carbon_specs::Provenance, hazards: &[String], body: Body) -> Response<Body> {
    /// More than a header section should carry is in the journal.
    const MOST: usize = 8;
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    if let Ok(value) = HeaderValue::from_str(&provenance.to_string()) {
        headers.insert(PROVENANCE.clone(), value);
    }
    for hazard in hazards.iter().take(MOST) {
        let text: String = hazard.chars().take(300).collect();
        // Headers are ASCII: Cyrillic is spelled as in the body, without the quotes.
        let spelled = pyjson::to_string(&text);
        if let Ok(value) = HeaderValue::from_str(spelled.trim_matches('"')) {
            headers.append(HAZARD.clone(), value);
        }
    }
    response
}

/// As the vendor's api_v2.log: refused calls at `error`, every call at `info`; in words where that is asked for.
fn log(call: &str, bytes: &[u8], words: Option<&str>, refused: Option<&str>, hazards: &[String], started: Instant) {
    let took = started.elapsed().as_secs_f64() * 1000.0;
    let call = call.escape_debug();
    match refused {
        Some(text) => {
            tracing::error!(target: "api_v2", "POST {call} {} -> error: {}", shown(bytes), text.escape_debug())
        }
        None => tracing::info!(target: "api_v2", "POST {call} {} -> result in {took:.1} ms", shown(bytes)),
    }
    if let Some(words) = words {
        tracing::debug!(target: "words", "{words}");
    }
    for hazard in hazards {
        tracing::debug!(target: "words", "hazard: {}", hazard.escape_debug());
    }
}

/// A body for the log: on one line, and cut where it is long.
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

/// How a page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// For people.
    Html,
    /// For programs.
    Json,
}

fn wants(headers: &HeaderMap) -> Wanted {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let place = |kind: &str| accept.find(kind).unwrap_or(usize::MAX);
    if place("application/json") < place("text/html") { Wanted::Json } else { Wanted::Html }
}

/// The vendor's envelope with a status that is not 200, for what is no call at all.
pub fn refuse(status: StatusCode, path: &str, text: &str) -> Response<Body> {
    json_reply(status, &json!({ "call": path, "error": text }))
}

/// 405.
pub fn not_allowed(path: &str, method: &Method, allowed: &'static str) -> Response<Body> {
    let text = format!("{method} is not possible here, only {allowed}");
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, path, &text);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn redirect(to: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::Whole(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    response
}
