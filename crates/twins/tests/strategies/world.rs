//! A simulated shop on the bench, for trying strategies: requests go on one event at a time, and die where a test drops them.
//!
//! What goes wrong is written in a [`Script`]. The database is the simulation's: it has locks, and whoever asks for a row that another
//! has waits. Only the gateway takes time.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use explore::Chooser;
use orders::{Contract, KeyRecord, KeyState, Metric, OrderRow, Ports, Store, StrategyName};
use protocol::{
    ChargeNotice, Coupon, Money, OrderRequest, OrderState, Response, ScopedKey, Span, Tenant,
};
use sim::{Bench, Handler, ReplicaPorts, Setting, Step};
use twins::{Audit, Script, Scripted, Statement};

use super::STOCK;
use crate::simulated::{audit, plan::plan};

/// The shop that asks. There are three, each with a shelf of its own.
pub const SHOP: Tenant = Tenant(1);
/// Replicas have the numbers up to this.
const REPLICAS: u32 = 10;
/// Longer than any deadlock check takes to come.
const LONG: Span = Span::secs(2);
/// Nothing takes so many steps.
const STEPS_MAX: u32 = 100_000;

/// A world, and what is to go wrong in it.
pub struct Base {
    sim: sim::World,
    script: Script,
}

/// A world on the bench.
pub struct World<'w> {
    bench: RefCell<Bench<'w>>,
    pub script: &'w Script,
    on_hand: i64,
}

/// A replica in one of its lives.
pub struct Replica<'a, 'w> {
    world: &'a World<'w>,
    number: u32,
}

/// The ports of a strategy.
pub type TriedPorts<'w> = Scripted<'w, ReplicaPorts<'w>>;
type Work<'w, T> = Box<dyn FnOnce(TriedPorts<'w>, Rc<RefCell<Option<T>>>) -> sim::Work<'w> + 'w>;

/// Something that a replica does. It begins with its first step; dropped, its process is dead.
pub struct Running<'a, 'w, T> {
    world: &'a World<'w>,
    replica: u32,
    work: Option<Work<'w, T>>,
    handler: Option<Handler>,
    told: Rc<RefCell<Option<T>>>,
}

impl Base {
    pub fn with_stock(on_hand: u32) -> Base {
        Base::with_coupons(on_hand, &[])
    }

    /// The shop that most tests begin with, compiled once: some of them begin thousands of times.
    pub fn plain() -> Base {
        static SETTING: OnceLock<Arc<Setting>> = OnceLock::new();
        Base::of(SETTING.get_or_init(|| setting(STOCK, &[])))
    }

    fn of(setting: &Arc<Setting>) -> Base {
        Base {
            sim: sim::World::in_setting(setting, Chooser::random(1)).in_small_steps(),
            script: Script::default(),
        }
    }

    /// The same with coupons, by code and limit.
    pub fn with_coupons(on_hand: u32, coupons: &[(&str, u32)]) -> Base {
        Base::of(&setting(on_hand, coupons))
    }

    pub fn open(&self) -> World<'_> {
        let bench = Bench::new(&self.sim);
        let shelves = bench.committed().stock;
        World {
            bench: RefCell::new(bench),
            script: &self.script,
            on_hand: shelves[0].2[0],
        }
    }

    /// In the afternoon: no window reaches back before its beginning.
    pub fn afternoon(&self) -> World<'_> {
        let world = self.open();
        world.pass(Span::secs(1_200));
        world
    }
}

/// Shops with so much of each SKU, and coupons by code and limit.
fn setting(on_hand: u32, coupons: &[(&str, u32)]) -> Arc<Setting> {
    let mut plan = plan(REPLICAS);
    let sku = |name: &str| scenario::Sku {
        name: name.to_owned(),
        price: Money(250),
        stock: on_hand,
    };
    let coupon = |(code, limit): &(&str, u32)| scenario::Coupon {
        name: (*code).to_owned(),
        limit: *limit,
        off: Money(125),
    };
    plan.shop.tenants = 3;
    plan.shop.skus = vec![sku("A"), sku("B")];
    plan.shop.coupons = coupons.iter().map(coupon).collect();
    Arc::new(Setting::new(&plan, "reference"))
}

impl<'w> World<'w> {
    /// A replica that begins a new life.
    pub fn replica(&self, number: u32) -> Replica<'_, 'w> {
        self.bench.borrow_mut().forget_memory(number);
        Replica {
            world: self,
            number,
        }
    }

    /// Time passes, and everybody stands still.
    pub fn pass(&self, span: Span) {
        self.bench.borrow_mut().pass(span);
    }

