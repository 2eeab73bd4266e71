//! Whether a verdict is what the scenario expects of the strategy.

use check::{Kind, Outcome, Overall, Rule, Verdict};
use orders::StrategyName;
use report::run::{Expectation, Met};
use scenario::{Expect, Plan, RuleId};

use crate::known;

/// What the plan expects of a strategy: the entry that names it, otherwise the one that names none.
fn entry(plan: &Plan, strategy: StrategyName) -> Option<&Expect> {
    let named = |expect: &&Expect| expect.strategy.map(known::strategy) == Some(strategy);
    let others = |expect: &&Expect| expect.strategy.is_none();
    let entry = plan.expect.iter().find(named);
    entry.or_else(|| plan.expect.iter().find(others))
}

/// Whether a verdict is what the plan expects of a strategy.
pub(crate) fn met(plan: &Plan, strategy: StrategyName, verdict: &Verdict) -> Met {
    match entry(plan, strategy) {
        None => Met::NothingExpected,
        Some(entry) if entry.violates.is_empty() => holds(verdict),
        Some(entry) => violates(entry, verdict),
    }
}

/// The same in words.
pub fn expectation(plan: &Plan, strategy: StrategyName, verdict: &Verdict) -> Expectation {
    match entry(plan, strategy) {
        None => Expectation {
            met: Met::NothingExpected,
            expects: String::from("nothing"),
            differences: Vec::new(),
        },
        Some(entry) => told(entry, verdict),
    }
}

/// Every rule must hold, and there must be evidence.
fn holds(verdict: &Verdict) -> Met {
    match verdict.overall() {
        Overall::Pass => Met::Yes,
        Overall::Inconclusive => Met::Unknown,
        Overall::Fail | Overall::Malformed => Met::No,
    }
}

/// The rules of the entry must be violated, unless only some seeds show it, and no other rule may be.
fn violates(entry: &Expect, verdict: &Verdict) -> Met {
    let is_missing = missing(entry, verdict).next().is_some();
    if is_missing || unexpected(entry, verdict).next().is_some() {
        return Met::No;
    }
    match verdict.overall() {
        Overall::Malformed => Met::No,
        // A seed that shows no violation shows nothing at all if its evidence is missing.
        Overall::Inconclusive => Met::Unknown,
        Overall::Pass | Overall::Fail => Met::Yes,
    }
}

fn told(entry: &Expect, verdict: &Verdict) -> Expectation {
    let (met, expects) = match entry.violates.is_empty() {
        true => (holds(verdict), String::from("to hold")),
        false => {
            let sometimes = if entry.sometimes {
                " with some seeds"
            } else {
                ""
            };
            let rules = names(&entry.violates);
            let expects = format!("to violate {rules}{sometimes}{}", besides(entry));
            (violates(entry, verdict), expects)
        }
    };
    let other = unexpected(entry, verdict).map(|rule| format!("{} is violated", rule.name()));
    let missing = missing(entry, verdict).map(|rule| format!("{} is not violated", rule.name()));
    let no_evidence = (met == Met::Unknown).then(|| String::from("the evidence is missing"));
    Expectation {
        met,
        expects,
        differences: other.chain(missing).chain(no_evidence).collect(),
    }
}

fn besides(entry: &Expect) -> String {
    match names(&entry.may_violate) {
        rules if rules.is_empty() => rules,
        rules => format!(", and perhaps {rules}"),
    }
}

/// The rules that a plan names.
fn rules(named: &[RuleId]) -> impl Iterator<Item = Rule> {
    named.iter().copied().map(known::rule)
}

fn names(named: &[RuleId]) -> String {
    let names: Vec<&str> = rules(named).map(Rule::name).collect();
    names.join(" and ")
}

/// The rules that must be violated and are not; none if only some seeds violate them.
fn missing(entry: &Expect, verdict: &Verdict) -> impl Iterator<Item = Rule> {
    let violated = |rule| verdict.rule(rule).outcome == Outcome::Violated;
    rules(&entry.violates).filter(move |rule| !entry.sometimes && !violated(*rule))
}

/// The violated rules that are not expected. Rules about evidence are not the strategy's to violate.
fn unexpected(entry: &Expect, verdict: &Verdict) -> impl Iterator<Item = Rule> {
    let is_expected = |rule| {
        rules(&entry.violates)
            .chain(rules(&entry.may_violate))
            .any(|expected| expected == rule)
    };
    let violated = verdict.violated().map(|found| found.rule);
    violated.filter(move |rule| rule.kind() != Kind::Evidence && !is_expected(*rule))
}

