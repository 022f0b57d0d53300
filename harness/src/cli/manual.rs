//! `completions` and `man`: what the shell and `man` know of the program, from the same arguments that clap reads.

use std::fs;

use clap::CommandFactory;

use super::args::{Args, CompletionsArgs, ManArgs};
use super::error::CliError;
use crate::exit;

const NAME: &str = "carbon-harness";

/// Carries out `completions`.
///
/// # Errors
/// Those of writing.
pub fn completions(args: &CompletionsArgs) -> Result<u8, CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), NAME, &mut text);
    super::print(|out| out.write_all(&text))
}

/// Carries out `man`.
///
/// # Errors
/// Those of writing.
pub fn man(args: &ManArgs) -> Result<u8, CliError> {
    let Some(folder) = &args.out else {
        let mut text = Vec::new();
        clap_mangen::Man::new(Args::command()).render(&mut text)?;
        return super::print(|out| out.write_all(&text));
    };
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Args::command(), folder)?;
    Ok(exit::CONFORMS)
}
