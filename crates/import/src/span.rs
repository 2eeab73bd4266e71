//! Reads durations, with how exact each is, and says what interval a request lies in.

use crate::instant::{SECOND, Stamp};

/// The unit of a number that says how long something took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
}

impl Unit {
    /// Every unit, the smallest first.
    pub const ALL: [Unit; 4] = [Unit::Ns, Unit::Us, Unit::Ms, Unit::S];

    /// Nanoseconds in one.
    pub const fn ns(self) -> i64 {
        match self {
            Unit::Ns => 1,
            Unit::Us => 1_000,
            Unit::Ms => 1_000_000,
            Unit::S => SECOND,
        }
    }

    /// Digits of a second that it resolves.
    pub const fn digits(self) -> usize {
        match self {
            Unit::Ns => 9,
            Unit::Us => 6,
            Unit::Ms => 3,
            Unit::S => 0,
        }
    }

    /// As command lines and contracts write it.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Ns => "ns",
            Unit::Us => "us",
            Unit::Ms => "ms",
            Unit::S => "s",
        }
    }

    /// The unit of a name; `µs` is `us`.
    pub fn named(name: &str) -> Option<Unit> {
        let name = if matches!(name, "µs" | "μs") {
            "us"
        } else {
            name
        };
        Unit::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// How long something took: at least `ns`, and less than `ns + resolution`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Nanoseconds.
    pub ns: i64,
    /// What its last digit is worth, in nanoseconds.
    pub resolution: i64,
}

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSpan {
    /// It is no number, below zero, or too large.
    Form,
    /// A whole number, and nothing says of what.
    Unit,
}

/// Reads a duration: a number with a unit of its own (`45ms`), or one in the unit that is known; a number with a decimal point
/// for which no unit is known is seconds.
///
/// # Errors
///
/// If it is none, or a whole number of an unknown unit.
pub fn read(text: &str, unit: Option<Unit>) -> Result<Span, NoSpan> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let unit = match suffix {
        "" => unit,
        _ => Some(Unit::named(suffix).ok_or(NoSpan::Form)?),
    };
    let (whole, fraction) = number
        .split_once('.')
        .map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let unit = match (unit, fraction) {
        (Some(unit), _) => unit,
        (None, Some(_)) => Unit::S,
        (None, None) if number.is_empty() => return Err(NoSpan::Form),
        (None, None) => return Err(NoSpan::Unit),
    };
    let whole: i64 = whole.parse().map_err(|_| NoSpan::Form)?;
    let (mut rest, mut resolution) = (0, unit.ns());
    for digit in fraction.unwrap_or("").bytes() {
        let digit = char::from(digit).to_digit(10).ok_or(NoSpan::Form)?;
        // Digits beyond the nanosecond are cut off.
        if resolution >= 10 {
            resolution /= 10;
            rest += i64::from(digit) * resolution;
        }
    }
    let ns = whole
        .checked_mul(unit.ns())
        .and_then(|ns| ns.checked_add(rest));
    let ns = ns.ok_or(NoSpan::Form)?;
    Ok(Span { ns, resolution })
}

/// Which end of a request a logged time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// When it began.
    Begin,
    /// When it ended, which is when most logs write their line.
    End,
    /// One of them: the log does not say which.
    Unknown,
}

/// When a request began and ended, as far as its log line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When it began.
    pub begin: Option<Stamp>,
    /// When it ended.
    pub end: Option<Stamp>,
    /// A time that is the one or the other.
    pub either: Option<Stamp>,
    /// How long it took.
    pub duration: Option<Span>,
}

