//! The server's own word for its version.

use serde_json::Value;

use crate::exchange::Sent;
use crate::target::{Client, TargetError};

/// Asks for the version as public clients do (`get_version=True`, field evidence).
///
/// # Errors
/// Nobody is there; a server that does not tell its version, or may not be asked any more, is no error.
pub async fn ask(client: &Client) -> Result<Option<String>, TargetError> {
    let sent = Sent { path: "/rest_api/v2/Version/".to_owned(), body: "get_version=True".to_owned() };
    match client.call(sent).await {
        Ok(exchange) => Ok(exchange.answer.json().ok().and_then(|reply| told(&reply["result"]))),
        Err(error) if error.is_unreachable() => Err(error),
        Err(_) => Ok(None),
    }
}

/// Whether a version looks like one: `5.12.0.1-beta`. A server may say anything.
pub fn is_plain(version: &str) -> bool {
    let (numbers, more) = version.split_once(['-', ' ', '+']).unwrap_or((version, ""));
    let short = |part: &str| (1..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.split('.').all(short) && numbers.contains('.') && more.len() <= 20 && !more.contains('@')
}

/// The version in a result: the text itself, or the first text under a key that speaks of a version.
fn told(result: &Value) -> Option<String> {
    match result {
        Value::String(text) => Some(text.clone()),
        Value::Object(pairs) => pairs.iter().find_map(|(key, value)| match value {
            Value::String(text) if key.contains("version") => Some(text.clone()),
            Value::Object(_) => told(value),
            _ => None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_looks_like_one() {
        assert!(is_plain("5.12") && is_plain("5.12.0.1-beta"));
        assert!(!is_plain("of Ivanov I.I.") && !is_plain("9161234567") && !is_plain("5.1 a@b.example"));
    }

    #[test]
    fn a_version_is_found_where_servers_put_it() {
        assert_eq!(told(&json!("5.12")).as_deref(), Some("5.12"));
        assert_eq!(told(&json!({ "time": "10:00", "version": "5.12" })).as_deref(), Some("5.12"));
        assert_eq!(told(&json!({ "pk": 1, "fields": { "version": "5.12" } })).as_deref(), Some("5.12"));
        assert_eq!(told(&json!({ "time": "10:00" })), None);
        assert_eq!(told(&Value::Null), None);
    }
}
