//! A world in memory, one thread, for trying strategies: a database whose transactions copy it, a gateway with a script.
//!
//! It is small on purpose, and its one isolation level is optimistic: of two transactions that overlap, the first to commit
//! wins. Whoever wants waiting locks uses the simulator. Every port pauses, so a future dropped after n polls
//! is a process that died at its n-th await.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use compact_str::CompactString;
use orders::ports::CacheError;
use orders::{
    Cache, ChargeRow, Clock, Gateway, GatewayError, KeyRecord, KeyState, Metric, Metrics,
    NotificationKind, OrderRow, Owner, Ports, Process,
};
use protocol::{
    Cart, ChargeAnswer, ChargeId, ChargeRequest, ChargeState, GatewayKey, Line, OrderId,
    OrderState, ScopedKey, Sku, Span, Tenant, Time,
};

mod database;

pub use database::Tx;

/// What is committed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Db {
    pub keys: BTreeMap<ScopedKey, KeyRecord>,
    pub orders: Vec<OrderRow>,
    pub charges: Vec<ChargeRow>,
    /// On hand, reserved, sold.
    pub stock: BTreeMap<Sku, [i64; 3]>,
    /// Limit and used.
    pub coupons: BTreeMap<CompactString, [u64; 2]>,
    pub notifications: Vec<(OrderId, NotificationKind)>,
    /// Carts that were bought.
    pub cleared: Vec<(Tenant, Cart)>,
    pub inventory_log: Vec<(OrderId, Line)>,
}

/// What goes wrong in a transaction.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    BeginUnavailable,
    CommitConflict,
    CommitUnknown { applied: bool },
}

/// What the gateway does with one call.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    Declined,
    Unavailable,
    InUse,
    Unknown { captured: bool },
}

#[derive(Debug, Default)]
pub struct World {
    pub db: RefCell<Db>,
    pub ledger: RefCell<BTreeMap<GatewayKey, ChargeAnswer>>,
    pub now_us: Cell<u64>,
    /// By the number of the transaction, from 1.
    pub troubles: RefCell<BTreeMap<u32, Trouble>>,
    /// For the next calls; after that, everything is captured.
    pub replies: RefCell<VecDeque<Reply>>,
    /// While set, the gateway does not answer.
    pub gateway_stalled: Cell<bool>,
    /// The cache, with the end of each entry; `None` while it is down.
    pub cache: RefCell<Option<BTreeMap<CompactString, (CompactString, u64)>>>,
    pub metrics: RefCell<Metrics>,
    /// Notifications that were sent outside of every transaction.
    pub enqueued: RefCell<Vec<(OrderId, NotificationKind)>>,
    transactions: Cell<u32>,
    /// Commits so far: a transaction that overlapped another one's commit loses, as under optimistic locking.
    commits: Cell<u32>,
    nonces: Cell<u64>,
}

/// A replica in one of its lives.
#[derive(Debug)]
pub struct Replica<'w> {
    pub world: &'w World,
    pub process: Process,
    pub owner: Owner,
}

impl World {
    pub fn with_stock(on_hand: i64) -> World {
        let world = World::default();
        world.flush();
        world.db.borrow_mut().stock = [("A", on_hand), ("B", on_hand)]
            .map(|(sku, on_hand)| (Sku(sku.into()), [on_hand, 0, 0]))
            .into();
        world
    }

    /// The database knows this coupon.
    pub fn with_coupon(self, code: &str, limit: u64) -> World {
        let row = [limit, 0];
        self.db.borrow_mut().coupons.insert(code.into(), row);
        self
    }

    /// How often a coupon was used.
    pub fn used(&self, code: &str) -> u64 {
        self.db.borrow().coupons[code][1]
    }

    pub fn replica(&self, owner: u32) -> Replica<'_> {
        Replica {
            world: self,
            process: Process::new(1_024),
            owner: Owner(u64::from(owner)),
        }
    }

    /// The cache is up, and empty.
    pub fn flush(&self) {
        *self.cache.borrow_mut() = Some(BTreeMap::new());
    }

    /// The cache is down.
    pub fn lose_cache(&self) {
        *self.cache.borrow_mut() = None;
    }

    pub fn metric(&self, metric: Metric) -> u64 {
        self.metrics.borrow().of(metric)
    }

    pub fn pass(&self, span: Span) {
        self.now_us.set(self.now_us.get() + span.0);
    }

    pub fn trouble(&self, transaction: u32, trouble: Trouble) {
        self.troubles.borrow_mut().insert(transaction, trouble);
    }

    /// Orders in that state.
    pub fn orders(&self, state: OrderState) -> usize {
        self.db
            .borrow()
            .orders
            .iter()
            .filter(|order| order.state == state)
            .count()
    }

    /// Charges that hold money.
    pub fn captured(&self) -> usize {
        self.ledger
            .borrow()
            .values()
            .filter(|answer| answer.state == ChargeState::Captured)
            .count()
    }

    /// What must hold when nothing is under way: every confirmed order is charged, once, and nothing else is; stock adds up.
    pub fn audit(&self, on_hand: i64) {
        let db = self.db.borrow();
        let confirmed = self.orders(OrderState::Confirmed);
        assert_eq!(
            self.orders(OrderState::Pending),
            0,
            "nothing is left half done: {db:#?}"
        );
        assert_eq!(
            self.captured(),
            confirmed,
            "money for orders, orders for money"
        );
        assert_eq!(db.charges.len(), confirmed, "every charge is recorded");
        assert_eq!(db.notifications.len(), confirmed, "everyone is told once");
        for (sku, [left, reserved, sold]) in &db.stock {
            assert_eq!((left + sold, *reserved), (on_hand, 0), "stock of {sku}");
        }
        for (code, [limit, used]) in &db.coupons {
            let has = |order: &&OrderRow| {
                let coupon = order.new.content.coupon.as_ref();
                order.state == OrderState::Confirmed && coupon.is_some_and(|c| c.code == *code)
            };
            let live = db.orders.iter().filter(has).count() as u64;
            assert_eq!(*used, live, "{code} is used by the orders that have it");
            assert!(used <= limit, "{code} is used within its limit");
        }
        assert!(
            db.keys.values().all(|key| key.state != KeyState::Claimed),
            "no claim is stuck"
        );
    }
}

