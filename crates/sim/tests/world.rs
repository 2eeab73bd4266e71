//! What a world promises: one seed is one run, and customers do not share fates.

use orders::ports::{Keys, Orders};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use explore::Chooser;
use history::{History, What};
use orders::StrategyName;
use orders::{
    CommitTag, Door, Isolation, Job, KeyRecord, KeyState, NewOrder, Owner, Ports, Store,
    StoreError, Token, Transaction,
};
use protocol::{
    Money, Order, OrderContent, OrderRequest, OrderState, Problem, Response, Scope, ScopedKey,
};
use sim::{Control, Crowd, ReplicaPorts, Service, Setting, Shoppers, Visit, World, run, simulate};

use crate::story::{CLIENTS, fired, go, plan};

/// Much goes wrong.
pub const CHAOS: &str = r#"
    [[fault]]
    lose-request = { chance = 0.05 }
    [[fault]]
    lose-response = { chance = 0.1, reset = 0.5 }
    [[fault]]
    delay-response = { chance = 0.1, by = { exponential = "5s" } }
    [[fault]]
    duplicate-request = { chance = 0.1, after = { exponential = "1s" } }
    [[fault]]
    crash-replica = { chance = 0.002, down-for = "1min" }
    [[fault]]
    pause-replica = { chance = 0.005, for = "1min" }
    [[fault]]
    lose-commit-ack = { chance = 0.02 }
    [[fault]]
    gateway-timeout-after = { chance = 0.05 }
    [[fault]]
    decline-charge = { chance = 0.05 }
"#;

#[test]
fn one_seed_is_one_run_and_another_seed_is_another() {
    let plan = plan(&format!("{CLIENTS}{CHAOS}"));
    for strategy in StrategyName::ALL {
        let (a, b, c) = (
            go(&plan, strategy.name(), 7),
            go(&plan, strategy.name(), 7),
            go(&plan, strategy.name(), 8),
        );
        // A service that soon refuses everybody charges too rarely to meet every fault.
        if *strategy != StrategyName::ProcessCounter {
            assert_eq!(fired(&a.history).len(), 9, "{strategy}");
        }
        assert_eq!(a.digest, b.digest);
        assert!(a.history.events == b.history.events);
        assert!(a.history.audit == b.history.audit);
        assert_ne!(a.digest, c.digest);
    }
}

#[test]
fn handlers_that_go_ahead_inside_a_transaction_change_nothing_that_anybody_sees() {
    let faults = r#"
        [[fault]]
        lose-connection = { chance = 0.01 }
        [[fault]]
        lose-commit-ack = { chance = 0.02 }
        [[fault]]
        lose-response = { chance = 0.1, reset = 0.5 }
        [[fault]]
        decline-charge = { chance = 0.1 }
    "#;
    let plan = plan(&format!("{CLIENTS}{faults}"));
    for strategy in StrategyName::ALL {
        let fast = go(&plan, strategy.name(), 3);
        let world = World::in_setting(&Arc::new(Setting::of(&plan, *strategy)), Chooser::random(3))
            .in_small_steps();
        let service = Door::new(*strategy, world.contract());
        run(&world, &service, &Shoppers, &mut |_| Control::Go).unwrap();
        let slow = world.finish();
        // In autocommit mode every statement is seen at once, and nobody can go ahead.
        let autocommits = *strategy == StrategyName::DebounceWindow;
        assert!(
            fast.events < slow.events || autocommits,
            "{}: nobody went ahead",
            strategy.name()
        );
        for (i, (a, b)) in fast
            .history
            .events
            .iter()
            .zip(&slow.history.events)
            .enumerate()
        {
            assert_eq!(a, b, "{}: event {i}", strategy.name());
        }
        assert_eq!(
            fast.history.events.len(),
            slow.history.events.len(),
            "{}",
            strategy.name()
        );
        assert!(
            fast.history.audit == slow.history.audit,
            "{}: the audits differ",
            strategy.name()
        );
        assert_eq!(
            fast.history.coverage,
            slow.history.coverage,
            "{}",
            strategy.name()
        );
    }
}

