//! The lines about rules: one per rule with its counts, and the witness of one that failed.

use crate::figures::{count, plural, wrap};
use crate::run::{RuleOutcome, RuleRow};

/// How wide the right-aligned verb is.
pub(crate) const VERB: usize = 12;
/// How wide a line may be.
pub(crate) const WIDTH: usize = 100;

/// One line per rule.
pub fn lines(rules: &[RuleRow]) -> String {
    let widest = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    rules.iter().map(|rule| line(rule, widest)).collect()
}

fn line(rule: &RuleRow, widest: usize) -> String {
    let verb = match is_loud(rule) {
        true => rule.verdict.words().to_uppercase(),
        false => rule.verdict.words().to_owned(),
    };
    let mut text = format!("{verb:>VERB$} {:<widest$}  ", rule.name);
    text.push_str(&format!("{:>11} checked", count(rule.checked)));
    if rule.violations > 0 {
        text.push_str(&format!(", {} violated", count(rule.violations)));
    }
    if rule.unknown > 0 {
        text.push_str(&format!(", {} unknown", count(rule.unknown)));
    }
    if let Some(note) = &rule.note {
        text.push_str(&format!("; {note}"));
    }
    text.push('\n');
    text
}

/// What needs a look is loud. A rule that had nothing to check is no cause for alarm, unless it is the one about evidence.
pub(crate) fn is_loud(rule: &RuleRow) -> bool {
    is_loud_of(&rule.name, rule.verdict)
}

/// The same of a rule by its name.
pub(crate) fn is_loud_of(rule: &str, outcome: RuleOutcome) -> bool {
    match outcome {
        RuleOutcome::Violated | RuleOutcome::Unknown => true,
        RuleOutcome::Vacuous => rule == check::Rule::Evidence.name(),
        RuleOutcome::Held | RuleOutcome::NotJudged => false,
    }
}

/// The first witness of each violated rule, in two sentences; at most so many rules.
pub fn witnesses(rules: &[RuleRow], rules_max: usize) -> String {
    let violated = rules
        .iter()
        .filter(|rule| rule.verdict == RuleOutcome::Violated);
    let (shown, hidden): (Vec<_>, Vec<_>) = violated.enumerate().partition(|(i, _)| *i < rules_max);
    let mut text = String::new();
    for (_, rule) in shown {
        if let Some(witness) = rule.witnesses.first() {
            text.push_str(&paragraph(
                "Witness",
                &format!("{}: {}", rule.name, witness.why),
            ));
            for evidence in witness.operations.iter().chain(&witness.rows) {
                text.push_str(&item(evidence));
            }
        }
    }
    if !hidden.is_empty() {
        let more = plural(hidden.len() as u64, "more rule is", "more rules are");
        text.push_str(&paragraph(
            "",
            &format!("and {more} violated; run.json has the witnesses"),
        ));
    }
    text
}

/// A point of a list, in lines that fit.
fn item(body: &str) -> String {
    let lines = wrap(body, WIDTH - VERB - 3);
    let bullets = std::iter::once("-").chain(std::iter::repeat(" "));
    let line = |(bullet, line): (&str, &String)| format!("{:>VERB$} {bullet} {line}\n", "");
    bullets.zip(&lines).map(line).collect()
}

/// A verb and a text beside it, in lines that fit.
pub(crate) fn paragraph(verb: &str, body: &str) -> String {
    let mut text = String::new();
    for (i, line) in wrap(body, WIDTH - VERB - 1).iter().enumerate() {
        let verb = if i == 0 { verb } else { "" };
        text.push_str(&format!("{verb:>VERB$} {line}\n"));
    }
    text
}
