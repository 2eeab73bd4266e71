//! How long judging takes: a day of 1.5 million events with and without duplicates, and the world of a small search.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::hint::black_box;
use std::time::Instant;

use check::{Judge, Overall, Rule};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use history::{
    Audit, AuditCharge, AuditKey, AuditNotification, AuditOrder, AuditStock, BasketRef, ChargeRef,
    CodeRef, Completion, Contract, History, InFlight, Invoke, Item, KeyRef, Names, OrderRef,
    RecordState, Recorder, SkuRef, TenantRef, jsonl,
};
use protocol::{ChargeState, OrderState};

/// What is recorded.
#[derive(Clone, Copy)]
struct Plan {
    intents: u64,
    skus: u32,
    /// One in so many intents gets two orders and two charges; 0 for none.
    doubled_every: u64,
}

/// What every SKU costs.
const PRICE: i64 = 100;

/// A service's answers on their way to the recorder.
struct World {
    recorder: Recorder,
    /// When, which process, which answer.
    due: Vec<(u64, u32, bool, Completion)>,
    orders: Vec<AuditOrder>,
    charges: Vec<AuditCharge>,
    notifications: Vec<AuditNotification>,
    sold: Vec<i64>,
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("a small number")
}

impl World {
    /// A request and its answer.
    fn attempt(&mut self, t: u64, invoke: Invoke, ok: bool, said: Completion) {
        let process = self.recorder.invoke(t, invoke);
        self.due.push((t + 40, process, ok, said));
    }

    /// Writes the answers that are due, so that time goes forward.
    fn answer_until(&mut self, t: u64) {
        let due = self.due.partition_point(|(at, ..)| *at <= t);
        for (at, process, ok, said) in self.due.drain(..due) {
            match (ok, said.status) {
                (true, _) => self.recorder.ok(at, process, said),
                (false, Some(_)) => self.recorder.fail(at, process, said),
                (false, None) => self.recorder.info(at, process, said),
            }
        }
    }

    fn create(&mut self, t: u64, invoke: Invoke) -> Completion {
        let order: OrderRef = self.recorder.names_mut().orders.count();
        let payload = invoke.payload.expect("a payload");
        let names = &self.recorder.history().names;
        let items = names.payload_items(payload);
        let mut amount = 0;
        for item in names.items(items.expect("items")) {
            self.sold[item.sku.index()] += i64::from(item.quantity);
            amount += PRICE * i64::from(item.quantity);
        }
        self.orders.push(AuditOrder {
            id: order,
            tenant: Some(invoke.tenant),
            key: invoke.key,
            payload: Some(payload),
            items,
            intent: None,
            cart: None,
            coupon: None,
            state: OrderState::Confirmed,
            t: Some(t + 3),
        });
        let charge: ChargeRef = self.recorder.names_mut().charges.count();
        self.charges.push(AuditCharge {
            id: charge,
            order: Some(order),
            intent: None,
            provider_key: Some(self.recorder.names_mut().provider_keys.count()),
            tender: None,
            t: None,
            state: ChargeState::Captured,
            amount,
        });
        let names = self.recorder.names_mut();
        self.notifications.push(AuditNotification {
            message: names.messages.count(),
            order: Some(order),
            event: names.codes.intern("created"),
            t: None,
        });
        let response = self.recorder.response(order, order.index() as u64);
        Completion {
            status: Some(201),
            replayed: Some(false),
            order: Some(order),
            response: Some(response),
            code: None,
        }
    }

    /// The history with what the database and the gateway hold.
    fn finish(self, t: u64) -> History {
        let stock = self.sold.iter().enumerate().map(|(sku, sold)| AuditStock {
            sku: SkuRef::new(number(sku)),
            initial: 1_000_000,
            restocked: 0,
            on_hand: 1_000_000 - sold,
            reserved: 0,
        });
        let mut recorded: Vec<KeyRef> = self.orders.iter().filter_map(|order| order.key).collect();
        recorded.sort_unstable();
        recorded.dedup();
        let record = |key: &KeyRef| AuditKey {
            key: *key,
            state: RecordState::Completed,
        };
        self.recorder.finish(Audit {
            t,
            keys: Some(recorded.iter().map(record).collect()),
            stock: Some(stock.collect()),
            orders: Some(self.orders),
            charges: Some(self.charges),
            notifications: Some(self.notifications),
            ..Audit::default()
        })
    }
}

/// An answer that names no order.
fn nothing(status: Option<u16>, code: CodeRef) -> Completion {
    Completion {
        status,
        code: Some(code),
        ..Completion::default()
    }
}

