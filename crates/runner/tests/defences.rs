//! One defence hides that another is broken: each of two broken services passes as long as what stands behind its fault is switched on.

use std::rc::Rc;

use check::{Outcome, Rule, judge};
use explore::Chooser;
use orders::ports::{Carts, Charges, Coupons, Keys, Orders, Outbox, Sales, Stock};
use orders::{
    ChargeRow, CommitTag, Contract, Isolation, Job, KeyRecord, KeyState, Metric, NewOrder,
    NotificationKind, OrderRow, Owner, Ports, Process, Store, StoreError, StrategyName, Token,
    Transaction,
};
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, Order, OrderContent, OrderId, OrderRequest,
    OrderState, Response, ScopedKey, Sku, Span, Tenant, Time,
};
use sim::{Control, ReplicaPorts, Service, Shoppers, World};

use crate::parsed;

/// What is broken in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// It takes every request for one with a key of its own.
    Key,
    /// Its record forgets what it has answered.
    Record,
}

/// The reference, broken.
struct BrokenReference(Broken, Contract);

impl Service for BrokenReference {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let BrokenReference(broken, contract) = self;
        let reference = StrategyName::ClaimComplete;
        match (job, broken) {
            (Job::Serve(request), Broken::Key) => {
                let key = format!("own-{}", ports.nonce());
                let request = OrderRequest {
                    key: Some(IdempotencyKey::new(key).expect("letters and digits are a key")),
                    ..request.clone()
                };
                Some(reference.create(ports, contract, &request).await)
            }
            (Job::Serve(request), Broken::Record) => {
                Some(reference.create(&Forgetful(ports), contract, request).await)
            }
            (Job::Upkeep, _) => {
                reference.maintain(ports, contract).await;
                None
            }
            (Job::Refuse(_) | Job::Webhook(_), _) => None,
        }
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        Some(self.1.maintenance_interval.0)
    }
}

/// The ports, with a database whose key records are not found any more when they are settled.
struct Forgetful<'a>(&'a ReplicaPorts<'a>);

impl<'a> Ports for Forgetful<'a> {
    type Store = Self;
    type Cache = ReplicaPorts<'a>;
    type Gateway = ReplicaPorts<'a>;
    type Clock = ReplicaPorts<'a>;

    fn store(&self) -> &Self {
        self
    }
    fn cache(&self) -> &ReplicaPorts<'a> {
        self.0
    }
    fn gateway(&self) -> &ReplicaPorts<'a> {
        self.0
    }
    fn clock(&self) -> &ReplicaPorts<'a> {
        self.0
    }
    fn process(&self) -> &Process {
        self.0.process()
    }
    fn owner(&self) -> Owner {
        self.0.owner()
    }
    fn nonce(&self) -> u128 {
        self.0.nonce()
    }
    fn count(&self, metric: Metric) {
        self.0.count(metric);
    }
}

/// A transaction of it.
struct Forgets<T>(T);

impl Store for Forgetful<'_> {
    type Transaction<'t>
        = Forgets<<ReplicaPorts<'t> as Store>::Transaction<'t>>
    where
        Self: 't;

    async fn begin(&self, isolation: Isolation) -> Result<Self::Transaction<'_>, StoreError> {
        self.0.begin(isolation).await.map(Forgets)
    }

    fn autocommit(&self) -> Self::Transaction<'_> {
        Forgets(self.0.autocommit())
    }
}

fn open(record: Option<KeyRecord>) -> Option<KeyRecord> {
    record.filter(|record| record.state == KeyState::Claimed)
}

/// Statements that are passed on as they are.
macro_rules! passed_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $gives:ty;)+) => {$(
        async fn $name(&mut self, $($argument: $type),*) -> Result<$gives, StoreError> {
            self.0.$name($($argument),*).await
        }
    )+};
}

impl<T: Keys> Keys for Forgets<T> {
    async fn lock_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        self.0.lock_key(key).await.map(open)
    }

    async fn find_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        self.0.find_key(key).await.map(open)
    }

    /// Over the record that is there and was not found.
    async fn insert_key(&mut self, key: &ScopedKey, record: KeyRecord) -> Result<(), StoreError> {
        match self.0.lock_key(key).await? {
            Some(held) => self.0.update_key(key, held.token, record).await.map(|_| ()),
            None => self.0.insert_key(key, record).await,
        }
    }

    passed_on! {
        set_key_state(key: &ScopedKey, state: KeyState) -> u64;
        update_key(key: &ScopedKey, held: Token, record: KeyRecord) -> u64;
        lock_overdue_claims(now: Time, limit: usize) -> Vec<(ScopedKey, KeyRecord)>;
        delete_expired_keys(before: Time, limit: usize) -> u64;
    }
}

