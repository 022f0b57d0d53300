//! The server under test: its base URL, and a client that sends it calls.
//!
//! The client enforces the policy for servers that are not ours at the last moment: whatever the layers above decide,
//! a chain that the contract does not call read-only never leaves this module under [`Policy::ReadsOnly`].

mod base;
mod pin;
mod transport;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use carbon_specs::Schema;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Method, Request};
use tokio::time::Instant;

pub use base::{BaseUrl, BaseUrlError, without_user};
use transport::Sender;
pub use transport::{Proxy, Transport, TransportError, basic};

use crate::exchange::{Answer, Exchange, Sent};
use crate::redact::Redactor;
use crate::safety::{self, NotARead};

/// Longer replies than this are refused: 256 MiB.
const MOST_BYTES: usize = 256 << 20;
/// How long to wait before a read is sent again; each time twice as long.
const BACK_OFF: Duration = Duration::from_millis(200);

/// What may be sent.
#[derive(Clone, Debug)]
pub enum Policy {
    /// Everything: the server was started by us and holds nothing of anybody's.
    Everything,
    /// Only chains whose every method is a read by the contract.
    ReadsOnly(Arc<Schema>),
    /// Reads, and the writes that somebody answers for: those of a sandbox.
    Guarded(Arc<dyn Guard>),
    /// Everything, on a server that is not ours: its host was typed again.
    AllWrites,
}

/// Decides about calls to a server that is not ours, and hears what came of the writes that it let go.
pub trait Guard: fmt::Debug + Send + Sync {
    /// Lets a call go, or does not.
    ///
    /// # Errors
    /// Why it is not sent.
    fn admit(self: Arc<Self>, sent: &Sent) -> Result<Pass, Refusal>;
}

/// What a call that a [`Guard`] lets go is.
pub enum Pass {
    /// A read: it may be sent again where no answer came.
    Read,
    /// A write: sent once, and what it answers is to be told. It is not, where the connection broke.
    Write(Heard),
}

/// Hears the answer to a write; an error is the last thing that happens.
pub type Heard = Box<dyn FnOnce(&Answer) -> Result<(), Refusal> + Send>;

