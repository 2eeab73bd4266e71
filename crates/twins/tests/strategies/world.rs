//! A simulated shop on the bench, for trying strategies: requests go on one event at a time, and die where a test drops them.
//!
//! What goes wrong is written in a [`Script`]. The database is the simulation's: it has locks, and a request for a row that another
//! has waits. Only the gateway takes time.
//!
//! - [`audited`]: what must hold when nothing is under way
//! - [`running`]: something that a replica does, one event at a time

mod audited;
mod running;

pub use running::{Running, run_all};

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use explore::Chooser;
use orders::{Contract, KeyRecord, Metric, Ports, Store, StrategyName};
use protocol::{
    ChargeNotice, Money, OrderRequest, OrderState, Preset, Response, ScopedKey, Span, Tenant,
};
use sim::{Bench, ReplicaPorts, Setting};
use twins::{Audit, Script, Scripted, Statement};

use super::STOCK;
use crate::simulated::{audit, plan::plan};

/// The shop that asks. There are three, each with a shelf of its own.
pub const SHOP: Tenant = Tenant(1);
/// Replicas have the numbers up to this.
const REPLICAS: u32 = 10;

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
    Arc::new(Setting::new(&plan, Preset::Reference))
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
