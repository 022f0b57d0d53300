//! The arguments, as clap reads them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use carbon_specs::example::Kind;
use clap::{Parser, Subcommand, ValueEnum};

use super::bind::BindArgs;
use super::check::CheckArgs;
use super::choice_args::{ChoiceArgs, JudgementArgs};
use super::clean::CleanArgs;
use super::diff::DiffArgs;
use super::privacy_args::PrivacyArgs;
use super::regression_args::RegressionArgs;
use super::transport_args::TransportArgs;
use super::verify::VerifyArgs;
use super::writes_args::WritesArgs;
use crate::catalog::Wanted;
use crate::embedded::Sqlexec;
use crate::exit;
use crate::literal::inside::{self, InsideArgs};
use crate::report::DocumentKind;

/// Holds any server to the documentation of Carbon Billing 5's REST API v2.0.
///
/// Without a command: `run`, which replays every documented call against an embedded mock.
#[derive(Debug, Parser)]
#[command(name = "carbon-harness", version, args_conflicts_with_subcommands = true, after_help = exit::HELP,
    after_long_help = concat!("Examples:
  carbon-harness                                  replay the whole page against the embedded mock
  carbon-harness run 'users-*' --read             the calls of one section that only read
  carbon-harness run --target http://192.0.2.1:8082   the reads of the page against a server
  carbon-harness show abonents-3.1                everything known of one call
  carbon-harness list --format json               all calls, for other programs

"))]
pub struct Args {
    /// Read options from this file; by default from carbon-harness.toml, where there is one. What is typed wins.
    // Taken out of the arguments before they come here.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Without a command, the arguments of `run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay documented calls and rules, and compare with expectations and snapshots.
    #[command(after_help = "Examples:
  carbon-harness run
  carbon-harness run abonents-2.1 'services-*'
  carbon-harness run --section users --write -v
  carbon-harness run --only-rules
  carbon-harness run --update                     rewrite snapshots that differ; review them with git or cargo insta
  carbon-harness run --target http://192.0.2.1:8082 --format json
  carbon-harness run --target http://192.0.2.1:8082 --writes sandbox
  carbon-harness run --target http://192.0.2.1:8082 --save before-upgrade
  carbon-harness run --target http://192.0.2.1:8082 --baseline before-upgrade")]
    Run(Box<RunArgs>),
    /// List the documented calls.
    #[command(after_help = "Examples:
  carbon-harness list
  carbon-harness list --model users --write
  carbon-harness list --format json")]
    List(ListArgs),
    /// Show one call: the command, what it sends, what must come of it, its misprint, its snapshot.
    #[command(after_help = "Example:
  carbon-harness show abonents-3.1")]
    Show(ShowArgs),
    /// Explain a curl command: what it really sends, what its chain does, and what will go wrong. Sends nothing.
    ///
    /// Exits with 1 if the command has an error.
    #[command(after_help = "Examples:
  carbon-harness explain 'curl -XPOST -d ... http://<ip>:8082/rest_api/v2/Abonents/'
  carbon-harness explain - < script.sh
  carbon-harness explain --format json 'curl ...'")]
    Explain(ExplainArgs),
    /// List the rules: sentences that state behaviour, where they come from, and what proves them.
    #[command(after_help = "Examples:
  carbon-harness rules
  carbon-harness rules --format json")]
    Rules(RulesArgs),
    /// Run the page's own shell text under bash: its pipelines, its loops, its curl, with our sqlexec. Or try a script of
    /// your own the same way.
    ///
    /// In an empty temporary folder each, from the demo state, against the embedded mock. What arrives, what is answered
    /// and what follows is held to the same expectations as by `run`. Needs bash, curl, awk, sed, jq and python3; a call
    /// that wants one that is missing fails and says so.
    ///
    /// A text runs in a network of its own (Linux namespaces, made by util-linux's `unshare`), in which there is nothing
    /// but the mock, at 127.0.0.1:8082: `curl -q`, /dev/tcp, Python and whatever else cannot get out. curl reaches the
    /// mock whatever host it names. Files are not isolated: a text reads and writes what you may, and can ask a service of
    /// this machine that listens at a Unix socket, such as docker's.
    ///
    /// With --script it is your script that runs, in the current folder and with your environment, against demo data or
    /// the mock that --mock names. `sleep` lets the mock's time pass instead of yours. When it has ended,
    /// the tasks that wait are run; what was refused, how long the tasks take, and what overlapped is told on standard error. Exits with 1 if the script failed,
    /// a call or a statement was refused, or there is a hazard.
    #[command(after_help = "Examples:
  carbon-harness literal
  carbon-harness literal 'services-*' -v
  carbon-harness literal abonents-8.1 --dry-run
  carbon-harness literal abonents-37.1 --keep -v
  carbon-harness literal --script move-debtors.sh -- 4911
  carbon-harness literal --script nightly.sh --mock http://127.0.0.1:8082")]
    Literal(LiteralArgs),
    /// What stands on the text's side, for `literal`.
    #[command(hide = true, name = inside::NAME)]
    LiteralInside(InsideArgs),
    /// What `sleep` is in a script, for `literal`.
    #[command(hide = true)]
    LiteralSleep(SleepArgs),
    /// Judge what a mock has seen, a running one or its saved journal: calls that break the contract, overlaps, documented calls exercised.
    ///
    /// Exits with 1 if there is a violation or a hazard. Waiting tasks are not run: do so first, or use `carbon-mock exec`.
    #[command(after_help = "Examples:
  carbon-harness verify
  carbon-harness verify --mock http://127.0.0.1:18082 --format json
  carbon-harness verify --journal journal.json    what `carbon-mock serve --save-journal` left behind")]
    Verify(VerifyArgs),
    /// Check laws that hold on any server, by reads alone: what lookups, chains, links and `fields` must come to on its own data.
    ///
    /// Samples the server's data first, makes calls from what is there, and prints the smallest call that breaks a law
    /// as a command to copy. Exits with 1 if a documented or derived law is broken; what is only assumed or observed
    /// is a warning.
    #[command(after_help = "Examples:
  carbon-harness check
  carbon-harness check --target http://192.0.2.1:8082 --for 60s --max-requests 2000
  carbon-harness check --law range --law partition --model Abonents --seed 7
  carbon-harness check --list")]
    Check(CheckArgs),
    /// What the page's `sqlexec` is, for `literal`.
    #[command(hide = true)]
    Sqlexec(Sqlexec),
    /// Look on a server, by reads alone, for rows that can stand for those that the page's examples name.
    ///
    /// Writes them into a file for `run --bindings`, and says what it chose and why. What could not be found is in the file
    /// as a comment. Counts, and a few rows with a few fields, are all that is asked for.
    #[command(after_help = "Examples:
  carbon-harness bind --target http://192.0.2.1:8082
  carbon-harness bind --target http://192.0.2.1:8082 --set abonent=1017 --out test-server.toml")]
    Bind(BindArgs),
    /// Remove what a sandbox run left on a server after a crash, a kill or a lost connection.
    ///
    /// Works from the file that the run wrote, and finds objects by the names that only that run has given. Can be done
    /// any number of times. Exits with 1 if something is still there.
    #[command(after_help = "Examples:
  carbon-harness clean
  carbon-harness clean --journal nightly.jsonl --target http://192.0.2.1:8082")]
    Clean(CleanArgs),
    /// What changed between two servers, or between two days: replies to the page's reads, compared.
    ///
    /// Each side is a folder that `run --save` wrote, a server's base URL, or `embedded`. Only reads are sent. Of a live first
    /// side everything is read twice, so that what moves by itself is left out. The same change seen in many replies is told
    /// once. Exits with 1 if anything changed.
    #[command(after_help = "Examples:
  carbon-harness diff before-upgrade after-upgrade
  carbon-harness diff before-upgrade http://192.0.2.1:8082
  carbon-harness diff http://old:8082 http://new:8082 --values --save-masks masks.toml
  carbon-harness diff before-upgrade after-upgrade --format json")]
    Diff(DiffArgs),
    /// Print completions for a shell.
    #[command(after_help = "Examples:
  carbon-harness completions bash > ~/.local/share/bash-completion/completions/carbon-harness
  carbon-harness completions zsh > ~/.zfunc/_carbon-harness
  carbon-harness completions fish > ~/.config/fish/completions/carbon-harness.fish")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command into a folder.
    #[command(after_help = "Examples:
  carbon-harness man | man -l -
  carbon-harness man --out ~/.local/share/man/man1")]
    Man(ManArgs),
    /// Write the documents generated from the contract: the errata and the assumptions.
    #[command(after_help = "Examples:
  carbon-harness docs
  carbon-harness docs --check                     exit 1 if one is not current
  carbon-harness docs --page page.txt             exit 1 if the contract cites what is not there")]
    Docs(DocsArgs),
}

/// Which calls.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SelectionArgs {
    /// Ids or patterns: abonents-2.1, 'users-*'.
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Only this section, by short name or the page's heading; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub section: Vec<String>,
    /// Only this model's calls; may be repeated.
    #[arg(long, value_name = "MODEL")]
    pub model: Vec<String>,
    /// Only calls that change nothing.
    #[arg(long, conflicts_with = "write")]
    pub read: bool,
    /// Only calls that may change something.
    #[arg(long)]
    pub write: bool,
}

