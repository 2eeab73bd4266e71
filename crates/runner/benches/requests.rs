//! W1 and W2: the work on which simulators are compared, in this simulator.
//!
//! W1: so many clients send order requests over the simulated network, five in a hundred twice; the server keeps key -> order.
//! The figure is requests per second of one thread. W2: a fresh world each time; three clients send four orders each, with 5 %
//! loss, 5 % duplication, a timeout of 200 ms and up to five tries, and then the history is judged by every rule. The figure is
//! such episodes per second of one thread. They go the way of `onceproof scenario --seeds`: a search on a stage, a judge that keeps its
//! memory, and a summary.
//!
//! Everything that a run has is on: the event queue, tasks, latencies by draw, replicas, the history, the digest. Only the
//! service is the smallest there is, as it is in the programs that this is compared with.

use orders::{Job, StrategyName};
use std::cell::RefCell;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::sync::Arc;

use check::Judge;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use explore::search::{Budget, Plan as Seeds, Ran, search};
use explore::{Chooser, Kind, Odds, Site};
use hashbrown::HashMap;
use history::{Audit, AuditOrder, History, OrderRef, PayloadRef, TenantRef, What};
use protocol::{Money, Order, OrderId, OrderState, Preset, Response};
use report::Summary;
use report::run::RunVerdict;
use scenario::{Known, Options, Plan, Scale};
use sim::{Control, Crowd, Outcome, ReplicaPorts, Service, Setting, Visit, World, on_stage_of};

/// A hash as the simulated database's indexes have it: what is numbered in the order of time is looked up where the last look-up
/// was. The low bits, which choose the bucket, are the number itself; the high ones, which tell neighbours apart, depend on all.
#[derive(Clone, Copy, Default)]
struct Neighbourly(u64);

impl Hasher for Neighbourly {
    fn write(&mut self, _: &[u8]) {
        unreachable!("carts are numbers");
    }