impl Times {
    /// An interval in nanoseconds that surely contains the request, or `None` without any time.
    ///
    /// A judge concludes from two intervals that one request ended before another began, so each may be too long and never too
    /// short: times and durations are widened by the digits that they lack, and what is not known at all lasts `longest`.
    pub fn widened(&self, longest: i64) -> Option<(i64, i64)> {
        let lasted = self
            .duration
            .map_or(longest, |span| span.ns.saturating_add(span.resolution));
        let late = |stamp: Stamp| stamp.ns.saturating_add(stamp.resolution);
        let (begin, end) = match (self.begin, self.end, self.either) {
            (Some(begin), Some(end), _) => (begin.ns, late(end)),
            (Some(begin), None, _) => (begin.ns, late(begin).saturating_add(lasted)),
            (None, Some(end), _) => (end.ns.saturating_sub(lasted), late(end)),
            (None, None, Some(either)) => (
                either.ns.saturating_sub(lasted),
                late(either).saturating_add(lasted),
            ),
            (None, None, None) => return None,
        };
        // A clock that was set back may have written an end before the begin.
        Some((begin.max(0).min(end), end.max(begin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn ns(text: &str, unit: Option<Unit>) -> Result<(i64, i64), NoSpan> {
        read(text, unit).map(|span| (span.ns, span.resolution))
    }

    #[test]
    fn a_duration_is_in_the_unit_that_it_or_its_log_names_and_with_a_point_in_seconds() {
        for (text, unit, expected) in [
            ("0.045", None, Ok((45_000_000, 1_000_000))),
            ("45", Some(Unit::Ms), Ok((45_000_000, 1_000_000))),
            ("45.5", Some(Unit::Ms), Ok((45_500_000, 100_000))),
            ("45ms", None, Ok((45_000_000, 1_000_000))),
            ("929.675µs", None, Ok((929_675, 1))),
            ("45210", Some(Unit::Us), Ok((45_210_000, 1_000))),
            ("2", Some(Unit::S), Ok((2 * SECOND, SECOND))),
            ("0.000929675", Some(Unit::S), Ok((929_675, 1))),
            ("0.00092967512", Some(Unit::S), Ok((929_675, 1))),
            ("45", None, Err(NoSpan::Unit)),
            ("", None, Err(NoSpan::Form)),
            ("-", None, Err(NoSpan::Form)),
            ("-1", Some(Unit::S), Err(NoSpan::Form)),
            ("1.2.3", None, Err(NoSpan::Form)),
            ("4 parsecs", None, Err(NoSpan::Form)),
            ("99999999999999999999", Some(Unit::S), Err(NoSpan::Form)),
        ] {
            assert_eq!(ns(text, unit), expected, "{text} {unit:?}");
        }
    }

    /// 10 s and 12 s, known to the second; a duration of 1.5 s known to the millisecond.
    const TEN: Stamp = Stamp {
        ns: 10 * SECOND,
        resolution: SECOND,
    };
    const TWELVE: Stamp = Stamp {
        ns: 12 * SECOND,
        resolution: SECOND,
    };
    const LASTED: Span = Span {
        ns: 1_500_000_000,
        resolution: 1_000_000,
    };

    fn widened(times: Times) -> Option<(i64, i64)> {
        let (begin, end) = times.widened(60 * SECOND)?;
        Some((begin / 1_000_000, end / 1_000_000))
    }

    #[test]
    fn an_interval_is_widened_by_what_its_line_does_not_say() {
        let end = Times {
            end: Some(TWELVE),
            ..Times::default()
        };
        let begin = Times {
            begin: Some(TEN),
            ..Times::default()
        };
        let either = Times {
            either: Some(TWELVE),
            ..Times::default()
        };
        let lasted = Some(LASTED);
        for (times, expected) in [
            (
                Times {
                    duration: lasted,
                    ..end
                },
                (10_499, 13_000),
            ),
            (
                Times {
                    duration: lasted,
                    ..begin
                },
                (10_000, 12_501),
            ),
            (
                Times {
                    duration: lasted,
                    ..either
                },
                (10_499, 14_501),
            ),
            (
                Times {
                    begin: Some(TEN),
                    ..end
                },
                (10_000, 13_000),
            ),
            (begin, (10_000, 71_000)),
            (end, (0, 13_000)),
        ] {
            assert_eq!(widened(times), Some(expected), "{times:?}");
        }
        assert_eq!(widened(Times::default()), None);
    }

    proptest! {
        /// Any request, logged at its end or its begin by a clock that cuts digits off.
        #[test]
        fn the_true_interval_is_always_inside(
            begin in 100 * SECOND..1_000 * SECOND,
            lasted in 0..90 * SECOND,
            resolution in prop::sample::select(vec![1, 1_000, 1_000_000, SECOND]),
            exact in prop::sample::select(vec![1, 1_000, 1_000_000, SECOND]),
            at_end in any::<bool>(),
        ) {
            let end = begin + lasted;
            let cut = |ns: i64, worth: i64| ns / worth * worth;
            let stamp = |ns| Some(Stamp { ns: cut(ns, resolution), resolution });
            let duration = Some(Span { ns: cut(lasted, exact), resolution: exact });
            let times = match at_end {
                true => Times { end: stamp(end), duration, ..Times::default() },
                false => Times { begin: stamp(begin), duration, ..Times::default() },
            };
            let (from, until) = times.widened(0).expect("a time");
            prop_assert!(from <= begin && end <= until, "{from} {begin} {end} {until}");
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _: Result<Span, NoSpan> = read(&text, Some(Unit::S));
        }
    }
}
