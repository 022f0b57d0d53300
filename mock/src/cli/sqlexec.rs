//! `carbon-mock sqlexec [-l] "select ..."`: the server's SQL tool, asking a running mock. Also under the name `sqlexec`
//! alone, as a link to the program, so that the page's pipelines run as they stand.
//!
//! Prints what `isql` prints, on the same streams, and exits as it does.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, Parser};
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

/// What was selected could not be written, or no SQL could be read.
const FAILED: u8 = 1;

/// Neither a statement nor an input to read one from.
const USAGE: u8 = 2;

/// No mock answers at the address.
const UNREACHABLE: u8 = 3;

/// Where the mock is, if nobody says otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8082";

/// The time for a statement, a little more than the mock allows it.
const PATIENCE: Duration = Duration::from_secs(30);

const EXAMPLES: &str = "\
Examples:
  carbon-mock sqlexec -l \"select id, name from abonents where is_folder=1\"
  ln -s carbon-mock sqlexec && ./sqlexec \"set heading off; select count(*) from users\"
  carbon-mock sqlexec < check.sql

Exit codes: 0 done, 1 a statement failed or its rows could not be written, 2 wrong usage, 3 no answer from a mock at the
address.";

/// What `sqlexec` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Sqlexec {
    /// One line per column, as `set list on;` in front of the statement.
    #[arg(short)]
    list: bool,
    /// The mock to ask.
    #[arg(long, env = "CARBON_MOCK_URL", default_value = DEFAULT_URL, value_name = "URL", value_parser = url)]
    url: Uri,
    /// `select ...`, with `set list on;` or `set heading off;` in front if wanted; the last `;` may be left out. Without
    /// it, standard input is read, as isql reads it.
    #[arg(allow_hyphen_values = true)]
    statement: Option<String>,
}

/// The program under the name `sqlexec`.
#[derive(Debug, Parser)]
#[command(name = "sqlexec", version, about = "Ask a running carbon-mock in SQL, and print what Firebird's isql prints")]
struct Alone {
    #[command(flatten)]
    options: Sqlexec,
}

/// An address; an empty one, as an empty variable gives it, is the default.
fn url(given: &str) -> Result<Uri, hyper::http::uri::InvalidUri> {
    if given.is_empty() { DEFAULT_URL.parse() } else { given.parse() }
}

/// The options, if the program is called `sqlexec`. Where they are wrong, it ends with what is.
pub fn called_so(arguments: &[OsString]) -> Option<Sqlexec> {
    is_called_so(arguments).then(|| Alone::parse_from(arguments).options)
}

fn is_called_so(arguments: &[OsString]) -> bool {
    let called = arguments.first().map(Path::new).and_then(Path::file_stem);
    called.is_some_and(|name| name == "sqlexec")
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
    #[error("the connection ended before the whole answer had come: {0}")]
    Http(#[from] hyper::Error),
    #[error("{0}")]
    Request(#[from] hyper::http::Error),
    #[error("it answers something else than SQL's result: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("it does not answer within {} seconds", PATIENCE.as_secs())]
    Time(#[from] tokio::time::error::Elapsed),
}

impl Problem {
    /// Whether there is somebody at the address, who failed to answer.
    fn is_of_answer(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Answer(_) | Self::Time(_))
    }
}

/// Asks the mock and prints.
pub fn run(options: &Sqlexec) -> ExitCode {
    let statement = match statement(options) {
        Ok(Some(statement)) => statement,
        Ok(None) => return failed("there is no SQL to run: give a statement, or a script on standard input", USAGE),
        Err(error) => return failed(&format!("standard input cannot be read: {error}"), FAILED),
    };
    let prefix = if options.list { "set list on;\n" } else { "" };
    match ask(&options.url, &format!("{prefix}{statement}")) {
        Ok(answer) => match print(&answer) {
            // A reader that has seen enough is no failure.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                failed(&format!("standard output cannot be written: {error}"), FAILED)
            }
            _ => ExitCode::from(answer.exit),
        },
        Err(problem) => {
            let url = options.url.to_string();
            let url = url.trim_end_matches('/');
            let what = if problem.is_of_answer() { "no answer from" } else { "no mock to ask at" };
            let code = failed(&format!("{what} {url}: {problem}"), UNREACHABLE);
            if matches!(problem, Problem::Connect(_)) {
                let _ = writeln!(io::stderr(), "start one with `carbon-mock serve`, or set CARBON_MOCK_URL");
            }
            code
        }
    }
}

/// The statement given, or all of standard input; nothing if a person sits there.
fn statement(options: &Sqlexec) -> io::Result<Option<String>> {
    if options.statement.is_some() || io::stdin().is_terminal() {
        return Ok(options.statement.clone());
    }
    let mut script = String::new();
    io::stdin().read_to_string(&mut script)?;
    Ok(Some(script))
}

fn print(answer: &Answer) -> io::Result<()> {
    let _ = io::stderr().write_all(answer.stderr.as_bytes());
    let mut out = io::stdout().lock();
    out.write_all(answer.stdout.as_bytes())?;
    out.flush()
}

fn failed(why: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {why}");
    ExitCode::from(code)
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
    fn a_link_named_sqlexec_is_the_tool_alone() {
        let given = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let options = called_so(&given(&["/usr/bin/sqlexec", "-l", "--url", "", "-- all\nselect"])).unwrap();
        assert!(options.list);
        assert_eq!(
            (options.url, options.statement.as_deref()),
            (Uri::from_static(DEFAULT_URL), Some("-- all\nselect"))
        );
        assert!(!is_called_so(&given(&["./carbon-mock", "serve"])));
    }

    #[test]
    fn nobody_at_the_address_is_said_so() {
        // The discard port: nothing listens there.
        assert!(matches!(ask(&Uri::from_static("http://127.0.0.1:9"), "x"), Err(Problem::Connect(_))));
        assert!(matches!(ask(&Uri::from_static("https://127.0.0.1:9"), "x"), Err(Problem::Address(_))));
        assert!(matches!(ask(&Uri::from_static("/relative"), "x"), Err(Problem::Address(_))));
    }
}
