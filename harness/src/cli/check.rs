//! `check`: laws that hold on any server, by reads alone.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use carbon_specs::{Contract, ModelId, Source};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::args::Format;
use super::error::CliError;
use super::privacy_args::{PrivacyArgs, redactor};
use super::signals::Signals;
use super::transport_args::TransportArgs;
use crate::embedded::Embedded;
use crate::exit;
use crate::laws::ask::Bounds;
use crate::laws::run::{self, Checked, Options};
use crate::laws::{book, report, standing};
use crate::redact::Veil;
use crate::target::{BaseUrl, Client, Policy};

/// Arguments of `check`.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// The server to check, instead of the embedded mock; only reads are sent, to either.
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Only this model's rows; may be repeated.
    #[arg(long, value_name = "MODEL")]
    pub model: Vec<String>,
    /// Only this law; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub law: Vec<String>,
    /// The seed: the same on the same data makes the same calls.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Cases per law.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub cases: u32,
    /// Send at most so many requests.
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_requests: u32,
    /// Take at most this long: 60s, 10m, 1h.
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub time: Duration,
    /// The way to the server.
    #[command(flatten)]
    pub transport: TransportArgs,
    /// Use personal columns (names, phones, contract numbers) in conditions too, so that they may be printed.
    ///
    /// Always so with the embedded mock, whose persons are invented.
    #[arg(long)]
    pub personal: bool,
    /// What is shown.
    #[command(flatten)]
    pub privacy: PrivacyArgs,
    /// List the laws and send nothing.
    #[arg(long)]
    pub list: bool,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<std::path::PathBuf>,
    /// What is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// A line for each law.
    #[arg(short, long)]
    pub verbose: bool,
}

/// Carries out `check`.
///
/// # Errors
/// See [`CliError`].
pub fn check(args: &CheckArgs, veil: &Veil) -> Result<u8, CliError> {
    let contract = Arc::new(super::contract(args.specs.as_deref())?);
    let options = options(&contract, args)?;
    if args.list {
        return list(&options, args.format);
    }
    let target = args.target.as_deref().map(BaseUrl::parse).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (base, checked, ended) = runtime.block_on(async {
        let schema = Arc::new(contract.schema.clone());
        let policy = Policy::ReadsOnly(Arc::clone(&schema));
        // The embedded mock lives until the end of the run.
        let _embedded;
        let client = match target {
            Some(base) => {
                // The first look and what is sent again count, too.
                let most = Some(u64::from(args.max_requests));
                args.transport.client(base, policy, most, (veil, redactor(&schema)))?
            }
            None => {
                let embedded = Embedded::start(Arc::clone(&contract)).await?;
                let base = BaseUrl::parse(&embedded.url())?;
                _embedded = embedded;
                Client::new(base, policy, args.transport.patience())?
            }
        };
        client.get("/rest_api/v2/").await?;
        let signals = Signals::listen();
        let (interrupted, heard) = (Arc::clone(&options.interrupted), signals.clone());
        tokio::spawn(async move {
            heard.one().await;
            interrupted.store(true, Ordering::Relaxed);
        });
        let bar = bar();
        let checked = run::check(&client, &schema, &options, &mut |law, done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
            bar.set_message(law.to_owned());
        })
        .await;
        bar.finish_and_clear();
        Ok::<_, CliError>((client.base().to_string(), checked?, signals.code()))
    })?;
    let conforms = checked.conforms();
    show(&base, checked, args, veil)?;
    if let Some(code) = ended {
        return Ok(code);
    }
    Ok(if conforms { exit::CONFORMS } else { exit::MISMATCH })
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

fn show(base: &str, checked: Checked, args: &CheckArgs, veil: &Veil) -> Result<u8, CliError> {
    let is_open = args.privacy.show_values && args.format == Format::Text;
    match veil.redactor().filter(|_| !is_open) {
        None => super::print(|out| write(out, base, &checked, args)),
        Some(redactor) => {
            let hidden = checked.hidden(redactor);
            super::print_through(veil, |out| {
                write(out, base, &hidden, args)?;
                let copied = args.format == Format::Text && hidden.laws.iter().any(|law| law.failing.is_some());
                if copied {
                    writeln!(out, "personal values are placeholders; --show-values shows them here")
                } else {
                    Ok(())
                }
            })
        }
    }
}

fn write(out: &mut dyn Write, base: &str, checked: &Checked, args: &CheckArgs) -> io::Result<()> {
    match args.format {
        Format::Text => report::text(out, base, checked, args.verbose),
        Format::Json => writeln!(out, "{:#}", report::json(base, checked)),
    }
}

fn list(options: &Options, format: Format) -> Result<u8, CliError> {
    let standing = options.standing.iter().map(|law| (law.name, law.says, law.source));
    let laws: Vec<(&str, &str, Source)> =
        standing.chain(options.laws.iter().map(|law| (law.name, law.says, law.source))).collect();
    super::print(|out| match format {
        Format::Text => report::list(out, &laws),
        Format::Json => {
            let laws: Vec<Value> =
                laws.iter().map(|(name, says, source)| json!({"name": name, "says": says, "source": source})).collect();
            writeln!(out, "{:#}", Value::from(laws))
        }
    })
}

fn options(contract: &Contract, args: &CheckArgs) -> Result<Options, CliError> {
    let mut laws = book::all();
    let mut standing = standing::LAWS.to_vec();
    if !args.law.is_empty() {
        let names: Vec<&str> = standing.iter().map(|law| law.name).chain(laws.iter().map(|law| law.name)).collect();
        if let Some(unknown) = args.law.iter().find(|law| !names.contains(&law.as_str())) {
            let near = names.iter().max_by(|one, other| {
                strsim::jaro_winkler(unknown, one).total_cmp(&strsim::jaro_winkler(unknown, other))
            });
            return Err(CliError::Usage(format!(
                "no law is called `{unknown}`{}; `carbon-harness check --list` shows them",
                near.map(|near| format!(" (`{near}`?)")).unwrap_or_default()
            )));
        }
        laws.retain(|law| args.law.iter().any(|name| name == law.name));
        standing.retain(|law| args.law.iter().any(|name| name == law.name));
        if laws.is_empty() {
            // A standing law needs replies: everything is asked.
            laws = book::all();
            laws.retain(|_| !standing.is_empty());
        }
    }
    let models = args
        .model
        .iter()
        .map(|name| {
            let known = contract.schema.model(name).map(|model| model.id);
            known.ok_or_else(|| CliError::Usage(format!("the contract has no model `{name}`")))
        })
        .collect::<Result<Vec<ModelId>, CliError>>()?;
    Ok(Options {
        laws,
        standing,
        models,
        seed: args.seed,
        cases: args.cases as usize,
        bounds: Bounds { requests: args.max_requests as usize, time: args.time },
        personal: args.personal || args.target.is_none(),
        interrupted: Arc::default(),
    })
}

/// `60s`, `10m`, `1h`, or seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, text.as_bytes()[text.len() - 1]),
        None => (text, b's'),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no time like 60s, 10m or 1h"))?;
    let seconds = number.saturating_mul(match unit {
        b'h' => 3600,
        b'm' => 60,
        _ => 1,
    });
    if seconds == 0 { Err("give it at least a second".to_owned()) } else { Ok(Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        for wrong in ["", "0s", "1d", "-1", "s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
