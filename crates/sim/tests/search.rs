//! Every way that a purchase can go: `explore::search` lends its chooser to a world and gets it back.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use explore::search::{Budget, Found, Plan as Tried, Searched, search};
use explore::{Chooser, Replay};
use orders::StrategyName;
use scenario::Plan;
use sim::{Control, Setting, Simulated, on_stage};

use crate::story::{orders, plan};

/// One purchase, in which nothing is left to chance but what gets lost and what comes twice.
fn one_purchase() -> Plan {
    let more = r#"
        [world]
        replicas = 1
        clock-skew = "0s"
        [world.latency]
        uplink = "10ms"
        downlink = "10ms"
        handler = "20ms"
        [[client]]
        name = "app"
        key = "per-intent"
        timeout = "1s"
        retry = { max = 2, on = ["timeout"], wait = "2s" }
        [[fault]]
        lose-request = { chance = 0.3 }
        [[fault]]
        lose-response = { chance = 0.3, reset = 0.0 }
        [[fault]]
        duplicate-request = { chance = 0.3, after = "5ms" }
    "#;
    let mut plan = Rc::unwrap_or_clone(plan(more));
    (plan.load.intents, plan.shop.tenants) = (1, 1);
    plan.shop.baskets.truncate(1);
    plan
}

/// Plays every list of picks. A run is interesting if the purchase became more than one order.
fn every_way(plan: &Plan, strategy: StrategyName) -> Searched<u128, ()> {
    let budget = Budget {
        runs_max: 100_000,
        keeps_traces: true,
    };
    on_stage(&Arc::new(Setting::of(plan, strategy)), strategy, |stage| {
        search(Tried::Exhaustive, budget, |_, chooser| {
            let played = stage.play(chooser, &mut |_| Control::Go);
            let run: Simulated = played.expect("it is not stopped");
            let why = (orders(&run.history) > 1).then(|| run.digest.value());
            stage.take_back(run.history);
            ControlFlow::Continue((run.chooser, why))
        })
    })
}

#[test]
fn whatever_gets_lost_or_comes_twice_a_claim_makes_one_order() {
    let plan = one_purchase();
    let searched = every_way(&plan, StrategyName::ClaimComplete);
    assert!(searched.exhausted && searched.found.is_empty());
    assert!(searched.runs > 100, "{} ways", searched.runs);
}

#[test]
fn without_a_strategy_some_ways_make_two_and_their_picks_give_them_again() {
    let plan = one_purchase();
    let searched = every_way(&plan, StrategyName::NoDedup);
    assert!(searched.exhausted);
    let found = searched.found.len() as u64;
    assert!(0 < found && found < searched.runs, "{found} of them");
    let setting = Arc::new(Setting::of(&plan, StrategyName::NoDedup));
    for Found { why, trace } in searched.found {
        let chooser = Chooser::of(Replay::new(&trace));
        let strategy = StrategyName::NoDedup;
        let again = sim::simulate_in(&setting, strategy, chooser, &mut |_| Control::Go);
        assert_eq!(again.expect("it is not stopped").digest.value(), why);
    }
}
