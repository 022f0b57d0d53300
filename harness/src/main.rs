//! Runs the harness's command line.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    carbon_harness::cli::main(env::args_os())
}