    pub fn now_us(&self) -> u64 {
        self.bench.borrow().now().0
    }

    /// Time passes until so long after a moment.
    pub fn pass_until(&self, since_us: u64, span: Span) {
        self.pass(Span(since_us + span.0 - self.now_us()));
    }

    /// What is committed.
    pub fn rows(&self) -> Audit {
        let bench = self.bench.borrow();
        audit(bench.committed(), bench.ledger())
    }

    pub fn metric(&self, metric: Metric) -> u64 {
        self.bench.borrow().metrics().of(metric)
    }

    /// Orders in that state.
    pub fn orders(&self, state: OrderState) -> usize {
        self.rows().orders_in(state)
    }

    /// Charges that hold money.
    pub fn captured(&self) -> usize {
        self.rows().captured()
    }

    /// How often a coupon was used.
    pub fn used(&self, code: &str) -> i64 {
        self.rows().used(SHOP, code).expect("the shop has it")
    }

    /// What is on hand of both SKUs, which is the same.
    pub fn on_hand(&self) -> i64 {
        let rows = self.rows();
        let [a, b] = ["A", "B"].map(|sku| rows.shelf(SHOP, sku).expect("there is a shelf"));
        assert_eq!(a, b, "every order has as many of one as of the other");
        a[0]
    }

    /// The one key.
    pub fn only_key(&self) -> (ScopedKey, KeyRecord) {
        let keys = self.rows().keys;
        let [key] = &keys[..] else {
            panic!("there is one key: {keys:?}");
        };
        key.clone()
    }

    /// Something is written beside all strategies.
    pub fn write(&self, statement: Statement) {
        let work = async move |ports: TriedPorts<'w>| {
            // It must not count as one of the script's transactions.
            let mut tx = ports.store().autocommit();
            statement.run(&mut tx).await.expect("nobody is in its way");
        };
        self.running(0, work).run();
    }

    /// The one key's record is another from now on.
    pub fn rewrite_key(&self, change: impl FnOnce(&mut KeyRecord)) {
        let (key, mut record) = self.only_key();
        let held = record.token;
        change(&mut record);
        self.write(Statement::UpdateKey { key, held, record });
    }

    /// The first order is cancelled, whatever is bound to it.
    pub fn cancel_first(&self) {
        let rows = self.rows().orders;
        let (order, from) = (rows[0].id, rows[0].state);
        let to = OrderState::Cancelled;
        self.write(Statement::UpdateOrder { order, from, to });
    }

    fn running<T: 'static, F: Future<Output = T> + 'w>(
        &self,
        replica: u32,
        work: impl FnOnce(TriedPorts<'w>) -> F + 'w,
    ) -> Running<'_, 'w, T> {
        let work = |ports, told: Rc<RefCell<Option<T>>>| -> sim::Work<'w> {
            Box::pin(async move {
                let answer = work(ports).await;
                told.replace(Some(answer));
            })
        };
        Running {
            world: self,
            replica,
            work: Some(Box::new(work)),
            handler: None,
            told: Rc::default(),
        }
    }

    /// What must hold when nothing is under way: every confirmed order is charged, once, and nothing else is; stock adds up.
    pub fn audit(&self) {
        self.audit_of(self.on_hand);
    }

    /// The same where somebody has filled the shelves meanwhile.
    pub fn audit_of(&self, on_hand: i64) {
        let rows = self.rows();
        let confirmed = rows.orders_in(OrderState::Confirmed);
        assert_eq!(
            rows.orders_in(OrderState::Pending),
            0,
            "nothing is left half done: {rows:#?}"
        );
        assert_eq!(
            rows.captured(),
            confirmed,
            "money for orders, orders for money"
        );
        assert_eq!(rows.charges.len(), confirmed, "every charge is recorded");
        assert_eq!(rows.notifications.len(), confirmed, "everyone is told once");
        let live = || {
            rows.orders
                .iter()
                .filter(|row| row.state == OrderState::Confirmed)
        };
        for sku in ["A", "B"] {
            let lines = live().flat_map(|row: &OrderRow| &row.new.content.lines);
            let sold = lines
                .filter(|line| line.sku.0 == sku)
                .map(|line| i64::from(line.quantity));
            let [left, reserved] = rows.shelf(SHOP, sku).expect("there is a shelf");
            assert_eq!(
                (left + sold.sum::<i64>(), reserved),
                (on_hand, 0),
                "stock of {sku}"
            );
        }
        for (tenant, code, used) in &rows.coupons {
            let has = |row: &&OrderRow| {
                let coupon: Option<&Coupon> = row.new.content.coupon.as_ref();
                row.new.tenant == *tenant && coupon.is_some_and(|coupon| coupon.code == *code)
            };
            assert_eq!(
                *used,
                live().filter(has).count() as i64,
                "{code} is used by the orders that have it"
            );
        }
        let stuck = rows
            .keys
            .iter()
            .any(|(_, record)| record.state == KeyState::Claimed);
        assert!(!stuck, "no claim is stuck");
    }
}

