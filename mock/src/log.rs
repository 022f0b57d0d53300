//! The program's log, as the page's debugging section has it: errors by default, every call at `info`.
//!
//! The library only emits `tracing` events and leaves what becomes of them to whoever embeds it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// The vendor's `app['django.loglevel']`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Calls that fail, failing tasks and overlaps.
    Error,
    /// Every call.
    Info,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be written.
    #[error("cannot write the log file {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Somebody else logs already.
    #[error("logging is set up already")]
    Twice,
}

/// What to log and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The level.
    pub level: Level,
    /// Each call decoded in words, too.
    pub words: bool,
    /// Appended to; standard error without one.
    pub file: Option<PathBuf>,
}

/// Starts logging, for the whole process.
///
/// # Errors
/// A file that cannot be opened, or a second call.
pub fn start(options: &Options) -> Result<(), LogError> {
    let builder = tracing_subscriber::fmt().with_timer(LocalTime).with_env_filter(EnvFilter::new(filter(options)));
    let started = match &options.file {
        Some(path) => builder.with_ansi(false).with_writer(Mutex::new(open(path)?)).try_init(),
        None => builder.with_ansi(false).with_writer(io::stderr).try_init(),
    };
    started.map_err(|_| LogError::Twice)
}

/// `api_v2` has each call once, with its body; `carbon_mock::mock` would tell of it a second time.
fn filter(options: &Options) -> String {
    let level = match options.level {
        Level::Error => "error",
        Level::Info => "info",
    };
    let words = if options.words { "debug" } else { "off" };
    // What overlapped is told whatever the level: it is what the mock is for.
    format!("{level},carbon_mock::mock=off,carbon_mock::world=warn,words={words}")
}

fn open(path: &PathBuf) -> Result<File, LogError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| LogError::File { path: path.clone(), error })
}

/// Local time as Django's log writes it.
struct LocalTime;

impl FormatTime for LocalTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = jiff::ZonedDateTime::now();
        write!(writer, "{},{:03}", now.strftime("%Y-%m-%d %H:%M:%S"), now.millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_logged_once() {
        let options = Options { level: Level::Info, words: false, file: None };
        assert_eq!(filter(&options), "info,carbon_mock::mock=off,carbon_mock::world=warn,words=off");
        let options = Options { level: Level::Error, words: true, file: None };
        assert_eq!(filter(&options), "error,carbon_mock::mock=off,carbon_mock::world=warn,words=debug");
    }
}