/// Why a call is not sent, or nothing after it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Only reads are sent.
    #[error(transparent)]
    NotARead(#[from] NotARead),
    /// A guard says no.
    #[error(transparent)]
    Guard(Box<dyn std::error::Error + Send + Sync>),
    /// The control API is a mock's, and this server is not ours.
    #[error("{0} is a control call")]
    Control(String),
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Refused by the policy; nothing was sent.
    #[error("not sent, for this server is not ours: {0}")]
    Refused(#[from] Refusal),
    /// Path and base do not make a URI.
    #[error("`{0}` cannot be asked for: {1}")]
    BadPath(String, String),
    /// Nobody listens there.
    #[error("{base} cannot be reached: {reason}")]
    Unreachable {
        /// The server.
        base: String,
        /// What the system says.
        reason: String,
    },
    /// It took too long.
    #[error("no answer from {path} within {limit:?}")]
    Timeout {
        /// What was asked.
        path: String,
        /// How long we waited.
        limit: Duration,
    },
    /// So many requests have been sent, and no more may be.
    #[error("{}", exhausted(*.0))]
    Exhausted(usize),
    /// The connection broke in the middle.
    #[error("the answer from {path} broke off: {reason}")]
    Broken {
        /// What was asked.
        path: String,
        /// What happened.
        reason: String,
    },
}

impl TargetError {
    /// Whether the run is pointless from here on.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// Why the whole run is off: nobody answers.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Unreachable(#[from] TargetError);

fn exhausted(most: usize) -> String {
    match most {
        1 => "the one request of --max-requests is sent".to_owned(),
        most => format!("the {most} requests of --max-requests are sent"),
    }
}

/// What may be better when it is asked again.
#[derive(Debug)]
enum Failed {
    Target(TargetError),
    /// An answer that says so itself.
    Busy(Answer),
}

impl Failed {
    fn may_pass(&self) -> bool {
        match self {
            Self::Busy(_) => true,
            Self::Target(error) => matches!(error, TargetError::Broken { .. } | TargetError::Unreachable { .. }),
        }
    }

    /// What it is in the end.
    fn settled(self) -> Result<Answer, TargetError> {
        match self {
            Self::Target(error) => Err(error),
            Self::Busy(answer) => Ok(answer),
        }
    }
}

impl From<TargetError> for Failed {
    fn from(error: TargetError) -> Self {
        Self::Target(error)
    }
}

/// Sends calls to one server.
#[derive(Clone, Debug)]
pub struct Client {
    base: BaseUrl,
    policy: Policy,
    transport: Transport,
    sender: Sender,
    /// Requests sent so far, those of clones too.
    sent: Arc<AtomicUsize>,
    /// Calls of the API among them.
    calls: Arc<AtomicUsize>,
    /// When the next request may be sent, where the pace is limited.
    next: Arc<Mutex<Instant>>,
    /// Hears each answer, to hide what it shows of anybody in all that is said later.
    redactor: Option<Redactor>,
}

impl Client {
    /// A client for a server over the usual way; needs a tokio runtime once it is used.
    ///
    /// # Errors
    /// TLS does not start.
    pub fn new(base: BaseUrl, policy: Policy, timeout: Duration) -> Result<Self, TransportError> {
        Self::over(base, policy, Transport { timeout, ..Transport::default() }, None)
    }

    /// A client for a server over a way of its own.
    ///
    /// # Errors
    /// The way cannot be taken.
    pub fn over(
        base: BaseUrl,
        policy: Policy,
        transport: Transport,
        redactor: Option<Redactor>,
    ) -> Result<Self, TransportError> {
        let sender = transport.sender(base.is_https())?;
        let next = Arc::new(Mutex::new(Instant::now()));
        Ok(Self { base, policy, transport, sender, sent: Arc::default(), calls: Arc::default(), next, redactor })
    }

    /// Why nothing more is sent, once that is so.
    pub fn exhausted(&self) -> Option<String> {
        let most = self.transport.most.filter(|most| self.sent.load(Ordering::Relaxed) >= *most)?;
        Some(exhausted(most))
    }

    /// How many calls of the API were made.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The server.
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Whether the server was started by us.
    pub fn is_ours(&self) -> bool {
        matches!(self.policy, Policy::Everything)
    }

    /// What may be sent, in words.
    pub fn allowed(&self) -> &'static str {
        match self.policy {
            Policy::Everything | Policy::AllWrites => "all writes",
            Policy::ReadsOnly(_) => "reads only",
            Policy::Guarded(_) => "reads, and writes in a sandbox",
        }
    }

    /// Whether any write may be sent to a server that is not ours.
    pub fn may_write(&self) -> bool {
        matches!(self.policy, Policy::AllWrites)
    }

    /// Sends a call.
    ///
    /// # Errors
    /// See [`TargetError`]; an `error` in the reply is none.
    pub async fn call(&self, sent: Sent) -> Result<Exchange, TargetError> {
        let pass = match &self.policy {
            Policy::Everything | Policy::AllWrites => Pass::Write(Box::new(|_| Ok(()))),
            Policy::ReadsOnly(schema) => {
                safety::only_reads(schema, &sent.path, &sent.body).map_err(Refusal::from)?;
                Pass::Read
            }
            Policy::Guarded(guard) => Arc::clone(guard).admit(&sent)?,
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        // What may change something is sent once, come what may.
        let retries = if matches!(pass, Pass::Read) { self.transport.retries } else { 0 };
        let ask = || self.request(Method::POST, &sent.path, Some(&sent.body));
        let answer = ask
            .retry(ExponentialBuilder::new().with_min_delay(BACK_OFF).with_max_times(retries))
            .when(|failed: &Failed| failed.may_pass())
            .await
            .or_else(Failed::settled)?;
        if let Some(redactor) = &self.redactor {
            redactor.learn(&answer);
        }
        if let Pass::Write(heard) = pass {
            heard(&answer)?;
        }
        Ok(Exchange { sent, answer })
    }

    /// Asks for a page; used to find out whether anybody is there.
    ///
    /// # Errors
    /// See [`TargetError`]; an HTTP error status is none.
    pub async fn get(&self, path: &str) -> Result<Answer, TargetError> {
        self.request(Method::GET, path, None).await.or_else(Failed::settled)
    }

    /// Posts JSON to a mock's control API. Only [`crate::control`] does, and only to a server of ours.
    pub(crate) async fn post_json(&self, path: &str, body: &str) -> Result<Answer, TargetError> {
        if !self.is_ours() {
            return Err(Refusal::Control(path.to_owned()).into());
        }
        let request = self.build(Method::POST, path, body, "application/json")?;
        self.exchange(path, request).await
    }

    async fn request(&self, method: Method, path: &str, body: Option<&str>) -> Result<Answer, Failed> {
        let request = self.build(method, path, body.unwrap_or_default(), "application/x-www-form-urlencoded")?;
        let answer = self.exchange(path, request).await?;
        // Too many requests, or a gateway without its server: asked again, it may be another.
        if matches!(answer.status, 429 | 502 | 503 | 504) { Err(Failed::Busy(answer)) } else { Ok(answer) }
    }

    fn build(
        &self,
        method: Method,
        path: &str,
        body: &str,
        content_type: &'static str,
    ) -> Result<Request<Full<Bytes>>, TargetError> {
        let is_post = method == Method::POST;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .map_err(|error| TargetError::BadPath(path.to_owned(), error.to_string()))?;
        if is_post {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in &self.transport.headers {
            request.headers_mut().insert(name, value.clone());
        }
        if let Some(auth) = self.transport.proxy.as_ref().and_then(Proxy::auth).filter(|_| !self.base.is_https()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, auth.clone());
        }
        Ok(request)
    }

    async fn exchange(&self, path: &str, request: Request<Full<Bytes>>) -> Result<Answer, TargetError> {
        self.take_turn().await?;
        let limit = self.transport.timeout;
        let timeout = |_| TargetError::Timeout { path: path.to_owned(), limit };
        tokio::time::timeout(limit, self.talk(path, request)).await.map_err(timeout)?
    }

    /// Counts a request, and waits until it may be sent.
    async fn take_turn(&self) -> Result<(), TargetError> {
        let before = self.sent.fetch_add(1, Ordering::Relaxed);
        if let Some(most) = self.transport.most.filter(|most| before >= *most) {
            return Err(TargetError::Exhausted(most));
        }
        if let Some(rate) = self.transport.rate {
            let turn = {
                let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                let turn = (*next).max(Instant::now());
                *next = turn + Duration::from_secs_f64(1.0 / rate);
                turn
            };
            tokio::time::sleep_until(turn).await;
        }
        Ok(())
    }

    async fn talk(&self, path: &str, request: Request<Full<Bytes>>) -> Result<Answer, TargetError> {
        let response = self.sender.request(request).await.map_err(|error| {
            let reason = root_cause(&error);
            if error.is_connect() {
                TargetError::Unreachable { base: self.base.to_string(), reason }
            } else {
                TargetError::Broken { path: path.to_owned(), reason }
            }
        })?;
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default();
        let body = Limited::new(response.into_body(), MOST_BYTES)
            .collect()
            .await
            .map_err(|error| TargetError::Broken { path: path.to_owned(), reason: error.to_string() })?
            .to_bytes();
        Ok(Answer { status, content_type, body })
    }
}

/// The innermost reason; hyper's own says only "client error (Connect)".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
