//! What the judge says: per rule what was found, with the contradictions that prove it, and in all. `report` writes it down.

use std::borrow::Cow;

use crate::counts::Counts;
use crate::rules::{Kind, Rule};
use crate::subject::Subject;

/// How many witnesses a rule keeps; all violations are counted.
pub const WITNESSES_MAX: usize = 3;

/// Whether a history was right.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// One per rule, in the order of [`Rule::ALL`].
    pub rules: Vec<RuleVerdict>,
    /// How much there was of everything, and how much too much.
    pub counts: Counts,
}

/// What was found about one rule.
#[derive(Clone, Debug)]
pub struct RuleVerdict {
    /// Which rule.
    pub rule: Rule,
    /// How it came out.
    pub outcome: Outcome,
    /// How many things were put to the test: orders, charges, answers, rows, by the rule.
    pub checked: u64,
    /// How many of them the history does not decide.
    pub unknown: u64,
    /// How many of them break the rule.
    pub violations: u64,
    /// The earliest violations, at most [`WITNESSES_MAX`].
    pub witnesses: Vec<Witness>,
    /// Why the rule was not judged, or what keeps it from a decision.
    pub note: Option<Cow<'static, str>>,
}

/// How a rule came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was put to the test and nothing broke it.
    Held,
    /// Something broke it.
    Violated,
    /// Its inputs are there but do not decide it.
    Unknown,
    /// Its inputs are there but hold nothing to check.
    Vacuous,
    /// Its inputs are absent altogether.
    NotJudged,
}

impl Outcome {
    /// Its name in reports and manifests, in kebab case.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Held => "held",
            Outcome::Violated => "violated",
            Outcome::Unknown => "unknown",
            Outcome::Vacuous => "vacuous",
            Outcome::NotJudged => "not-judged",
        }
    }
}

/// The smallest set of operations and rows that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The contradiction in one sentence, and in another the promise that it breaks.
    pub why: String,
    /// The operations.
    pub operations: Vec<Operation>,
    /// The rows of the audit.
    pub rows: Vec<String>,
    /// Everything that happened to the purchase, in the order of time: attempts, faults, charges, key records, messages.
    pub timeline: Vec<Moment>,
    /// The purchase that it is about, if the harness knows it.
    pub intent: Option<String>,
    /// When it came true, in the contract's unit.
    pub at: u64,
    /// When it came true, in words.
    pub time: String,
    /// What it is about, until its timeline is told.
    pub(crate) subject: Subject,
}

/// Something that happened to a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When, in the contract's unit; `None` if it is not known.
    pub t: Option<u64>,
    /// When, in words; empty if it is not known.
    pub time: String,
    /// What, in words.
    pub text: String,
}

/// An operation as a witness shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The attempt's process.
    pub process: String,
    /// When it was sent, in the contract's unit.
    pub invoked: u64,
    /// When the answer came or the client gave up.
    pub returned: Option<u64>,
    /// The line of the file that has its end, or its beginning if it has none.
    pub line: Option<u32>,
    /// The operation in words.
    pub text: String,
}

/// The verdict in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overall {
    /// No rule is violated or unknown, and there was evidence.
    Pass,
    /// A rule is violated.
    Fail,
    /// Nothing is violated, but a rule is unknown or the evidence is vacuous.
    Inconclusive,
    /// The history cannot have happened: the recorder is at fault.
    Malformed,
}

impl Overall {
    /// Its name in reports, in kebab case.
    pub const fn name(self) -> &'static str {
        match self {
            Overall::Pass => "pass",
            Overall::Fail => "fail",
            Overall::Inconclusive => "inconclusive",
            Overall::Malformed => "malformed",
        }
    }

    /// The exit code when the history came from a file: 0 pass, 1 fail, 2 malformed, 4 inconclusive. A history of our own that is
    /// malformed is a failure of the harness, which is 3; that is for the recorder's program to say.
    pub const fn exit_code(self) -> u8 {
        match self {
            Overall::Pass => 0,
            Overall::Fail => 1,
            Overall::Malformed => 2,
            Overall::Inconclusive => 4,
        }
    }
}

impl Verdict {
    /// The verdict in one word. A violation dominates an unknown; a single rule that had nothing to check is not held, but it does
    /// not make the whole inconclusive: whether there was evidence at all is what [`Rule::Evidence`] is about.
    pub fn overall(&self) -> Overall {
        let mut overall = Overall::Pass;
        for verdict in &self.rules {
            let found = match verdict.outcome {
                Outcome::Violated if verdict.rule == Rule::Malformed => return Overall::Malformed,
                Outcome::Violated if verdict.rule.kind() != Kind::Evidence => Overall::Fail,
                Outcome::Unknown => Overall::Inconclusive,
                Outcome::Vacuous if verdict.rule == Rule::Evidence => Overall::Inconclusive,
                _ => continue,
            };
            if overall != Overall::Fail {
                overall = found;
            }
        }
        overall
    }

    /// What was found about a rule.
    ///
    /// # Panics
    /// Never: every verdict has every rule.
    pub fn rule(&self, rule: Rule) -> &RuleVerdict {
        &self.rules[rule as usize]
    }

    /// The rules that are violated, in the order of [`Rule::ALL`].
    pub fn violated(&self) -> impl Iterator<Item = &RuleVerdict> {
        self.rules
            .iter()
            .filter(|verdict| verdict.outcome == Outcome::Violated)
    }
}
