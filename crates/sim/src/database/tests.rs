//! The database's inner structures, which no port tells of: the deadlock check, the queues of what is due, the log of changes, counters.
//! What a statement does is a body of `twins`.

mod deadlock;
mod due;
mod keys;
mod transactions;

use std::sync::Arc;

use ::orders::{CommitTag, KeyRecord, KeyState, Owner, StoreError, Token};
use explore::TaskId;
use protocol::{
    Cart, Customer, IdempotencyKey, Line, Money, OrderContent, Scope, ScopedKey, Tenant, Time,
};

use super::{Database, Stop, Tx};
use outside::menu::sku;

mod changes;

const SHOP: Tenant = Tenant(0);

/// A database, and a way to run statements on its keys by hand.
struct Script {
    db: Database,
    tasks: u32,
}

/// What a statement came to: a result, or the task that now waits.
type Ran<T> = Result<Result<T, StoreError>, TaskId>;

impl Script {
    fn new() -> Script {
        Script {
            db: Database::default(),
            tasks: 0,
        }
    }

    fn run<T>(
        &mut self,
        tx: Tx,
        mut statement: impl FnMut(&mut Database, Tx) -> Result<T, Stop>,
    ) -> Ran<T> {
        self.tasks += 1;
        let task = TaskId {
            slot: self.tasks,
            generation: 0,
        };
        self.db.run(tx, task, &mut statement).ok_or(task)
    }

    fn commit(&mut self, tx: Tx) {
        assert_eq!(self.db.commit(tx), CommitTag::Committed);
    }

    fn update_key(&mut self, tx: Tx, key: &str, held: u32, record: KeyRecord) -> Ran<u64> {
        self.run(tx, |db, tx| {
            db.update_key(tx, &scoped(key), Token(held), record)
        })
    }

    fn delete_expired(&mut self, tx: Tx) -> Ran<u64> {
        self.run(tx, |db, tx| db.delete_expired_keys(tx, Time(2_000), 10))
    }

    fn overdue(&mut self, tx: Tx, now: u64, limit: usize) -> Vec<String> {
        let found = self.run(tx, |db, tx| db.lock_overdue_claims(tx, Time(now), limit));
        let names = found.unwrap().unwrap().into_iter();
        names.map(|(key, _)| key.key.to_string()).collect()
    }

    fn insert_key(&mut self, tx: Tx, key: &str) -> Ran<()> {
        self.run(tx, |db, tx| db.insert_key(tx, &scoped(key), claimed(1)))
    }

    fn lock_key(&mut self, tx: Tx, key: &str) -> Ran<Option<KeyRecord>> {
        self.run(tx, |db, tx| db.lock_key(tx, &scoped(key)))
    }

    fn committed_key(&mut self, key: &str, record: KeyRecord) {
        let tx = self.db.begin();
        assert_eq!(
            self.run(tx, |db, tx| db.insert_key(tx, &scoped(key), record)),
            Ok(Ok(()))
        );
        self.commit(tx);
    }
}

fn scoped(key: &str) -> ScopedKey {
    ScopedKey {
        tenant: SHOP,
        scope: Scope::CreateOrder,
        key: IdempotencyKey::new(key).unwrap(),
    }
}

fn claimed(token: u32) -> KeyRecord {
    let content = Arc::new(OrderContent {
        lines: vec![line("burger", 1)],
        note: Default::default(),
        coupon: None,
    });
    let request = protocol::OrderRequest {
        tenant: SHOP,
        customer: Customer::Guest,
        key: None,
        body_key: None,
        cart: CART,
        content,
    };
    KeyRecord {
        state: KeyState::Claimed,
        owner: Owner(1),
        token: Token(token),
        lease_until: Time(100),
        expires_at: Time(1_000),
        fingerprint: ::orders::fingerprint(&request),
        order: None,
        response: None,
    }
}

const CART: Cart = Cart { id: 7, version: 1 };

fn line(name: &str, quantity: u32) -> Line {
    Line {
        sku: sku(name),
        quantity,
        unit_price: Money(100),
    }
}

fn answered(expires_at: u64) -> KeyRecord {
    KeyRecord {
        state: KeyState::Completed,
        expires_at: Time(expires_at),
        ..claimed(9)
    }
}
