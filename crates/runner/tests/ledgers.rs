//! What is written with an order: the audit of a run has it, and a service that leaves it out is found out by the stories.

use orders::Door;
use std::rc::Rc;
use std::sync::Arc;

use check::{Outcome, Overall, Rule, Verdict, judge};
use explore::Chooser;
use history::{History, What};
use protocol::OrderState;
use runner::StrategyName;
use scenario::Plan;
use sim::{Control, Omission, Setting, Shoppers, World, run};

use super::plan;

const STORIES: [&str; 4] = [
    "seven-thirty",
    "flash-sale",
    "coupon-last-one",
    "late-webhook",
];

/// A run in which the service leaves something out.
fn go(plan: &Rc<Plan>, strategy: StrategyName, omission: Option<Omission>) -> History {
    let world = World::in_setting(&Arc::new(Setting::of(plan, strategy)), Chooser::random(1));
    let world = match omission {
        Some(omission) => world.leaving_out(omission),
        None => world,
    };
    let service = Door::new(strategy, world.contract());
    run(&world, &service, &Shoppers, &mut |_| Control::Go).expect("nobody stops it");
    world.finish().history
}

fn outcome(verdict: &Verdict, rule: Rule) -> Outcome {
    let row = verdict.rules.iter().find(|row| row.rule == rule);
    row.expect("every rule has a row").outcome
}

#[test]
fn a_reference_that_leaves_something_out_of_an_order_fails_every_story() {
    for story in STORIES {
        let plan = Rc::new(plan(story, 0.05));
        let judged = |omission| judge(&go(&plan, StrategyName::ClaimComplete, omission));
        let whole = judged(None);
        assert_eq!(
            outcome(&whole, Rule::PartialOrder),
            Outcome::Held,
            "{story}"
        );
        for omission in [
            Omission::Charge,
            Omission::Sales,
            Omission::Cart,
            Omission::InventoryLog,
        ] {
            let verdict = judged(Some(omission));
            let found = outcome(&verdict, Rule::PartialOrder);
            assert_eq!(found, Outcome::Violated, "{story} without {omission:?}");
            assert_eq!(
                verdict.overall(),
                Overall::Fail,
                "{story} without {omission:?}"
            );
        }
    }
}

#[test]
fn an_audit_has_what_its_strategy_keeps_and_is_not_judged_by_what_it_does_not() {
    let plan = Rc::new(plan("seven-thirty", 1.0));
    for strategy in StrategyName::ALL.iter().copied() {
        let history = go(&plan, strategy, None);
        let audit = history.audit.as_ref().expect("it was taken");
        let kept = strategy.ledgers();
        assert_eq!(audit.carts.is_some(), kept.carts, "{strategy}");
        assert_eq!(audit.sales.is_some(), kept.sales, "{strategy}");
        assert_eq!(
            audit.inventory_log.is_some(),
            kept.inventory_log,
            "{strategy}"
        );
        assert_eq!(audit.recorded_charges.is_some(), kept.charges, "{strategy}");
        let verdict = judge(&history);
        let row = verdict
            .rules
            .iter()
            .find(|row| row.rule == Rule::PartialOrder);
        let note = row.and_then(|row| row.note.as_deref()).unwrap_or_default();
        for (part, is_kept) in [("carts", kept.carts), ("inventory_log", kept.inventory_log)] {
            assert_eq!(note.contains(part), !is_kept, "{strategy}: {note}");
        }
    }
}

#[test]
fn the_orders_of_the_reference_name_carts_that_are_cleared_once_they_are_confirmed() {
    let plan = Rc::new(plan("coupon-last-one", 0.1));
    let history = go(&plan, StrategyName::ClaimComplete, None);
    let audit = history.audit.expect("it was taken");
    let carts = audit.carts.expect("they are kept");
    let (mut cleared, mut full) = (0, 0);
    for order in audit.orders.expect("they are there") {
        let row = carts.iter().find(|row| Some(row.cart) == order.cart);
        let row = row.expect("an order names its cart");
        assert_eq!(row.tenant, order.tenant);
        match row.is_cleared {
            true => cleared += 1,
            false => full += 1,
        }
    }
    assert!(
        cleared > 100 && full > 0,
        "{cleared} cleared, {full} not: some cards are declined"
    );
}

#[test]
fn every_attempt_says_its_replica_and_every_fault_on_the_way_the_attempt_that_it_struck() {
    let plan = Rc::new(plan("network-retry", 0.01));
    let history = go(&plan, StrategyName::ClaimComplete, None);
    let mut lost = 0;
    for event in &history.events {
        match event.what {
            What::Invoke(_) => assert!(history.replica(event.process).is_some()),
            What::Fault {
                fault,
                host,
                struck,
            } => {
                let name = history.names.faults.text(fault.index());
                let struck = struck.unwrap_or_else(|| panic!("{name} struck nobody"));
                assert_eq!(history.replica(struck.index() as u32), host, "{name}");
                lost += 1;
            }
            _ => {}
        }
    }
    assert!(lost > 10, "{lost}");
}

#[test]
fn a_witness_tells_where_its_attempts_went_and_which_fault_struck_them() {
    let plan = Rc::new(plan("doordash-storm", 0.001));
    let verdict = judge(&go(&plan, StrategyName::NoDedup, None));
    let row = verdict
        .rules
        .iter()
        .find(|row| row.rule == Rule::DuplicateOrder);
    let witness = row
        .and_then(|row| row.witnesses.first())
        .expect("it is violated");
    let told: Vec<&str> = witness
        .timeline
        .iter()
        .map(|moment| moment.text.as_str())
        .collect();
    let told = told.join("; ");
    for part in [
        "sent to replica-",
        "fault ",
        " strikes attempt ",
        "captured",
    ] {
        assert!(told.contains(part), "{part} is missing: {told}");
    }
}

#[test]
fn an_order_without_a_charge_is_one_order_and_the_gateway_is_never_asked_for_nothing() {
    let plan = Rc::new(plan("free-order", 1.0));
    let history = go(&plan, StrategyName::ClaimComplete, None);
    let verdict = judge(&history);
    assert_eq!(verdict.overall(), Overall::Pass);
    let audit = history.audit.expect("it was taken");
    let charges = audit.charges.expect("they are there");
    assert!(charges.iter().all(|charge| charge.amount > 0));
    let mut paid: Vec<_> = charges.iter().filter_map(|charge| charge.order).collect();
    paid.sort_unstable();
    let orders = audit.orders.expect("they are there");
    let confirmed = orders
        .iter()
        .filter(|order| order.state == OrderState::Confirmed);
    let free = confirmed.filter(|order| paid.binary_search(&order.id).is_err());
    assert!(free.count() > 500, "most of what is ordered costs nothing");
}
