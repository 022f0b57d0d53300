//! Pitfalls of the shell and of curl: what keeps the request from leaving, or from arriving as it was meant.

use crate::curl::{Body, Curl, CurlError, Request, UrlError};
use crate::shell::{Command, Piece, Quoting, Script, ShellError, Word};

use super::Pitfall;

/// Whether a text is an address of this API.
pub fn is_api_url(text: &str) -> bool {
    let text = text.trim_start();
    (text.starts_with("http://") || text.starts_with("https://")) && text.contains("/rest_api/")
}

/// What is wrong with the script as a whole.
pub fn script(script: &Script, text: &str) -> Vec<Pitfall> {
    let mut pitfalls = Vec::new();
    match &script.error {
        Some(error @ ShellError::OpenQuote { quote, line, .. }) => {
            let written = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
            let double = format!("}}{quote}{quote}");
            let says = format!(
                "bash sends nothing: {error}. Typed at a prompt, it waits for the closing quote on the next line."
            );
            pitfalls.push(if written.contains(&double) {
                Pitfall::error("stray-quote", says, format!("Remove one of the two quotes in `{double}`."))
            } else {
                Pitfall::error(
                    "open-quote",
                    says,
                    format!("Close the quote opened at the place named, usually with {quote} behind the last `}}`."),
                )
            });
        }
        Some(error) => pitfalls.push(Pitfall::error(
            "shell-syntax",
            format!("bash sends nothing: {error}."),
            "Complete the command: a loop needs `do` and `done`, `$(` needs `)`.",
        )),
        None if script.curls().next().is_none() => pitfalls.push(Pitfall::error(
            "no-curl",
            "There is no curl command in this text.",
            "Give the whole command: curl -XPOST -d 'method1=...&arg1={...}' http://<ip>:8082/rest_api/v2/<Model>/",
        )),
        None => {}
    }
    if text.contains(['“', '”', '‘', '’', '«', '»']) && script.curls().next().is_some() {
        pitfalls.push(Pitfall::warning(
            "typographic-quotes",
            "There are typographic quotes in the command; to bash and to JSON they are letters like any others.",
            "Replace them by ' and \".",
        ));
    }
    pitfalls
}

/// What is wrong with one command, as the shell hands it to curl and as curl reads it.
pub fn command(command: &Command, arguments: &[Word], parsed: &Result<Curl, CurlError>) -> Vec<Pitfall> {
    let mut pitfalls = variables(command);
    if command.background {
        pitfalls.push(Pitfall::error(
            "unquoted-ampersand",
            "The data is not quoted: bash ends the command at the first `&` and runs it in the background.",
            "Put the whole data in single quotes: -d 'method1=...&arg1={...}'.",
        ));
    }
    let json_like = |piece: &Piece| matches!(piece, Piece::Text { text, quoting: Quoting::None } if text.contains("{") && (text.contains(':') || text.ends_with('{')));
    if arguments.iter().any(|word| word.pieces.iter().any(json_like) && word.text().contains(':')) {
        pitfalls.push(Pitfall::error(
            "unquoted-json",
            "The JSON is not quoted: bash takes its double quotes away and may split it at commas.",
            "Put the whole data in single quotes: -d 'method1=...&arg1={\"id\":1}'.",
        ));
    }
    if !command.redirects.is_empty() && command.redirects.iter().any(|redirect| redirect.contains('<')) {
        pitfalls.push(Pitfall::error(
            "redirection",
            format!(
                "bash reads `{}` as a redirection and does not run curl if there is no such file.",
                command.redirects.join(" ")
            ),
            "Quote the text, or put a real value in place of the <placeholder>.",
        ));
    }
    match parsed {
        Err(error) => pitfalls.push(refused(error, arguments)),
        Ok(curl) => {
            for transfer in &curl.transfers {
                if let Err(error) = &transfer.sent {
                    pitfalls.push(bad_url(&transfer.url, error));
                }
            }
        }
    }
    pitfalls
}

