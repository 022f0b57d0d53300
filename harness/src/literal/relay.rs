//! Stands between a text and the mock: passes calls and SQL on, and keeps what was sent and answered.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::{JoinHandle, JoinSet};

use super::inside;
use crate::exchange::{Answer, Exchange, Sent};
use crate::target::Client;

/// A longer body is no call: 1 MiB.
const MOST_BYTES: usize = 1 << 20;
const FORM: &str = "application/x-www-form-urlencoded";

/// What a text may ask of the mock's side door: `sqlexec`, and to let time pass.
const SQL: &str = "/__mock__/sql";
const CLOCK: &str = "/__mock__/clock";

/// What came through.
#[derive(Debug, Default)]
pub struct Traffic {
    /// The calls, in order, with their answers.
    pub exchanges: Vec<Exchange>,
    /// What arrived and was no call of the page's kind.
    pub strange: Vec<String>,
    /// Statements for `sqlexec`.
    pub statements: Vec<Statement>,
}

/// One script for `sqlexec`.
#[derive(Debug)]
pub struct Statement {
    /// The SQL.
    pub sql: String,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Where a relay listens.
enum Door {
    Socket(UnixListener),
    Port(TcpListener),
}

/// A relay; it stops when it is dropped.
pub(super) struct Relay {
    authority: String,
    kept: Arc<Mutex<Traffic>>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay in front of the server behind a client: at a socket, for a network of its own in which it is found
    /// at the mock's usual address, or at a free port of this machine.
    pub(super) async fn start(client: Client, socket: Option<&Path>) -> io::Result<Self> {
        let (door, authority) = match socket {
            Some(path) => (Door::Socket(UnixListener::bind(path)?), inside::ADDRESS.to_string()),
            None => {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let authority = listener.local_addr()?.to_string();
                (Door::Port(listener), authority)
            }
        };
        let kept = Arc::new(Mutex::new(Traffic::default()));
        let task = tokio::spawn(accept(door, client, Arc::clone(&kept)));
        Ok(Self { authority, kept, task })
    }

    /// Host and port under which a text finds it.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Its base URL.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// What came through so far.
    pub(super) fn heard(&self) -> Traffic {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(door: Door, client: Client, kept: Arc<Mutex<Traffic>>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, kept) = (client.clone(), Arc::clone(&kept));
        let accepted = match &door {
            Door::Socket(listener) => {
                listener.accept().await.map(|(stream, _)| connections.spawn(serve(stream, client, kept)))
            }
            Door::Port(listener) => {
                listener.accept().await.map(|(stream, _)| connections.spawn(serve(stream, client, kept)))
            }
        };
        if accepted.is_err() {
            return;
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, client: Client, kept: Arc<Mutex<Traffic>>) {
    let service = service_fn(|request| pass(request, &client, &kept));
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served
        && error.is_parse()
    {
        let text = format!("something that is no HTTP (https?) was not passed on: {error}");
        kept.lock().unwrap_or_else(PoisonError::into_inner).strange.push(text);
    }
}

/// What one request comes to.
enum Passed {
    Call(Exchange),
    Sql(Statement, Answer),
    Time(Answer),
}

async fn pass(
    request: Request<Incoming>,
    client: &Client,
    kept: &Mutex<Traffic>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let what = format!("{} {}", request.method(), request.uri());
    let passed = forward(request, client).await;
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(match passed {
        Ok(Passed::Call(exchange)) => {
            let response = response(&exchange.answer);
            kept.exchanges.push(exchange);
            response
        }
        Ok(Passed::Sql(statement, answer)) => {
            kept.statements.push(statement);
            response(&answer)
        }
        Ok(Passed::Time(answer)) => response(&answer),
        Err(reason) => {
            let text = format!("{what} was not passed on: {reason}");
            let mut response = Response::new(Full::from(format!("{text}\n")));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            kept.strange.push(text);
            response
        }
    })
}

async fn forward(request: Request<Incoming>, client: &Client) -> Result<Passed, String> {
    let (head, body) = request.into_parts();
    let form = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(FORM.as_bytes()));
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| error.to_string())?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    if head.method != Method::POST {
        return Err("it is no POST".to_owned());
    }
    let side = |path: &'static str| client.post_json(path, &body);
    match head.uri.path() {
        SQL => {
            let answer = side(SQL).await.map_err(|error| error.to_string())?;
            let text = |json: Option<Value>, key: &str| json.and_then(|json| Some(json.get(key)?.as_str()?.to_owned()));
            let sql = text(serde_json::from_str(&body).ok(), "sql").unwrap_or_else(|| body.clone());
            let error = text(answer.json().ok(), "error");
            Ok(Passed::Sql(Statement { sql, error }, answer))
        }
        CLOCK => side(CLOCK).await.map(Passed::Time).map_err(|error| error.to_string()),
        _ if form => {
            let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            client.call(Sent { path, body }).await.map(Passed::Call).map_err(|error| error.to_string())
        }
        _ => Err("it is no form".to_owned()),
    }
}

fn response(answer: &Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body.clone()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    if let Ok(kind) = answer.content_type.parse() {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}
