//! What a world promises: one seed is one run, customers do not share fates, and every fault of the plan can strike.

use std::collections::BTreeMap;
use std::rc::Rc;

use explore::Chooser;
use history::{History, What};
use orders::StrategyName;
use orders::{
    Cache, CommitTag, Isolation, KeyRecord, KeyState, NewOrder, Owner, Ports, Store, StoreError,
    Token, Transaction,
};
use protocol::{
    Money, Order, OrderContent, OrderRequest, OrderState, Problem, Response, Scope, ScopedKey, Span,
};
use scenario::{Known, Options, Plan};
use sim::{
    Control, Crowd, Job, OrderService, ReplicaPorts, Service, Shoppers, Simulated, Visit, World,
    run, simulate,
};

/// A scenario of a few hundred purchases in ten minutes, with whatever else a test needs.
fn plan(more: &str) -> Rc<Plan> {
    let text = format!(
        r#"
        story = "A test."
        strategy = "claim-complete"
        [shop]
        tenants = 50
        [[shop.sku]]
        name = "burger"
        price = "15.00"
        stock = 1000
        [[shop.sku]]
        name = "fries"
        price = "5.00"
        stock = 1000
        [[shop.basket]]
        lines = {{ burger = 2, fries = 1 }}
        [[shop.basket]]
        lines = {{ fries = 2 }}
        [load]
        intents = 300
        over = "10min"
        {more}
        "#
    );
    Rc::new(
        scenario::parse("test.toml", &text, &options())
            .unwrap_or_else(|e| panic!("{}", e.render())),
    )
}

fn options() -> Options {
    let words = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let strategies = StrategyName::ALL
        .iter()
        .map(|s| (s.name().to_string(), String::new()))
        .collect();
    Options {
        scale: 1.0,
        known: Known {
            strategies,
            presets: words(&["reference"]),
            faults: words(sim::backend_faults()),
            backend: "sim".into(),
            ..Known::default()
        },
    }
}

const CLIENTS: &str = r#"
[[client]]
name = "app"
key = "per-intent"
timeout = "10s"
taps = [{}, { chance = 0.3, after = { uniform = ["50ms", "2s"] } }]
retry = { max = 5, on = ["reset", "timeout", "unavailable", "in-progress"], wait = "2s" }
"#;

fn go(plan: &Rc<Plan>, strategy: &str, seed: u64) -> Simulated {
    simulate(
        plan,
        strategy.parse().unwrap(),
        Chooser::random(seed),
        &mut |_| Control::Go,
    )
    .unwrap()
}

fn fired(history: &History) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for event in &history.events {
        if let What::Fault { fault, .. } = event.what {
            *counts
                .entry(history.names.faults.text(fault.index()).into_owned())
                .or_default() += 1;
        }
    }
    counts
}

