//! Many runs of one world: each is what a fresh world would have been.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use explore::Chooser;
use orders::{Door, Job, StrategyName};
use protocol::Response;
use scenario::Plan;
use sim::{Control, ReplicaPorts, Service, Setting, Shoppers, Simulated, on_stage, on_stage_of};

use crate::story::{CLIENTS, fired, go, plan, play};
use crate::world::CHAOS;

/// The order service, in which a few requests are never answered.
struct Forgetful(Door);

impl Service for Forgetful {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        match job {
            Job::Serve(request) if request.cart.id % 7 == 0 => {
                std::future::pending::<()>().await;
                None
            }
            job => self.0.handle(ports, job).await,
        }
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        self.0.upkeep_every_us()
    }
}

fn assert_same(kept: &Simulated, fresh: &Simulated, what: &str) {
    let (of_kept, of_fresh) = (&kept.history, &fresh.history);
    let events = of_kept.events.iter().zip(&of_fresh.events);
    for (number, (a, b)) in events.enumerate() {
        assert_eq!(a, b, "{what}, event {number}");
    }
    assert_eq!(of_kept.events.len(), of_fresh.events.len(), "{what}");
    assert_eq!(of_kept.coverage, of_fresh.coverage, "{what}");
    assert_eq!(of_kept.audit, of_fresh.audit, "{what}");
    assert_eq!(of_kept.transitions, of_fresh.transitions, "{what}");
    assert_eq!(kept.metrics, fresh.metrics, "{what}");
    assert_eq!(kept.digest, fresh.digest, "{what}");
    let counts = |run: &Simulated| [run.statements, run.lock_waits, run.deadlocks];
    assert_eq!(counts(kept), counts(fresh), "{what}");
}

#[test]
fn an_episode_is_what_a_fresh_world_would_have_been() {
    let skew = "[world]\nreplicas = 3\nclock-skew = \"1min\"\n[world.latency]\nwebhook = \"3s\"\n";
    let app = CLIENTS.replace(
        "taps",
        "crash = { chance = 0.05, back-after = \"5s\" }\ntaps",
    );
    for skew in [skew, "[world]\nreplicas = 3\n"] {
        let mut plan = Rc::unwrap_or_clone(plan(&format!("{skew}{app}{CHAOS}")));
        plan.load.intents = 60;
        let plan = Rc::new(plan);
        let setting = Arc::new(Setting::new(&plan, protocol::Preset::Reference));
        let strategy = "claim-complete".parse().unwrap();
        let service = Forgetful(Door::new(strategy, setting.contract()));
        let (mut seed, mut kinds) = (0, BTreeSet::<String>::new());
        on_stage_of(&setting, &service, &Shoppers, |stage| {
            while seed < 7 {
                seed += 1;
                let chooser = Chooser::random(seed);
                let kept = stage.play(chooser, &mut |_| Control::Go).unwrap();
                let fresh = play(&plan, &service, seed);
                kinds.extend(fired(&fresh.history).into_keys());
                assert_same(&kept, &fresh, &format!("seed {seed}"));
                // Whether a run has the memory of the one before makes no difference.
                if seed % 2 == 0 {
                    stage.take_back(kept.history);
                }
            }
        });
        assert_eq!((seed, kinds.len()), (7, 9), "{kinds:?}");
    }
}

/// Little of everything, so that what is left over of an episode is missed or found in the next one.
const SCARCE: &str = r#"
[[shop.coupon]]
name = "C"
limit = 1
off = "2.50"
[[shop.basket]]
weight = 6
lines = { burger = 1 }
coupon = "C"
[world]
replicas = 3
"#;

/// Messages are carried to the kitchen, or stay where they are; keys are remembered for long, or forgotten while orders come.
const VARIANTS: [&str; 2] = [
    "[world.latency]\nkitchen = \"3s\"\n",
    "[contract]\nttl = \"1min\"\n",
];

fn scarce(variant: &str) -> Rc<Plan> {
    let plan = plan(&format!("{SCARCE}{variant}{CLIENTS}{CHAOS}"));
    let mut plan = Rc::unwrap_or_clone(plan);
    plan.load.intents = 80;
    (plan.shop.tenants, plan.shop.users) = (2, Some(3));
    plan.shop.skus.iter_mut().for_each(|sku| sku.stock = 40);
    Rc::new(plan)
}

/// The last of so many episodes, after which the rows are looked at, too.
fn last_episode(plan: &Rc<Plan>, strategy: StrategyName, episodes: u64) -> Simulated {
    on_stage(&Arc::new(Setting::of(plan, strategy)), strategy, |stage| {
        let mut play = |seed| {
            let chooser = Chooser::random(seed);
            stage.play(chooser, &mut |_| Control::Go).unwrap()
        };
        (1..episodes).for_each(|seed| drop(play(seed)));
        play(episodes)
    })
}

#[test]
fn the_last_episode_of_every_strategy_leaves_the_rows_of_a_fresh_world() {
    for plan in VARIANTS.map(scarce) {
        for (strategy, episodes) in StrategyName::ALL.iter().zip([2, 3].iter().cycle()) {
            let kept = last_episode(&plan, *strategy, *episodes);
            let fresh = go(&plan, strategy.name(), *episodes);
            assert_same(&kept, &fresh, strategy.name());
        }
    }
}
