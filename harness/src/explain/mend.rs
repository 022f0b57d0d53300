//! Mends what keeps a command from being sent, so that the rest of it can be explained as well.

use super::sending;
use crate::curl::{CurlError, no_files, parse};
use crate::shell::{Script, ShellError, Word};

/// The arguments without the mistake that curl refuses: a URL given to `-d`, no URL at all, a bare option at the end.
pub fn arguments(mut arguments: Vec<Word>, error: &CurlError) -> Option<Vec<Word>> {
    match error {
        CurlError::NoUrl => {
            let place = arguments.iter().position(|word| sending::is_api_url(&word.text()));
            let url = match place {
                // The option in front of it goes too.
                Some(place) => arguments.drain(place.saturating_sub(1)..=place).next_back()?,
                None => Word::from("http://billing:8082/rest_api/v2/"),
            };
            arguments.push(url);
            Some(arguments)
        }
        CurlError::RequiresParameter { .. } => {
            arguments.pop();
            Some(arguments)
        }
        _ => None,
    }
}

/// The text with its quotes in pairs: one of two adjacent quotes taken out, or the missing one added.
pub fn text(text: &str, error: &ShellError) -> Option<String> {
    let ShellError::OpenQuote { quote, .. } = error else { return None };
    let text = text.trim_end();
    let candidates = [text.replacen(&format!("}}{quote}{quote}"), &format!("}}{quote}"), 1), format!("{text}{quote}")];
    candidates.into_iter().find(|candidate| {
        let script = Script::parse(candidate);
        let sends = |arguments: &[Word]| parse(arguments, &no_files).is_ok_and(|curl| curl.requests().next().is_some());
        script.error.is_none() && script.curls().filter_map(|found| found.curl_arguments()).any(sends)
    })
}
