//! Many seeds of one scenario: how many violated what, and the extremes.

use std::collections::BTreeMap;

use check::{Outcome, Rule, RuleVerdict, Verdict};

use crate::figures::count;
use crate::judged;
use crate::rules::{VERB, is_loud_of, paragraph};
use crate::run::{Met, Run, RunVerdict};

/// One run as a summary counts it: taken from the verdict, without the texts of a [`Run`](crate::Run).
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// Its seed.
    pub seed: u64,
    /// The verdict in one word.
    pub verdict: RunVerdict,
    /// Whether the scenario expects it.
    pub met: Met,
    /// What the judge said.
    pub judged: &'a Verdict,
    /// The longest wait for an answer that made an order, in microseconds.
    pub longest_us: u64,
}

/// What is kept of many runs: sums, so that a million seeds take no more memory than ten. Sums of parts can be added up in any order.
#[derive(Clone, Debug, Default)]
pub struct Summary {
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
    rule: Rule,
    /// How many seeds had which outcome.
    outcomes: BTreeMap<Outcome, u64>,
    checked: u64,
    violations: u64,
}

impl Summary {
    /// Adds a run.
    pub fn add(&mut self, run: &Brief<'_>) {
        if self.seeds.is_none() {
            let named = |rule: &RuleVerdict| RuleSum {
                rule: rule.rule,
                outcomes: BTreeMap::new(),
                checked: 0,
                violations: 0,
            };
            self.rules = run.judged.rules.iter().map(named).collect();
        }
        self.seeds = widened(self.seeds, Some((run.seed, run.seed)));
        *self.verdicts.entry(run.verdict).or_default() += 1;
        self.unexpected += u64::from(matches!(run.met, Met::No | Met::Unknown));
        for (sum, rule) in self.rules.iter_mut().zip(&run.judged.rules) {
            *sum.outcomes.entry(rule.outcome).or_default() += 1;
            sum.checked += rule.checked;
            sum.violations += rule.violations;
        }
        let counts = &run.judged.counts;
        let just = |count: u64| Some((count, count));
        self.extra_orders = widened(self.extra_orders, just(counts.extra_orders));
        self.extra_charges = widened(self.extra_charges, just(counts.extra_charges));
        self.longest_us = self.longest_us.max(run.longest_us);
        if run.verdict == RunVerdict::Fail {
            self.first_violating = earlier(self.first_violating, Some(run.seed));
        }
    }

    /// Adds the sums of other runs.
    pub fn merge(&mut self, other: Summary) {
        if self.seeds.is_none() {
            *self = other;
            return;
        }
        self.seeds = widened(self.seeds, other.seeds);
        for (verdict, seeds) in other.verdicts {
            *self.verdicts.entry(verdict).or_default() += seeds;
        }
        self.unexpected += other.unexpected;
        for (sum, more) in self.rules.iter_mut().zip(other.rules) {
            for (outcome, seeds) in more.outcomes {
                *sum.outcomes.entry(outcome).or_default() += seeds;
            }
            sum.checked += more.checked;
            sum.violations += more.violations;
        }
        self.extra_orders = widened(self.extra_orders, other.extra_orders);
        self.extra_charges = widened(self.extra_charges, other.extra_charges);
        self.longest_us = self.longest_us.max(other.longest_us);
        self.first_violating = earlier(self.first_violating, other.first_violating);
    }

    /// The sums as text, of runs that are all like this one but for their seeds.
    pub fn text(&self, like: &Run) -> String {
        let Some((first, last)) = self.seeds else {
            return String::new();
        };
        let range = format!(
            "{}   {} · {} · seeds {first} to {last}",
            like.scenario, like.backend, like.strategy
        );
        let mut text = format!("{:>VERB$} {range}\n", "Seeds");
        text.push_str(&paragraph("Verdicts", &self.verdicts()));
        let widest = self.rules.iter().map(|sum| sum.rule.name().len()).max();
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
            some => format!("; {} against the scenario's expectation", count(some)),
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

/// The range that holds both.
fn widened(range: Option<(u64, u64)>, other: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (range, other) {
        (Some((least, most)), Some((low, high))) => Some((least.min(low), most.max(high))),
        (some, None) | (None, some) => some,
    }
}

fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    [one, other].into_iter().flatten().min()
}

/// What was put to the test by one seed and not by another is not held by both.
const WORST_FIRST: [Outcome; 5] = [
    Outcome::Violated,
    Outcome::Unknown,
    Outcome::NotJudged,
    Outcome::Vacuous,
    Outcome::Held,
];

/// The worst outcome that a rule had, and how many seeds had which.
fn rule_line(sum: &RuleSum, widest: usize) -> String {
    let worst = WORST_FIRST
        .into_iter()
        .find(|outcome| sum.outcomes.contains_key(outcome))
        .expect("a rule of a run has an outcome");
    let (name, words) = (sum.rule.name(), |outcome| judged::outcome(outcome).words());
    let verb = match is_loud_of(name, judged::outcome(worst)) {
        true => words(worst).to_uppercase(),
        false => words(worst).to_owned(),
    };
    let outcomes = sum.outcomes.iter();
    let outcomes =
        outcomes.map(|(outcome, seeds)| format!("{} {}", count(*seeds), words(*outcome)));
    let mut text = format!(
        "{verb:>VERB$} {name:<widest$}  {}; {} checked",
        outcomes.collect::<Vec<_>>().join(", "),
        count(sum.checked)
    );
    if sum.violations > 0 {
        text.push_str(&format!(", {} violated", count(sum.violations)));
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_of_a_rule_is_its_worst_outcome_and_only_what_needs_a_look_is_loud() {
        use Outcome::{Held, NotJudged, Unknown, Vacuous, Violated};
        for (rule, outcomes, verb) in [
            (Rule::LostAck, &[Held][..], "held"),
            (Rule::LostAck, &[Held, Vacuous], "vacuous"),
            (Rule::LostAck, &[Vacuous], "vacuous"),
            (Rule::Evidence, &[Held, Vacuous], "VACUOUS"),
            (Rule::LostAck, &[Held, NotJudged, Vacuous], "not judged"),
            (Rule::LostAck, &[NotJudged, Unknown], "UNKNOWN"),
            (Rule::LostAck, &[Held, Unknown, Violated], "VIOLATED"),
        ] {
            let sum = RuleSum {
                rule,
                outcomes: outcomes.iter().map(|outcome| (*outcome, 1)).collect(),
                checked: 1,
                violations: 0,
            };
            let line = rule_line(&sum, 8);
            assert_eq!(
                line.trim_start().split(rule.name()).next(),
                Some(&*format!("{verb} ")),
                "{line}"
            );
        }
    }
}
