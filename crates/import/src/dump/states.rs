//! Which value of a state column is which state of the form; what means nothing yet is collected, with a map to write.

use std::collections::BTreeMap;

use crate::dump::columns::plain;
use crate::map::{Maps, Part};
use crate::mistake::{Mistake, counted, quoted};

/// Values that are named one by one.
const SHOWN_MAX: usize = 10;

/// What a value of a state column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A state of the form.
    State(&'static str),
    /// The row is left out: `--map 'orders.state:draft=-'`.
    LeftOut,
    /// It is unknown to the form and the command line.
    Unknown,
}

/// The states of a part, and the values that are none.
#[derive(Clone, Debug)]
pub struct States {
    part: Part,
    /// Values without a meaning, how many rows have them, and the first line.
    unknown: BTreeMap<String, (u64, u64)>,
}

impl States {
    /// The states of orders or charges.
    pub fn new(part: Part) -> States {
        States {
            part,
            unknown: BTreeMap::new(),
        }
    }

    /// The states that the form has.
    fn known(&self) -> &'static [&'static str] {
        match self.part {
            Part::Orders => &["pending", "confirmed", "cancelled"],
            _ => &["authorized", "captured", "refunded", "voided", "declined"],
        }
    }

    /// The meaning of a value: what the command line says, or a state of the form in any spelling.
    pub fn meaning(&mut self, value: &str, line: u64, maps: &Maps) -> Meaning {
        let meant = maps.value(self.part, "state", value).unwrap_or(value);
        if meant == "-" {
            return Meaning::LeftOut;
        }
        let spelt = match plain(meant).as_str() {
            "canceled" => String::from("cancelled"),
            "authorised" => String::from("authorized"),
            spelt => spelt.to_owned(),
        };
        if let Some(state) = self.known().iter().find(|state| **state == spelt) {
            return Meaning::State(state);
        }
        let count = self.unknown.entry(value.to_owned()).or_insert((0, line));
        count.0 += 1;
        Meaning::Unknown
    }

    /// Whether every value meant something.
    ///
    /// # Errors
    ///
    /// Names the values, their counts and first lines, and the map to write.
    pub fn check(&self, file: &str, column: &str) -> Result<(), Mistake> {
        let Some(first) = self.unknown.values().map(|(_, line)| *line).min() else {
            return Ok(());
        };
        let mut values: Vec<(&str, u64, u64)> = self
            .unknown
            .iter()
            .map(|(value, (count, line))| (value.as_str(), *count, *line))
            .collect();
        values.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
        let shown = values.iter().take(SHOWN_MAX);
        let named: Vec<String> = shown
            .clone()
            .map(|(value, count, line)| {
                format!(
                    "{} ({}, first in line {line})",
                    quoted(value),
                    counted(*count, "row")
                )
            })
            .collect();
        let more = match values.len().saturating_sub(SHOWN_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let pairs: Vec<String> = shown
            .map(|(value, ..)| format!("{value}={}", self.proposal(value)))
            .collect();
        let (part, states) = (self.part.name(), self.known().join(", "));
        let message = format!(
            "{column}: {}{more} mean none of {states}; say what they mean, or `-` to leave rows out, for example --map '{part}.state:{}'",
            named.join(", "),
            pairs.join(",")
        );
        Err(Mistake::at(file, first, message))
    }

    /// What a value probably means. It is only proposed: a shop's `paid` may be another's `open`.
    fn proposal(&self, value: &str) -> &'static str {
        let value = plain(value);
        let is = |words: &[&str]| words.iter().any(|word| value.contains(word));
        match self.part {
            Part::Orders
                if is(&[
                    "cancel", "reject", "fail", "expire", "void", "declin", "refund",
                ]) =>
            {
                "cancelled"
            }
            Part::Orders if is(&["unpaid", "open", "new", "await", "pend", "process", "hold"]) => {
                "pending"
            }
            Part::Orders if is(&["draft", "cart"]) => "-",
            Part::Orders => "confirmed",
            _ if is(&["fail", "declin", "error", "refus", "reject"]) => "declined",
            _ if is(&["void", "cancel", "expire"]) => "voided",
            _ if is(&["auth", "requirescapture", "uncaptured"]) => "authorized",
            _ if is(&["pend", "process", "requires", "open"]) => "-",
            _ if is(&["partial"]) => "captured",
            _ if is(&["refund"]) => "refunded",
            _ => "captured",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_the_form_are_known_in_any_spelling_and_others_by_the_map() {
        let maps =
            Maps::parse(&["orders.state:paid=confirmed,draft=-".to_owned()]).expect("well formed");
        let mut states = States::new(Part::Orders);
        for (value, meaning) in [
            ("CONFIRMED", Meaning::State("confirmed")),
            ("Canceled", Meaning::State("cancelled")),
            ("paid", Meaning::State("confirmed")),
            ("draft", Meaning::LeftOut),
            ("captured", Meaning::Unknown),
        ] {
            assert_eq!(states.meaning(value, 2, &maps), meaning, "{value}");
        }
    }

    #[test]
    fn unknown_values_are_told_with_their_counts_and_the_map_to_write() {
        let (mut states, maps) = (States::new(Part::Charges), Maps::default());
        for (line, value) in [
            (2, "succeeded"),
            (3, "succeeded"),
            (4, "failed"),
            (5, "requires_capture"),
        ] {
            states.meaning(value, line, &maps);
        }
        let said = states
            .check("charges.csv", "status")
            .expect_err("unknown")
            .to_string();
        assert_eq!(
            said,
            "charges.csv:2: status: \"succeeded\" (2 rows, first in line 2), \"failed\" (1 row, first in line 4), \
             \"requires_capture\" (1 row, first in line 5) mean none of authorized, captured, refunded, voided, declined; say what \
             they mean, or `-` to leave rows out, for example --map \
             'charges.state:succeeded=captured,failed=declined,requires_capture=authorized'"
        );
    }
}
