//! A deployment chooses the epoch of its instants, and it makes no difference which.

use std::sync::Arc;

use explore::Chooser;
use orders::{Door, StrategyName};
use protocol::Time;
use scenario::Plan;
use sim::{Control, Setting, Shoppers, Simulated, World, run};

use crate::story::{CLIENTS, plan};
use crate::world::CHAOS;

/// A moment of 2026-11-28, in microseconds since 1970: what a server's clock shows.
const A_DAY_IN_2026: Time = Time(1_795_867_263_456_789);

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

#[test]
fn every_strategy_does_the_same_whatever_the_epoch() {
    let skewed = "[world]\nreplicas = 3\nclock-skew = \"2s\"\n";
    let plan = plan(&format!("{skewed}{CLIENTS}{CHAOS}"));
    for strategy in StrategyName::ALL {
        let [counted, dated] =
            [None, Some(A_DAY_IN_2026)].map(|began| play(&plan, *strategy, began));
        assert_eq!(counted.digest, dated.digest, "{strategy}");
        assert!(counted.history.events == dated.history.events, "{strategy}");
        assert_eq!(counted.history.audit, dated.history.audit, "{strategy}");
        assert_eq!(
            counted.history.transitions, dated.history.transitions,
            "{strategy}"
        );
    }
}
