//! Which path and method lead where, and what an answer looks like on the wire.

use carbon_specs::Provenance;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ALLOW, HeaderValue, LOCATION};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::json;

use super::body::{Body, json_reply};
use super::{App, browser, call, side};
use crate::faults::Hangup;
use crate::{control, wire};

/// Answers one request.
///
/// # Errors
/// [`Hangup`]: the connection is to be closed without an answer.
pub async fn respond(app: &App, request: Request<Incoming>) -> Result<Response<Body>, Hangup> {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let response = match wire::model_in(&path) {
        Some(model) if method == Method::POST => call::answer(app, path.clone(), model, request).await?,
        _ => route(app, request).await,
    };
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        tracing::warn!(target: "api_v2", "{method} {} {}", path.escape_debug(), status);
    } else if method != Method::POST && path.starts_with(wire::ROOT) {
        // A call tells of itself.
        tracing::info!(target: "api_v2", "{method} {} -> {}", path.escape_debug(), status);
    }
    Ok(response)
}

async fn route(app: &App, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if path == "/__mock__" {
        return redirect("/__mock__/");
    }
    if let Some(rest) = path.strip_prefix(control::ROOT) {
        return side::respond(app, rest, request).await;
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
    // A POST to a model has its own way.
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
        _ => not_allowed(&path, request.method(), "GET, HEAD, POST"),
    }
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

/// The vendor's envelope with a status that is not 200, for what is no call at all: a choice of ours.
pub fn refuse(status: StatusCode, path: &str, text: &str) -> Response<Body> {
    let mut response = json_reply(status, &json!({ "call": path, "error": text }));
    call::rests_on(&mut response, Provenance::Assumed);
    response
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
