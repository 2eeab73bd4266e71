//! Amounts as integer minor units: parsed and printed exactly, never through a float.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An amount in minor units (cents) of the shop's one currency, two decimals.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(pub i64);

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// There is nothing before or after the point, or nothing at all.
    #[error("an amount needs digits, as in `149.99`")]
    NoDigits,
    /// A character that is neither a digit nor the one point.
    #[error("an amount has only digits and one point, as in `149.99`; found `{0}`")]
    BadCharacter(char),
    /// More than two decimals that are not zero: the amount has no exact value in minor units.
    #[error("an amount has at most two decimals")]
    TooPrecise,
    /// Larger than 92 quadrillion.
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// The amount in minor units.
    #[inline]
    pub const fn minor(self) -> i64 {
        self.0
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// `149.99`, `149.9`, `149`, `149.990`, `-5.00`. A trailing zero changes nothing; a third decimal that says something is refused.
    fn from_str(text: &str) -> Result<Money, MoneyError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = match unsigned.split_once('.') {
            Some((_, "")) => return Err(MoneyError::NoDigits),
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        if whole.is_empty() {
            return Err(MoneyError::NoDigits);
        }
        let mut minor: i64 = 0;
        let mut push = |c: char| {
            let digit = c.to_digit(10).ok_or(MoneyError::BadCharacter(c))?;
            minor = minor
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(digit)))
                .ok_or(MoneyError::TooLarge)?;
            Ok(())
        };
        whole.chars().try_for_each(&mut push)?;
        let mut places = decimals.chars();
        for _ in 0..2 {
            push(places.next().unwrap_or('0'))?;
        }
        for c in places {
            match c {
                '0' => {}
                '1'..='9' => return Err(MoneyError::TooPrecise),
                other => return Err(MoneyError::BadCharacter(other)),
            }
        }
        Ok(Money(if negative { -minor } else { minor }))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl Add for Money {
    type Output = Money;
    #[inline]
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl AddAssign for Money {
    #[inline]
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}

impl Sub for Money {
    type Output = Money;
    #[inline]
    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_amount_are_one_amount() {
        for text in ["149.9", "149.90", "149.900"] {
            assert_eq!(text.parse(), Ok(Money(14_990)));
        }
        assert_eq!("7".parse(), Ok(Money(700)));
        assert_eq!("-0.05".parse(), Ok(Money(-5)));
    }

    #[test]
    fn what_is_not_an_amount_is_an_error_value() {
        for (text, error) in [
            ("", MoneyError::NoDigits),
            (".5", MoneyError::NoDigits),
            ("5.", MoneyError::NoDigits),
            ("-", MoneyError::NoDigits),
            ("1.005", MoneyError::TooPrecise),
            ("1e3", MoneyError::BadCharacter('e')),
            ("1,50", MoneyError::BadCharacter(',')),
            ("1.2.3", MoneyError::BadCharacter('.')),
            ("+1", MoneyError::BadCharacter('+')),
            ("١", MoneyError::BadCharacter('١')),
            ("99999999999999999999", MoneyError::TooLarge),
        ] {
            assert_eq!(text.parse::<Money>(), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_give_the_amount_back(minor in -(i64::MAX / 2)..i64::MAX / 2) {
            prop_assert_eq!(Money(minor).to_string().parse(), Ok(Money(minor)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,24}") {
            let _outcome: Result<Money, MoneyError> = text.parse();
        }

        #[test]
        fn amounts_parse_without_rounding(whole in 0..10_000_000_i64, cents in 0..100_i64, zeros in 0..4_usize) {
            let text = format!("{whole}.{cents:02}{}", "0".repeat(zeros));
            prop_assert_eq!(text.parse(), Ok(Money(whole * 100 + cents)));
        }
    }
}
