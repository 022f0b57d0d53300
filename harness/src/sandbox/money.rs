//! Money as the server spells it, exactly: units of 10^-10.

use crate::laws::value::PLACES;
pub use crate::laws::value::units;

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
