//! Decimal amounts, read and kept exactly.

/// What an amount may be at most in either direction, in whole units.
const DECIMALS: usize = crate::contract::Amounts::Decimal.decimals() as usize;

/// A decimal text in millionths.
///
/// # Errors
/// In words, if it is no decimal, has more decimals than are kept, or is too large.
pub(super) fn decimal(text: &str) -> Result<i64, String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    let is_decimal = !whole.is_empty() && is_number(whole) && is_number(fraction);
    if !is_decimal || unsigned.ends_with('.') {
        return Err(format!("{text:?} is no decimal amount such as \"149.99\""));
    }
    let kept = fraction.trim_end_matches('0');
    if kept.len() > DECIMALS {
        return Err(format!("{text:?} has more than {DECIMALS} decimals"));
    }
    let digits = format!("{whole}{kept:0<DECIMALS$}");
    let value: Result<i64, _> = digits.parse();
    value
        .map(|value| sign * value)
        .map_err(|_| format!("{text:?} is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_kept_exactly_or_refused() {
        assert_eq!(decimal("149.99"), Ok(149_990_000));
        assert_eq!(decimal("-0.5"), Ok(-500_000));
        assert_eq!(decimal("7"), Ok(7_000_000));
        assert_eq!(decimal("1.0000000000"), Ok(1_000_000));
        assert_eq!(
            decimal("0.0000005").unwrap_err(),
            "\"0.0000005\" has more than 6 decimals"
        );
        for wrong in [
            "",
            ".5",
            "5.",
            "1,5",
            "1e3",
            "--1",
            "+1",
            "1.2.3",
            "9999999999999999999",
        ] {
            assert!(decimal(wrong).is_err(), "{wrong}");
        }
    }
}