    fn write_u64(&mut self, number: u64) {
        const TAG: u64 = 0x7f << 57;
        self.0 = (number & !TAG) | (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) & TAG);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A server that keeps key -> order and nothing else.
#[derive(Default)]
struct Keys(RefCell<HashMap<u64, u64, BuildHasherDefault<Neighbourly>>>);

impl Service for Keys {
    async fn handle(&self, _ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let mut keys = self.0.borrow_mut();
        let next = keys.len() as u64 + 1;
        let id = OrderId(*keys.entry(request.cart.id).or_insert(next));
        Some(Response::created(Order {
            id,
            state: OrderState::Confirmed,
            total: Money(100),
        }))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

/// Clients that send one request after another.
struct Loop {
    requests: u64,
}

const ATTEMPT: Kind = Kind::new("bench.attempt");
const TWICE: Kind = Kind::new("bench.twice");

impl Crowd for Loop {
    async fn visit(&self, world: &World, visit: Visit) {
        let twice = Odds::of(0.05);
        for number in 0..self.requests {
            let purchase = world.purchase(&visit.intent, true);
            let visit = Visit { purchase, ..visit };
            let lineage = visit.intent.lineage.child(ATTEMPT, number);
            let sends = 1 + u64::from(
                world.draw(|chooser| chooser.chance(&Site::new(TWICE, lineage, 0), twice)),
            );
            for send in 0..sends {
                let attempt = world.attempt(
                    &visit,
                    purchase.key,
                    lineage.child(ATTEMPT, send),
                    Some(200_000),
                );
                black_box(world.exchange(attempt).await);
            }
        }
    }
}

fn plan(clients: u64, faults: &str) -> Plan {
    let text = format!(
        r#"
        story = "W1."
        strategy = "none"
        [world]
        replicas = 1
        clock-skew = "0s"
        [world.latency]
        uplink = {{ uniform = ["1ms", "2ms"] }}
        downlink = {{ uniform = ["1ms", "2ms"] }}
        handler = "0s"
        [contract]
        recovery-deadline = "1s"
        [shop]
        [[shop.sku]]
        name = "burger"
        price = "1.00"
        stock = 1000000
        [[shop.basket]]
        lines = {{ burger = 1 }}
        [load]
        intents = {clients}
        over = "1ms"
        [[client]]
        name = "client"
        {faults}
        "#
    );
    let mut options = Options {
        scale: Scale::FULL,
        overlay: None,
        known: Known::default(),
    };
    options.known.strategies = vec!["none".into()];
    options.known.faults = scenario::FaultName::ALL.to_vec();
    scenario::parse("w1.toml", &text, &options).unwrap_or_else(|e| panic!("{}", e.render()))
}

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("w1-requests");
    group.sample_size(10);
    for clients in [10_u64, 100] {
        let requests = 200_000 / clients;
        let setting = Arc::new(Setting::new(&plan(clients, ""), Preset::Reference));
        let (server, crowd) = (Keys::default(), Loop { requests });
        // A world each time, in the memory of the one before: what is measured is the work, not the operating system's pages.
        on_stage_of(&setting, &server, &crowd, |stage| {
            let mut go = || {
                server.0.borrow_mut().clear();
                let played = stage.play(Chooser::random(1), &mut |_| Control::Go);
                let history = played.expect("it is not stopped").history;
                let sent = history.processes() as u64;
                stage.take_back(history);
                sent
            };
            group.throughput(Throughput::Elements(go()));
            group.bench_function(BenchmarkId::from_parameter(clients), |b| b.iter(&mut go));
        });
    }
    group.finish();
}

/// Clients that try each of their orders up to five times.
struct Trying {
    orders: u64,
}

const TRIES_MAX: u64 = 5;

impl Crowd for Trying {
    async fn visit(&self, world: &World, visit: Visit) {
        for number in 0..self.orders {
            let purchase = world.purchase(&visit.intent, true);
            let visit = Visit { purchase, ..visit };
            let lineage = visit.intent.lineage.child(ATTEMPT, number);
            for attempt in 0..TRIES_MAX {
                let attempt = world.attempt(
                    &visit,
                    purchase.key,
                    lineage.child(ATTEMPT, attempt),
                    Some(200_000),
                );
                if matches!(world.exchange(attempt).await, Outcome::Answered(_)) {
                    break;
                }
            }
        }
    }
}

const FAULTS: &str = r#"
    [[fault]]
    lose-request = { chance = 0.05 }
    [[fault]]
    lose-response = { chance = 0.05, reset = 0.0 }
    [[fault]]
    duplicate-request = { chance = 0.05, after = { uniform = ["1ms", "2ms"] } }
"#;

/// What the key server stores, as an audit.
fn audit(server: &Keys, history: &mut History) {
    let orders = server.0.borrow();
    history
        .names
        .orders
        .count_to::<OrderRef>(orders.len() as u32);
    // The server keeps no clock: an order is as old as the first request for it, at most.
    let mut first_sent = vec![None; history.names.contents.len()];
    for event in &history.events {
        if let What::Invoke(asked) = &event.what
            && let Some(payload) = asked.payload
        {
            first_sent[payload.index()].get_or_insert(event.t);
        }
    }
    let mut rows = Vec::with_capacity(orders.len());
    for (cart, order) in orders.iter() {
        let payload = PayloadRef::new(*cart as u32);
        rows.push(AuditOrder {
            id: OrderRef::new(*order as u32),
            tenant: Some(TenantRef::new(0)),
            key: None,
            payload: Some(payload),
            items: history.names.payload_items(payload),
            intent: None,
            cart: None,
            coupon: None,
            state: OrderState::Confirmed,
            t: first_sent[payload.index()],
        });
    }
    let t = history.events.last().map_or(0, |event| event.t) + 1_000_000;
    history.audit = Some(Audit {
        t,
        orders: Some(rows),
        ..Audit::default()
    });
}

fn episodes(c: &mut Criterion) {
    const EPISODES: u64 = 20_000;
    let mut group = c.benchmark_group("w2-episodes");
    group.sample_size(10);
    group.throughput(Throughput::Elements(EPISODES));
    let plan = plan(3, FAULTS);
    let setting = Arc::new(Setting::new(&plan, Preset::Reference));
    let budget = Budget {
        runs_max: EPISODES,
        keeps_traces: false,
    };
    let (server, crowd) = (Keys::default(), Trying { orders: 4 });
    on_stage_of(&setting, &server, &crowd, |stage| {
        let mut judge = Judge::new();
        let mut go = || {
            let mut summary = Summary::default();
            search(Seeds::Seeds(0), budget, |seed, chooser| {
                server.0.borrow_mut().clear();
                let played = stage.play(chooser, &mut |_| Control::Go);
                let mut simulated = played.expect("it is not stopped");
                audit(&server, &mut simulated.history);
                let brief =
                    runner::judge(&mut judge, &plan, StrategyName::ALL[0], &simulated, seed);
                let brief = brief.expect("it is well formed");
                assert!(brief.verdict != RunVerdict::Fail, "{:?}", brief.judged);
                summary.add(&brief);
                stage.take_back(simulated.history);
                Ran::<(), ()>::Continue((simulated.chooser, None))
            });
            summary
        };
        group.bench_function("judged", |b| b.iter(&mut go));
    });
    group.finish();
}

criterion_group!(benches, requests, episodes);
criterion_main!(benches);
