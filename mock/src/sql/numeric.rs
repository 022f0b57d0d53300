//! Exact numbers under dialect 3: 64-bit integers with a scale, cut toward zero where digits do not fit.

use super::ast::Arithmetic;
use super::error::SqlError;

/// 10^n, where it fits 128 bits.
pub fn power(digits: u32) -> Option<i128> {
    10_i128.checked_pow(digits)
}

/// An exact number in another scale: digits that fall away are rounded, halves away from zero.
///
/// # Errors
/// It does not fit.
pub fn rescale(raw: i64, from: u8, to: u8) -> Result<i64, SqlError> {
    narrow(rescale_wide(i128::from(raw), from, to).ok_or_else(SqlError::out_of_range)?)
}

fn rescale_wide(raw: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        return raw.checked_mul(power(u32::from(to - from))?);
    }
    let unit = power(u32::from(from - to))?;
    Some(round_half_away(raw, unit))
}

/// A quotient rounded to a whole number, halves away from zero.
pub fn round_half_away(raw: i128, unit: i128) -> i128 {
    let (quotient, rest) = (raw / unit, raw % unit);
    if rest.unsigned_abs() >= unit.unsigned_abs().div_ceil(2) { quotient + raw.signum() } else { quotient }
}

/// A result of more than 64 bits is out of range.
///
/// # Errors
/// That.
pub fn narrow(raw: i128) -> Result<i64, SqlError> {
    i64::try_from(raw).map_err(|_| SqlError::out_of_range())
}

/// Compares numbers of any scales.
pub fn compare(left: (i64, u8), right: (i64, u8)) -> std::cmp::Ordering {
    // 64 bits times 10^18 fit 128 bits.
    let lift = |(raw, scale): (i64, u8)| i128::from(raw) * 10_i128.pow(18 - u32::from(scale.min(18)));
    lift(left).cmp(&lift(right))
}

/// Compares numbers as a predicate does: in the greater scale, where both must fit.
///
/// # Errors
/// One does not.
pub fn compare_fitting(left: (i64, u8), right: (i64, u8)) -> Result<std::cmp::Ordering, SqlError> {
    let scale = left.1.max(right.1);
    Ok(grow(left.0, scale - left.1)?.cmp(&grow(right.0, scale - right.1)?))
}

/// The scale of a result.
pub fn result_scale(operation: Arithmetic, left: u8, right: u8) -> u8 {
    match operation {
        Arithmetic::Add | Arithmetic::Subtract => left.max(right),
        Arithmetic::Multiply | Arithmetic::Divide => left.saturating_add(right),
    }
}

/// Applies an operation; the result has [`result_scale`].
///
/// # Errors
/// It needs more than 64 bits, or divides by zero.
pub fn apply(operation: Arithmetic, left: (i64, u8), right: (i64, u8)) -> Result<i64, SqlError> {
    match operation {
        Arithmetic::Add | Arithmetic::Subtract => {
            let scale = left.1.max(right.1);
            let a = grow(left.0, scale - left.1)?;
            let b = grow(right.0, scale - right.1)?;
            let result = if operation == Arithmetic::Add { a.checked_add(b) } else { a.checked_sub(b) };
            result.ok_or_else(SqlError::integer_overflow)
        }
        Arithmetic::Multiply => left.0.checked_mul(right.0).ok_or_else(SqlError::integer_overflow),
        Arithmetic::Divide => divide(left.0, right),
    }
}

fn grow(raw: i64, digits: u8) -> Result<i64, SqlError> {
    10_i64.checked_pow(u32::from(digits)).and_then(|unit| raw.checked_mul(unit)).ok_or_else(SqlError::out_of_range)
}

/// The dividend gets twice the divisor's scale in zeros: as many as fit before the division, then those that the divisor can
/// do without, and what is missing still is put behind the quotient. This is Firebird's way, and decides what is cut and
/// when it overflows.
fn divide(mut dividend: i64, (mut divisor, scale): (i64, u8)) -> Result<i64, SqlError> {
    if divisor == 0 {
        return Err(SqlError::division_by_zero());
    }
    let mut missing = u32::from(scale) * 2;
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
        assert_eq!(divide(1, (0, 0)).unwrap_err().sqlstate, "22012");
        assert_eq!(apply(Arithmetic::Add, (i64::MAX, 0), (1, 0)).unwrap_err().sqlstate, "22003");
        assert_eq!(divide(i64::MIN, (-1, 0)).unwrap_err().sqlstate, "22003");
        assert_eq!(rescale(i64::MAX, 0, 2).unwrap_err().sqlstate, "22003");
    }

    #[test]
    fn rounding_goes_away_from_zero() {
        assert_eq!(rescale(-500, 5, 2).unwrap(), -1);
        assert_eq!(rescale(499, 5, 2).unwrap(), 0);
        assert_eq!(rescale(1_005, 3, 2).unwrap(), 101);
    }
}
