//! Money as the server spells it, exactly: units of 10^-10.

use serde_json::Value;

const PLACES: usize = 10;

/// The units of `"10"`, `"-0.5"` or `110`.
pub fn units(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > PLACES || whole.len() > 20 {
        return None;
    }
    format!("{whole}{part:0<PLACES$}").parse::<i128>().ok().map(|units| sign * units)
}

/// Units as a text.
pub fn text(units: i128) -> String {
    let one = 10_i128.pow(PLACES as u32);
    let (sign, units) = if units < 0 { ("-", -units) } else { ("", units) };
    let part = format!("{:0PLACES$}", units % one);
    let part = part.trim_end_matches('0');
    if part.is_empty() { format!("{sign}{}", units / one) } else { format!("{sign}{}.{part}", units / one) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn money_is_exact() {
        assert_eq!(units(&json!("10")), Some(100_000_000_000));
        assert_eq!(units(&json!("-0.5")), Some(-5_000_000_000));
        assert_eq!(units(&json!(110)), Some(1_100_000_000_000));
        assert_eq!(units(&json!("")), None);
        assert_eq!(units(&json!("1e3")), None);
        for amount in ["0", "10", "-0.5", "91.5", "0.0000000001"] {
            assert_eq!(units(&json!(amount)).map(text).as_deref(), Some(amount));
        }
    }
}
