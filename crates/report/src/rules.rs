//! The lines about rules: one per rule with its counts, and the witness of one that failed.

use crate::figures::{count, plural, wrap};
use crate::run::{Moment, RuleOutcome, RuleRow, Witness};

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

/// Whether a rule is printed in capitals. One that had nothing to check is not, unless it is the rule about evidence.
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

/// The first witness of each violated rule, as a timeline that ends with the contradiction; of at most `rules_max` rules.
pub fn witnesses(rules: &[RuleRow], rules_max: usize) -> String {
    let violated = rules
        .iter()
        .filter(|rule| rule.verdict == RuleOutcome::Violated);
    let (shown, hidden): (Vec<_>, Vec<_>) = violated.enumerate().partition(|(i, _)| *i < rules_max);
    let mut text = String::new();
    for (_, rule) in shown {
        if let Some(witness) = rule.witnesses.first() {
            text.push_str(&told(rule, witness));
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

/// A witness: what happened, what there is at the end, and why that is a contradiction.
fn told(rule: &RuleRow, witness: &Witness) -> String {
    let about = witness
        .intent
        .as_ref()
        .map_or(String::new(), |intent| format!(", intent {intent}"));
    let mut text = paragraph("Witness", &format!("{}{about}", rule.name));
    text.push_str(&timeline(&witness.timeline));
    for evidence in beyond_timeline(witness) {
        text.push_str(&item("", 0, evidence));
    }
    text + &paragraph("", &witness.why)
}

/// The operations and rows that a witness has beside its timeline. A timeline has its operations already, at their times.
pub(crate) fn beyond_timeline(witness: &Witness) -> impl Iterator<Item = &String> {
    let operations = witness
        .operations
        .iter()
        .filter(|_| witness.timeline.is_empty());
    operations.chain(&witness.rows)
}

/// What happened, one line for each moment.
pub fn timeline(moments: &[Moment]) -> String {
    let widest = moments
        .iter()
        .map(|moment| moment.time.chars().count())
        .max()
        .unwrap_or(0);
    let line = |moment: &Moment| item(&moment.time, widest, &moment.text);
    moments.iter().map(line).collect()
}

/// A point of a list, with its time before it, in lines that fit.
fn item(time: &str, widest: usize, body: &str) -> String {
    let lines = wrap(
        body,
        (WIDTH - VERB - 4).saturating_sub(widest).max(WIDTH / 2),
    );
    let times = std::iter::once(time).chain(std::iter::repeat(""));
    let gap = if widest > 0 { "  " } else { "" };
    let line =
        |(time, line): (&str, &String)| format!("{:>VERB$} - {time:<widest$}{gap}{line}\n", "");
    let indented = |line: String| line.replacen(" - ", "   ", 1);
    let mut text = String::new();
    for (place, line) in times.zip(&lines).map(line).enumerate() {
        text.push_str(&if place == 0 { line } else { indented(line) });
    }
    text
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