/// The plan's clients, of whom one never comes.
struct Without(usize, Shoppers);

impl Crowd for Without {
    async fn visit(&self, world: &World, visit: Visit) {
        if visit.purchase.intent.index() != self.0 {
            self.1.visit(world, visit).await;
        }
    }
}

/// For every intent: when each of its attempts began and ended.
fn fates(history: &History) -> BTreeMap<usize, Vec<(u64, Option<u64>)>> {
    let mut ends = BTreeMap::new();
    for event in &history.events {
        if matches!(event.what, What::Ok(_) | What::Fail(_) | What::Info(_)) {
            ends.insert(event.process, event.t);
        }
    }
    let mut fates: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    for event in &history.events {
        if let What::Invoke(invoke) = event.what {
            let intent = invoke.intent.expect("every attempt has one").index();
            fates
                .entry(intent)
                .or_default()
                .push((event.t, ends.get(&event.process).copied()));
        }
    }
    fates
}

#[test]
fn dropping_one_customer_does_not_change_the_fate_of_the_others() {
    // A shop each, so that nobody waits for another's row.
    let faults = "[[fault]]\nlose-response = { chance = 0.2, reset = 0.5 }\n[[fault]]\nlose-request = { chance = 0.05 }";
    let mut plan = Rc::unwrap_or_clone(plan(&format!("{CLIENTS}{faults}")));
    plan.shop.tenants = 100_000;
    let plan = Rc::new(plan);
    let all = fates(&go(&plan, "claim-complete", 5).history);
    for dropped in [0, 17, 299] {
        let world = World::new(&plan, Chooser::random(5));
        let service = Door::new("claim-complete".parse().unwrap(), world.contract());
        run(&world, &service, &Without(dropped, Shoppers), &mut |_| {
            Control::Go
        })
        .unwrap();
        let fewer = fates(&world.finish().history);
        let mut expected = all.clone();
        expected.remove(&dropped);
        for (intent, fate) in &expected {
            assert_eq!(
                fewer.get(intent),
                Some(fate),
                "intent {intent}, without {dropped}"
            );
        }
        assert_eq!(fewer.len(), expected.len());
    }
}

#[test]
fn a_run_that_is_stopped_has_no_result() {
    let mut plan = Rc::unwrap_or_clone(plan(CLIENTS));
    plan.load.intents = 10_000;
    let stopped = simulate(
        &Rc::new(plan),
        "no-dedup".parse().unwrap(),
        Chooser::random(1),
        &mut |_| Control::Stop,
    );
    assert!(stopped.is_err());
}

#[test]
fn a_replay_of_the_picks_is_the_same_run() {
    let plan = plan(CLIENTS);
    let strategy: StrategyName = "check-then-insert".parse().unwrap();
    let recorded = Chooser::random(9).recording();
    let world = World::new(&plan, recorded);
    let service = Door::new(strategy, world.contract());
    run(&world, &service, &Shoppers, &mut |_| Control::Go).unwrap();
    let mut first = world.finish();
    let replay = explore::Replay::new(&first.chooser.take_trace());
    let second = simulate(&plan, strategy, Chooser::of(replay), &mut |_| Control::Go).unwrap();
    assert_eq!(first.digest, second.digest);
    assert!(first.history.events == second.history.events);
}

