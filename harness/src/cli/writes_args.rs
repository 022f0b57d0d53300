//! The options of `run` about writes on a server that is not ours, and what they come to.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use carbon_specs::{Contract, Schema};
use clap::ValueEnum;

use super::args::CompareArg;
use super::error::CliError;
use super::signals::Signals;
use crate::bindings::file::PageBindings;
use crate::exit;
use crate::redact::Veil;
use crate::replay::Compare;
use crate::run::RunError;
use crate::sandbox::journal::Journal;
use crate::sandbox::{Patience, Sandbox, Scope, Session};
use crate::target::{BaseUrl, Client, Policy};

/// Where objects of a sandbox are listed, if no other file is named.
pub(super) const JOURNAL: &str = "carbon-harness-sandbox.jsonl";

/// What may be written on a server that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WritesArg {
    /// Nothing.
    None,
    /// Objects that the harness makes for itself and removes.
    Sandbox,
    /// Whatever the page's examples say, on whatever objects they name.
    All,
}

/// Options about writes.
#[derive(Clone, Debug, clap::Args)]
pub struct WritesArgs {
    /// What may be written on the target.
    ///
    /// `sandbox` makes a folder, a subscriber and what belongs to it, runs the write examples on these alone, and removes
    /// them. `all` sends the page's writes as they stand; it needs --i-mean.
    #[arg(long, value_enum, default_value_t = WritesArg::None, requires_ifs = [("sandbox", "target"), ("all", "target"), ("all", "i_mean")])]
    pub writes: WritesArg,
    /// The target's host once more, for --writes all.
    #[arg(long, value_name = "HOST")]
    pub i_mean: Option<String>,
    /// The file that lists what a sandbox creates, before it is created; `clean` works from it.
    #[arg(long, value_name = "FILE", default_value = JOURNAL)]
    pub journal: PathBuf,
    /// What stands on the target for the rows that the page names, as `bind` writes it; `page` if the target holds the page's
    /// own demo data.
    ///
    /// Without it, examples that name rows are sent only to a mock, or with --compare exact.
    #[arg(long, value_name = "FILE", requires = "target")]
    pub bindings: Option<PathBuf>,
    /// How long one change may take to come true, on a server whose tasks are not ours to run.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=7200))]
    pub settle: u64,
}

impl WritesArgs {
    /// Refuses `all` unless the host is typed again. To be asked before anything is sent.
    ///
    /// # Errors
    /// [`CliError::NotMeant`].
    pub fn check(&self, target: Option<&BaseUrl>) -> Result<(), CliError> {
        let (WritesArg::All, Some(target)) = (self.writes, target) else { return Ok(()) };
        let host = target.host().to_owned();
        match self.i_mean.as_deref() {
            Some(meant) if meant == host => Ok(()),
            meant => Err(CliError::NotMeant { host, meant: meant.unwrap_or_default().to_owned() }),
        }
    }

    /// How replies are compared, and what stands for the page's rows; `compare` is how they would be without bindings.
    ///
    /// # Errors
    /// The file cannot be used, or is about another server.
    pub fn bound(
        &self,
        contract: &Contract,
        client: &Client,
        asked: CompareArg,
        compare: Compare,
    ) -> Result<(Compare, Option<Arc<PageBindings>>), CliError> {
        if client.is_ours() {
            return Ok((compare, None));
        }
        match &self.bindings {
            Some(file) if file.as_os_str() == "page" => Ok((compare, None)),
            Some(_) if asked == CompareArg::Exact => Err(CliError::Usage(
                "with bindings, replies can only be compared by shape: leave --compare exact out".into(),
            )),
            Some(file) => {
                let bindings = PageBindings::read(file, contract)?;
                if let Some(target) = &bindings.target
                    && BaseUrl::parse(target)? != *client.base()
                {
                    let (file, base) = (file.display(), client.base());
                    return Err(CliError::Usage(format!("{file}: `target`: it is about {target}, not about {base}")));
                }
                let compare = if compare == Compare::Rules { compare } else { Compare::Shape };
                Ok((compare, Some(Arc::new(bindings))))
            }
            // All writes as they stand are asked for where the page's data are.
            None if compare.is_by_value() || self.writes == WritesArg::All => Ok((compare, None)),
            None => Ok((compare, Some(Arc::default()))),
        }
    }

    /// What may be sent, and the sandbox if there is to be one.
    ///
    /// # Errors
    /// The write-ahead file cannot be begun.
    pub fn policy(&self, schema: &Arc<Schema>, target: &BaseUrl) -> Result<(Policy, Option<Arc<Sandbox>>), CliError> {
        Ok(match self.writes {
            WritesArg::None => (Policy::ReadsOnly(Arc::clone(schema)), None),
            WritesArg::All => (Policy::AllWrites, None),
            WritesArg::Sandbox => {
                let run = format!("{:08x}", rand::random::<u32>());
                let journal = Journal::begin(&self.journal, &run, &target.to_string())
                    .map_err(crate::sandbox::SandboxError::from)?;
                let sandbox = Arc::new(Sandbox::new(Arc::clone(schema), Scope::new(&run), journal));
                (Policy::Guarded(sandbox.clone()), Some(sandbox))
            }
        })
    }

    /// How long to wait for a change to be seen.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.settle)
    }

    /// The sandbox on its server.
    pub fn session(&self, client: &Client, sandbox: Arc<Sandbox>, quiet: bool, veil: &Veil) -> Arc<Session> {
        Arc::new(Session::new(client.clone(), sandbox, patience(self.settle, quiet, veil)))
    }
}

/// Waits that long, and tells a terminal what is being done.
pub(super) fn patience(settle: u64, quiet: bool, veil: &Veil) -> Patience {
    let shown = !quiet && io::stderr().is_terminal();
    let veil = veil.clone();
    let say = move |text: &str| {
        if shown {
            // If this cannot be written, the work is done all the same.
            let _ = writeln!(anstream::stderr(), "sandbox: {}", veil.sentence(text));
        }
    };
    Patience { deadline: Duration::from_secs(settle), say: Arc::new(say) }
}

/// Builds the sandbox, runs, and removes it again, whatever happened between; so too when the user interrupts. The run
/// itself is told of a signal, and ends with its report.
///
/// # Errors
/// The first that went wrong; what could not be removed comes before all else.
pub(super) async fn around<T>(
    session: &Session,
    journal: &std::path::Path,
    signals: &Signals,
    run: impl Future<Output = Result<T, RunError>>,
) -> Result<T, CliError> {
    let built = tokio::select! {
        () = signals.one() => Err(CliError::Interrupted(signals.code().unwrap_or(exit::INTERRUPTED))),
        built = session.build() => built.map_err(CliError::from),
    };
    let ran = match built {
        Ok(()) => run.await.map_err(CliError::from),
        Err(error) => Err(error),
    };
    let left = |left: String| CliError::Left { journal: journal.to_owned(), left };
    let removed = tokio::select! {
        () = signals.another() => return Err(left("the removal was interrupted".to_owned())),
        removed = session.remove() => removed,
    };
    match removed {
        Ok(removal) if removal.left.is_empty() => ran,
        Ok(removal) => Err(left(removal.left.join("; "))),
        Err(error) => Err(CliError::left(journal, &error, &session.told()?)),
    }
}
