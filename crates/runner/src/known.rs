//! The names that scenario files and command lines may use: each comes from the crate that means something by it.

use history::Label;
use orders::StrategyName;
use scenario::Known;

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

/// Everything that a scenario file may name.
pub fn known() -> Known {
    let owned = |name: &str| name.to_owned();
    Known {
        strategies: strategies()
            .map(|strategy| (owned(strategy.name), owned(strategy.about)))
            .collect(),
        rules: rules().map(|rule| owned(rule.name)).collect(),
        evidence: evidence().map(owned).collect(),
        renamed: check::Rule::RENAMED
            .iter()
            .map(|(old, now)| (owned(old), owned(now.name())))
            .collect(),
        labels: labels().map(owned).collect(),
        presets: presets().map(owned).collect(),
        faults: faults().map(owned).collect(),
        backend: owned(BACKEND),
    }
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
    check::Rule::ALL.iter().map(|rule| Named {
        name: rule.name(),
        about: rule.about(),
    })
}

/// The rules about evidence, which no strategy can violate.
fn evidence() -> impl Iterator<Item = &'static str> {
    let about_evidence = |rule: &&check::Rule| rule.kind() == check::Kind::Evidence;
    let rules = check::Rule::ALL.iter().filter(about_evidence);
    rules.map(|rule| rule.name())
}

/// The coverage labels.
pub fn labels() -> impl Iterator<Item = &'static str> {
    Label::ALL.iter().map(|label| label.name())
}

/// The contract presets.
pub fn presets() -> impl Iterator<Item = &'static str> {
    orders::Contract::names()
}

/// The faults that the simulated world can do.
pub fn faults() -> impl Iterator<Item = &'static str> {
    scenario::FAULTS.iter().copied()
}
