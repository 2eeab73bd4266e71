//! A verdict on a history that came from anywhere, as text and as one line of JSON.

use check::{Overall, Verdict};
use serde::Serialize;

use crate::figures::{count, money};
use crate::judged::{counts, rows};
use crate::rules::{VERB, lines, paragraph, witnesses};
use crate::run::{Counts, RuleRow};
use crate::terminal::undecided;

/// A verdict as text. `called` is how the command line names the history.
pub fn judgement(called: &str, verdict: &Verdict) -> String {
    let (counts, rules) = (counts(verdict), rows(verdict));
    let mut text = format!("{:>VERB$} {called}\n", "History");
    let held = format!(
        "{} requests for {} intents; {} live orders, {} of them extra for {}",
        count(counts.requests),
        count(counts.intents),
        count(counts.orders),
        count(counts.extra_orders),
        money(counts.extra_orders_amount)
    );
    text.push_str(&paragraph("Holds", &held));
    text.push_str(&lines(&rules));
    text.push_str(&format!("{}\n", "─".repeat(VERB)));
    text.push_str(&witnesses(&rules, usize::MAX));
    let violated: Vec<&str> = verdict.violated().map(|found| found.rule.name()).collect();
    let what = match verdict.overall() {
        Overall::Pass => String::from("PASS: no rule is violated"),
        Overall::Fail => format!("FAIL: {} violated", violated.join(", ")),
        Overall::Malformed => {
            String::from("MALFORMED: this cannot have happened as it was recorded")
        }
        Overall::Inconclusive => format!(
            "INCONCLUSIVE: no rule is violated, but {}",
            undecided(&rules)
        ),
    };
    text + &paragraph("Verdict", &what)
}

/// What `check --json` prints of a history.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    verdict: Overall,
    exit: u8,
    counts: Counts,
    rules: Vec<RuleRow>,
}

/// A verdict as one line of JSON.
///
/// # Panics
/// Never: every value has a form in JSON.
pub fn judgement_line(called: &str, verdict: &Verdict) -> String {
    let line = Line {
        file: called,
        verdict: verdict.overall(),
        exit: verdict.overall().exit_code(),
        counts: counts(verdict),
        rules: rows(verdict),
    };
    serde_json::to_string(&line).expect("every value has a form in JSON") + "\n"
}
