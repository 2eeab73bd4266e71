//! Instants and spans in microseconds: the only unit of time between crates.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

use serde::{Deserialize, Serialize};

/// An instant: microseconds since an epoch that a deployment chooses once, for all its replicas and its database. Only differences
/// between instants mean anything.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A length of time in microseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(pub u64);

impl Time {
    /// The epoch.
    pub const ZERO: Time = Time(0);
    /// Later than any instant of a deployment.
    pub const MAX: Time = Time(u64::MAX);

    /// The span from `earlier` to this instant; zero if `earlier` is later.
    #[inline]
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This instant moved by a signed number of microseconds, as a clock with skew shows it.
    #[inline]
    pub const fn skewed(self, offset_us: i64) -> Time {
        Time(self.0.saturating_add_signed(offset_us))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of so many microseconds.
    pub const fn micros(n: u64) -> Span {
        Span(n)
    }

    /// A span of so many milliseconds.
    pub const fn millis(n: u64) -> Span {
        Span(n * 1_000)
    }

    /// A span of so many seconds.
    pub const fn secs(n: u64) -> Span {
        Span(n * 1_000_000)
    }

    /// A span of so many hours.
    pub const fn hours(n: u64) -> Span {
        Span::secs(n * 3_600)
    }
}

impl Add<Span> for Time {
    type Output = Time;
    #[inline]
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    #[inline]
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Span;
    #[inline]
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Span;
    #[inline]
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Span {
    type Output = Span;
    #[inline]
    fn mul(self, times: u64) -> Span {
        Span(self.0.saturating_mul(times))
    }
}

impl fmt::Display for Span {
    /// The shortest unit that keeps the value readable: `250us`, `5ms`, `1.50s`, `2h05m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0;
        match us {
            0..=999 => write!(f, "{us}us"),
            1_000..=9_999 if !us.is_multiple_of(1_000) => write!(f, "{:.2}ms", us as f64 / 1e3),
            1_000..=999_999 => write!(f, "{}ms", us / 1_000),
            1_000_000..=119_999_999 => write!(f, "{:.2}s", us as f64 / 1e6),
            120_000_000..=7_199_999_999 => {
                write!(f, "{}m{:02}s", us / 60_000_000, us / 1_000_000 % 60)
            }
            _ => write!(f, "{}h{:02}m", us / 3_600_000_000, us / 60_000_000 % 60),
        }
    }
}

impl fmt::Display for Time {
    /// Hours, minutes, seconds and milliseconds: `18:00:05.250`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0 / 1_000;
        write!(
            f,
            "{:02}:{:02}:{:02}.{:03}",
            ms / 3_600_000,
            ms / 60_000 % 60,
            ms / 1_000 % 60,
            ms % 1_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_in_the_unit_a_person_would_choose() {
        for (us, text) in [
            (7, "7us"),
            (5_000, "5ms"),
            (2_500, "2.50ms"),
            (1_500_000, "1.50s"),
            (7_500_000_000, "2h05m"),
        ] {
            assert_eq!(Span(us).to_string(), text);
        }
        assert_eq!(Time(64_805_250_000).to_string(), "18:00:05.250");
    }

    #[test]
    fn since_never_goes_below_zero() {
        assert_eq!(Time(5).since(Time(9)), Span::ZERO);
        assert_eq!(Time(9).since(Time(5)), Span(4));
    }
}
