//! `carbon-mock`: see `carbon-mock --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    carbon_mock::cli::main()
}
