//! Exact numbers under dialect 3: 64-bit integers with a scale, cut toward zero where digits do not fit.

use std::cmp::Ordering;

use super::ast::Arithmetic;
use super::error::SqlError;

/// Digits after the point that a value has. Below zero: zeros before the point that are not written down.
///
/// It need not be the scale of the value's type: `ROUND(1.25, 1)` is declared with two digits and has one, which shows
/// as soon as the value becomes a text or a factor.
pub type Scale = i16;

/// 10^n, where it fits 128 bits.
pub fn power(digits: u32) -> Option<i128> {
    10_i128.checked_pow(digits)
}

/// An exact number in another scale: digits that fall away are rounded, halves away from zero.
///
/// # Errors
/// It does not fit.
pub fn rescale(raw: i64, from: Scale, to: Scale) -> Result<i64, SqlError> {
    if raw == 0 {
        return Ok(0);
    }
    let (value, unit) = (i128::from(raw), power(u32::from(from.abs_diff(to))));
    if to >= from {
        let grown = unit.and_then(|unit| value.checked_mul(unit)).ok_or_else(SqlError::out_of_range)?;
        return narrow(grown);
    }
    // More digits than there are leave nothing.
    unit.map_or(Ok(0), |unit| narrow(round_half_away(value, unit)))
}

/// A quotient rounded to a whole number, halves away from zero.
pub fn round_half_away(raw: i128, unit: i128) -> i128 {
    let (quotient, rest) = (raw / unit, raw % unit);
    if rest.unsigned_abs() >= unit.unsigned_abs().div_ceil(2) { quotient + raw.signum() } else { quotient }
}

/// An exact number with digits beyond this scale cut off; it keeps its own scale where that is smaller.
pub fn truncate(raw: i64, from: Scale, to: Scale) -> (i64, Scale) {
    let scale = from.min(to);
    let unit = power(u32::from(from.abs_diff(scale))).and_then(|unit| i64::try_from(unit).ok());
    (unit.map_or(0, |unit| raw / unit), scale)
}

/// A floating-point number as an exact one. Firebird adds a little more than a half before it cuts, so that
/// 1.005e0 becomes 1.01.
///
/// # Errors
/// It does not fit.
pub fn from_double(number: f64, scale: Scale, nudge: f64) -> Result<i64, SqlError> {
    let unit = 10_f64.powi(i32::from(scale.unsigned_abs()));
    let scaled = if scale < 0 { number / unit } else { number * unit };
    let rounded = if scaled > 0.0 { scaled + 0.5 + nudge } else { scaled - 0.5 - nudge };
    // The range of 64 bits, whose upper end has no exact double.
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
        return Err(SqlError::out_of_range());
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was just checked, and a fraction is to be cut")]
    let raw = rounded as i64;
    Ok(raw)
}

/// An exact number as a floating-point one.
pub fn to_double(raw: i64, scale: Scale) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "that is what the conversion means")]
    let number = raw as f64;
    let unit = 10_f64.powi(i32::from(scale.unsigned_abs()));
    if scale < 0 { number * unit } else { number / unit }
}

/// A result of more than 64 bits is out of range.
///
/// # Errors
/// That.
pub fn narrow(raw: i128) -> Result<i64, SqlError> {
    i64::try_from(raw).map_err(|_| SqlError::out_of_range())
}

/// Compares numbers of any scales.
pub fn compare(left: (i64, Scale), right: (i64, Scale)) -> Ordering {
    let scale = left.1.max(right.1);
    let lift = |(raw, own): (i64, Scale)| match raw {
        0 => Some(0),
        raw => power(u32::from(own.abs_diff(scale))).and_then(|unit| i128::from(raw).checked_mul(unit)),
    };
    match (lift(left), lift(right)) {
        (Some(a), Some(b)) => a.cmp(&b),
        // What does not fit 128 bits is further from zero than anything that does.
        (None, _) => left.0.cmp(&0),
        (_, None) => 0.cmp(&right.0),
    }
}

/// Compares numbers as a predicate does: in the greater scale, where both must fit.
///
/// # Errors
/// One does not.
pub fn compare_fitting(left: (i64, Scale), right: (i64, Scale)) -> Result<Ordering, SqlError> {
    let scale = left.1.max(right.1);
    Ok(rescale(left.0, left.1, scale)?.cmp(&rescale(right.0, right.1, scale)?))
}

/// The declared scale of a result.
pub fn result_scale(operation: Arithmetic, left: u8, right: u8) -> u8 {
    match operation {
        Arithmetic::Add | Arithmetic::Subtract => left.max(right),
        Arithmetic::Multiply | Arithmetic::Divide => left.saturating_add(right),
    }
}

/// Applies an operation whose result is declared with this scale. What is missing to it (or too much) because an operand
/// has another scale than it was declared with, Firebird gives to (or takes from) the other operand, rounding:
/// `ROUND(3, 2) * 1.55` is 3.00 times 2.
///
/// # Errors
/// It needs more than 64 bits, or divides by zero.
pub fn apply(operation: Arithmetic, left: (i64, Scale), right: (i64, Scale), declared: Scale) -> Result<i64, SqlError> {
    match operation {
        Arithmetic::Add | Arithmetic::Subtract => {
            let (a, b) = (rescale(left.0, left.1, declared)?, rescale(right.0, right.1, declared)?);
            let result = if operation == Arithmetic::Add { a.checked_add(b) } else { a.checked_sub(b) };
            result.ok_or_else(SqlError::integer_overflow)
        }
        Arithmetic::Multiply => {
            let factor = rescale(right.0, right.1, declared - left.1)?;
            left.0.checked_mul(factor).ok_or_else(SqlError::integer_overflow)
        }
        Arithmetic::Divide if right.0 == 0 => Err(SqlError::division_by_zero()),
        Arithmetic::Divide => divide(rescale(left.0, left.1, declared - right.1)?, right),
    }
}