impl SelectionArgs {
    /// As the catalogue understands it.
    pub fn wanted(&self) -> Wanted {
        let kind = match (self.read, self.write) {
            (true, _) => Some(Kind::Read),
            (_, true) => Some(Kind::Write),
            _ => None,
        };
        Wanted { ids: self.ids.clone(), sections: self.section.clone(), models: self.model.clone(), kind }
    }

    /// Whether anything is left out.
    pub fn narrows(&self) -> bool {
        !self.ids.is_empty() || !self.section.is_empty() || !self.model.is_empty() || self.read || self.write
    }
}

/// Arguments of `run`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// Which calls.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What of the selection is run.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// By what it is judged.
    #[command(flatten)]
    pub judgement: JudgementArgs,
    /// The server to hold to the page, instead of the embedded mock; only reads are sent to it, unless --writes says more.
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Writes on the target.
    #[command(flatten)]
    pub writes: WritesArgs,
    /// How much of a reply is compared: values and snapshots, keys and kinds, or nothing but the rules.
    ///
    /// `auto` compares values on the embedded mock and on one of this machine, and keys and kinds on any other server.
    #[arg(long, value_enum, default_value_t = CompareArg::Auto)]
    pub compare: CompareArg,
    /// Earlier replies.
    #[command(flatten)]
    pub regression: RegressionArgs,
    /// Send at most so many requests; what would need more is not run.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: Option<u64>,
    /// The way to the server.
    #[command(flatten)]
    pub transport: TransportArgs,
    /// What is shown.
    #[command(flatten)]
    pub privacy: PrivacyArgs,
    /// Rewrite snapshots that differ.
    #[arg(long, conflicts_with = "target")]
    pub update: bool,
    /// Where snapshots live; by default the nearest `snapshots` folder, here or above.
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
    /// Run the rules only; ids then mean rules.
    #[arg(long, conflicts_with_all = ["section", "model", "read", "write", "no_rules"])]
    pub only_rules: bool,
    /// Leave the rules out. They run by default when no calls are selected.
    #[arg(long)]
    pub no_rules: bool,
    /// Stop at the first mismatch.
    #[arg(long)]
    pub fail_fast: bool,
    /// What is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write a report to a file as well: json=FILE, junit=FILE, html=FILE or md=FILE; may be repeated.
    #[arg(long, value_name = "KIND=FILE")]
    pub report: Vec<ReportArg>,
    /// Failures and the summary only.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// A line for each call.
    #[arg(short, long)]
    pub verbose: bool,
}

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Which calls.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
    /// What is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The call's id.
    #[arg(value_name = "ID")]
    pub id: String,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
    /// Where snapshots live; by default the nearest `snapshots` folder, here or above.
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The command as one quoted text, or `-` to read it from standard input.
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<String>,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
    /// What is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `rules`.
