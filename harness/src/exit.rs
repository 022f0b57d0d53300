//! The exit codes: what other programs may rely on.

/// Everything asked for conforms.
pub const CONFORMS: u8 = 0;
/// Something does not conform, or a snapshot could not be updated.
pub const MISMATCH: u8 = 1;
/// The command line cannot be carried out as given; an empty selection too.
pub const USAGE: u8 = 2;
/// The target cannot be reached, or the embedded mock does not start.
pub const UNREACHABLE: u8 = 3;
/// Refused for safety: only writes were selected for a server that is not ours.
pub const REFUSED: u8 = 4;
/// The contract cannot be read.
pub const CONTRACT: u8 = 5;

/// Interrupted by the user; what a shell says of a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;
/// What a shell adds to the number of the signal that ended a program.
pub const SIGNALLED: u8 = 128;

/// The table shown by `--help`.
pub const HELP: &str = "\
Exit codes:
  0  everything asked for conforms
  1  something does not
  2  usage, an empty selection too
  3  the target cannot be reached
  4  refused for safety: only writes were selected for a foreign server
  5  the contract cannot be read
  130  interrupted (143: by SIGTERM); the report tells what was done (literal: 128 and the signal's number)";
