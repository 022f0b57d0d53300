//! Connections, limits and routes: bytes in, bytes out.
//!
//! Owns sockets, timeouts, HTTP statuses and headers. What a call means is [`crate::Mock`]'s matter; what a body says
//! is [`crate::wire`]'s. Start at [`serve`].

mod body;
mod browser;
mod call;
mod page;
mod routes;
mod side;
mod words;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use carbon_specs::Contract;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

pub use body::Body;
pub use words::describe;

use crate::faults::Faults;
use crate::mock::Mock;
use crate::wire;

/// How much a client may ask for, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest body of a call, in bytes.
    pub body: usize,
    /// The longest body of a state file or another request of the control API, in bytes.
    pub control_body: usize,
    /// How long a client may take to send a request's head, or stay silent between two requests.
    pub head_time: Duration,
    /// How long it may take to send the body.
    pub body_time: Duration,
    /// How long open answers may take to end when the server shuts down.
    pub shutdown_time: Duration,
    /// Pairs and methods in a body.
    pub call: wire::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            control_body: 256 * 1024 * 1024,
            head_time: Duration::from_secs(30),
            body_time: Duration::from_secs(30),
            shutdown_time: Duration::from_secs(5),
            call: wire::Limits::default(),
        }
    }
}

/// What every connection works with.
#[derive(Clone, Debug)]
pub struct App {
    /// The world behind the API.
    pub mock: Mock,
    /// The contract, for the model browser.
    pub contract: Arc<Contract>,
    /// The limits.
    pub limits: Limits,
    /// What goes wrong on purpose.
    pub faults: Arc<Faults>,
    /// Rung after every call and every command: tasks may be due at another time now.
    pub wake: Arc<Notify>,
}

/// Serves until `shutdown` resolves; then accepts nothing more, lets open answers end, and returns.
pub async fn serve(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let limits = app.limits;
    let app = Arc::new(app);
    // Owned here, so that no connection outlives the server.
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, or a client gone before we looked: others are served on.
                tracing::warn!("accepting a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Small answers must not wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let app = Arc::clone(&app);
        let service = service_fn(move |request| {
            let app = Arc::clone(&app);
            async move { routes::respond(&app, request).await }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(64 * 1024)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("connection: {error}");
            }
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_time, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were still open at the end");
    }
}
