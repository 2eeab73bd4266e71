//! Counts, money and times in the form that people read, and text that keeps its width.

use protocol::{Money, Span};

/// A count with separators: `2,970,000`.
pub fn count(number: u64) -> String {
    apart(&number.to_string())
}

/// A signed count.
pub(crate) fn signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", count(number.unsigned_abs()))
}

/// An amount of minor units: `15,000,000.00`.
pub(crate) fn money(minor: i64) -> String {
    let text = Money(minor).to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "00"));
    match whole.strip_prefix('-') {
        Some(whole) => format!("-{}.{decimals}", apart(whole)),
        None => format!("{}.{decimals}", apart(whole)),
    }
}

/// Digits in groups of three.
fn apart(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time in a readable unit.
pub(crate) fn span(us: u64) -> String {
    Span(us).to_string()
}

/// From one round length of time to another: `100-200ms`, `500ms-1s`.
pub(crate) fn range(from_us: u64, until_us: u64) -> String {
    let (from, from_unit) = round(from_us);
    let (until, until_unit) = round(until_us);
    match until_us {
        u64::MAX => format!("{from}{from_unit} or more"),
        _ if from_us == 0 || from_unit == until_unit => format!("{from}-{until}{until_unit}"),
        _ => format!("{from}{from_unit}-{until}{until_unit}"),
    }
}

const fn round(us: u64) -> (u64, &'static str) {
    match us {
        _ if us.is_multiple_of(1_000_000) => (us / 1_000_000, "s"),
        _ if us.is_multiple_of(1_000) => (us / 1_000, "ms"),
        _ => (us, "us"),
    }
}

/// A time of day to the second.
pub(crate) fn clock_seconds(us: u64) -> String {
    let (hours_minutes, seconds) = (clock(us % 86_400_000_000), us / 1_000_000 % 60);
    format!("{hours_minutes}:{seconds:02}")
}

/// A time of day: hours and minutes, and the day if it is not the first.
pub fn clock(us: u64) -> String {
    let minutes = us / 60_000_000;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match days {
        0 => format!("{hours:02}:{minutes:02}"),
        _ => format!("{hours:02}:{minutes:02} +{days}d"),
    }
}

/// `1 rule`, `2 rules`.
pub(crate) fn plural(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", count(number))
}

/// Text in lines of at most `width` characters, broken between words.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if used + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
                used += 1 + length;
            }
            _ => {
                lines.push(word.to_owned());
                used = length;
            }
        }
    }
    lines
}

/// The first sentence of a text.
pub(crate) fn first_sentence(text: &str) -> &str {
    let ends = |(at, c): (usize, char)| {
        let next = text[at + c.len_utf8()..].chars().next();
        (matches!(c, '.' | '!' | '?') && next.is_none_or(char::is_whitespace))
            .then_some(at + c.len_utf8())
    };
    let end = text.char_indices().find_map(ends);
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000")] {
            assert_eq!(count(number), text);
        }
        assert_eq!(count(2_970_000), "2,970,000");
        assert_eq!(money(1_500_000_000), "15,000,000.00");
        assert_eq!(money(-100_000), "-1,000.00");
        assert_eq!(signed(-1_234), "-1,234");
    }

    #[test]
    fn a_time_of_day_goes_round_at_midnight() {
        assert_eq!(clock(70_205_000_000), "19:30");
        assert_eq!(clock(90_000_000_000), "01:00 +1d");
    }

    #[test]
    fn a_range_names_its_unit_once_if_both_ends_share_it() {
        assert_eq!(range(100_000, 200_000), "100-200ms");
        assert_eq!(range(500_000, 1_000_000), "500ms-1s");
        assert_eq!(range(0, 1), "0-1us");
    }

    #[test]
    fn a_first_sentence_ends_at_its_point_and_not_at_that_of_a_price() {
        assert_eq!(
            first_sentence("It costs 35.00 twice. And so on."),
            "It costs 35.00 twice."
        );
        assert_eq!(first_sentence("no end"), "no end");
    }

    #[test]
    fn wrapped_lines_keep_every_word_and_the_width() {
        let text = "one two three four five six";
        let lines = wrap(text, 9);
        assert!(lines.iter().all(|line| line.len() <= 9), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }
}