fn variables(command: &Command) -> Vec<Pitfall> {
    let mut pitfalls = Vec::new();
    for word in &command.words {
        for name in word.single_quoted_dollars() {
            pitfalls.push(Pitfall::error(
                "variable-in-single-quotes",
                format!("`${name}` stands in single quotes: the server gets these letters, not the variable's value."),
                format!("Close the quote around it: '...\"'${name}'\"...'."),
            ));
        }
        for name in word.variables().filter(|name| !command.scope.iter().any(|known| known == name)) {
            pitfalls.push(Pitfall::warning(
                "unset-variable",
                format!("Nothing in this text gives `${name}` a value; unless the environment does, it is empty."),
                format!("Set it first, e.g. {name}=1, or walk it in a loop: while read {name}; do ...; done."),
            ));
        }
    }
    pitfalls
}

fn refused(error: &CurlError, arguments: &[Word]) -> Pitfall {
    let says = format!("curl sends nothing and exits with {}: `{error}`.", error.exit_code());
    match error {
        CurlError::NoUrl | CurlError::NoArguments => match arguments.iter().find(|word| is_api_url(&word.text())) {
            Some(url) => Pitfall::error(
                "url-as-data",
                format!("{says} The URL {} is taken for the data of the option before it.", url.text()),
                "Remove the -d in front of the URL.",
            ),
            None => Pitfall::error("no-url", says, "Add http://<ip>:8082/rest_api/v2/<Model>/."),
        },
        CurlError::RequiresParameter { option } => Pitfall::error(
            "missing-option-argument",
            says,
            if option.ends_with('D') || option == "--dump-header" {
                format!("Write {option} - to see the reply's headers, or leave {option} out.")
            } else {
                format!("Give {option} its argument, or leave it out.")
            },
        ),
        CurlError::UnknownOption { .. } | CurlError::AmbiguousOption { .. } | CurlError::NotBoolean { .. } => {
            Pitfall::error(
                "unknown-option",
                says,
                "See curl --help all; long options take their value after a space, not after `=`.",
            )
        }
        CurlError::NotANumber { .. } => Pitfall::error("bad-option-argument", says, "Give the option a number."),
        CurlError::TwoMethods { .. } => Pitfall::error("two-methods", says, "Send the call with -d alone."),
        CurlError::Prints { .. } => Pitfall::error("prints-only", says, "Leave the option out."),
    }
}

fn bad_url(url: &str, error: &UrlError) -> Pitfall {
    let says = format!("curl sends nothing to `{url}`: {error}");
    match error {
        UrlError::Malformed => Pitfall::error(
            "bad-url",
            says,
            "A URL is http://<ip>:8082/rest_api/v2/<Model>/ with a real address; what is meant as data belongs behind -d.",
        ),
        UrlError::Glob { .. } => Pitfall::error(
            "url-globbing",
            says,
            "Send the call in the body with -d; in a URL, curl expands {} and [] unless -g is given.",
        ),
        UrlError::Protocol { .. } => Pitfall::error("bad-url", says, "The API speaks http."),
    }
}

/// What is wrong with a request that leaves: method, scheme, content type.
pub fn request(request: &Request) -> Vec<Pitfall> {
    let mut pitfalls = Vec::new();
    if request.method != "POST" {
        let why = if request.url.query.is_some() {
            "the call is in the URL, where the server does not look for it"
        } else {
            "the server takes calls by POST alone"
        };
        let code = if request.method == "GET" { "get-method" } else { "wrong-http-method" };
        pitfalls.push(Pitfall::error(
            code,
            format!("The request is a {}: {why}.", request.method),
            "Use -XPOST -d 'method1=...', without -G, -I or another -X.",
        ));
    } else if request.body == Body::Empty {
        pitfalls.push(Pitfall::error(
            "no-body",
            "The request has no body, so there is no call in it.",
            "Add -d 'method1=objects.all&arg1={}'.",
        ));
    }
    if request.url.scheme == "https" {
        pitfalls.push(Pitfall::warning(
            "https",
            "The URL says https; the documented API listens for plain http on port 8082.",
            "Write http://, unless a proxy of yours adds TLS.",
        ));
    }
    let kind = request.header("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if matches!(request.body, Body::Text(_)) && kind != "application/x-www-form-urlencoded" {
        let kind = if kind.is_empty() { "no Content-Type".to_owned() } else { format!("Content-Type: {kind}") };
        pitfalls.push(Pitfall::error(
            "content-type",
            format!("The request carries {kind}; the server reads forms and finds no method1 in anything else."),
            "Leave the header out: -d sends application/x-www-form-urlencoded by itself.",
        ));
    }
    pitfalls
}