#[cfg(test)]
mod tests {
    use super::*;
    use check::{Counts, RuleVerdict};

    fn verdict(outcomes: &[(Rule, Outcome)]) -> Verdict {
        let rule = |rule: &Rule| RuleVerdict {
            rule: *rule,
            outcome: outcomes
                .iter()
                .find(|(other, _)| other == rule)
                .map_or(Outcome::Held, |(_, outcome)| *outcome),
            checked: 1,
            unknown: 0,
            violations: 0,
            witnesses: Vec::new(),
            note: None,
        };
        Verdict {
            rules: Rule::ALL.iter().map(rule).collect(),
            counts: Counts::default(),
        }
    }

    fn expect(violates: &[Rule], sometimes: bool) -> Expect {
        Expect {
            strategy: None,
            violates: violates.iter().map(known::id).collect(),
            may_violate: Vec::new(),
            sometimes,
        }
    }

    const DUPLICATE: (Rule, Outcome) = (Rule::DuplicateOrder, Outcome::Violated);
    const CHARGED: (Rule, Outcome) = (Rule::DoubleCharge, Outcome::Violated);

    #[test]
    fn a_violation_that_is_expected_must_come_and_no_other_may() {
        let both = expect(&[Rule::DuplicateOrder, Rule::DoubleCharge], false);
        assert_eq!(told(&both, &verdict(&[DUPLICATE, CHARGED])).met, Met::Yes);
        let one = told(&both, &verdict(&[DUPLICATE]));
        assert_eq!((one.met, one.differences.len()), (Met::No, 1));
        let only = expect(&[Rule::DuplicateOrder], false);
        assert_eq!(told(&only, &verdict(&[DUPLICATE, CHARGED])).met, Met::No);
    }

    #[test]
    fn what_is_violated_sometimes_may_hold_but_lets_nothing_else_through() {
        let sometimes = expect(&[Rule::DuplicateOrder], true);
        assert_eq!(told(&sometimes, &verdict(&[])).met, Met::Yes);
        assert_eq!(told(&sometimes, &verdict(&[DUPLICATE])).met, Met::Yes);
        assert_eq!(told(&sometimes, &verdict(&[CHARGED])).met, Met::No);
    }

    #[test]
    fn what_may_be_violated_beside_another_rule_may_and_that_one_must() {
        let beside = Expect {
            may_violate: vec![known::id(&Rule::DoubleCharge)],
            ..expect(&[Rule::DuplicateOrder], false)
        };
        let both = told(&beside, &verdict(&[DUPLICATE, CHARGED]));
        assert_eq!(both.met, Met::Yes);
        assert!(both.expects.ends_with("and perhaps double-charge"));
        assert_eq!(told(&beside, &verdict(&[DUPLICATE])).met, Met::Yes);
        assert_eq!(told(&beside, &verdict(&[CHARGED])).met, Met::No);
    }

    #[test]
    fn what_is_violated_sometimes_is_not_met_by_missing_evidence() {
        let sometimes = expect(&[Rule::DuplicateOrder], true);
        const VACUOUS: (Rule, Outcome) = (Rule::Evidence, Outcome::Vacuous);
        for open in [VACUOUS, (Rule::LostAck, Outcome::Unknown)] {
            let found = told(&sometimes, &verdict(&[open]));
            assert_eq!((found.met, found.differences.len()), (Met::Unknown, 1));
        }
        // A violation is proof enough, expected or not.
        assert_eq!(
            told(&sometimes, &verdict(&[VACUOUS, DUPLICATE])).met,
            Met::Yes
        );
        assert_eq!(told(&sometimes, &verdict(&[VACUOUS, CHARGED])).met, Met::No);
    }

    #[test]
    fn nothing_holds_without_evidence() {
        assert_eq!(told(&expect(&[], false), &verdict(&[])).met, Met::Yes);
        let vacuous = told(
            &expect(&[], false),
            &verdict(&[(Rule::Evidence, Outcome::Vacuous)]),
        );
        assert_eq!(vacuous.met, Met::Unknown);
        assert_eq!(told(&expect(&[], false), &verdict(&[CHARGED])).met, Met::No);
    }
}
