//! Options of the way to a server. Secrets come from the environment, for a command line is seen by everybody.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper_util::client::proxy::matcher::Matcher;

use super::error::CliError;
use crate::redact::{Redactor, Veil};
use crate::target::{BaseUrl, Client, Policy, Proxy, Transport, basic};

/// The environment variable with the password of `--user`.
const PASSWORD: &str = "CARBON_PASSWORD";
/// The environment variable with a header of its own, for tokens.
const HEADER: &str = "CARBON_HEADER";

/// The way to a server.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "The way to the server")]
pub struct TransportArgs {
    /// Give up on an answer after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
    /// Give up on a connection after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub connect_timeout: u64,
    /// Send at most so many requests a second; 0.5 is one in two seconds.
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,
    /// Send a read again so often when the connection breaks or the server is busy, waiting longer each time. Writes are sent
    /// once.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=10))]
    pub retries: u8,
    /// Send this header with every request; may be repeated. A secret one goes into the environment: CARBON_HEADER.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    pub header: Vec<(HeaderName, HeaderValue)>,
    /// Sign in as this user (basic authentication), with the password in CARBON_PASSWORD.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Trust these certificates (PEM) for https, instead of the system's authorities: an authority's, or the server's own,
    /// however it is signed.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Go through this proxy; by default as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say.
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
}

impl TransportArgs {
    /// A client for a server that is not ours, by these options. From here on nothing is shown but through the veil.
    ///
    /// # Errors
    /// An option or a variable that cannot be used.
    pub fn client(
        &self,
        base: BaseUrl,
        policy: Policy,
        most: Option<u64>,
        (veil, redactor): (&Veil, Redactor),
    ) -> Result<Client, CliError> {
        // Whoever asks a server that is not ours has drawn the veil before its first answer. Its address was typed here.
        let redactor = veil.draw(redactor.sparing(base.host()));
        let mut headers = self.header.clone();
        if let Some(text) = variable(HEADER) {
            // The error does not repeat it.
            let (name, mut value) =
                header(&text).map_err(|_| CliError::Usage(format!("{HEADER} is no header like `Name: value`")))?;
            value.set_sensitive(true);
            headers.push((name, value));
        }
        if let Some(user) = &self.user {
            let password = variable(PASSWORD)
                .ok_or_else(|| CliError::Usage(format!("--user needs the password in the environment: {PASSWORD}")))?;
            let value = basic(&format!("{user}:{password}"))
                .map_err(|_| CliError::Usage(format!("--user `{user}` cannot be sent")))?;
            headers.push((AUTHORIZATION, value));
        }
        let proxy = match &self.proxy {
            Some(text) => Some(Proxy::parse(text)?),
            None => from_environment(&base),
        };
        let transport = Transport {
            timeout: Duration::from_secs(self.timeout),
            connect_timeout: Duration::from_secs(self.connect_timeout),
            headers,
            proxy,
            ca: self.ca.clone(),
            rate: self.rate,
            most: most.and_then(|most| usize::try_from(most).ok()),
            retries: usize::from(self.retries),
        };
        Ok(Client::over(base, policy, transport, Some(redactor))?)
    }

    /// How long an answer may take.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The proxy that the environment names for a server.
fn from_environment(base: &BaseUrl) -> Option<Proxy> {
    let uri: Uri = base.to_string().parse().ok()?;
    let found = Matcher::from_env().intercept(&uri)?;
    let user = found.raw_auth().map(|(user, password)| format!("{user}:{password}@")).unwrap_or_default();
    let authority = found.uri().authority()?;
    Proxy::parse(&format!("http://{user}{authority}")).ok()
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.001..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("give requests a second, from 0.001 to 100000".to_owned()),
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || "give a header like `Name: value`".to_owned();
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name = name.trim().parse().map_err(|_| wrong())?;
    let value = value.trim().parse().map_err(|_| wrong())?;
    Ok((name, value))
}
