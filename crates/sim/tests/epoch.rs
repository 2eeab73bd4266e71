//! A deployment chooses the epoch of its instants, and it makes no difference which.

use std::sync::Arc;

use explore::Chooser;
use orders::{Door, StrategyName};
use protocol::Time;
use scenario::Plan;
use sim::{Control, Setting, Shoppers, Simulated, World, run};

use crate::story::{CLIENTS, plan};
use crate::world::CHAOS;

/// Noon of 2026-11-28, in microseconds since 1970: what a server's clock shows.
const NOON: Time = Time(1_795_867_200_000_000);

/// Some time later, at no round instant.
const LATER: Time = Time(1_795_867_263_456_789);

/// The strategies that count windows of time from the epoch, as the documents that they come from do.
const BY_WINDOWS: &[&str] = &["fingerprint", "fingerprint-db", "fingerprint-atomic"];

fn play(plan: &Plan, strategy: StrategyName, began: Option<Time>) -> Simulated {
    let setting = Arc::new(Setting::of(plan, strategy));
    let mut world = World::in_setting(&setting, Chooser::random(7));
    if let Some(began) = began {
        world = world.beginning_at(began);
    }
    let service = Door::new(strategy, world.contract());
    run(&world, &service, &Shoppers, &mut |_| Control::Go).expect("it is not stopped");
    world.finish()
}

fn assert_same(strategy: StrategyName, a: &Simulated, b: &Simulated) {
    assert_eq!(a.digest, b.digest, "{strategy}");
    assert!(a.history.events == b.history.events, "{strategy}");
    assert_eq!(a.history.audit, b.history.audit, "{strategy}");
    assert_eq!(a.history.transitions, b.history.transitions, "{strategy}");
}

#[test]
fn every_strategy_does_the_same_whatever_the_epoch() {
    let skewed = "[world]\nreplicas = 3\nclock-skew = \"2s\"\n";
    let plan = plan(&format!("{skewed}{CLIENTS}{CHAOS}"));
    let mut by_windows = 0;
    for strategy in StrategyName::ALL {
        let counted = play(&plan, *strategy, None);
        assert_same(*strategy, &counted, &play(&plan, *strategy, Some(NOON)));
        let later = play(&plan, *strategy, Some(LATER));
        match BY_WINDOWS.contains(&strategy.name()) {
            true => by_windows += u32::from(counted.digest != later.digest),
            false => assert_same(*strategy, &counted, &later),
        }
    }
    assert!(by_windows > 0, "none of them counts windows");
}
