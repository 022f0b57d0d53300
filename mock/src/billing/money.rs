//! Amounts of money: an integer number of 10^-10 rubles, as the billing stores them.

use std::ops::Neg;

use carbon_specs::demo::MONEY_SCALE;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::orm::CallError;
use crate::store::{Value, value};

/// An amount in stored units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many stored units.
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// Rubles; `None` where the billing cannot store the amount.
    pub fn from_rubles(rubles: Decimal) -> Option<Self> {
        let units = rubles.checked_mul(Decimal::from(MONEY_SCALE))?;
        if units.is_integer() { i64::try_from(units).ok().map(Self) } else { None }
    }

    /// Whole rubles, of a constant of ours.
    pub const fn whole(rubles: i64) -> Self {
        Self(rubles * MONEY_SCALE)
    }

    /// What a money column holds; NULL is nothing.
    pub fn of(value: &Value) -> Self {
        Self(value.as_int().unwrap_or(0))
    }

    /// Stored units.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// Whether there is none.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// Where the column could not hold it.
    pub fn plus(self, other: Self) -> Result<Self, CallError> {
        self.0.checked_add(other.0).map(Self).ok_or_else(too_much)
    }

    /// The difference.
    ///
    /// # Errors
    /// Where the column could not hold it.
    pub fn minus(self, other: Self) -> Result<Self, CallError> {
        self.0.checked_sub(other.0).map(Self).ok_or_else(too_much)
    }

    /// So many times this amount.
    ///
    /// # Errors
    /// Where the column could not hold it.
    pub fn times(self, count: i64) -> Result<Self, CallError> {
        self.0.checked_mul(count).map(Self).ok_or_else(too_much)
    }

    /// The share `part` of `whole`, rounded to whole kopecks, halves away from nothing: a month's price for some days.
    ///
    /// # Errors
    /// Where the column could not hold it.
    pub fn share(self, part: i64, whole: i64) -> Result<Self, CallError> {
        let exact = Decimal::from(self.0).checked_mul(Decimal::from(part)).ok_or_else(too_much)?;
        let kopeck = Decimal::from(MONEY_SCALE / 100);
        let kopecks = exact.checked_div(Decimal::from(whole.max(1))).and_then(|units| units.checked_div(kopeck));
        let rounded = kopecks
            .map(|kopecks| kopecks.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero))
            .and_then(|kopecks| kopecks.checked_mul(kopeck));
        rounded.and_then(|units| i64::try_from(units).ok()).map(Self).ok_or_else(too_much)
    }

    /// Nothing, where it is less than nothing.
    pub fn or_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// As the API prints it: `"50.5"`.
    pub fn json(self) -> Json {
        Json::from(self.to_string())
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        value::rubles(self.0).fmt(f)
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl From<Money> for Value {
    fn from(money: Money) -> Self {
        Self::Int(money.0)
    }
}

pub fn too_much() -> CallError {
    CallError::Value("the amount is beyond what an account can hold".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_python_prints_the_quotient() {
        assert_eq!(Money::from_units(505_000_000_000).to_string(), "50.5");
        assert_eq!(Money::whole(-5000).to_string(), "-5000");
        assert_eq!(Money::ZERO.to_string(), "0");
    }

    #[test]
    fn a_share_is_rounded_to_kopecks() {
        // 500 rubles for 10 of 28 days: 178.571...
        assert_eq!(Money::whole(500).share(10, 28).unwrap().to_string(), "178.57");
        assert_eq!(Money::whole(-1).share(1, 200).unwrap().to_string(), "-0.01");
        assert_eq!(Money::whole(500).share(28, 28).unwrap(), Money::whole(500));
    }

    #[test]
    fn an_amount_beyond_the_column_is_an_error_not_a_wrap() {
        let most = Money::from_units(i64::MAX);
        assert!(most.plus(Money::from_units(1)).is_err());
        assert!(most.times(2).is_err());
        assert!(Money::from_units(i64::MIN).minus(Money::from_units(1)).is_err());
    }
}
