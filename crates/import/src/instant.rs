//! Reads the times that logs and dumps have, with how exact each is, and writes them as RFC 3339.

use std::fmt;

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;

/// A time as it is written somewhere. Its missing digits were cut off, so the true time is at or after `ns` and before
/// `ns + resolution`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub ns: i64,
    /// How much later it may have been, in nanoseconds: 1 s for a time of whole seconds.
    pub resolution: i64,
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTime {
    /// It has none of the known forms.
    Form,
    /// It names a day, an hour or an offset that does not exist.
    Calendar,
    /// It is before 1970 or after 2261.
    Range,
}

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoTime::Form => {
                "is no time; expected 2026-11-28T06:16:02Z, 2026-11-28 06:16:02, 28/Nov/2026:06:16:02 +0000, or a number since 1970"
            }
            NoTime::Calendar => "is no time that exists",
            NoTime::Range => "is a time before 1970 or after 2261",
        })
    }
}

/// Reads a time: ISO 8601 with `T` or a space, the form of access logs, or a number since 1970.
///
/// Nine or ten digits are seconds, up to 13 milliseconds, up to 16 microseconds, more nanoseconds; a number with a decimal point
/// is seconds. `offset` (seconds east of Greenwich) holds for times that do not name their own.
///
/// # Errors
///
/// If the text is none of these.
pub fn read(text: &str, offset: i64) -> Result<Stamp, NoTime> {
    let text = text.trim().as_bytes();
    let stamp = match text {
        [_, _, b'/', ..] => log_time(text, offset),
        [_, _, _, _, b'-', ..] => iso(text, offset),
        _ => number(text),
    }?;
    match stamp.ns {
        0.. => Ok(stamp),
        _ => Err(NoTime::Range),
    }
}

/// `28/Nov/2026:06:16:02 +0000`, with or without a fraction and an offset.
fn log_time(text: &[u8], offset: i64) -> Result<Stamp, NoTime> {
    let mut rest = Cursor(text);
    let day = rest.digits(2)?;
    rest.expect(b'/')?;
    let month = month(rest.bytes(3)?)?;
    rest.expect(b'/')?;
    let year = rest.digits(4)?;
    rest.expect(b':')?;
    let day = days_since_1970(year, month, day)?;
    time_of_day(rest, day, offset)
}

fn month(name: &[u8]) -> Result<i64, NoTime> {
    const NAMES: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let at = NAMES.iter().position(|known| known.as_slice() == name);
    at.map_or(Err(NoTime::Form), |at| Ok(at as i64 + 1))
}

/// `2026-11-28T06:16:02.250Z`, with a space for the `T`, without seconds, or the day alone.
fn iso(text: &[u8], offset: i64) -> Result<Stamp, NoTime> {
    let mut rest = Cursor(text);
    let year = rest.digits(4)?;
    rest.expect(b'-')?;
    let month = rest.digits(2)?;
    rest.expect(b'-')?;
    let day = rest.digits(2)?;
    let day = days_since_1970(year, month, day)?;
    if rest.0.is_empty() {
        return stamp(day, 0, 0, offset, 86_400 * SECOND);
    }
    if !rest.take(b'T') && !rest.take(b't') {
        rest.expect(b' ')?;
    }
    time_of_day(rest, day, offset)
}

/// `06:16`, `06:16:02` or `06:16:02.250`, and what comes after it.
fn time_of_day(mut rest: Cursor<'_>, day: i64, offset: i64) -> Result<Stamp, NoTime> {
    let hour = rest.digits(2)?;
    rest.expect(b':')?;
    let minute = rest.digits(2)?;
    let (mut second, mut fraction, mut resolution) = (0, 0, 60 * SECOND);
    if rest.take(b':') {
        second = rest.digits(2)?;
        (fraction, resolution) = rest.fraction()?;
    }
    // 60 is a leap second, which clocks and databases count as the first of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return Err(NoTime::Calendar);
    }
    let offset = rest.offset()?.unwrap_or(offset);
    let of_day = (hour * 60 + minute) * 60 + second;
    stamp(day, of_day, fraction, offset, resolution)
}

fn stamp(
    day: i64,
    second: i64,
    fraction: i64,
    offset: i64,
    resolution: i64,
) -> Result<Stamp, NoTime> {
    let seconds = day * 86_400 + second - offset;
    let ns = seconds
        .checked_mul(SECOND)
        .and_then(|ns| ns.checked_add(fraction));
    let ns = ns.ok_or(NoTime::Range)?;
    Ok(Stamp { ns, resolution })
}