#[derive(Debug, clap::Args)]
pub struct RulesArgs {
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
    /// What is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `literal`.
#[derive(Debug, clap::Args)]
pub struct LiteralArgs {
    /// Which calls.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
    /// Try this script instead: itself where it may be executed, else under bash.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "ids", "section", "model", "read", "write", "keep", "dry_run", "fail_fast", "verbose",
    ])]
    pub script: Option<PathBuf>,
    /// The script's arguments, after `--`.
    #[arg(last = true, value_name = "ARGS", requires = "script")]
    pub arguments: Vec<OsString>,
    /// Try the script on this running mock, instead of the embedded one. Whatever waits there is run at the end.
    #[arg(long, value_name = "URL", requires = "script")]
    pub mock: Option<String>,
    /// Run in this machine's network, where only curl's settings point at the mock: what goes past them reaches anything.
    #[arg(long)]
    pub no_isolation: bool,
    /// Leave the folders behind and say where they are: the script, its programs and settings, what it printed, and
    /// `again`, which runs it once more.
    #[arg(long)]
    pub keep: bool,
    /// Run nothing; print the scripts, pointed at the mock's usual address.
    #[arg(long)]
    pub dry_run: bool,
    /// Stop at the first mismatch.
    #[arg(long)]
    pub fail_fast: bool,
    /// What is written to standard output; of a script, to standard error.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Failures and the summary only; of a script, nothing unless something is wrong.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// A line for each call.
    #[arg(short, long)]
    pub verbose: bool,
}

/// Arguments of what `sleep` is in a script.
#[derive(Debug, clap::Args)]
pub struct SleepArgs {
    /// Spans of time, as `sleep` takes them.
    #[arg(required = true)]
    pub spans: Vec<String>,
    /// The mock.
    #[arg(long, env = "CARBON_MOCK_URL", value_name = "URL")]
    pub mock: String,
}

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// A folder for a page of each command.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `docs`.
#[derive(Debug, clap::Args)]
pub struct DocsArgs {
    /// Where they live.
    #[arg(long, value_name = "DIR", default_value = "docs")]
    pub dir: PathBuf,
    /// Write nothing; say which are not current.
    #[arg(long)]
    pub check: bool,
    /// Write nothing; hold the contract against the text of the page, or of a later version of it: say which citations do not
    /// stand in the line they name, and which lines nothing cites.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "dir"])]
    pub page: Option<PathBuf>,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// How much of a reply is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareArg {
    /// Exact on a mock, else shape.
    Auto,
    /// Values, and the snapshot.
    Exact,
    /// Keys and kinds.
    Shape,
    /// Nothing but the rules.
    Rules,
}

/// `KIND=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportArg {
    /// What it is written in.
    pub kind: DocumentKind,
    /// The file.
    pub file: PathBuf,
}

impl FromStr for ReportArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((kind, file)) if !file.is_empty() => match DocumentKind::from_str(kind, false) {
                Ok(kind) => Ok(Self { kind, file: PathBuf::from(file) }),
                Err(_) => Err(format!("there is no report `{kind}`; there are json, junit, html and md")),
            },
            _ => Err("give kind and file, like junit=report.xml".to_owned()),
        }
    }
}
