//! The names that scenario files and command lines may use, each from the crate that defines it; and what a plan means by them.

use check::{Kind, Rule};
use history::Label;
use orders::StrategyName;
use protocol::Preset;
use scenario::{FaultName, Known, RuleId, StrategyId};

/// The world that scenarios run in.
pub const BACKEND: &str = "sim";

/// A name, and a line about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// The line.
    pub about: &'static str,
}

/// Everything that a scenario file may name. In a plan that is lowered with it, a [`StrategyId`] is a place in [`StrategyName::ALL`] and a
/// [`RuleId`] a place in [`Rule::ALL`].
pub fn known() -> Known {
    let evidence = |rule: &&Rule| rule.kind() == Kind::Evidence;
    Known {
        strategies: strategies().map(|named| named.name.to_owned()).collect(),
        rules: rules().map(|named| named.name.to_owned()).collect(),
        evidence: Rule::ALL.iter().filter(evidence).map(id).collect(),
        renamed: Rule::RENAMED
            .iter()
            .map(|(old, now)| ((*old).to_owned(), id(now)))
            .collect(),
        faults: FaultName::ALL.to_vec(),
        backend: BACKEND.to_owned(),
    }
}

/// The strategy that a plan means.
pub(crate) fn strategy(id: StrategyId) -> StrategyName {
    StrategyName::ALL[id.0]
}

/// The rule that a plan means.
pub(crate) fn rule(id: RuleId) -> Rule {
    Rule::ALL[id.0]
}

/// A rule, as plans mean it.
pub(crate) fn id(rule: &Rule) -> RuleId {
    RuleId(*rule as usize)
}

/// The strategies, the reference first.
pub fn strategies() -> impl Iterator<Item = Named> {
    StrategyName::ALL.iter().map(|strategy| Named {
        name: strategy.name(),
        about: strategy.summary(),
    })
}

/// The rules of the judge, evidence first.
pub fn rules() -> impl Iterator<Item = Named> {
    Rule::ALL.iter().map(|rule| Named {
        name: rule.name(),
        about: rule.about(),
    })
}

/// The coverage labels.
pub fn labels() -> impl Iterator<Item = &'static str> {
    Label::ALL.iter().map(|label| label.name())
}

/// The contract presets.
pub fn presets() -> impl Iterator<Item = &'static str> {
    Preset::ALL.iter().map(|preset| preset.name())
}

/// The faults that the simulated world can do.
pub fn faults() -> impl Iterator<Item = &'static str> {
    FaultName::ALL.iter().map(|fault| fault.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_plan_stands_for_the_name_that_was_written() {
        let known = known();
        for (place, name) in known.strategies.iter().enumerate() {
            assert_eq!(strategy(StrategyId(place)).name(), name);
        }
        for (place, name) in known.rules.iter().enumerate() {
            assert_eq!(rule(RuleId(place)).name(), name);
            assert_eq!(id(&rule(RuleId(place))), RuleId(place));
        }
        assert_eq!(known.strategies.len(), StrategyName::ALL.len());
        assert_eq!(known.rules.len(), Rule::ALL.len());
    }
}
