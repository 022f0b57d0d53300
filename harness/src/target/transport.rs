//! How requests travel: TLS, a proxy, headers, pace, retries.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tower_service::Service;

use super::pin::Pinned;

/// Sends requests over whatever way is configured.
pub(super) type Sender = Hyper<HttpsConnector<Connector>, Full<Bytes>>;

/// The way to a server.
#[derive(Clone, Debug)]
pub struct Transport {
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// Sent with every request. Never shown: they may be secret.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// A proxy on the way.
    pub proxy: Option<Proxy>,
    /// Certificates (PEM) to trust instead of the system's authorities: of others, or the server's own.
    pub ca: Option<PathBuf>,
    /// At most so many requests a second.
    pub rate: Option<f64>,
    /// At most so many requests in all.
    pub most: Option<usize>,
    /// How often a read is sent again when the connection breaks or the server is busy. Writes never are.
    pub retries: usize,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            headers: Vec::new(),
            proxy: None,
            ca: None,
            rate: None,
            most: None,
            retries: 0,
        }
    }
}

/// Why a way cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The file of authorities.
    #[error("{}: {reason}", .file.display())]
    Ca {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The proxy's address.
    #[error("`{0}` is no proxy like http://192.0.2.7:3128")]
    Proxy(String),
    /// Our own TLS does not start.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// A proxy that speaks HTTP.
#[derive(Clone)]
pub struct Proxy {
    uri: Uri,
    auth: Option<HeaderValue>,
}

/// Without its password.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.uri)
    }
}

impl Proxy {
    /// From `http://host:port`, perhaps with `user:password@` before the host.
    ///
    /// # Errors
    /// The text is none; a password in it is not repeated.
    pub fn parse(text: &str) -> Result<Self, TransportError> {
        let wrong = || TransportError::Proxy(text.rsplit_once('@').map_or(text, |(_, host)| host).to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(wrong)?;
        let (user, host) = match authority.as_str().rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority.as_str()),
        };
        let auth = user.map(basic).transpose().map_err(|_| wrong())?;
        Ok(Self { uri: format!("http://{host}/").parse().map_err(|_| wrong())?, auth })
    }

    /// What the proxy itself is told with each request that it forwards.
    pub(super) fn auth(&self) -> Option<&HeaderValue> {
        self.auth.as_ref()
    }
}

/// `Basic ...` of `user:password`, marked as secret.
///
/// # Errors
/// None in practice: base64 is always a header's value.
pub fn basic(user_and_password: &str) -> Result<HeaderValue, hyper::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(user_and_password)))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Transport {
    pub(super) fn sender(&self, is_https: bool) -> Result<Sender, TransportError> {
        let mut http = HttpConnector::new();
        http.set_connect_timeout(Some(self.connect_timeout.min(self.timeout)));
        http.set_nodelay(true);
        http.enforce_http(false);
        let connector = Connector { http, proxy: self.proxy.clone() };
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls(is_https)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Ok(Hyper::builder(TokioExecutor::new()).build(https))
    }

    fn tls(&self, is_https: bool) -> Result<ClientConfig, TransportError> {
        let builder = || {
            ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
        };
        if let Some(file) = &self.ca {
            let wrong = |reason: String| TransportError::Ca { file: file.clone(), reason };
            let certificates = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| wrong(error.to_string()))?;
            if certificates.is_empty() {
                return Err(wrong("there is no certificate in it (PEM is expected)".to_owned()));
            }
            let pinned = Pinned::new(certificates, Arc::new(ring::default_provider())).map_err(wrong)?;
            return Ok(builder()?.dangerous().with_custom_certificate_verifier(Arc::new(pinned)).with_no_client_auth());
        }
        // Reading the system's store takes a while, and only https needs it.
        if is_https && let Ok(system) = builder()?.with_native_roots() {
            return Ok(system.with_no_client_auth());
        }
        Ok(builder()?.with_webpki_roots().with_no_client_auth())
    }
}

/// Opens connections: straight, or through a proxy.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    http: HttpConnector,
    proxy: Option<Proxy>,
}

type Trouble = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Trouble>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        self.http.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let mut http = self.http.clone();
        let proxy = self.proxy.clone();
        Box::pin(async move {
            let Some(proxy) = proxy else {
                return Ok(Stream { inner: http.call(to).await?, forwarded: false });
            };
            if to.scheme_str() == Some("https") {
                let mut tunnel = Tunnel::new(proxy.uri, http);
                if let Some(auth) = proxy.auth {
                    tunnel = tunnel.with_auth(auth);
                }
                return Ok(Stream { inner: tunnel.call(to).await?, forwarded: false });
            }
            Ok(Stream { inner: http.call(proxy.uri).await?, forwarded: true })
        })
    }
}

/// A connection that knows whether a proxy forwards what is sent on it: requests then name the whole URL.
pub(super) struct Stream {
    inner: TokioIo<TcpStream>,
    forwarded: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.inner.connected().proxy(self.forwarded)
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, into)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
