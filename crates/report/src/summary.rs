//! Many seeds of one scenario: how many violated what, and the extremes.

use std::collections::BTreeMap;

use crate::figures::count;
use crate::rules::{VERB, is_loud_of, paragraph};
use crate::run::{Met, RuleOutcome, Run, RunVerdict};

/// What is kept of many runs: sums, so that a million seeds take no more memory than ten.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    scenario: String,
    strategy: String,
    backend: String,
    seeds: Option<(u64, u64)>,
    verdicts: BTreeMap<RunVerdict, u64>,
    unexpected: u64,
    rules: Vec<RuleSum>,
    /// The fewest and the most extra orders of a seed.
    extra_orders: Option<(u64, u64)>,
    extra_charges: Option<(u64, u64)>,
    longest_us: u64,
    first_violating: Option<u64>,
}

#[derive(Clone, Debug)]
struct RuleSum {
    name: String,
    outcomes: BTreeMap<RuleOutcome, u64>,
    checked: u64,
    violations: u64,
}

impl Summary {
    /// Adds a run.
    pub fn add(&mut self, run: &Run) {
        if self.seeds.is_none() {
            self.scenario.clone_from(&run.scenario);
            self.strategy.clone_from(&run.strategy);
            self.backend.clone_from(&run.backend);
            let named = |rule: &crate::run::RuleRow| RuleSum {
                name: rule.name.clone(),
                outcomes: BTreeMap::new(),
                checked: 0,
                violations: 0,
            };
            self.rules = run.rules.iter().map(named).collect();
        }
        let seed = run
            .seed
            .expect("only a run of a scenario is one among many seeds");
        self.seeds = Some(widened(self.seeds, seed));
        *self.verdicts.entry(run.verdict).or_default() += 1;
        self.unexpected += u64::from(matches!(run.expectation.met, Met::No | Met::Unknown));
        for (sum, rule) in self.rules.iter_mut().zip(&run.rules) {
            *sum.outcomes.entry(rule.verdict).or_default() += 1;
            sum.checked += rule.checked;
            sum.violations += rule.violations;
        }
        self.extra_orders = Some(widened(self.extra_orders, run.counts.extra_orders));
        self.extra_charges = Some(widened(self.extra_charges, run.counts.extra_charges));
        self.longest_us = self.longest_us.max(run.latency.created.max_us);
        if run.verdict == RunVerdict::Fail {
            let first = self.first_violating.unwrap_or(seed);
            self.first_violating = Some(first.min(seed));
        }
    }

    /// The sums as text.
    pub fn text(&self) -> String {
        let Some((first, last)) = self.seeds else {
            return String::new();
        };
        let range = format!(
            "{}   {} · {} · seeds {first} to {last}",
            self.scenario, self.backend, self.strategy
        );
        let mut text = format!("{:>VERB$} {range}\n", "Seeds");
        text.push_str(&paragraph("Verdicts", &self.verdicts()));
        let widest = self.rules.iter().map(|rule| rule.name.len()).max();
        for rule in &self.rules {
            text.push_str(&rule_line(rule, widest.unwrap_or(0)));
        }
        text.push_str(&paragraph("Extremes", &self.extremes()));
        if let Some(seed) = self.first_violating {
            text.push_str(&paragraph("First", &format!("seed {seed} violates a rule")));
        }
        text
    }

    fn verdicts(&self) -> String {
        let of = |verdict| self.verdicts.get(&verdict).copied().unwrap_or(0);
        let mut text = format!(
            "{} pass, {} fail, {} inconclusive",
            count(of(RunVerdict::Pass)),
            count(of(RunVerdict::Fail)),
            count(of(RunVerdict::Inconclusive))
        );
        text.push_str(&match self.unexpected {
            0 => String::from("; none against the scenario's expectation"),
            some => format!("; {} NOT as the scenario expects", count(some)),
        });
        text
    }

    fn extremes(&self) -> String {
        let range = |range: Option<(u64, u64)>| {
            let (least, most) = range.unwrap_or_default();
            format!("{} to {}", count(least), count(most))
        };
        format!(
            "{} extra orders and {} extra charges a seed; the longest wait for an order was {}",
            range(self.extra_orders),
            range(self.extra_charges),
            crate::figures::span(self.longest_us)
        )
    }
}

fn widened(range: Option<(u64, u64)>, value: u64) -> (u64, u64) {
    let (least, most) = range.unwrap_or((value, value));
    (least.min(value), most.max(value))
}

/// What was put to the test by one seed and not by another is not held by both.
const WORST_FIRST: [RuleOutcome; 5] = [
    RuleOutcome::Violated,
    RuleOutcome::Unknown,
    RuleOutcome::NotJudged,
    RuleOutcome::Vacuous,
    RuleOutcome::Held,
];

/// The worst outcome that a rule had, and how many seeds had which.
fn rule_line(rule: &RuleSum, widest: usize) -> String {
    let worst = WORST_FIRST
        .into_iter()
        .find(|outcome| rule.outcomes.contains_key(outcome))
        .expect("a rule of a run has an outcome");
    let verb = match is_loud_of(&rule.name, worst) {
        true => worst.words().to_uppercase(),
        false => worst.words().to_owned(),
    };
    let outcomes = rule.outcomes.iter();
    let outcomes =
        outcomes.map(|(outcome, seeds)| format!("{} {}", count(*seeds), outcome.words()));
    let mut text = format!(
        "{verb:>VERB$} {:<widest$}  {}; {} checked",
        rule.name,
        outcomes.collect::<Vec<_>>().join(", "),
        count(rule.checked)
    );
    if rule.violations > 0 {
        text.push_str(&format!(", {} violated", count(rule.violations)));
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_of_a_rule_is_its_worst_outcome_and_only_what_needs_a_look_is_loud() {
        use RuleOutcome::{Held, NotJudged, Unknown, Vacuous, Violated};
        for (name, outcomes, verb) in [
            ("lost-ack", &[Held][..], "held"),
            ("lost-ack", &[Held, Vacuous], "vacuous"),
            ("lost-ack", &[Vacuous], "vacuous"),
            ("evidence", &[Held, Vacuous], "VACUOUS"),
            ("lost-ack", &[Held, NotJudged, Vacuous], "not judged"),
            ("lost-ack", &[NotJudged, Unknown], "UNKNOWN"),
            ("lost-ack", &[Held, Unknown, Violated], "VIOLATED"),
        ] {
            let sum = RuleSum {
                name: name.to_owned(),
                outcomes: outcomes.iter().map(|outcome| (*outcome, 1)).collect(),
                checked: 1,
                violations: 0,
            };
            let line = rule_line(&sum, 8);
            assert_eq!(
                line.trim_start().split(name).next(),
                Some(&*format!("{verb} ")),
                "{line}"
            );
        }
    }
}
