//! `carbon-harness.toml`: every option of every command, for those who do not want to type them.
//!
//! ```toml
//! [target]                      # for every command that has the option
//! target = "https://billing.example:8443"
//! rate = 5
//!
//! [run]                         # for `run` alone
//! known = "known.toml"
//! report = ["junit=report.xml", "html=report.html"]
//! ```
//!
//! What is typed wins over the environment, and that over the file. Names are those of the long options, and a name that no command knows is refused.
//! Secrets are refused, too: they belong into the environment. So is `i-mean`, which only typing can mean.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command, CommandFactory};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::args::Args;
use super::error::CliError;

/// The file that is read where none is named.
const USUAL: &str = "carbon-harness.toml";
/// The section for every command.
const SHARED: &str = "target";
/// The command without a name.
const DEFAULT: &str = "run";

/// The arguments, with those of the configuration file among them.
///
/// # Errors
/// The file cannot be read, or says what cannot be.
pub fn expand(mut arguments: Vec<OsString>) -> Result<Vec<OsString>, CliError> {
    let file = match take_option(&mut arguments, "--config")? {
        Some(file) => PathBuf::from(file),
        None if Path::new(USUAL).exists() => PathBuf::from(USUAL),
        None => return Ok(arguments),
    };
    let text = fs::read_to_string(&file).map_err(|error| CliError::Usage(format!("{}: {error}", file.display())))?;
    let program = Args::command();
    let name = arguments.get(1).and_then(|name| name.to_str()).filter(|name| program.find_subcommand(name).is_some());
    let place = if name.is_some() { 2 } else { 1 };
    let command = program.find_subcommand(name.unwrap_or(DEFAULT)).unwrap_or(&program);
    let from_file = File { file: &file, text: &text, program: &program }.options(command, &arguments[place..])?;
    arguments.splice(place..place, from_file.into_iter().map(OsString::from));
    Ok(arguments)
}

/// Takes `--name VALUE` or `--name=VALUE` out of the arguments.
fn take_option(arguments: &mut Vec<OsString>, name: &str) -> Result<Option<OsString>, CliError> {
    let with_value = format!("{name}=");
    let Some(at) = arguments.iter().position(|argument| {
        argument == name || argument.to_str().is_some_and(|argument| argument.starts_with(&with_value))
    }) else {
        return Ok(None);
    };
    let argument = arguments.remove(at);
    if argument != name {
        return Ok(argument.to_str().and_then(|argument| argument.strip_prefix(&with_value)).map(OsString::from));
    }
    if at < arguments.len() {
        Ok(Some(arguments.remove(at)))
    } else {
        Err(CliError::Usage(format!("{name} needs a file")))
    }
}

struct File<'f> {
    file: &'f Path,
    text: &'f str,
    program: &'f Command,
}

