//! Whether a verdict is what the scenario expects of the strategy.

use check::{Kind, Outcome, Overall, Rule, Verdict};
use report::run::{Expectation, Met};
use scenario::{Expect, Plan};

/// Compares a verdict with what the plan expects: the entry that names the strategy, otherwise the one that names none.
pub fn expectation(plan: &Plan, strategy: &str, verdict: &Verdict) -> Expectation {
    let named = |expect: &&Expect| expect.strategy.as_deref() == Some(strategy);
    let others = |expect: &&Expect| expect.strategy.is_none();
    let entry = plan.expect.iter().find(named);
    match entry.or_else(|| plan.expect.iter().find(others)) {
        None => Expectation {
            met: Met::NothingExpected,
            expects: String::from("nothing"),
            differences: Vec::new(),
        },
        Some(entry) if entry.violates.is_empty() => holds(verdict),
        Some(entry) => violates(entry, verdict),
    }
}

/// Every rule must hold, and there must be evidence.
fn holds(verdict: &Verdict) -> Expectation {
    let differences: Vec<String> = unexpected(&[], verdict);
    let met = match verdict.overall() {
        Overall::Pass => Met::Yes,
        Overall::Inconclusive => Met::Unknown,
        Overall::Fail | Overall::Malformed => Met::No,
    };
    Expectation {
        met,
        expects: String::from("every rule holds"),
        differences: differences
            .into_iter()
            .chain(missing_evidence(met))
            .collect(),
    }
}

fn missing_evidence(met: Met) -> Option<String> {
    (met == Met::Unknown).then(|| String::from("the evidence is missing"))
}

/// The rules of the entry must be violated, unless only some seeds show it, and no other rule may be.
fn violates(entry: &Expect, verdict: &Verdict) -> Expectation {
    let expected = [&entry.violates[..], &entry.may_violate].concat();
    let mut differences = unexpected(&expected, verdict);
    if !entry.sometimes {
        let missing = entry
            .violates
            .iter()
            .filter(|rule| !violated(rule, verdict));
        differences.extend(missing.map(|rule| format!("{rule} is not violated")));
    }
    let sometimes = if entry.sometimes {
        ", with some seeds"
    } else {
        ""
    };
    let met = match verdict.overall() {
        _ if !differences.is_empty() => Met::No,
        Overall::Malformed => Met::No,
        // A seed that shows no violation shows nothing at all if its evidence is missing.
        Overall::Inconclusive => Met::Unknown,
        Overall::Pass | Overall::Fail => Met::Yes,
    };
    differences.extend(missing_evidence(met));
    Expectation {
        met,
        expects: format!(
            "it violates {}{sometimes}{}",
            entry.violates.join(" and "),
            besides(entry)
        ),
        differences,
    }
}

fn besides(entry: &Expect) -> String {
    match entry.may_violate.join(" and ") {
        rules if rules.is_empty() => rules,
        rules => format!(", and perhaps {rules}"),
    }
}

fn violated(rule: &str, verdict: &Verdict) -> bool {
    let rule = Rule::from_name(rule);
    rule.is_some_and(|rule| verdict.rule(rule).outcome == Outcome::Violated)
}

/// The violated rules that nobody expected. Evidence is not something that a strategy violates.
fn unexpected(expected: &[String], verdict: &Verdict) -> Vec<String> {
    let other = verdict.violated().map(|found| found.rule).filter(|rule| {
        rule.kind() != Kind::Evidence && !expected.iter().any(|name| name == rule.name())
    });
    other
        .map(|rule| format!("{} is violated", rule.name()))
        .collect()
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
            violates: violates.iter().map(|rule| rule.name().to_owned()).collect(),
            may_violate: Vec::new(),
            sometimes,
        }
    }

    const DUPLICATE: (Rule, Outcome) = (Rule::DuplicateOrder, Outcome::Violated);
    const CHARGED: (Rule, Outcome) = (Rule::DoubleCharge, Outcome::Violated);

    #[test]
    fn a_violation_that_is_expected_must_come_and_no_other_may() {
        let both = expect(&[Rule::DuplicateOrder, Rule::DoubleCharge], false);
        assert_eq!(
            violates(&both, &verdict(&[DUPLICATE, CHARGED])).met,
            Met::Yes
        );
        let one = violates(&both, &verdict(&[DUPLICATE]));
        assert_eq!((one.met, one.differences.len()), (Met::No, 1));
        let only = expect(&[Rule::DuplicateOrder], false);
        assert_eq!(
            violates(&only, &verdict(&[DUPLICATE, CHARGED])).met,
            Met::No
        );
    }

    #[test]
    fn what_is_violated_sometimes_may_hold_but_lets_nothing_else_through() {
        let sometimes = expect(&[Rule::DuplicateOrder], true);
        assert_eq!(violates(&sometimes, &verdict(&[])).met, Met::Yes);
        assert_eq!(violates(&sometimes, &verdict(&[DUPLICATE])).met, Met::Yes);
        assert_eq!(violates(&sometimes, &verdict(&[CHARGED])).met, Met::No);
    }

    #[test]
    fn what_may_be_violated_beside_another_rule_may_and_that_one_must() {
        let beside = Expect {
            may_violate: vec![String::from("double-charge")],
            ..expect(&[Rule::DuplicateOrder], false)
        };
        let both = violates(&beside, &verdict(&[DUPLICATE, CHARGED]));
        assert_eq!(both.met, Met::Yes);
        assert!(both.expects.ends_with("and perhaps double-charge"));
        assert_eq!(violates(&beside, &verdict(&[DUPLICATE])).met, Met::Yes);
        assert_eq!(violates(&beside, &verdict(&[CHARGED])).met, Met::No);
    }

    #[test]
    fn what_is_violated_sometimes_is_not_met_by_missing_evidence() {
        let sometimes = expect(&[Rule::DuplicateOrder], true);
        const VACUOUS: (Rule, Outcome) = (Rule::Evidence, Outcome::Vacuous);
        for open in [VACUOUS, (Rule::LostAck, Outcome::Unknown)] {
            let found = violates(&sometimes, &verdict(&[open]));
            assert_eq!((found.met, found.differences.len()), (Met::Unknown, 1));
        }
        // A violation is proof enough, expected or not.
        assert_eq!(
            violates(&sometimes, &verdict(&[VACUOUS, DUPLICATE])).met,
            Met::Yes
        );
        assert_eq!(
            violates(&sometimes, &verdict(&[VACUOUS, CHARGED])).met,
            Met::No
        );
    }

    #[test]
    fn nothing_holds_without_evidence() {
        assert_eq!(holds(&verdict(&[])).met, Met::Yes);
        let vacuous = holds(&verdict(&[(Rule::Evidence, Outcome::Vacuous)]));
        assert_eq!(vacuous.met, Met::Unknown);
        assert_eq!(holds(&verdict(&[CHARGED])).met, Met::No);
    }
}
