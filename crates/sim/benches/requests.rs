//! W1: so many clients send order requests over the simulated network, five in a hundred twice; the server keeps key -> order.
//!
//! The figure is requests that reach the server per second of one thread. Everything that a run has is on: the event queue,
//! tasks, latencies by draw, replicas, the history, the digest. Only the service is the smallest there is.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use explore::{Chooser, Kind, Odds, Site};
use hashbrown::HashMap;
use protocol::{Money, Order, OrderId, OrderState, Response};
use rustc_hash::FxBuildHasher;
use scenario::{Known, Options, Plan};
use sim::{Control, Crowd, Job, ReplicaPorts, Service, Visit, World, run};

/// A server that keeps key -> order and nothing else.
#[derive(Default)]
struct Keys(RefCell<HashMap<u64, u64, FxBuildHasher>>);

impl Service for Keys {
    async fn handle(&self, _ports: &ReplicaPorts<'_>, job: Job) -> Option<Response> {
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

fn plan(clients: u64) -> Rc<Plan> {
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
        stock = 1
        [[shop.basket]]
        lines = {{ burger = 1 }}
        [load]
        intents = {clients}
        over = "1ms"
        [[client]]
        name = "client"
        "#
    );
    let mut options = Options {
        scale: 1.0,
        known: Known::default(),
    };
    options.known.strategies = vec![("none".into(), String::new())];
    options.known.presets = vec!["reference".into()];
    Rc::new(
        scenario::parse("w1.toml", &text, &options).unwrap_or_else(|e| panic!("{}", e.render())),
    )
}

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("w1-requests");
    group.sample_size(10);
    for clients in [10_u64, 100] {
        let requests = 200_000 / clients;
        let plan = plan(clients);
        let go = || {
            let world = World::new(&plan, Chooser::random(1));
            run(&world, &Keys::default(), &Loop { requests }, &mut |_| {
                Control::Go
            })
            .expect("nobody stops it");
            world.look(|history| u64::from(history.processes))
        };
        group.throughput(Throughput::Elements(go()));
        group.bench_function(BenchmarkId::from_parameter(clients), |b| b.iter(go));
    }
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
