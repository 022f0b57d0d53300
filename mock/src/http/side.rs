//! The side door's requests: bodies are read, commands carried out off the runtime's threads, and answers written.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::json;

use super::App;
use super::body::{Body, JSON, ReadError, json_reply, read};
use super::page::html;
use crate::control::{Answer, Asked, ControlError, state_pieces};

/// Answers a request for a path below [`crate::control::ROOT`].
pub async fn respond(app: &App, rest: &str, request: Request<Incoming>) -> Response<Body> {
    match run(app, rest, request).await {
        Ok(answer) => answered(answer),
        Err(error) => refused(&error),
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Command(#[from] ControlError),
    #[error(transparent)]
    Body(#[from] ReadError),
}

async fn run(app: &App, rest: &str, request: Request<Incoming>) -> Result<Answer, Refused> {
    let asked = Asked::of(rest, request.method(), request.uri().query().unwrap_or(""))?;
    if let Some(answer) = asked.at_once(&app.mock) {
        return Ok(answer);
    }
    let most = if asked.takes_a_state() { app.limits.control_body } else { app.limits.body };
    let body = read(request.into_body(), most, app.limits.body_time).await?;
    let (mock, faults) = (app.mock.clone(), Arc::clone(&app.faults));
    // A panic ends in the task.
    let answer = tokio::task::spawn_blocking(move || asked.carry_out(&mock, &faults, &body))
        .await
        .map_err(|_| ControlError::Internal)?;
    app.wake.notify_one();
    Ok(answer?)
}

fn answered(answer: Answer) -> Response<Body> {
    match answer {
        Answer::Page(page) => html(page.to_owned()),
        Answer::Json(value) => json_reply(StatusCode::OK, &value),
        Answer::State(store) => {
            let mut response = Response::new(Body::pieces(state_pieces(store).map(Ok)));
            response.headers_mut().insert(CONTENT_TYPE, JSON);
            response
        }
    }
}

fn refused(error: &Refused) -> Response<Body> {
    match error {
        Refused::Command(error) => {
            let mut response = json_reply(error.status(), &error.to_json());
            if let ControlError::NotAllowed { allowed, .. } = error
                && let Ok(value) = HeaderValue::from_str(allowed)
            {
                response.headers_mut().insert(ALLOW, value);
            }
            response
        }
        Refused::Body(error) => {
            let mut response = json_reply(error.status(), &json!({ "error": error.to_string() }));
            // What is left of the body must not be taken for the next request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}