#[test]
fn one_seed_is_one_run_and_another_seed_is_another() {
    let plan = plan(CLIENTS);
    for strategy in StrategyName::ALL {
        let (a, b, c) = (
            go(&plan, strategy.name(), 7),
            go(&plan, strategy.name(), 7),
            go(&plan, strategy.name(), 8),
        );
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
        let world = World::new(&plan, Chooser::random(3)).in_small_steps();
        let service = OrderService::new(*strategy, world.contract());
        run(&world, &service, &Shoppers::new(&plan), &mut |_| {
            Control::Go
        })
        .unwrap();
        let slow = world.finish();
        assert!(
            fast.events < slow.events,
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
        let service = OrderService::new("claim-complete".parse().unwrap(), world.contract());
        run(
            &world,
            &service,
            &Without(dropped, Shoppers::new(&plan)),
            &mut |_| Control::Go,
        )
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
fn every_fault_of_the_language_strikes_where_it_is_declared_with_odds() {
    let all = [
        ("lose-request", "chance = 0.1"),
        ("lose-response", "chance = 0.1, reset = 0.5"),
        ("delay-request", "chance = 0.1, by = \"1s\""),
        ("delay-response", "chance = 0.1, by = \"1s\""),
        ("duplicate-request", "chance = 0.1, after = \"1s\""),
        (
            "partition",
            "from = \"replicas\", to = \"database\", chance = 0.01",
        ),
        ("crash-replica", "chance = 0.001, down-for = \"2s\""),
        ("pause-replica", "chance = 0.001, for = \"1min\""),
        ("lose-connection", "chance = 0.01"),
        ("lose-commit", "chance = 0.02"),
        ("lose-commit-ack", "chance = 0.02"),
        ("serialization-failure", "chance = 0.02"),
        ("decline-charge", "chance = 0.1"),
        ("gateway-unavailable", "chance = 0.1"),
        ("gateway-timeout-before", "chance = 0.1"),
        ("gateway-timeout-after", "chance = 0.1"),
        ("slow-gateway", "chance = 0.1, by = \"2s\""),
        ("duplicate-webhook", "chance = 0.1, after = \"2s\""),
    ];
    for (word, details) in all {
        let webhook = "[world.latency]\nwebhook = \"1s\"";
        let plan = plan(&format!(
            "{webhook}\n{CLIENTS}\n[[fault]]\n{word} = {{ {details} }}"
        ));
        let history = go(&plan, "claim-complete", 1).history;
        assert_eq!(
            fired(&history).keys().collect::<Vec<_>>(),
            [word],
            "{word} did not strike"
        );
    }
    let tried: Vec<&str> = all
        .iter()
        .map(|(word, _)| *word)
        .chain(CACHE_FAULTS)
        .collect();
    for word in scenario::FAULTS {
        assert!(tried.contains(word), "{word} is not tried");
    }
}

const CACHE_FAULTS: [&str; 3] = ["flush-cache", "evict-key", "cache-unavailable"];

/// A service that counts in the cache what it is asked for, and answers nothing but that.
struct Counting(std::cell::RefCell<BTreeMap<&'static str, u64>>);

impl Service for Counting {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let key = format!("cart {}", request.cart.id).into();
        let hour = Span::hours(1);
        let saw = match ports.cache().set_if_absent(&key, "here".into(), hour).await {
            Err(_) => "unavailable",
            Ok(_) => match ports.cache().get(&key).await {
                Err(_) => "unavailable",
                Ok(None) => "forgotten",
                Ok(Some(_)) => "there",
            },
        };
        *self.0.borrow_mut().entry(saw).or_default() += 1;
        Some(Response::refused(503, Problem::Unavailable))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

#[test]
fn the_cache_forgets_and_fails_as_often_as_the_plan_says() {
    for (word, expected) in CACHE_FAULTS
        .into_iter()
        .zip(["forgotten", "forgotten", "unavailable"])
    {
        let plan = plan(&format!(
            "[[client]]\nname = \"app\"\n[[fault]]\n{word} = {{ chance = 0.1 }}"
        ));
        let (world, counting) = (
            World::new(&plan, Chooser::random(1)),
            Counting(Default::default()),
        );
        run(&world, &counting, &Shoppers::new(&plan), &mut |_| {
            Control::Go
        })
        .unwrap();
        let counts = counting.0.into_inner();
        assert!(fired(&world.finish().history)[word] > 10);
        assert!(
            counts[expected] > 5 && counts["there"] > 200,
            "{word}: {counts:?}"
        );
        assert_eq!(counts.len(), 2, "{word}: {counts:?}");
    }
}

#[test]
fn a_fault_strikes_only_in_its_window_and_only_its_clients() {
    let two = r#"
        [[client]]
        name = "ios"
        share = 0.5
        timeout = "5s"
        [[client]]
        name = "web"
        timeout = "5s"
        [[fault]]
        lose-response = { chance = 0.5, client = "ios", window = { from = "2min", until = "4min" } }
    "#;
    let history = go(&plan(two), "no-dedup", 1).history;
    let lost: Vec<u64> = history
        .events
        .iter()
        .filter(|e| matches!(e.what, What::Fault { .. }))
        .map(|e| e.t)
        .collect();
    assert!(lost.len() > 5, "{lost:?}");
    assert!(
        lost.iter().all(|t| (120_000_000..240_000_000).contains(t)),
        "{lost:?}"
    );
}

#[test]
fn a_second_tab_sends_the_same_cart_under_a_key_of_its_own() {
    let tabs = "[[client]]\nname = \"app\"\nkey = \"per-intent\"\nsecond-tab = { chance = 1, after = \"2s\" }\n\
                offline = { chance = 0.5, after = \"1min\" }\ncrash = { chance = 0.2, back-after = \"5s\", key-persisted = true }";
    let history = go(&plan(tabs), "claim-complete", 1).history;
    let mut keys: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    for event in &history.events {
        if let What::Invoke(invoke) = event.what {
            let payload = invoke.payload.expect("every attempt has one").index();
            keys.entry(payload).or_default().push(invoke.key);
        }
    }
    assert_eq!(keys.len(), 300);
    for sent in keys.values_mut() {
        sent.dedup();
        assert!(sent.len() >= 2, "{sent:?}");
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
    let service = OrderService::new(strategy, world.contract());
    run(&world, &service, &Shoppers::new(&plan), &mut |_| {
        Control::Go
    })
    .unwrap();
    let picks = world.take_picks();
    let first = world.finish();
    let replay = Rc::new(std::cell::RefCell::new(explore::Replay::new(picks)));
    let second = simulate(&plan, strategy, Chooser::of(replay), &mut |_| Control::Go).unwrap();
    assert_eq!(first.digest, second.digest);
    assert!(first.history.events == second.history.events);
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
    run(&world, &heedless, &Shoppers::new(&plan), &mut |_| {
        Control::Go
    })
    .unwrap();
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
        let content = std::sync::Arc::new(OrderContent {
            lines,
            note: Default::default(),
        });
        let mut tx = ports.store().begin(Isolation::ReadCommitted).await.unwrap();
        let new = NewOrder {
            tenant: request.tenant,
            customer: request.customer,
            key: request.key.clone(),
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
        run(&world, &service, &Shoppers::new(&plan), &mut |_| {
            Control::Go
        })
        .unwrap();
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
struct Forgetful;

impl Service for Forgetful {
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
        run(&world, &Forgetful, &Shoppers::new(&plan), &mut |_| {
            Control::Go
        })
        .unwrap();
        world.finish();
    }
}
