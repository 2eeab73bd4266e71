//! A verdict on a history that came from anywhere, as text and as one line of JSON.

use check::{Had, Inventory, Overall, RuleVerdict, Verdict};
use serde::Serialize;

use crate::figures::{count, money, plural};
use crate::judged::{counts, moment, rows};
use crate::rules::{VERB, lines, paragraph, timeline, witnesses};
use crate::run::{Counts, Moment, RuleRow};
use crate::terminal::undecided;

/// A verdict as text. `called` is how the command line names the history; with an inventory, each rule lists its inputs.
pub fn judgement(called: &str, verdict: &Verdict, inventory: Option<&Inventory>) -> String {
    let (counts, rules) = (counts(verdict), rows(verdict));
    let mut text = format!("{:>VERB$} {called}\n", "History");
    let held = format!(
        "{} for {}; {} live orders, {} of them extra for {}",
        plural(counts.requests, "request", "requests"),
        match counts.intents {
            0 => String::from("purchases that are not named"),
            some => plural(some, "intent", "intents"),
        },
        count(counts.orders),
        count(counts.extra_orders),
        money(counts.extra_orders_amount)
    );
    text.push_str(&paragraph("Holds", &held));
    match inventory {
        None => text.push_str(&lines(&rules)),
        Some(inventory) => {
            for (found, line) in verdict.rules.iter().zip(lines(&rules).lines()) {
                text.push_str(&format!("{line}\n"));
                text.push_str(&had(&inventory.had_by(found.rule)));
            }
        }
    }
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

/// The inputs of a rule: which it had, which were empty, and which were not recorded.
fn had(inputs: &[Had]) -> String {
    let some = |had: &Had| match had.count? {
        0 => None,
        _ if had.is_single => Some(had.what.to_owned()),
        number => Some(format!("{} {}", count(number), had.what)),
    };
    let none = |had: &Had| (had.count == Some(0)).then(|| had.what.to_owned());
    let unseen = |had: &Had| had.count.is_none().then(|| had.what.to_owned());
    let mut text = String::new();
    for (heading, told) in [
        (
            "went by",
            inputs.iter().filter_map(some).collect::<Vec<String>>(),
        ),
        ("had no", inputs.iter().filter_map(none).collect()),
        ("not looked at", inputs.iter().filter_map(unseen).collect()),
    ] {
        if !told.is_empty() {
            text.push_str(&paragraph("", &format!("{heading}: {}", told.join(", "))));
        }
    }
    text
}

/// What `check --json` prints of a history.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    verdict: &'static str,
    exit: u8,
    counts: Counts,
    rules: Vec<Row>,
}

/// The verdict on a rule, and its inputs if they were asked for.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    row: RuleRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<Vec<Had>>,
}

/// A verdict as one line of JSON.
///
/// # Panics
/// Never: every value has a form in JSON.
pub fn judgement_line(called: &str, verdict: &Verdict, inventory: Option<&Inventory>) -> String {
    let row = |(found, row): (&RuleVerdict, RuleRow)| Row {
        row,
        inputs: inventory.map(|inventory| inventory.had_by(found.rule)),
    };
    let line = Line {
        file: called,
        verdict: verdict.overall().name(),
        exit: verdict.overall().exit_code(),
        counts: counts(verdict),
        rules: verdict.rules.iter().zip(rows(verdict)).map(row).collect(),
    };
    serde_json::to_string(&line).expect("every value has a form in JSON") + "\n"
}

/// Everything that happened to a purchase, which a kind of name and a name say, as text.
pub fn trace(kind: &str, name: &str, moments: &[check::Moment]) -> String {
    let moments: Vec<Moment> = moments.iter().map(moment).collect();
    format!("{:>VERB$} {kind} {name}\n", "Purchase") + &timeline(&moments)
}