#[test]
fn a_search_drives_a_world_and_what_it_finds_is_read_back_and_found_again() {
    let plan = plan(CLIENTS);
    let strategy: StrategyName = "check-then-insert".parse().unwrap();
    let orders_too_many = |_: u64, chooser: Chooser| {
        let simulated = simulate(&plan, strategy, chooser, &mut |_| Control::Go).unwrap();
        let audit = simulated.history.audit.expect("there is one");
        let orders = audit.orders.expect("they were looked at").len() as u64;
        let why = (orders > plan.load.intents).then_some(simulated.digest);
        ControlFlow::<(), _>::Continue((simulated.chooser, why))
    };
    let budget = explore::Budget {
        runs_max: 20,
        keeps_traces: true,
    };
    let searched = explore::search(explore::Plan::Seeds(1), budget, orders_too_many);
    let found = searched.found.first().expect("somebody gets two orders");
    let trace: explore::Trace = found.trace.to_string().parse().unwrap();
    let again = |trace: &explore::Trace| {
        let replay = Chooser::of(explore::Replay::new(trace));
        match orders_too_many(0, replay) {
            ControlFlow::Continue((_, why)) => why,
            ControlFlow::Break(()) => None,
        }
    };
    assert_eq!(again(&trace), Some(found.why));
    // Without any one of its first picks the others keep their meaning: it stays a run, and mostly with the same end.
    let kept = (0..20).filter(|place| again(&trace.without(*place)).is_some());
    assert!(kept.count() >= 15);
}

/// A service that goes on after an error, as one does that forgets to look, and believes the COMMIT.
struct Heedless(std::cell::RefCell<BTreeMap<String, u64>>);

impl Service for Heedless {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let mut tx = ports
            .store()
            .begin(Isolation::ReadCommitted)
            .await
            .expect("no connection is lost here");
        let (key, record) = a_claim(request);
        assert_eq!(tx.insert_key(&key, record).await, Ok(()));
        let twice = tx.insert_key(&key, record).await;
        assert!(matches!(twice, Err(StoreError::Unique(_))), "{twice:?}");
        let ended = format!("{:?}", tx.commit().await);
        *self.0.borrow_mut().entry(ended).or_default() += 1;
        Some(Response::refused(503, Problem::Unavailable))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }

    fn ledgers(&self) -> orders::Ledgers {
        orders::Ledgers::ALL
    }
}

fn a_claim(request: &OrderRequest) -> (ScopedKey, KeyRecord) {
    let key = ScopedKey {
        tenant: request.tenant,
        scope: Scope::CreateOrder,
        key: request.key.clone().expect("the client sends keys"),
    };
    let record = KeyRecord {
        state: KeyState::Claimed,
        owner: Owner(0),
        token: Token(1),
        lease_until: protocol::Time(0),
        expires_at: protocol::Time(0),
        fingerprint: orders::fingerprint(request),
        order: None,
        response: None,
    };
    (key, record)
}

#[test]
fn a_commit_of_an_aborted_transaction_is_answered_rollback_and_no_fault_of_commits_strikes_it() {
    let faults = r#"
        [[fault]]
        serialization-failure = { chance = 1 }
        [[fault]]
        lose-commit = { chance = 1 }
        [[fault]]
        lose-commit-ack = { chance = 1 }
    "#;
    let plan = plan(&format!("{CLIENTS}{faults}"));
    let (world, heedless) = (
        World::new(&plan, Chooser::random(1)),
        Heedless(Default::default()),
    );
    run(&world, &heedless, &Shoppers, &mut |_| Control::Go).unwrap();
    let told = heedless.0.into_inner();
    let rolled_back = format!("{:?}", Ok::<_, StoreError>(CommitTag::RolledBack));
    assert_eq!(told.keys().collect::<Vec<_>>(), [&rolled_back]);
    let simulated = world.finish();
    assert!(fired(&simulated.history).is_empty());
    assert_eq!(simulated.history.audit.unwrap().keys, Some(Vec::new()));
    assert_eq!(
        simulated.statements,
        4 * told[&rolled_back],
        "BEGIN, two inserts, COMMIT"
    );
}

/// A service that stores one burger more than was ordered, or the same lines in another order.
struct Generous {
    burgers: u32,
}

