//! Stands between curl and the mock: passes calls on, and keeps what was sent and answered.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::exchange::{Exchange, Sent};
use crate::target::Client;

/// A longer body is no call: 1 MiB.
const MOST_BYTES: usize = 1 << 20;
const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Default)]
struct Kept {
    exchanges: Vec<Exchange>,
    strange: Vec<String>,
}

/// A relay on a free port of this machine; it stops when it is dropped.
pub(super) struct Relay {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay in front of the server behind a client.
    pub(super) async fn start(client: Client) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let kept = Arc::new(Mutex::new(Kept::default()));
        let task = tokio::spawn(accept(listener, client, Arc::clone(&kept)));
        Ok(Self { address, kept, task })
    }

    /// Its base URL.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls that came through, and what was none.
    pub(super) fn heard(&self) -> (Vec<Exchange>, Vec<String>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut kept.exchanges), std::mem::take(&mut kept.strange))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, client: Client, kept: Arc<Mutex<Kept>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (client, kept) = (client.clone(), Arc::clone(&kept));
        let service = service_fn(move |request| pass(request, client.clone(), Arc::clone(&kept)));
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn pass(
    request: Request<Incoming>,
    client: Client,
    kept: Arc<Mutex<Kept>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let what = format!("{} {}", head.method, head.uri);
    let form = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(FORM.as_bytes()));
    let answer = match Limited::new(body, MOST_BYTES).collect().await {
        Ok(body) if form && head.method == Method::POST => {
            let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
            client.call(Sent { path, body }).await.map_err(|error| error.to_string())
        }
        Ok(_) => Err("it is no form".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let mut response = Response::new(Full::default());
    match answer {
        Ok(exchange) => {
            *response.status_mut() = StatusCode::from_u16(exchange.answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
            *response.body_mut() = Full::new(exchange.answer.body.clone());
            kept.exchanges.push(exchange);
        }
        Err(reason) => {
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            kept.strange.push(format!("{what} was not passed on: {reason}"));
        }
    }
    Ok(response)
}