/// A number since 1970.
fn number(text: &[u8]) -> Result<Stamp, NoTime> {
    let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(whole);
    // Fewer digits are no time of an access log: 20261128 is a day, and not a second of 1970.
    if !(9..=19).contains(&digits.len()) {
        return Err(NoTime::Form);
    }
    let value = digits.iter().try_fold(0i64, |value, digit| {
        value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
    });
    let value = value.ok_or(NoTime::Range)?;
    let mut rest = Cursor(rest);
    let (fraction, resolution) = rest.fraction()?;
    if !rest.0.is_empty() {
        return Err(NoTime::Form);
    }
    let unit = match digits.len() {
        _ if resolution < SECOND => SECOND,
        ..=10 => SECOND,
        11..=13 => 1_000_000,
        14..=16 => 1_000,
        _ => 1,
    };
    let ns = value
        .checked_mul(unit)
        .and_then(|ns| ns.checked_add(fraction));
    let ns = ns.ok_or(NoTime::Range)?;
    Ok(Stamp {
        ns,
        resolution: resolution.min(unit),
    })
}

/// What is left of a text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), NoTime> {
        match self.take(byte) {
            true => Ok(()),
            false => Err(NoTime::Form),
        }
    }

    fn bytes(&mut self, count: usize) -> Result<&[u8], NoTime> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(NoTime::Form)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn digits(&mut self, count: usize) -> Result<i64, NoTime> {
        self.bytes(count)?
            .iter()
            .try_fold(0, |value, byte| match byte {
                b'0'..=b'9' => Ok(value * 10 + i64::from(byte - b'0')),
                _ => Err(NoTime::Form),
            })
    }

    /// The fraction of a second in nanoseconds, and what its last digit is worth; a whole second without one. Digits beyond the
    /// ninth are cut off.
    fn fraction(&mut self) -> Result<(i64, i64), NoTime> {
        if !self.take(b'.') && !self.take(b',') {
            return Ok((0, SECOND));
        }
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let digits = self.bytes(count)?;
        let (mut value, mut worth) = (0, SECOND);
        for digit in digits.iter().take(9) {
            worth /= 10;
            value += i64::from(digit - b'0') * worth;
        }
        match count {
            0 => Err(NoTime::Form),
            _ => Ok((value, worth)),
        }
    }

    /// The offset at the end, in seconds east of Greenwich: `Z`, `UTC`, `+01`, `+0100`, `+01:00`, or none.
    fn offset(&mut self) -> Result<Option<i64>, NoTime> {
        while self.take(b' ') {}
        let text = self.0.strip_suffix(b" UTC").unwrap_or(self.0);
        let (sign, digits) = match text {
            [] => return Ok(None),
            [b'Z' | b'z'] | b"UTC" | b"GMT" => return Ok(Some(0)),
            [b'+', digits @ ..] => (1, digits),
            [b'-', digits @ ..] => (-1, digits),
            _ => return Err(NoTime::Form),
        };
        let mut digits = Cursor(digits);
        let hours = digits.digits(2)?;
        let minutes = match digits.take(b':') || !digits.0.is_empty() {
            true => digits.digits(2)?,
            false => 0,
        };
        if !digits.0.is_empty() {
            return Err(NoTime::Form);
        }
        match (hours, minutes) {
            (..=23, ..=59) => Ok(Some(sign * (hours * 60 + minutes) * 60)),
            _ => Err(NoTime::Calendar),
        }
    }
}

/// Reads an offset that is written alone: `+01:00`, `-0500`, `Z`.
///
/// # Errors
///
/// If it is none.
pub fn read_offset(text: &str) -> Result<i64, NoTime> {
    Cursor(text.trim().as_bytes()).offset()?.ok_or(NoTime::Form)
}

/// The number of a day of the Gregorian calendar, after Howard Hinnant's `days_from_civil`
/// (<https://howardhinnant.github.io/date_algorithms.html>): years begin in March, so that the leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> Result<i64, NoTime> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return Err(NoTime::Calendar),
    };
    if !(1..=last).contains(&day) {
        return Err(NoTime::Calendar);
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Ok(era * 146_097 + of_era - 719_468)
}

/// Year, month and day of a day since 1970: the inverse, Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Writes a time as RFC 3339 in UTC, with that many digits of the second.
pub fn write(ns: i64, digits: usize, out: &mut Vec<u8>) {
    let (second, fraction) = (ns.div_euclid(SECOND), ns.rem_euclid(SECOND));
    let (days, of_day) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    pad(year, 4, out);
    for (mark, number) in [
        (b'-', month),
        (b'-', day),
        (b'T', of_day / 3600),
        (b':', of_day / 60 % 60),
        (b':', of_day % 60),
    ] {
        out.push(mark);
        pad(number, 2, out);
    }
    if digits > 0 {
        out.push(b'.');
        pad(fraction / 10i64.pow(9 - digits as u32), digits, out);
    }
    out.push(b'Z');
}

/// Writes a number with leading zeros.
fn pad(number: i64, width: usize, out: &mut Vec<u8>) {
    let begin = out.len();
    out.resize(begin + width, b'0');
    let mut left = number;
    for place in out[begin..].iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        left /= 10;
    }
}

/// A time in UTC for people, as exact as it needs to be.
pub fn show(ns: i64) -> String {
    let digits = if ns % SECOND == 0 { 0 } else { 3 };
    let mut text = Vec::new();
    write(ns, digits, &mut text);
    String::from_utf8(text).expect("digits are text")
}

/// An offset as `+01:00`.
pub fn show_offset(seconds: i64) -> String {
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests;
