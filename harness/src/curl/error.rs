//! Why curl sends nothing, in its own words and with its own exit codes.

use serde::Serialize;

/// What curl says before it gives up with nothing sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "kebab-case")]
pub enum CurlError {
    /// No argument is a URL.
    #[error("curl: no URL specified!")]
    NoUrl,
    /// There are no arguments at all.
    #[error("curl: try 'curl --help' or 'curl --manual' for more information")]
    NoArguments,
    /// An option stands last and its argument is missing.
    #[error("curl: option {option}: requires parameter")]
    RequiresParameter {
        /// As written.
        option: String,
    },
    /// No such option.
    #[error("curl: option {option}: is unknown")]
    UnknownOption {
        /// As written.
        option: String,
    },
    /// The beginning of several long options.
    #[error("curl: option {option}: is ambiguous")]
    AmbiguousOption {
        /// As written.
        option: String,
    },
    /// `--no-` before an option that takes an argument.
    #[error("curl: option {option}: used '--no-' for option that isn't a boolean")]
    NotBoolean {
        /// As written.
        option: String,
    },
    /// An option takes a number and gets something else.
    #[error("curl: option {option}: expected a proper numerical parameter")]
    NotANumber {
        /// As written.
        option: String,
    },
    /// Options that choose different HTTP methods.
    #[error("Warning: You can only select one HTTP request method! You asked for both {first} and {second}.")]
    TwoMethods {
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Help or version: curl prints it and stops.
    #[error("curl prints its {what} and sends nothing")]
    Prints {
        /// `help`, `version` or `manual`.
        what: &'static str,
    },
}

impl CurlError {
    /// curl's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Prints { .. } => 0,
            _ => 2,
        }
    }
}

/// Why curl cannot use a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "kebab-case")]
pub enum UrlError {
    /// Not a URL: no host, a blank inside, a character no host has, a port out of range.
    #[error("curl: (3) URL using bad/illegal format or missing URL")]
    Malformed,
    /// Braces or brackets that are no list or range; `-g` switches both off.
    #[error("curl: (3) {problem} in URL position {position}:")]
    Glob {
        /// In curl's words.
        problem: &'static str,
        /// The byte, from 1.
        position: usize,
    },
    /// Not HTTP.
    #[error("curl: (1) Protocol \"{scheme}\" not supported or disabled in libcurl")]
    Protocol {
        /// As written.
        scheme: String,
    },
}

impl UrlError {
    /// curl's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Malformed | Self::Glob { .. } => 3,
            Self::Protocol { .. } => 1,
        }
    }
}
