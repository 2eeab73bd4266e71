//! Instants in words.

use history::TimeUnit;

/// An instant in the unit that a person would choose, without losing a digit.
pub(super) fn time(unit: TimeUnit, t: u64) -> String {
    let ns = u128::from(t) * nanoseconds(unit).unsigned_abs();
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => decimal(ns, 1_000, 3, "us"),
        1_000_000..10_000_000_000 => decimal(ns, 1_000_000, 6, "ms"),
        10_000_000_000..120_000_000_000 => decimal(ns, 1_000_000_000, 9, "s"),
        _ => {
            let (hours, minutes) = (ns / 3_600_000_000_000, ns / 60_000_000_000 % 60);
            let seconds = decimal(ns % 60_000_000_000, 1_000_000_000, 9, "");
            let lead = if ns % 60_000_000_000 < 10_000_000_000 {
                "0"
            } else {
                ""
            };
            format!("{hours:02}:{minutes:02}:{lead}{}", seconds.trim_end())
        }
    }
}

/// An instant since 1970, as RFC 3339 in UTC.
pub(super) fn dated(unit: TimeUnit, t: u64) -> String {
    let ns = i128::from(t) * nanoseconds(unit);
    match jiff::Timestamp::from_nanosecond(ns) {
        Ok(stamp) => stamp.to_string(),
        // After the year 9999.
        Err(_) => time(unit, t),
    }
}

/// How many nanoseconds a unit has.
const fn nanoseconds(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
        TimeUnit::Seconds => 1_000_000_000,
    }
}

/// A quotient with as many decimals as it has.
fn decimal(value: u128, per: u128, places: usize, unit: &str) -> String {
    let (whole, rest) = (value / per, value % per);
    if rest == 0 {
        return format!("{whole} {unit}");
    }
    let digits = format!("{rest:0places$}");
    format!("{whole}.{} {unit}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_since_1970_reads_as_a_date() {
        assert_eq!(
            dated(TimeUnit::Milliseconds, 1_795_807_806_250),
            "2026-11-27T19:30:06.25Z"
        );
        assert_eq!(
            dated(TimeUnit::Seconds, u64::MAX),
            time(TimeUnit::Seconds, u64::MAX)
        );
    }

    #[test]
    fn times_read_in_the_unit_a_person_would_choose() {
        for (unit, t, text) in [
            (TimeUnit::Milliseconds, 5, "5 ms"),
            (TimeUnit::Milliseconds, 0, "0 ns"),
            (TimeUnit::Microseconds, 250, "250 us"),
            (TimeUnit::Microseconds, 1_234_567, "1234.567 ms"),
            (TimeUnit::Nanoseconds, 1_050, "1.05 us"),
            (TimeUnit::Seconds, 64, "64 s"),
            (TimeUnit::Milliseconds, 64_805_250, "18:00:05.25"),
            (TimeUnit::Seconds, 86_400, "24:00:00"),
        ] {
            assert_eq!(time(unit, t), text);
        }
    }
}
