//! Rounds of upkeep that find nothing are passed over, and the run is the same.

use std::rc::Rc;
use std::sync::Arc;

use explore::Chooser;
use orders::{Door, StrategyName};
use scenario::Plan;
use sim::{Control, Setting, Shoppers, Simulated, World, run};

use crate::story::{CLIENTS, plan};
use crate::world::CHAOS;

fn play(plan: &Plan, strategy: StrategyName, seed: u64, is_every_round_run: bool) -> Simulated {
    let setting = Arc::new(Setting::of(plan, strategy));
    let mut world = World::in_setting(&setting, Chooser::random(seed));
    if is_every_round_run {
        world = world.with_every_round();
    }
    let service = Door::new(strategy, world.contract());
    run(&world, &service, &Shoppers, &mut |_| Control::Go).expect("it is not stopped");
    world.finish()
}

/// Plays some seeds both ways. Where there is upkeep and no purchase for minutes, some rounds find nothing.
fn compare(plan: &Plan, strategy: StrategyName) {
    for seed in 1..4 {
        let [skipped, run] = [false, true].map(|every| play(plan, strategy, seed, every));
        let what = format!("{strategy}, seed {seed}");
        assert_eq!(skipped.digest, run.digest, "{what}");
        assert!(skipped.history.events == run.history.events, "{what}");
        assert_eq!(skipped.history.audit, run.history.audit, "{what}");
        assert_eq!(skipped.history.coverage, run.history.coverage, "{what}");
        assert_eq!(
            skipped.history.transitions, run.history.transitions,
            "{what}"
        );
        assert_eq!(skipped.metrics, run.metrics, "{what}");
        assert_eq!(skipped.traffic, run.traffic, "{what}");
        assert_eq!(skipped.silent_replays, run.silent_replays, "{what}");
        let counts = |run: &Simulated| {
            [
                run.events,
                run.ended_us,
                run.statements,
                run.upkeep_statements,
                run.cache_commands,
                run.lock_waits,
                run.deadlocks,
            ]
        };
        assert_eq!(counts(&skipped), counts(&run), "{what}");
        let is_skipped = skipped.idle_rounds > 0;
        if plan.faults.is_empty() {
            assert_eq!(is_skipped, strategy.needs_maintenance(), "{what}");
        }
        assert_eq!(run.idle_rounds, 0, "{what}");
    }
}

/// Few purchases, so that most rounds are idle; keys and claims that become due while nothing else happens, so that some are not.
const VARIANTS: [&str; 4] = [
    "",
    "[contract]\nttl = \"1min\"\n",
    "[contract]\nttl = \"2min\"\nlease = \"4s\"\nrecovery-deadline = \"10min\"\n",
    "[world]\nreplicas = 3\nclock-skew = \"1min\"\n[world.latency]\nwebhook = \"3s\"\nkitchen = \"2s\"\n",
];

fn variants(more: &str) -> impl Iterator<Item = Rc<Plan>> {
    VARIANTS.iter().map(move |variant| {
        let mut plan = Rc::unwrap_or_clone(plan(&format!("{variant}{CLIENTS}{more}")));
        plan.load.intents = 6;
        Rc::new(plan)
    })
}

#[test]
fn whether_idle_rounds_are_run_makes_no_difference() {
    for plan in variants("") {
        StrategyName::ALL
            .iter()
            .for_each(|strategy| compare(&plan, *strategy));
    }
}

#[test]
fn nor_among_faults() {
    for plan in variants(CHAOS) {
        StrategyName::ALL
            .iter()
            .for_each(|strategy| compare(&plan, *strategy));
    }
}