impl File<'_> {
    fn wrong(&self, at: usize, problem: &str) -> CliError {
        let line = self.text[..at.min(self.text.len())].matches('\n').count() + 1;
        CliError::Usage(format!("{}, line {line}: {problem}", self.file.display()))
    }

    /// The options for one command that are not typed already.
    fn options(&self, command: &Command, typed: &[OsString]) -> Result<Vec<String>, CliError> {
        let table = DeTable::parse(self.text)
            .map_err(|error| self.wrong(error.span().map_or(0, |span| span.start), error.message().trim_end()))?;
        let mut options = Vec::new();
        for (section, value) in table.get_ref() {
            let name = section.get_ref().as_ref();
            let of = self.program.find_subcommand(name).filter(|command| !command.is_hide_set());
            if of.is_none() && name != SHARED {
                let sections = self.program.get_subcommands().map(Command::get_name).chain([SHARED]);
                return Err(
                    self.wrong(section.span().start, &format!("there is no section [{name}]{}", like(name, sections)))
                );
            }
            let DeValue::Table(entries) = value.get_ref() else {
                return Err(self.wrong(value.span().start, &format!("`{name}` is a section: write [{name}]")));
            };
            for (key, value) in entries {
                let option = self.option(of, key)?;
                let applies = match of {
                    Some(of) => of.get_name() == command.get_name(),
                    // In the shared section: where the command has it.
                    None => command.get_arguments().any(|argument| argument.get_long() == option.get_long()),
                };
                // Spelled even where it does not apply: a secret in the file is one for every command.
                let mut spelled = Vec::new();
                self.spell(option, value, &mut spelled)?;
                if applies && !is_typed(option, typed) && !is_in_environment(option) {
                    options.append(&mut spelled);
                }
            }
        }
        Ok(options)
    }

    fn option(&self, of: Option<&Command>, key: &Spanned<std::borrow::Cow<'_, str>>) -> Result<&Arg, CliError> {
        let name = key.get_ref().replace('_', "-");
        if matches!(name.as_str(), "password" | "token" | "secret") {
            let hint = "put it into the environment, as CARBON_PASSWORD or CARBON_HEADER";
            return Err(self.wrong(key.span().start, &format!("`{name}` is a secret: {hint}")));
        }
        if name == "i-mean" {
            return Err(self.wrong(key.span().start, "`i-mean` is typed each time: it says that writes are meant"));
        }
        let commands: Vec<&Command> = match of {
            // `of` is one of the program's own; looked up again, it lives as long as the program.
            Some(of) => self.program.find_subcommand(of.get_name()).into_iter().collect(),
            None => self.program.get_subcommands().collect(),
        };
        let all = || commands.iter().flat_map(|command| command.get_arguments());
        all().find(|argument| argument.get_long() == Some(&name)).ok_or_else(|| {
            let known = all().filter_map(Arg::get_long);
            self.wrong(key.span().start, &format!("there is no option `{name}`{}", like(&name, known)))
        })
    }

    /// The option as it would be typed.
    fn spell(&self, option: &Arg, value: &Spanned<DeValue<'_>>, into: &mut Vec<String>) -> Result<(), CliError> {
        let long = option.get_long().unwrap_or_default();
        let text = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::String(text) => match secret_of(long, text) {
                Some(variable) => Err(self.wrong(
                    value.span().start,
                    &format!("`{long}` holds a secret here: put it into the environment, as {variable}"),
                )),
                None => Ok(text.to_string()),
            },
            DeValue::Integer(number) => Ok(number.as_str().to_owned()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            _ => Err(self.wrong(value.span().start, &format!("`{long}` takes a text or a number"))),
        };
        let takes_value = !matches!(option.get_action(), ArgAction::SetTrue);
        match value.get_ref() {
            DeValue::Boolean(true) if !takes_value => into.push(format!("--{long}")),
            DeValue::Boolean(false) if !takes_value => {}
            _ if !takes_value => return Err(self.wrong(value.span().start, &format!("`{long}` is true or false"))),
            DeValue::Array(items) if matches!(option.get_action(), ArgAction::Append) => {
                for item in items {
                    into.push(format!("--{long}={}", text(item)?));
                }
            }
            _ => into.push(format!("--{long}={}", text(value)?)),
        }
        Ok(())
    }
}

/// Whether the environment says otherwise: it stands between what is typed and the file.
fn is_in_environment(option: &Arg) -> bool {
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let is_set = |name: &OsStr| env::var_os(name).is_some_and(|value| !value.is_empty());
    match option.get_long() {
        Some("proxy") => proxies.iter().any(|name| is_set(OsStr::new(name))),
        _ => option.get_env().is_some_and(is_set),
    }
}

/// The variable that a secret belongs into, if the value of an option is one.
fn secret_of(option: &str, value: &str) -> Option<&'static str> {
    let header = value.split_once(':').map(|(name, _)| name.trim().to_ascii_lowercase());
    let names = ["auth", "cookie", "token", "key", "secret", "passw", "session"];
    match (option, header) {
        ("header", Some(header)) if names.iter().any(|name| header.contains(name)) => Some("CARBON_HEADER"),
        ("proxy", _) if value.contains('@') => Some("HTTPS_PROXY or HTTP_PROXY"),
        ("user", _) if value.contains(':') => Some("CARBON_PASSWORD"),
        ("target", _) if value.contains('@') => Some("CARBON_PASSWORD (and `user` beside it)"),
        _ => None,
    }
}

/// Whether an option is typed, by its long or its short name.
fn is_typed(option: &Arg, typed: &[OsString]) -> bool {
    let long = option.get_long().map(|long| format!("--{long}"));
    typed.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--").any(|word| {
        let is_long = long.as_ref().is_some_and(|long| word.split('=').next() == Some(long));
        let is_short = option.get_short().is_some_and(|short| {
            word.starts_with('-') && !word.starts_with("--") && word.chars().nth(1) == Some(short)
        });
        is_long || is_short
    })
}

/// `; did you mean ...?` with the name most like a wrong one.
fn like<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> String {
    let near = |name: &&str| strsim::jaro_winkler(wrong, name);
    let best = names.max_by(|one, other| near(one).total_cmp(&near(other)));
    best.filter(|best| near(best) > 0.7).map(|best| format!("; did you mean `{best}`?")).unwrap_or_default()
}