/// The dividend gets twice the divisor's scale in zeros: as many as fit before the division, then those that the divisor can
/// do without, and what is missing still is put behind the quotient. This is Firebird's way, and decides what is cut and
/// when it overflows.
fn divide(mut dividend: i64, (mut divisor, scale): (i64, Scale)) -> Result<i64, SqlError> {
    let mut missing = u32::try_from(scale).unwrap_or(0) * 2;
    while missing > 0
        && let Some(grown) = dividend.checked_mul(10)
    {
        dividend = grown;
        missing -= 1;
    }
    while missing > 0 && divisor % 10 == 0 {
        divisor /= 10;
        missing -= 1;
    }
    let quotient = dividend.checked_div(divisor).ok_or_else(SqlError::integer_overflow)?;
    (0..missing).try_fold(quotient, |quotient, _| quotient.checked_mul(10)).ok_or_else(SqlError::out_of_range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_cut_toward_zero() {
        assert_eq!(divide(7, (2, 0)).unwrap(), 3);
        assert_eq!(divide(-7, (2, 0)).unwrap(), -3);
        // 1.0 / 3 has scale 1.
        assert_eq!(divide(10, (3, 0)).unwrap(), 3);
        // bigint / cast((10000000000) as numeric(18,5)), to the full range.
        assert_eq!(divide(i64::MAX, (1_000_000_000_000_000, 5)).unwrap(), 92_233_720_368_547);
        assert_eq!(divide(-49_999_999, (1_000_000_000_000_000, 5)).unwrap(), -499);
    }

    #[test]
    fn zeros_that_do_not_fit_go_behind_the_quotient() {
        // 1.123456789 / 3.123456789 and cast(1 as numeric(18,9)) / cast(3 as numeric(18,9)), as Firebird 3.0.11 has them.
        assert_eq!(divide(1_123_456_789, (3_123_456_789, 9)).unwrap(), 359_683_794_000_000_000);
        assert_eq!(divide(1_000_000_000, (3_000_000_000, 9)).unwrap(), 333_333_333_333_333_333);
        assert_eq!(divide(i64::MAX, (117, 2)).unwrap_err(), SqlError::out_of_range());
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(apply(Arithmetic::Divide, (1, 0), (0, 0), 0).unwrap_err().sqlstate, "22012");
        assert_eq!(apply(Arithmetic::Add, (i64::MAX, 0), (1, 0), 0).unwrap_err().sqlstate, "22003");
        assert_eq!(divide(i64::MIN, (-1, 0)).unwrap_err().sqlstate, "22003");
        assert_eq!(rescale(i64::MAX, 0, 2).unwrap_err().sqlstate, "22003");
    }

    #[test]
    fn rounding_goes_away_from_zero() {
        assert_eq!(rescale(-500, 5, 2).unwrap(), -1);
        assert_eq!(rescale(499, 5, 2).unwrap(), 0);
        assert_eq!(rescale(1_005, 3, 2).unwrap(), 101);
    }

    #[test]
    fn a_scale_other_than_declared_moves_to_the_other_operand() {
        // round(3, 2) * 1.55, round(3, 2) * 3.5 and 1.55 * round(3, 2), as Firebird 3.0.11 has them.
        assert_eq!(apply(Arithmetic::Multiply, (300, 2), (155, 2), 2).unwrap(), 600);
        assert_eq!(apply(Arithmetic::Multiply, (300, 2), (35, 1), 1).unwrap(), 0);
        assert_eq!(apply(Arithmetic::Multiply, (155, 2), (300, 2), 2).unwrap(), 465);
        // round(15.5, -1) + 1.5
        assert_eq!(apply(Arithmetic::Add, (2, -1), (15, 1), 1).unwrap(), 215);
    }

    #[test]
    fn numbers_of_scales_far_apart_compare() {
        assert_eq!(compare((1, -127), (i64::MAX, 0)), Ordering::Greater);
        assert_eq!(compare((i64::MIN, 0), (-1, -127)), Ordering::Greater);
        assert_eq!(compare((0, 128), (0, -127)), Ordering::Equal);
        assert_eq!(compare((20, 1), (2, 0)), Ordering::Equal);
    }

    #[test]
    fn a_nudge_makes_up_for_binary_fractions() {
        assert_eq!(from_double(1.005, 2, 1e-14).unwrap(), 101);
        assert_eq!(from_double(0.285, 2, 1e-14).unwrap(), 29);
        assert_eq!(from_double(-1.005, 2, 1e-14).unwrap(), -101);
        assert_eq!(from_double(123.456, -1, 1e-14).unwrap(), 12);
        assert_eq!(from_double(1e30, 0, 1e-14).unwrap_err(), SqlError::out_of_range());
        assert_eq!(from_double(f64::NAN, 0, 1e-14).unwrap_err(), SqlError::out_of_range());
    }
}