impl<'a, 'w> Replica<'a, 'w> {
    /// A request is served by a strategy.
    pub fn create(
        &self,
        strategy: StrategyName,
        contract: &Contract,
        request: &OrderRequest,
    ) -> Running<'a, 'w, Response> {
        let (contract, request) = (*contract, request.clone());
        self.does(async move |ports| strategy.create(&ports, &contract, &request).await)
    }

    /// A strategy looks after what others have left.
    pub fn maintain(&self, strategy: StrategyName, contract: &Contract) -> Running<'a, 'w, ()> {
        let contract = *contract;
        self.does(async move |ports| strategy.maintain(&ports, &contract).await)
    }

    /// A strategy hears a webhook. Whether it took it.
    pub fn hear(
        &self,
        strategy: StrategyName,
        contract: &Contract,
        notice: &ChargeNotice,
    ) -> Running<'a, 'w, bool> {
        let (contract, notice) = (*contract, *notice);
        self.does(async move |ports| strategy.hear(&ports, &contract, &notice).await)
    }

    /// The replica does something.
    pub fn does<T: 'static, F: Future<Output = T> + 'w>(
        &self,
        work: impl FnOnce(TriedPorts<'w>) -> F + 'w,
    ) -> Running<'a, 'w, T> {
        self.world.running(self.number, work)
    }
}

impl<T: 'static> Running<'_, '_, T> {
    /// Lets it go on by one event, and begins it if it has not begun.
    pub fn step(&mut self) -> Option<T> {
        self.go_on();
        self.told.take()
    }

    fn go_on(&mut self) -> Step {
        let bench = &mut *self.world.bench.borrow_mut();
        let (work, script, told) = (self.work.take(), self.world.script, Rc::clone(&self.told));
        match (work, self.handler) {
            (Some(work), _) => {
                let begin = |ports| work(Scripted::new(ports, script), told);
                self.handler = Some(bench.begin(self.replica, begin));
                Step::Moved
            }
            (None, Some(handler)) => bench.step(handler),
            (None, None) => Step::Ended,
        }
    }

    /// Lets it go on until nothing reaches it any more, and it has not ended.
    pub fn stalls(&mut self) {
        for _ in 0..STEPS_MAX {
            match self.go_on() {
                Step::Moved => {}
                Step::Idle => return,
                Step::Waits => panic!("it waits for another, and not for the gateway"),
                Step::Ended => panic!("it stalls, and does not end"),
            }
        }
        panic!("it goes on for ever");
    }

    /// Lets it go on to its end, or until it waits for another's transaction.
    pub fn run_or_wait(&mut self) -> Option<T> {
        for _ in 0..STEPS_MAX {
            match self.go_on() {
                Step::Moved => {}
                Step::Waits => return None,
                Step::Ended => return self.told.take(),
                Step::Idle => panic!("nothing reaches it any more"),
            }
        }
        panic!("it does not end");
    }

    /// Lets it go on to its end. In its way stands nobody.
    pub fn run(mut self) -> T {
        self.run_or_wait().expect("it waits for another")
    }
}

impl<T> Drop for Running<'_, '_, T> {
    fn drop(&mut self) {
        if let Some(handler) = self.handler {
            self.world.bench.borrow_mut().kill(handler);
        }
    }
}

/// Lets several go on to their ends, one event of each in turn.
pub fn run_all<T: 'static>(running: Vec<Running<'_, '_, T>>) -> Vec<T> {
    let mut told: Vec<Option<T>> = running.iter().map(|_| None).collect();
    let mut running: Vec<_> = running.into_iter().map(Some).collect();
    for _ in 0..STEPS_MAX {
        let mut moved = false;
        for (slot, told) in running.iter_mut().zip(&mut told) {
            let Some(one) = slot else { continue };
            moved |= matches!(one.go_on(), Step::Moved | Step::Ended);
            *told = one.told.take();
            if told.is_some() {
                *slot = None;
            }
        }
        let Some(left) = running.iter().flatten().next() else {
            break;
        };
        if !moved {
            // Each waits for the other: the database's deadlock check ends that.
            left.world.pass(LONG);
        }
    }
    let all: Option<Vec<T>> = told.into_iter().collect();
    all.expect("all come to an end")
}
