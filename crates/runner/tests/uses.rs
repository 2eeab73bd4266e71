//! Nothing that a scenario file can say is left untried.

use runner::{StrategyName, uses};
use scenario::{Options, Plan, Scale};

/// What no scenario can require or say by itself, and why.
const BY_THEMSELVES: &[(&str, &str)] = &[
    (
        "reference",
        "the reference promises it by itself, in every scenario that names no other",
    ),
    (
        "seed-001",
        "strategies of the seeds promise it by themselves, in every scenario",
    ),
    ("seed-002", "as above"),
    ("seed-003", "as above"),
    ("seed-004", "as above"),
    (
        "deadlock",
        "the reference locks in one order and meets none; flash-sale's own test requires it of a strategy that does not",
    ),
];

fn library() -> Vec<Plan> {
    let options = Options {
        scale: Scale::FULL,
        overlay: None,
        known: runner::known(),
    };
    let read = |(name, text): &(&str, &str)| {
        scenario::parse(name, text, &options).expect("it comes with the program")
    };
    scenario::builtin().iter().map(read).collect()
}

#[test]
fn every_fault_situation_client_and_contract_is_tried_by_a_scenario() {
    let uses = uses(&library());
    assert!(uses.len() > 100, "{} rows", uses.len());
    let is_exempt = |name: &str| BY_THEMSELVES.iter().any(|(exempt, _)| *exempt == name);
    let untried: Vec<_> = uses
        .iter()
        .filter(|used| used.scenarios.is_empty() && !is_exempt(&used.name))
        .map(|used| format!("{}: {}", used.section, used.name))
        .collect();
    assert!(untried.is_empty(), "no scenario tries {untried:#?}");
}

#[test]
fn what_needs_no_scenario_is_in_none() {
    let uses = uses(&library());
    for (name, why) in BY_THEMSELVES {
        let row = uses.iter().find(|used| used.name == *name);
        let row = row.unwrap_or_else(|| panic!("{name} is nothing that is listed"));
        assert!(row.scenarios.is_empty(), "{name}: {why}, and {row:?}");
    }
}

#[test]
fn a_fault_counts_only_where_it_is_required() {
    let mut plans = library();
    for plan in &mut plans {
        plan.coverage
            .retain(|required| required.name() != "clock-step");
    }
    let uses = uses(&plans);
    let clock_step = uses.iter().find(|used| used.name == "clock-step");
    assert_eq!(clock_step.expect("a fault").scenarios, [""; 0]);
}

#[test]
fn a_strategy_says_that_it_asks_a_cache_if_it_does() {
    let plan = std::rc::Rc::new(super::plan("cache-flush", 0.001));
    for strategy in StrategyName::ALL {
        let chooser = explore::Chooser::random(1);
        let simulated = sim::simulate(&plan, *strategy, chooser, &mut |_| sim::Control::Go);
        let Ok(simulated) = simulated else {
            panic!("nothing interrupts it");
        };
        let required = &simulated.history.contract.required_coverage;
        let is_required = required.iter().any(|name| name == "evict-key");
        let asks = simulated.cache_commands > 0;
        assert_eq!(strategy.asks_cache(), asks, "{}", strategy.name());
        assert_eq!(is_required, asks, "{}", strategy.name());
    }
}
