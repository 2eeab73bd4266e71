//! A history that was written and read again is judged the same, and written the same.

use check::{Overall, Verdict, judge};
use history::{History, jsonl};
use proptest::prelude::*;

use crate::random;

fn text(history: &History) -> String {
    let mut text = Vec::new();
    jsonl::write(history, &mut text).expect("a vector takes everything");
    String::from_utf8(text).expect("JSON is UTF-8")
}

fn read(text: &str) -> History {
    jsonl::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What must not change: everything but the line numbers in the witnesses.
fn essence(verdict: &Verdict) -> Vec<String> {
    let rules = verdict.rules.iter().map(|v| {
        let numbers = (v.checked, v.unknown, v.violations);
        format!("{} {:?} {numbers:?}", v.rule.name(), v.outcome)
    });
    let overall = format!("{:?}", verdict.overall());
    rules.chain([overall]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_history_that_was_written_and_read_is_judged_the_same(history in random::history()) {
        let again = read(&text(&history));
        let (before, after) = (judge(&history), judge(&again));
        prop_assert_eq!(essence(&before), essence(&after));
        prop_assert_eq!(before.counts, after.counts);
    }

    #[test]
    fn what_was_read_is_written_in_one_form(history in random::history()) {
        let once = text(&read(&text(&history)));
        prop_assert_eq!(&text(&read(&once)), &once);
    }

    #[test]
    fn the_order_of_the_lines_of_different_processes_does_not_matter(
        history in random::history(),
        swaps in prop::collection::vec(0..100_usize, 0..8),
    ) {
        let written = text(&history);
        let mut lines: Vec<&str> = written.lines().collect();
        let (first, last) = (1, lines.len() - 1);
        for swap in swaps {
            let at = first + swap % (last - first).max(1);
            if at + 1 < last && (time(lines[at]), process(lines[at])) != (time(lines[at + 1]), process(lines[at + 1])) {
                lines.swap(at, at + 1);
            }
        }
        let shuffled = read(&lines.join("\n"));
        let (before, after) = (judge(&history), judge(&shuffled));
        if before.overall() != Overall::Malformed && after.overall() != Overall::Malformed {
            prop_assert_eq!(before.counts, after.counts);
        }
    }
}

fn field(line: &str, name: &str) -> u64 {
    let value: serde_json::Value = serde_json::from_str(line).expect("a line of ours");
    value[name].as_u64().unwrap_or(u64::MAX)
}

fn time(line: &str) -> u64 {
    field(line, "t")
}

fn process(line: &str) -> u64 {
    field(line, "process")
}