/// One await: pending once.
async fn pause() {
    let mut paused = false;
    poll_fn(|_| match std::mem::replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Polls once.
pub fn step<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls to the end.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    for _ in 0..100_000 {
        if let Some(output) = step(future.as_mut()) {
            return output;
        }
    }
    panic!("it does not end");
}

impl<'w> Ports for Replica<'w> {
    type Store = World;
    type Cache = World;
    type Gateway = World;
    type Clock = World;

    fn store(&self) -> &World {
        self.world
    }
    fn cache(&self) -> &World {
        self.world
    }
    fn gateway(&self) -> &World {
        self.world
    }
    fn clock(&self) -> &World {
        self.world
    }
    fn process(&self) -> &Process {
        &self.process
    }
    fn owner(&self) -> Owner {
        self.owner
    }
    fn nonce(&self) -> u128 {
        self.world.nonces.set(self.world.nonces.get() + 1);
        u128::from(self.world.nonces.get())
    }
    fn count(&self, metric: Metric) {
        self.world.metrics.borrow_mut().count(metric);
    }
}

impl Clock for World {
    fn now(&self) -> Time {
        Time(self.now_us.get())
    }
    async fn sleep(&self, span: Span) {
        let until = self.now_us.get() + span.0;
        pause().await;
        self.now_us.set(self.now_us.get().max(until));
    }
}

impl Gateway for World {
    async fn charge(&self, request: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        pause().await;
        poll_fn(|_| {
            if self.gateway_stalled.get() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        let reply = self.replies.borrow_mut().pop_front();
        let next = ChargeId(self.ledger.borrow().len() as u64 + 1);
        let carry_out = |state| {
            let mut ledger = self.ledger.borrow_mut();
            *ledger.entry(request.key).or_insert(ChargeAnswer {
                id: next,
                state,
                replayed: false,
            })
        };
        let answer = match reply {
            Some(Reply::Unavailable) => Err(GatewayError::Unavailable),
            Some(Reply::InUse) => Err(GatewayError::InUse),
            Some(Reply::Unknown { captured: false }) => Err(GatewayError::Unknown),
            Some(Reply::Unknown { captured: true }) => {
                carry_out(ChargeState::Captured);
                Err(GatewayError::Unknown)
            }
            Some(Reply::Declined) => Ok(carry_out(ChargeState::Declined)),
            None => Ok(carry_out(ChargeState::Captured)),
        };
        // The process may die between the effect and the answer.
        pause().await;
        answer
    }
    async fn refund(&self, charge: ChargeId) -> Result<(), GatewayError> {
        for answer in self
            .ledger
            .borrow_mut()
            .values_mut()
            .filter(|answer| answer.id == charge)
        {
            answer.state = ChargeState::Refunded;
        }
        Ok(())
    }
}

impl World {
    /// A command to the cache, with what is not over yet.
    async fn command<R>(
        &self,
        run: impl FnOnce(&mut BTreeMap<CompactString, (CompactString, u64)>) -> R,
    ) -> Result<R, CacheError> {
        pause().await;
        let now_us = self.now_us.get();
        let mut cache = self.cache.borrow_mut();
        let Some(entries) = cache.as_mut() else {
            return Err(CacheError::Unavailable);
        };
        entries.retain(|_, (_, until_us)| *until_us > now_us);
        Ok(run(entries))
    }
}

impl Cache for World {
    async fn get(&self, key: &CompactString) -> Result<Option<CompactString>, CacheError> {
        self.command(|entries| entries.get(key).map(|(value, _)| value.clone()))
            .await
    }
    async fn set(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<(), CacheError> {
        let until_us = self.now_us.get() + ttl.0;
        self.command(|entries| {
            entries.insert(key.clone(), (value, until_us));
        })
        .await
    }
    async fn set_if_absent(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<bool, CacheError> {
        let until_us = self.now_us.get() + ttl.0;
        self.command(|entries| {
            let absent = !entries.contains_key(key);
            if absent {
                entries.insert(key.clone(), (value, until_us));
            }
            absent
        })
        .await
    }
    async fn delete(&self, key: &CompactString) -> Result<(), CacheError> {
        self.command(|entries| {
            entries.remove(key);
        })
        .await
    }
    async fn delete_if(
        &self,
        key: &CompactString,
        value: &CompactString,
    ) -> Result<bool, CacheError> {
        self.command(|entries| {
            let ours = entries.get(key).is_some_and(|(held, _)| held == value);
            if ours {
                entries.remove(key);
            }
            ours
        })
        .await
    }
}
