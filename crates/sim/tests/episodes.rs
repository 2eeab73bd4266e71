//! Many runs of one world: each is what a fresh world would have been.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use explore::Chooser;
use orders::{Door, Job, StrategyName};
use protocol::Response;
use scenario::Plan;
use sim::{ReplicaPorts, Service, Setting, Shoppers, Simulated, World, run_episodes};

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
        let world = World::new(&plan, Chooser::random(0));
        let service = || {
            let strategy = "claim-complete".parse().unwrap();
            Forgetful(Door::new(strategy, world.contract()))
        };
        let choosers = (1..8).map(Chooser::random);
        let (mut seed, mut kinds) = (0, BTreeSet::<String>::new());
        run_episodes(&world, &service(), &Shoppers, choosers, |world| {
            seed += 1;
            let fresh = play(&plan, &service(), seed);
            kinds.extend(fired(&fresh.history).into_keys());
            world.look(|recorder| {
                let history = recorder.history();
                let events = history.events.iter().zip(&fresh.history.events);
                for (number, (a, b)) in events.enumerate() {
                    assert_eq!(a, b, "seed {seed}, event {number}");
                }
                assert_eq!(history.events.len(), fresh.history.events.len());
                assert_eq!(history.coverage, fresh.history.coverage);
            });
            assert_eq!(world.digest(), fresh.digest, "seed {seed}");
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
    let world = World::in_setting(&Arc::new(Setting::of(plan, strategy)), Chooser::random(0));
    let service = Door::new(strategy, world.contract());
    let choosers = (1..=episodes).map(Chooser::random);
    run_episodes(&world, &service, &Shoppers, choosers, |_| {});
    world.finish()
}

#[test]
fn the_last_episode_of_every_strategy_leaves_the_rows_of_a_fresh_world() {
    for plan in VARIANTS.map(scarce) {
        for (strategy, episodes) in StrategyName::ALL.iter().zip([2, 3].iter().cycle()) {
            let kept = last_episode(&plan, *strategy, *episodes);
            let fresh = go(&plan, strategy.name(), *episodes);
            let (of_kept, of_fresh) = (&kept.history, &fresh.history);
            assert!(of_kept.events == of_fresh.events, "{strategy}");
            assert_eq!(of_kept.audit, of_fresh.audit, "{strategy}");
            assert_eq!(of_kept.transitions, of_fresh.transitions, "{strategy}");
            assert_eq!(kept.metrics, fresh.metrics, "{strategy}");
            assert_eq!(kept.digest, fresh.digest, "{strategy}");
            let counts = |run: &Simulated| [run.statements, run.lock_waits, run.deadlocks];
            assert_eq!(counts(&kept), counts(&fresh), "{strategy}");
        }
    }
}
