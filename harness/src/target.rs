//! The server under test: its base URL, and a client that sends it calls.
//!
//! The client enforces the policy for servers that are not ours at the last moment: whatever the layers above decide,
//! a chain that the contract does not call read-only never leaves this module under [`Policy::ReadsOnly`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use carbon_specs::Schema;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::exchange::{Answer, Exchange, Sent};
use crate::safety;
use crate::sandbox::Sandbox;

/// Longer replies than this are refused: 256 MiB.
const MOST_BYTES: usize = 256 << 20;
/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const API: &str = "/rest_api/v2";

/// `http://host:port`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why a text is no base URL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL at all.
    #[error("`{0}` is not a URL like http://192.0.2.1:8082")]
    NotAUrl(String),
    /// Not `http`.
    #[error("`{0}`: only http is spoken here, not {1}")]
    Scheme(String, String),
    /// A path or query that the documented calls would lose.
    #[error("`{0}`: give the server's root, without path, query or user name")]
    Extra(String),
}

impl BaseUrl {
    /// Checks a base URL. A trailing `/` or `/rest_api/v2/` is dropped.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let uri: Uri = text.parse().map_err(|_| BaseUrlError::NotAUrl(text.to_owned()))?;
        let scheme = uri.scheme_str().ok_or_else(|| BaseUrlError::NotAUrl(text.to_owned()))?;
        if scheme != "http" {
            return Err(BaseUrlError::Scheme(text.to_owned(), scheme.to_owned()));
        }
        let authority = uri
            .authority()
            .filter(|authority| !authority.host().is_empty())
            .ok_or_else(|| BaseUrlError::NotAUrl(text.to_owned()))?;
        let path = uri.path().trim_end_matches('/');
        if !(path.is_empty() || path == API) || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(BaseUrlError::Extra(text.to_owned()));
        }
        Ok(Self(format!("http://{authority}")))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may be sent.
#[derive(Clone, Debug)]
pub enum Policy {
    /// Everything: the server was started by us and holds nothing of anybody's.
    Everything,
    /// Only chains whose every method is a read by the contract.
    ReadsOnly(Arc<Schema>),
    /// Reads, and writes that can only touch objects of a sandbox.
    Sandbox(Arc<Sandbox>),
    /// Everything, on a server that is not ours: its host was typed again.
    AllWrites,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Refused by the policy; nothing was sent.
    #[error("not sent, for this server is not ours: {0}")]
    Refused(String),
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

/// Sends calls to one server.
#[derive(Clone, Debug)]
pub struct Client {
    base: BaseUrl,
    policy: Policy,
    timeout: Duration,
    hyper: Hyper<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// A client for a server; needs a tokio runtime once it is used.
    pub fn new(base: BaseUrl, policy: Policy, timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT.min(timeout)));
        connector.set_nodelay(true);
        let hyper = Hyper::builder(TokioExecutor::new()).build(connector);
        Self { base, policy, timeout, hyper }
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
            Policy::Sandbox(_) => "reads, and writes in a sandbox",
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
        if let Policy::ReadsOnly(schema) = &self.policy {
            safety::only_reads(schema, &sent.path, &sent.body).map_err(TargetError::Refused)?;
        }
        let ticket = match &self.policy {
            Policy::Sandbox(sandbox) => sandbox.admit(&sent).map_err(TargetError::Refused)?,
            _ => None,
        };
        let answer = self.request(Method::POST, &sent.path, Some(&sent.body)).await?;
        if let (Policy::Sandbox(sandbox), Some(ticket)) = (&self.policy, ticket) {
            sandbox.answered(ticket, &answer).map_err(TargetError::Refused)?;
        }
        Ok(Exchange { sent, answer })
    }

    /// Asks for a page; used to find out whether anybody is there.
    ///
    /// # Errors
    /// See [`TargetError`]; an HTTP error status is none.
    pub async fn get(&self, path: &str) -> Result<Answer, TargetError> {
        self.request(Method::GET, path, None).await
    }

    /// Posts JSON to a mock's control API. Only [`crate::control`] does, and only to a server of ours.
    pub(crate) async fn post_json(&self, path: &str, body: &str) -> Result<Answer, TargetError> {
        if !self.is_ours() {
            return Err(TargetError::Refused(format!("{path} is a control call")));
        }
        let request = self.build(Method::POST, path, body, "application/json")?;
        self.exchange(path, request).await
    }

    async fn request(&self, method: Method, path: &str, body: Option<&str>) -> Result<Answer, TargetError> {
        let request = self.build(method, path, body.unwrap_or_default(), "application/x-www-form-urlencoded")?;
        self.exchange(path, request).await
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
        Ok(request)
    }

    async fn exchange(&self, path: &str, request: Request<Full<Bytes>>) -> Result<Answer, TargetError> {
        let timeout = |_| TargetError::Timeout { path: path.to_owned(), limit: self.timeout };
        tokio::time::timeout(self.timeout, self.talk(path, request)).await.map_err(timeout)?
    }

    async fn talk(&self, path: &str, request: Request<Full<Bytes>>) -> Result<Answer, TargetError> {
        let response = self.hyper.request(request).await.map_err(|error| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_the_servers_root() {
        for text in ["http://10.0.0.1:8082", "http://10.0.0.1:8082/", "http://10.0.0.1:8082/rest_api/v2/"] {
            assert_eq!(BaseUrl::parse(text).map(|url| url.to_string()), Ok("http://10.0.0.1:8082".to_owned()));
        }
    }

    #[test]
    fn what_is_no_base_url_is_told_apart() {
        assert!(matches!(BaseUrl::parse("10.0.0.1:8082"), Err(BaseUrlError::NotAUrl(_))));
        assert!(matches!(BaseUrl::parse("https://host"), Err(BaseUrlError::Scheme(_, _))));
        assert!(matches!(BaseUrl::parse("http://host/billing/"), Err(BaseUrlError::Extra(_))));
        assert!(matches!(BaseUrl::parse("http://root:secret@host/"), Err(BaseUrlError::Extra(_))));
        assert!(matches!(BaseUrl::parse(""), Err(BaseUrlError::NotAUrl(_))));
    }
}