impl Service for Generous {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let mut lines = request.content.lines.clone();
        lines[0].quantity += self.burgers;
        lines.reverse();
        let content = Arc::new(OrderContent {
            lines,
            note: Default::default(),
            coupon: None,
        });
        let mut tx = ports.store().begin(Isolation::ReadCommitted).await.unwrap();
        let new = NewOrder {
            tenant: request.tenant,
            customer: request.customer,
            key: request.key.clone(),
            key_index: orders::KeyIndex::None,
            cart: request.cart,
            natural_key: None,
            content: content.clone(),
            total: Money(1),
            state: OrderState::Confirmed,
            created_at: protocol::Time(1),
        };
        let order = tx.insert_order(new).await.unwrap();
        tx.insert_items(order, &content).await.unwrap();
        assert_eq!(tx.commit().await, Ok(CommitTag::Committed));
        Some(Response::created(Order {
            id: order,
            state: OrderState::Confirmed,
            total: Money(1),
        }))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

#[test]
fn the_audit_shows_the_lines_that_are_stored_and_not_those_that_were_asked_for() {
    let plan = plan("[[client]]\nname = \"app\"");
    for burgers in [0, 1] {
        let world = World::new(&plan, Chooser::random(1));
        let service = Generous { burgers };
        run(&world, &service, &Shoppers, &mut |_| Control::Go).unwrap();
        let history = world.finish().history;
        let names = &history.names;
        let rows = history.audit.as_ref().unwrap().orders.as_ref().unwrap();
        assert_eq!(rows.len(), 300);
        let units = |items: &[history::Item]| items.iter().map(|item| item.quantity).sum::<u32>();
        let asked: u32 = (0..300)
            .map(|payload| {
                let basket = names.payload_items(history::PayloadRef::new(payload));
                units(names.items(basket.unwrap()))
            })
            .sum();
        let stored: u32 = rows
            .iter()
            .map(|row| units(names.items(row.items.unwrap())))
            .sum();
        assert_eq!(stored, asked + 300 * burgers);
        let as_asked = rows.iter().filter(|row| row.payload.is_some()).count();
        assert_eq!(as_asked, if burgers == 0 { 300 } else { 0 });
        assert!(names.baskets.len() < 300, "equal lines are one basket");
    }
}

#[test]
fn a_charge_without_an_order_is_audited_with_the_purchase_that_asked_for_it() {
    let plan = plan(&format!(
        "{CLIENTS}\n[[fault]]\ngateway-timeout-after = {{ chance = 0.3 }}"
    ));
    let history = go(&plan, "no-dedup", 1).history;
    let charges = history.audit.as_ref().unwrap().charges.as_ref().unwrap();
    let (with, without): (Vec<history::AuditCharge>, Vec<_>) = charges
        .iter()
        .copied()
        .partition(|charge| charge.order.is_some());
    assert!(with.len() > 200 && without.len() > 50);
    assert!(with.iter().all(|charge| charge.intent.is_none()));
    assert!(without.iter().all(|charge| charge.intent.is_some()));
    let history = go(&plan, "claim-complete", 1).history;
    let charges = history.audit.as_ref().unwrap().charges.as_ref().unwrap();
    assert!(charges.iter().all(|charge| charge.intent.is_none()));
}

/// A service whose upkeep opens transactions and lets go of them.
struct Careless;

impl Service for Careless {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let tx = ports.store().begin(Isolation::ReadCommitted).await;
        drop(tx);
        matches!(job, Job::Serve(_)).then(|| Response::refused(503, Problem::Unavailable))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        Some(1_000)
    }
}

#[test]
fn a_transaction_that_is_let_go_of_in_the_last_moments_is_rolled_back_at_the_end() {
    let mut plan = Rc::unwrap_or_clone(plan("[[client]]\nname = \"app\""));
    (plan.load.intents, plan.load.over_us) = (3, 100_000);
    for deadline_us in (10_000..14_000).step_by(100) {
        plan.contract.recovery_deadline_us = deadline_us;
        let plan = Rc::new(plan.clone());
        let world = World::new(&plan, Chooser::random(1));
        run(&world, &Careless, &Shoppers, &mut |_| Control::Go).unwrap();
        world.finish();
    }
}
