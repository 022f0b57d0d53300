//! `carbon-mock sqlexec [-l] "select ..."`: the server's SQL tool, asking a running mock. Also under the name `sqlexec`
//! alone, as a link to the program, so that the page's pipelines run as they stand.
//!
//! Prints what `isql` prints, on the same streams, and exits as it does.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

/// No mock answers at the address.
const UNREACHABLE: u8 = 3;

/// The time for a statement, a little more than the mock allows it.
const PATIENCE: Duration = Duration::from_secs(30);

const EXAMPLES: &str = "\
Examples:
  carbon-mock sqlexec -l \"select id, name from abonents where is_folder=1\"
  ln -s carbon-mock sqlexec && ./sqlexec \"set heading off; select count(*) from users\"

Exit codes: 0 done, 1 a statement failed, 2 wrong usage, 3 no mock at the address.";

/// What `sqlexec` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Sqlexec {
    /// One line per column, as `set list on;` in front of the statement.
    #[arg(short)]
    list: bool,
    /// The mock to ask.
    #[arg(long, env = "CARBON_MOCK_URL", default_value = "http://127.0.0.1:8082", value_name = "URL")]
    url: Uri,
    /// `select ...`, with `set list on;` or `set heading off;` in front if wanted; the last `;` may be left out.
    #[arg(allow_hyphen_values = true)]
    statement: String,
}

/// The command line, with the program's own name turned into the subcommand if it is called `sqlexec`.
pub fn arguments(given: impl IntoIterator<Item = std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<_> = given.into_iter().collect();
    let called = arguments.first().map(Path::new).and_then(Path::file_stem);
    if called.is_some_and(|name| name == "sqlexec") {
        arguments.insert(1, "sqlexec".into());
    }
    arguments
}

/// What `POST /__mock__/sql` answers, as far as isql's manners go.
#[derive(Debug, Deserialize)]
struct Answer {
    stdout: String,
    stderr: String,
    exit: u8,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("`{0}` is no address like http://127.0.0.1:8082")]
    Address(Uri),
    #[error("{0}")]
    Connect(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("{0}")]
    Request(#[from] hyper::http::Error),
    #[error("it answers something else than SQL's result: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("it does not answer within {} seconds", PATIENCE.as_secs())]
    Time(#[from] tokio::time::error::Elapsed),
}

/// Asks the mock and prints.
pub fn run(options: &Sqlexec) -> ExitCode {
    let prefix = if options.list { "set list on;\n" } else { "" };
    let script = format!("{prefix}{}", options.statement);
    match ask(&options.url, &script) {
        Ok(answer) => {
            // A reader that has seen enough is no failure.
            let _ = io::stdout().write_all(answer.stdout.as_bytes()).and_then(|()| io::stdout().flush());
            let _ = io::stderr().write_all(answer.stderr.as_bytes());
            ExitCode::from(answer.exit)
        }
        Err(problem) => {
            let url = options.url.to_string();
            let url = url.trim_end_matches('/');
            let _ = writeln!(io::stderr(), "error: no mock to ask at {url}: {problem}");
            if !matches!(problem, Problem::Address(_)) {
                let _ = writeln!(io::stderr(), "start one with `carbon-mock serve`, or set CARBON_MOCK_URL");
            }
            ExitCode::from(UNREACHABLE)
        }
    }
}

fn ask(url: &Uri, script: &str) -> Result<Answer, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { tokio::time::timeout(PATIENCE, post(url, script)).await? })
}

async fn post(url: &Uri, script: &str) -> Result<Answer, Problem> {
    let address = || Problem::Address(url.clone());
    if url.scheme_str().is_some_and(|scheme| scheme != "http") {
        return Err(address());
    }
    let authority = url.authority().ok_or_else(address)?;
    // An IPv6 address stands in brackets in a URL, and without them everywhere else.
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let body = serde_json::json!({ "sql": script }).to_string();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/__mock__/sql")
        .header(HOST, authority.as_str())
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let reply = sender.send_request(request).await?;
    let bytes = reply.into_body().collect().await?.to_bytes();
    Ok(serde_json::from_slice(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_named_sqlexec_is_the_subcommand() {
        let turned = |given: &[&str]| arguments(given.iter().map(Into::into));
        assert_eq!(turned(&["/usr/bin/sqlexec", "-l", "select"]), ["/usr/bin/sqlexec", "sqlexec", "-l", "select"]);
        assert_eq!(turned(&["./carbon-mock", "serve"]), ["./carbon-mock", "serve"]);
    }

    #[test]
    fn nobody_at_the_address_is_said_so() {
        // The discard port: nothing listens there.
        assert!(matches!(ask(&Uri::from_static("http://127.0.0.1:9"), "x"), Err(Problem::Connect(_))));
        assert!(matches!(ask(&Uri::from_static("https://127.0.0.1:9"), "x"), Err(Problem::Address(_))));
        assert!(matches!(ask(&Uri::from_static("/relative"), "x"), Err(Problem::Address(_))));
    }
}