/// Five requests for two intents: one is lost and sent again, one is refused while the first runs; one intent in fifty is turned away.
fn record(plan: Plan) -> History {
    let skus = (0..plan.skus).map(SkuRef::new);
    let contract = Contract {
        ttl: Some(86_400_000_000),
        recovery_deadline: Some(500),
        in_flight: Some(InFlight::Refuse(409)),
        prices: skus.map(|sku| (sku, PRICE)).collect(),
        ..Contract::default()
    };
    let mut recorder = Recorder::new(contract);
    recorder.reserve(usize::try_from(plan.intents).expect("it fits"));
    let mut world = World {
        recorder,
        due: Vec::new(),
        orders: Vec::new(),
        charges: Vec::new(),
        notifications: Vec::new(),
        sold: vec![0; plan.skus as usize],
    };
    let names = world.recorder.names_mut();
    let tenant: TenantRef = names.tenants.count();
    let timeout = names.codes.intern("timeout");
    let in_progress = names.codes.intern("in_progress");
    let declined = names.codes.intern("payment_declined");
    let baskets = baskets(names, plan.skus);
    for i in 0..plan.intents {
        let t = i * 100;
        let items = baskets[usize::try_from(i * 7 % u64::from(plan.skus)).expect("it fits")];
        let key: KeyRef = world.recorder.key();
        let intent = world.recorder.intent();
        let payload = world.recorder.payload(items);
        let invoke = Invoke {
            tenant,
            key: Some(key),
            intent: Some(intent),
            payload: Some(payload),
            coupon: None,
        };
        world.answer_until(t);
        if i % 50 == 49 {
            world.attempt(t, invoke, false, nothing(Some(402), declined));
            continue;
        }
        let created = world.create(t, invoke);
        world.attempt(t, invoke, false, nothing(None, timeout));
        if i % 2 == 0 {
            world.attempt(t + 2, invoke, false, nothing(Some(409), in_progress));
        }
        world.answer_until(t + 45);
        let is_doubled = plan.doubled_every > 0 && i % plan.doubled_every == 0;
        world.attempt(t + 45, invoke, true, created);
        world.answer_until(t + 90);
        let again = match is_doubled {
            true => world.create(t + 90, invoke),
            false => Completion {
                replayed: Some(true),
                ..created
            },
        };
        if i % 2 == 0 || is_doubled {
            world.attempt(t + 90, invoke, true, again);
        }
    }
    let end = plan.intents * 100;
    world.answer_until(end + 1_000);
    world.finish(end + 10_000)
}

/// One SKU each, one to three of it.
fn baskets(names: &mut Names, skus: u32) -> Vec<BasketRef> {
    let mut baskets = Vec::new();
    for i in 0..skus {
        let sku = names.skus.intern(&format!("sku-{i}"));
        let quantity = 1 + i % 3;
        baskets.push(names.basket(vec![Item { sku, quantity }]));
    }
    baskets
}

/// The best of some tries, in nanoseconds.
fn best_ns(tries: u32, mut work: impl FnMut()) -> f64 {
    let times = (0..tries).map(|_| {
        let begin = Instant::now();
        work();
        begin.elapsed().as_secs_f64() * 1e9
    });
    times.fold(f64::INFINITY, f64::min)
}

fn bench_judge(c: &mut Criterion) {
    let day = |doubled_every| Plan {
        intents: 300_000,
        skus: 500,
        doubled_every,
    };
    let small = Plan {
        intents: 12,
        skus: 2,
        doubled_every: 0,
    };
    let cases = [
        ("day", day(0), Overall::Pass),
        ("day, 1 % doubled", day(100), Overall::Fail),
        ("day, all doubled", day(1), Overall::Fail),
        ("small world", small, Overall::Pass),
    ];
    let mut group = c.benchmark_group("judge");
    for (name, plan, overall) in cases {
        let history = record(plan);
        let events = history.events.len();
        let mut judge = Judge::new();
        assert_eq!(judge.judge(&history).overall(), overall, "{name}");
        let repeat = if events < 1_000 { 10_000 } else { 1 };
        let ns = best_ns(10, || {
            for _ in 0..repeat {
                black_box(judge.judge(black_box(&history)));
            }
        });
        let each = ns / f64::from(repeat);
        let per_event = each / events as f64;
        println!("{name}: {events} events, {per_event:.1} ns/event, {each:.0} ns in all");
        if events > 1_000 {
            println!("{name}: slowest {}", slowest(&history));
        }
        group.throughput(Throughput::Elements(events as u64));
        group.sample_size(if events < 1_000 { 50 } else { 10 });
        group.bench_function(name, |b| {
            b.iter(|| {
                black_box(judge.judge(black_box(&history)));
            })
        });
    }
    group.finish();
}

/// The rules that take the most time, by what a judge without each saves.
fn slowest(history: &History) -> String {
    let ns = |mut judge: Judge| {
        best_ns(5, || {
            black_box(judge.judge(black_box(history)));
        })
    };
    let all = ns(Judge::new());
    let per_event = |saved: f64| saved / history.events.len() as f64;
    let rule = |rule: &Rule| (per_event(all - ns(Judge::without(*rule))), rule.name());
    let mut rules: Vec<_> = Rule::ALL.iter().map(rule).collect();
    rules.sort_by(|a, b| b.0.total_cmp(&a.0));
    let words = rules
        .iter()
        .take(3)
        .map(|(ns, name)| format!("{name} {ns:.2} ns/event"));
    words.collect::<Vec<_>>().join(", ")
}

fn bench_jsonl(c: &mut Criterion) {
    let history = record(Plan {
        intents: 300_000,
        skus: 500,
        doubled_every: 0,
    });
    let mut text = Vec::new();
    jsonl::write(&history, &mut text).expect("a vector takes everything");
    let (mut judge, bytes) = (Judge::new(), text.len());
    let read = best_ns(3, || drop(jsonl::read(&text[..])));
    let judged = best_ns(3, || {
        let history = jsonl::read(&text[..]).expect("what we wrote");
        assert_eq!(judge.judge(&history).overall(), Overall::Pass);
    });
    let write = best_ns(3, || {
        let mut text = Vec::with_capacity(bytes);
        jsonl::write(&history, &mut text).expect("a vector takes everything");
    });
    println!(
        "jsonl: {bytes} bytes, write {:.0} ms, read {:.0} ms, read and judge {:.0} ms",
        write / 1e6,
        read / 1e6,
        judged / 1e6
    );
    let mut group = c.benchmark_group("jsonl");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.sample_size(10);
    let input = || &text[..];
    group.bench_function("read", |b| {
        b.iter_batched(input, jsonl::read, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, bench_judge, bench_jsonl);
criterion_main!(benches);