impl<T: Stock> Stock for Forgets<T> {
    passed_on! {
        reserve_stock(tenant: Tenant, lines: &[Line]) -> bool;
        settle_stock(tenant: Tenant, lines: &[Line]) -> ();
        release_stock(tenant: Tenant, lines: &[Line]) -> ();
        sell_stock(tenant: Tenant, lines: &[Line]) -> bool;
        read_stock(tenant: Tenant, lines: &[Line]) -> Option<Vec<i64>>;
        take_stock(tenant: Tenant, lines: &[Line]) -> ();
        write_stock(tenant: Tenant, sku: &Sku, on_hand: i64) -> ();
        insert_inventory_log(order: OrderId, lines: &[Line]) -> ();
    }
}

impl<T: Coupons> Coupons for Forgets<T> {
    passed_on! {
        check_coupon(tenant: Tenant, coupon: &Coupon) -> bool;
        redeem_coupon(tenant: Tenant, coupon: &Coupon) -> bool;
        count_coupon(tenant: Tenant, coupon: &Coupon) -> ();
        release_coupon(tenant: Tenant, coupon: &Coupon) -> ();
    }
}

impl<T: Orders> Orders for Forgets<T> {
    passed_on! {
        insert_order(new: NewOrder) -> OrderId;
        insert_items(order: OrderId, content: &OrderContent) -> ();
        insert_item(order: OrderId, line: &Line) -> ();
        find_items(order: OrderId) -> Vec<Line>;
        update_order(order: OrderId, from: OrderState, to: OrderState) -> u64;
        find_order(order: OrderId) -> Option<OrderRow>;
        find_order_by_cart(tenant: Tenant, cart: Cart) -> Option<Order>;
        find_order_by_key(tenant: Option<Tenant>, key: &IdempotencyKey) -> Option<Order>;
        find_recent_orders(tenant: Tenant, customer: Customer, within: Span, limit: usize) -> Vec<Order>;
    }
}

impl<T: Charges> Charges for Forgets<T> {
    passed_on! {
        insert_charge(charge: ChargeRow) -> ();
    }
}

impl<T: Sales> Sales for Forgets<T> {
    passed_on! {
        increment_sales(tenant: Tenant, lines: &[Line]) -> ();
    }
}

impl<T: Carts> Carts for Forgets<T> {
    passed_on! {
        find_cart(tenant: Tenant, cart: Cart) -> bool;
        clear_cart(tenant: Tenant, cart: Cart) -> ();
    }
}

impl<T: Outbox> Outbox for Forgets<T> {
    passed_on! {
        insert_notification(order: OrderId, kind: NotificationKind) -> ();
    }
}

impl<T: Transaction> Transaction for Forgets<T> {
    fn now(&self) -> Time {
        self.0.now()
    }

    async fn commit(self) -> Result<CommitTag, StoreError> {
        self.0.commit().await
    }

    async fn rollback(self) {
        self.0.rollback().await;
    }
}

/// One replica, because its memory is what hides the record; replies get lost, and people tap twice.
const STORY: &str = r#"
story = "One defence behind another."
strategy = "claim-complete"
[world]
replicas = 1
[shop]
[[shop.sku]]
name = "burger"
price = "1.00"
stock = 5000
[[shop.basket]]
lines = { burger = 1 }
[load]
intents = 300
over = "1h"
[[client]]
name = "app"
key = "per-intent"
timeout = "10s"
taps = [{}, { chance = 0.5, after = { uniform = ["50ms", "4s"] } }]
retry = { max = 6, on = ["reset", "timeout", "unavailable", "in-progress"], wait = "2s" }
[[fault]]
lose-response = { chance = 0.2, reset = 0.5 }
"#;

/// Whether two orders of one purchase come of a broken service under these defences.
fn duplicates(broken: Broken, natural_key: bool, claim_table: bool) -> bool {
    let plan = Rc::new(parsed("defences", STORY, 1.0));
    let world = World::new(&plan, Chooser::random(1));
    let contract = Contract {
        natural_key,
        claim_table,
        ..Contract::REFERENCE
    };
    let (service, shoppers) = (BrokenReference(broken, contract), Shoppers);
    sim::run(&world, &service, &shoppers, &mut |_| Control::Go).expect("nobody stops it");
    let verdict = judge(&world.finish().history);
    let mut rules = verdict.rules.iter();
    let found = rules.find(|found| found.rule == Rule::DuplicateOrder);
    let found = found.expect("every rule is applied");
    assert!(found.checked >= 250, "{found:?}");
    found.outcome == Outcome::Violated
}

#[test]
fn the_cart_hides_that_the_client_s_key_is_not_kept() {
    assert!(!duplicates(Broken::Key, true, true));
    assert!(!duplicates(Broken::Key, true, false));
    assert!(duplicates(Broken::Key, false, true));
}

#[test]
fn the_claim_table_hides_that_the_record_forgets_its_answers() {
    assert!(!duplicates(Broken::Record, false, true));
    assert!(duplicates(Broken::Record, false, false));
}
