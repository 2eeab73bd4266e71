//! Which scenarios cover what: every fault, situation, preset, client behaviour and contract option, and the scenarios that use it.

use history::Label;
use protocol::Preset;
use scenario::uses::{CLIENTS, CONTRACT, Choice};
use scenario::{FaultName, Plan, Required};

/// Something that scenarios can try, and those that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The heading that it stands under.
    pub section: &'static str,
    /// Its name.
    pub name: String,
    /// The scenarios that require it, of a fault or a situation; that say it, of everything else.
    pub scenarios: Vec<String>,
}

/// What plans try, of all that a plan can try, section by section.
///
/// A fault or a situation counts only where the scenario requires it, so that a run without it is inconclusive.
pub fn uses(plans: &[Plan]) -> Vec<Use> {
    let among = |fits: &dyn Fn(&Plan) -> bool| {
        let fitting = plans.iter().filter(|plan| fits(plan));
        fitting.map(|plan| plan.name.clone()).collect()
    };
    let row = |section, name: &str, fits: &dyn Fn(&Plan) -> bool| Use {
        section,
        name: name.to_owned(),
        scenarios: among(fits),
    };
    let required = |section, required: Required| {
        row(section, required.name(), &|plan| {
            plan.coverage.contains(&required)
        })
    };
    let faults = FaultName::ALL
        .iter()
        .map(|fault| required("faults that must strike", Required::Fault(*fault)));
    let situations = Label::ALL
        .iter()
        .map(|label| required("situations that must be met", Required::Situation(*label)));
    let presets = Preset::ALL.iter().map(|preset| {
        row("presets", preset.name(), &|plan| {
            plan.contract.preset == Some(*preset)
        })
    });
    let choices =
        |section, choices: &'static [Choice]| choices.iter().map(move |choice| (section, choice));
    let said = choices("clients", CLIENTS).chain(choices("contracts and worlds", CONTRACT));
    let said = said.map(|(section, choice)| row(section, choice.name, &choice.is_in));
    faults
        .chain(situations)
        .chain(presets)
        .chain(said)
        .collect()
}
