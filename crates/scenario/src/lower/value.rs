//! Lengths, probabilities, prices, times of day and counts: from their texts to numbers, exactly.

use std::ops::Range;

use protocol::Money;

use crate::file::value::Scalar;
use crate::file::{At, Chance, Length, Price, TimeOfDay};
use crate::mistake::Mistake;

/// The units of length, in microseconds.
const UNITS: [(&str, u64); 6] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];

/// Longer than any story, and short enough that sums of lengths cannot overflow.
const LONGEST_US: u128 = 366 * 86_400_000_000;

/// The maximum price: small enough that no sum of a day can overflow.
const PRICE_MAX: Money = Money(100_000_000);

const HOW_LONG: &str =
    "a length of time is a number and a unit: `250us`, `5ms`, `1.5s`, `2min`, `0.5h`, `1d`";

/// A length in microseconds.
pub(super) fn length(written: &At<Length>, source: &str) -> Result<u64, Mistake> {
    length_at(&written.value, &written.span, source)
}

/// A length whose place is known apart from it.
pub(super) fn length_at(
    written: &Length,
    span: &Range<usize>,
    source: &str,
) -> Result<u64, Mistake> {
    match &written.0 {
        Scalar::Text(text) => micros(text, span),
        Scalar::Number(_) => {
            let digits = &source[span.clone()];
            Err(Mistake::at(
                span,
                format!("`{digits}` has no unit"),
                "a length of time needs one",
            )
            .help(format!(
                "write `\"{digits}s\"` for seconds or `\"{digits}ms\"` for milliseconds"
            )))
        }
        Scalar::Other => Err(Mistake::at(
            span,
            "this is not a length of time",
            "expected a text such as `\"5s\"`",
        )
        .help(HOW_LONG)),
    }
}

/// A length as a scenario writes it, in microseconds; `None` if it is none.
pub fn length_us(text: &str) -> Option<u64> {
    micros(text, &(0..0)).ok()
}

fn micros(text: &str, span: &Range<usize>) -> Result<u64, Mistake> {
    let refuse = |label: &str, help: String| {
        Err(Mistake::at(span, format!("`{text}` is not a length of time"), label).help(help))
    };
    let digits_end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits_end);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let point = whole.len() != number.len();
    if text.starts_with('-') {
        return refuse("a length cannot be negative", HOW_LONG.into());
    }
    if whole.is_empty() || (point && decimals.is_empty()) || decimals.contains('.') {
        return refuse("the number cannot be read", HOW_LONG.into());
    }
    if unit.is_empty() {
        let help = format!("write `{number}s` for seconds or `{number}ms` for milliseconds");
        return refuse("the unit is missing", help);
    }
    let Some(&(_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return match spelling(unit.trim()) {
            Some(meant) => refuse(
                "the unit is spelt differently here",
                format!("write `{number}{meant}`"),
            ),
            None => refuse("the unit is unknown", HOW_LONG.into()),
        };
    };
    match exact(whole, decimals, factor) {
        Some(us) if u128::from(us) <= LONGEST_US => Ok(us),
        Some(_) => refuse(
            "longer than a year",
            "a length of time is at most `366d`".into(),
        ),
        None => refuse(
            "not a whole number of microseconds, or too long",
            "a length of time is a multiple of `1us`, and at most `366d`".into(),
        ),
    }
}

/// `whole.decimals` times `factor`, if that is a whole number.
fn exact(whole: &str, decimals: &str, factor: u64) -> Option<u64> {
    let decimals = decimals.trim_end_matches('0');
    let scale = 10_u128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let mantissa: u128 = format!("{whole}{decimals}").parse().ok()?;
    let product = mantissa.checked_mul(u128::from(factor))?;
    let us = product.is_multiple_of(scale).then(|| product / scale)?;
    u64::try_from(us).ok()
}

/// Our spelling of a unit that is often spelt differently.
fn spelling(unit: &str) -> Option<&'static str> {
    match unit.to_lowercase().as_str() {
        "us" | "µs" | "μs" | "usec" | "usecs" | "micros" | "microsecond" | "microseconds" => {
            Some("us")
        }
        "ms" | "msec" | "msecs" | "milli" | "millis" | "millisecond" | "milliseconds" => Some("ms"),
        "s" | "sec" | "secs" | "second" | "seconds" => Some("s"),
        "m" | "min" | "mins" | "minute" | "minutes" => Some("min"),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "d" | "day" | "days" => Some("d"),
        _ => None,
    }
}

/// A probability.
pub(super) fn chance(written: &At<Chance>, source: &str) -> Result<f64, Mistake> {
    let value = match &written.value.0 {
        Scalar::Number(number) => Some(*number),
        Scalar::Text(text) => fraction(text),
        Scalar::Other => None,
    };
    let shown = source[written.span.clone()].trim_matches('"');
    match value {
        Some(value) if (0.0..=1.0).contains(&value) => Ok(value),
        Some(value) => Err(Mistake::at(
            &written.span,
            format!("`{shown}` is not a probability"),
            "a probability lies between 0 and 1",
        )
        .maybe_help(
            (value > 1.0 && value <= 100.0 && !shown.ends_with('%'))
                .then(|| format!("write `\"{value}%\"` for a percentage")),
        )),
        None => Err(Mistake::at(
            &written.span,
            "this is not a probability",
            "expected a number from 0 to 1",
        )
        .help("a probability is written `0.221`, `\"22.1%\"` or `\"1/50\"`")),
    }
}

fn fraction(text: &str) -> Option<f64> {
    if let Some(percent) = text.strip_suffix('%') {
        return Some(plain(percent)? / 100.0);
    }
    match text.split_once('/') {
        Some((part, whole)) => {
            let (part, whole) = (plain(part)?, plain(whole)?);
            (whole > 0.0).then(|| part / whole)
        }
        None => plain(text),
    }
}

/// A number of digits and a point only: no exponent, no infinity.
fn plain(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = |c: char| c.is_ascii_digit() || c == '.';
    text.chars().all(digits).then(|| text.parse().ok())?
}

/// A price: exactly as written, never through a float.
pub(super) fn price(written: &At<Price>, source: &str) -> Result<Money, Mistake> {
    let text = match &written.value.0 {
        Scalar::Text(text) => text.as_str(),
        Scalar::Number(_) | Scalar::Other => &source[written.span.clone()],
    };
    let refuse = |why: String| {
        Err(Mistake::at(&written.span, "this is not a price", why)
            .help("a price is written `\"15.00\"`"))
    };
    match text.parse::<Money>() {
        Ok(price) if price < Money::ZERO => refuse("a price cannot be negative".into()),
        Ok(price) if price > PRICE_MAX => refuse(format!("a price is at most {PRICE_MAX}")),
        Ok(price) => Ok(price),
        Err(why) => refuse(why.to_string()),
    }
}

/// A time of day in microseconds since midnight.
pub(super) fn time_of_day(written: &At<TimeOfDay>, source: &str) -> Result<u64, Mistake> {
    let text = match &written.value.0 {
        Scalar::Text(text) => text.as_str(),
        // TOML has times of its own, without quotes; they say the same.
        Scalar::Number(_) | Scalar::Other => &source[written.span.clone()],
    };
    clock(text).ok_or_else(|| {
        Mistake::at(
            &written.span,
            "this is not a time of day",
            "expected a text such as `\"19:30:05\"`",
        )
    })
}

fn clock(text: &str) -> Option<u64> {
    let mut seconds = 0;
    let mut fields = 0;
    for (field, limit) in text.split(':').zip([24, 60, 60, 0]) {
        if field.len() != 2 || !field.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let value: u64 = field.parse().ok()?;
        if value >= limit {
            return None;
        }
        seconds = seconds * 60 + value;
        fields += 1;
    }
    match fields {
        2 => Some(seconds * 60_000_000),
        3 => Some(seconds * 1_000_000),
        _ => None,
    }
}

/// A number above 0 that is not absurdly large.
pub(super) fn positive(written: &At<f64>, what: &str) -> Result<f64, Mistake> {
    if written.value > 0.0 && written.value <= 1e9 {
        return Ok(written.value);
    }
    Err(Mistake::at(
        &written.span,
        format!("{what} is {}", written.value),
        "expected a number above 0",
    ))
}

/// A whole number within bounds.
pub(super) fn whole(
    written: &At<i64>,
    what: &str,
    bounds: std::ops::RangeInclusive<i64>,
) -> Result<u64, Mistake> {
    if bounds.contains(&written.value) {
        return Ok(written.value.unsigned_abs());
    }
    let label = if written.value < *bounds.start() {
        format!("at least {}", bounds.start())
    } else {
        format!("at most {}", bounds.end())
    };
    Err(Mistake::at(
        &written.span,
        format!("{what} is {}", written.value),
        label,
    ))
}
