//! What READ COMMITTED promises, statement by statement: each test is a short script of two or three transactions.

use std::sync::Arc;

use explore::TaskId;
use orders::ports::Constraint;
use orders::{CommitTag, KeyIndex, KeyRecord, KeyState, NewOrder, Owner, StoreError, Token};
use protocol::{
    Cart, Customer, IdempotencyKey, Line, Money, OrderContent, OrderId, OrderState, Scope,
    ScopedKey, Span, Tenant, Time, UserId,
};

use super::rows::sku;
use super::statements::StockChange;
use super::{Database, Stop, Tx};

mod changes;

const SHOP: Tenant = Tenant(0);

/// A database with ten burgers and one pie, and a way to run statements by hand.
struct Script {
    db: Database,
    tasks: u32,
}

/// What a statement came to: a result, or the task that now waits.
type Ran<T> = Result<Result<T, StoreError>, TaskId>;

impl Script {
    fn new() -> Script {
        let mut db = Database::default();
        for (name, stock) in [("burger", 10), ("pie", 1)] {
            db.stocks.add(SHOP, sku(name), stock);
            db.sales.slots.push((0, None));
        }
        Script { db, tasks: 0 }
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

    fn update_order(
        &mut self,
        tx: Tx,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Ran<u64> {
        self.run(tx, |db, tx| db.update_order(tx, order, from, to))
    }

    fn has_items(&mut self, tx: Tx, order: OrderId) -> bool {
        let found = self.run(tx, |db, tx| db.find_order(tx, order));
        found.unwrap().unwrap().unwrap().items > 0
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

    fn insert_order(&mut self, tx: Tx, natural_key: Option<Cart>) -> Ran<OrderId> {
        let mut new = Some(new_order(natural_key));
        self.run(tx, |db, tx| db.insert_order(tx, &mut new))
    }

    fn stock(&mut self, tx: Tx, change: StockChange, lines: &[Line]) -> Ran<bool> {
        self.run(tx, |db, tx| db.change_stock(tx, SHOP, lines, change))
    }

    fn on_hand(&self, row: usize) -> (i64, i64) {
        (
            self.db.stocks.slots[row].on_hand,
            self.db.stocks.slots[row].reserved,
        )
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
        fingerprint: orders::fingerprint(&request),
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

fn new_order(natural_key: Option<Cart>) -> NewOrder {
    NewOrder {
        tenant: SHOP,
        customer: Customer::User(UserId(3)),
        key: None,
        key_index: KeyIndex::None,
        cart: CART,
        natural_key,
        content: Arc::new(OrderContent {
            lines: vec![line("burger", 1)],
            note: Default::default(),
            coupon: None,
        }),
        total: Money(100),
        state: OrderState::Pending,
        created_at: Time(50),
    }
}

#[test]
fn an_uncommitted_insert_is_invisible_and_a_committed_one_is_seen_by_the_next_statement() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.insert_key(a, "k"), Ok(Ok(())));
    assert_eq!(script.lock_key(b, "k"), Ok(Ok(None)));
    script.commit(a);
    assert_eq!(
        script.lock_key(b, "k"),
        Ok(Ok(Some(claimed(1)))),
        "READ COMMITTED: every statement looks again"
    );
}

#[test]
fn a_second_insert_of_a_key_waits_and_fails_if_the_first_commits() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    script.insert_key(a, "k").unwrap().unwrap();
    let waiting = script.insert_key(b, "k").unwrap_err();
    script.commit(a);
    assert_eq!(script.db.released, [waiting]);
    assert_eq!(
        script.insert_key(b, "k"),
        Ok(Err(StoreError::Unique(Constraint::Keys)))
    );
}

#[test]
fn a_second_insert_of_a_key_succeeds_if_the_first_rolls_back() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    script.insert_key(a, "k").unwrap().unwrap();
    let waiting = script.insert_key(b, "k").unwrap_err();
    script.db.rollback(a);
    assert_eq!(script.db.released, [waiting]);
    assert_eq!(script.insert_key(b, "k"), Ok(Ok(())));
}

#[test]
fn an_error_aborts_the_transaction_which_then_answers_nothing_else_and_cannot_commit() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let tx = script.db.begin();
    script
        .stock(tx, StockChange::Reserve, &[line("burger", 4)])
        .unwrap()
        .unwrap();
    assert_eq!(
        script.insert_key(tx, "k"),
        Ok(Err(StoreError::Unique(Constraint::Keys)))
    );
    assert_eq!(
        script.lock_key(tx, "k"),
        Ok(Err(StoreError::Aborted)),
        "SQLSTATE 25P02"
    );
    assert_eq!(script.on_hand(0), (10, 0), "it was undone at once");
    assert_eq!(
        script.db.commit(tx),
        CommitTag::RolledBack,
        "COMMIT of an aborted transaction is a ROLLBACK, and no error"
    );
}

#[test]
fn nulls_are_distinct_in_a_unique_index_and_equal_carts_are_not() {
    let mut script = Script::new();
    let tx = script.db.begin();
    assert!(script.insert_order(tx, None).unwrap().is_ok());
    assert!(script.insert_order(tx, None).unwrap().is_ok());
    assert!(script.insert_order(tx, Some(CART)).unwrap().is_ok());
    assert_eq!(
        script.insert_order(tx, Some(CART)),
        Ok(Err(StoreError::Unique(Constraint::OrdersCart)))
    );
}

#[test]
fn a_cancelled_order_gives_its_cart_free_when_the_cancellation_commits() {
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, Some(CART)).unwrap().unwrap();
    script.commit(a);
    let (b, c) = (script.db.begin(), script.db.begin());
    let cancel = |db: &mut Database, tx: Tx| {
        db.update_order(tx, order, OrderState::Pending, OrderState::Cancelled)
    };
    assert_eq!(script.run(b, cancel), Ok(Ok(1)));
    let waiting = script.insert_order(c, Some(CART)).unwrap_err();
    script.commit(b);
    assert_eq!(script.db.released, [waiting]);
    assert!(script.insert_order(c, Some(CART)).unwrap().is_ok());
}

#[test]
fn the_numbers_of_orders_do_not_go_back_when_an_insert_is_undone() {
    let mut script = Script::new();
    let a = script.db.begin();
    assert_eq!(script.insert_order(a, None), Ok(Ok(OrderId(1))));
    script.db.rollback(a);
    let b = script.db.begin();
    assert_eq!(script.insert_order(b, None), Ok(Ok(OrderId(2))));
    assert_eq!(
        script.run(b, |db, tx| db.find_order(tx, OrderId(1))),
        Ok(Ok(None))
    );
}

#[test]
fn a_guarded_update_waits_for_the_row_and_then_judges_what_was_committed() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(
        script.stock(a, StockChange::Sell, &[line("pie", 1)]),
        Ok(Ok(true))
    );
    let waiting = script
        .stock(b, StockChange::Sell, &[line("pie", 1)])
        .unwrap_err();
    script.commit(a);
    assert_eq!(script.db.released, [waiting]);
    assert_eq!(
        script.stock(b, StockChange::Sell, &[line("pie", 1)]),
        Ok(Ok(false)),
        "sold out, not oversold"
    );
}

#[test]
fn stock_is_taken_for_all_lines_or_for_none() {
    let mut script = Script::new();
    let tx = script.db.begin();
    let cart = [line("burger", 2), line("pie", 2)];
    assert_eq!(script.stock(tx, StockChange::Reserve, &cart), Ok(Ok(false)));
    script.commit(tx);
    assert_eq!((script.on_hand(0), script.on_hand(1)), ((10, 0), (1, 0)));
}

#[test]
fn split_lines_of_one_sku_are_added_up_before_the_guard_looks() {
    let mut script = Script::new();
    let tx = script.db.begin();
    let split = [line("burger", 6), line("burger", 6)];
    assert_eq!(
        script.stock(tx, StockChange::Reserve, &split),
        Ok(Ok(false))
    );
    let fits = [line("burger", 6), line("burger", 4)];
    assert_eq!(script.stock(tx, StockChange::Reserve, &fits), Ok(Ok(true)));
    assert_eq!(script.on_hand(0), (0, 10));
}

#[test]
fn a_rollback_takes_back_everything_in_reverse() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let tx = script.db.begin();
    let order = script.insert_order(tx, Some(CART)).unwrap().unwrap();
    for change in [StockChange::Reserve, StockChange::Settle, StockChange::Sell] {
        script
            .stock(tx, change, &[line("burger", 3)])
            .unwrap()
            .unwrap();
    }
    script
        .run(tx, |db, tx| {
            db.increment_sales(tx, SHOP, &[line("burger", 3)])
        })
        .unwrap()
        .unwrap();
    script
        .run(tx, |db, tx| {
            db.update_key(tx, &scoped("k"), Token(1), claimed(2))
        })
        .unwrap()
        .unwrap();
    script
        .run(tx, |db, tx| {
            db.update_key(tx, &scoped("k"), Token(2), claimed(3))
        })
        .unwrap()
        .unwrap();
    script.db.rollback(tx);
    let look = script.db.begin();
    assert_eq!(script.on_hand(0), (10, 0));
    assert_eq!(script.db.sales.slots[0], (0, None));
    assert_eq!(script.lock_key(look, "k"), Ok(Ok(Some(claimed(1)))));
    assert_eq!(
        script.run(look, |db, tx| db.find_order(tx, order)),
        Ok(Ok(None))
    );
    assert!(
        script.insert_order(look, Some(CART)).unwrap().is_ok(),
        "the unique index forgot it too"
    );
}

#[test]
fn a_reader_sees_the_committed_state_of_a_row_that_somebody_is_changing() {
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, Some(CART)).unwrap().unwrap();
    script.commit(a);
    let (b, c) = (script.db.begin(), script.db.begin());
    let confirm = |db: &mut Database, tx: Tx| {
        db.update_order(tx, order, OrderState::Pending, OrderState::Confirmed)
    };
    script.run(b, confirm).unwrap().unwrap();
    let seen = script
        .run(c, |db, tx| db.find_order_by_cart(tx, SHOP, CART))
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(seen.state, OrderState::Pending);
    script.commit(b);
    let seen = script
        .run(c, |db, tx| db.find_order_by_cart(tx, SHOP, CART))
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(seen.state, OrderState::Confirmed);
}

#[test]
fn two_transactions_that_wait_for_each_other_lose_one() {
    let mut script = Script::new();
    script.committed_key("x", claimed(1));
    script.committed_key("y", claimed(1));
    let (a, b) = (script.db.begin(), script.db.begin());
    script.lock_key(a, "x").unwrap().unwrap();
    script.lock_key(b, "y").unwrap().unwrap();
    let waiting = script.lock_key(a, "y").unwrap_err();
    assert_eq!(
        script.lock_key(b, "x"),
        Ok(Err(StoreError::Conflict)),
        "the one that closed the circle"
    );
    assert_eq!(script.db.released, [waiting]);
    assert!(script.lock_key(a, "y").unwrap().is_ok());
    assert_eq!(script.db.deadlocks, 1);
}

#[test]
fn a_stale_token_updates_no_row() {
    let mut script = Script::new();
    script.committed_key("k", claimed(2));
    let tx = script.db.begin();
    assert_eq!(
        script.run(tx, |db, tx| db.update_key(
            tx,
            &scoped("k"),
            Token(1),
            claimed(9)
        )),
        Ok(Ok(0))
    );
    assert_eq!(
        script.run(tx, |db, tx| db.update_key(
            tx,
            &scoped("k"),
            Token(2),
            claimed(9)
        )),
        Ok(Ok(1))
    );
}

#[test]
fn overdue_claims_are_found_once_each_and_locked_ones_are_skipped() {
    let mut script = Script::new();
    for key in ["a", "b", "c"] {
        script.committed_key(key, claimed(1));
    }
    let (holder, x, y) = (script.db.begin(), script.db.begin(), script.db.begin());
    script.lock_key(holder, "b").unwrap().unwrap();
    let found = |ran: Ran<Vec<(ScopedKey, KeyRecord)>>| {
        ran.unwrap()
            .unwrap()
            .into_iter()
            .map(|(key, _)| key.key.to_string())
            .collect::<Vec<_>>()
    };
    let overdue =
        |now: u64| move |db: &mut Database, tx: Tx| db.lock_overdue_claims(tx, Time(now), 10);
    assert_eq!(
        found(script.run(x, overdue(100))),
        [""; 0],
        "at the end of the lease it still holds"
    );
    assert_eq!(found(script.run(x, overdue(101))), ["a", "c"]);
    assert_eq!(found(script.run(y, overdue(101))), [""; 0]);
    script.db.rollback(x);
    script.db.rollback(holder);
    assert_eq!(found(script.run(y, overdue(101))), ["a", "b", "c"]);
}

#[test]
fn expired_answers_are_deleted_and_claims_are_not() {
    let mut script = Script::new();
    script.committed_key(
        "done",
        KeyRecord {
            state: KeyState::Completed,
            ..claimed(1)
        },
    );
    script.committed_key("open", claimed(1));
    let tx = script.db.begin();
    assert_eq!(
        script.run(tx, |db, tx| db.delete_expired_keys(tx, Time(1_000), 10)),
        Ok(Ok(0)),
        "not yet"
    );
    assert_eq!(
        script.run(tx, |db, tx| db.delete_expired_keys(tx, Time(1_001), 10)),
        Ok(Ok(1))
    );
    script.commit(tx);
    let look = script.db.begin();
    assert_eq!(script.lock_key(look, "done"), Ok(Ok(None)));
    assert!(script.lock_key(look, "open").unwrap().unwrap().is_some());
    assert_eq!(script.insert_key(look, "done"), Ok(Ok(())));
}

#[test]
fn a_recent_order_is_the_customers_own_committed_one() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    let order = script.insert_order(a, None).unwrap().unwrap();
    script.db.now_us = 50;
    let recent = |who: u64, within: u64| {
        move |db: &mut Database, tx: Tx| {
            let customer = Customer::User(UserId(who));
            let found = db.find_recent_orders(tx, SHOP, customer, Span(within), 2)?;
            Ok(found.into_iter().map(|order| order.id).collect::<Vec<_>>())
        }
    };
    assert_eq!(
        script.run(b, recent(3, 90)),
        Ok(Ok(vec![])),
        "not committed"
    );
    script.commit(a);
    assert_eq!(script.run(b, recent(3, 90)), Ok(Ok(vec![order])));
    assert_eq!(
        script.run(b, recent(3, 50)),
        Ok(Ok(vec![])),
        "created_at > NOW() - within"
    );
    assert_eq!(
        script.run(b, recent(4, 90)),
        Ok(Ok(vec![])),
        "somebody else's"
    );
    let later: Vec<OrderId> = (0..3)
        .map(|_| script.insert_order(b, None).unwrap().unwrap())
        .collect();
    assert_eq!(
        script.run(b, recent(3, 90)),
        Ok(Ok(vec![later[2], later[1]])),
        "the latest first, and no more than the limit"
    );
}

fn keyed(tenant: Tenant, index: KeyIndex) -> NewOrder {
    NewOrder {
        tenant,
        key: Some(IdempotencyKey::new("k").unwrap()),
        key_index: index,
        ..new_order(None)
    }
}

#[test]
fn a_unique_key_waits_for_a_twin_and_is_refused_only_if_that_commits() {
    for commits in [false, true] {
        let mut script = Script::new();
        let (a, b) = (script.db.begin(), script.db.begin());
        let insert = |db: &mut Database, tx: Tx| {
            db.insert_order(tx, &mut Some(keyed(SHOP, KeyIndex::Unique)))
        };
        script.run(a, insert).unwrap().unwrap();
        // Another shop's order with the same key waits as well.
        let elsewhere = |db: &mut Database, tx: Tx| {
            db.insert_order(tx, &mut Some(keyed(Tenant(7), KeyIndex::Unique)))
        };
        let waiting = script.run(b, elsewhere).unwrap_err();
        if commits {
            script.commit(a);
        } else {
            script.db.rollback(a);
        }
        assert_eq!(script.db.released, [waiting]);
        let outcome = script.run(b, elsewhere).unwrap();
        assert_eq!(
            outcome.err(),
            commits.then_some(StoreError::Unique(Constraint::OrdersKey))
        );
    }
}

#[test]
fn orders_are_found_by_a_key_that_an_index_has_within_a_shop_or_in_all() {
    let mut script = Script::new();
    let (a, look) = (script.db.begin(), script.db.begin());
    let find = |tenant: Option<Tenant>| {
        move |db: &mut Database, tx: Tx| {
            let found = db.find_order_by_key(tx, tenant, &IdempotencyKey::new("k").unwrap())?;
            Ok(found.map(|order| order.id.0))
        }
    };
    for (tenant, index) in [
        (SHOP, KeyIndex::None),
        (Tenant(7), KeyIndex::Plain),
        (SHOP, KeyIndex::Plain),
        (SHOP, KeyIndex::Plain),
    ] {
        let insert =
            |db: &mut Database, tx: Tx| db.insert_order(tx, &mut Some(keyed(tenant, index)));
        script.run(a, insert).unwrap().unwrap();
    }
    assert_eq!(script.run(look, find(None)), Ok(Ok(None)), "a dirty read");
    script.commit(a);
    assert_eq!(script.run(look, find(None)), Ok(Ok(Some(2))));
    assert_eq!(script.run(look, find(Some(SHOP))), Ok(Ok(Some(3))));
    assert_eq!(script.run(look, find(Some(Tenant(9)))), Ok(Ok(None)));
    let undone = script.db.begin();
    let insert = |db: &mut Database, tx: Tx| {
        db.insert_order(tx, &mut Some(keyed(Tenant(9), KeyIndex::Plain)))
    };
    script.run(undone, insert).unwrap().unwrap();
    script.db.rollback(undone);
    assert_eq!(script.run(look, find(Some(Tenant(9)))), Ok(Ok(None)));
}

#[test]
fn a_plain_look_at_a_key_sees_what_is_committed_and_never_waits() {
    let mut script = Script::new();
    let (a, look) = (script.db.begin(), script.db.begin());
    let find = |db: &mut Database, tx: Tx| {
        let found = db.find_key(tx, &scoped("k"))?;
        Ok(found.map(|record| record.state))
    };
    script.insert_key(a, "k").unwrap().unwrap();
    assert_eq!(script.run(look, find), Ok(Ok(None)));
    assert_eq!(script.run(a, find), Ok(Ok(Some(KeyState::Claimed))));
    script.commit(a);
    let b = script.db.begin();
    let fail = |db: &mut Database, tx: Tx| db.set_key_state(tx, &scoped("k"), KeyState::Failed);
    assert_eq!(script.run(b, fail), Ok(Ok(1)));
    assert_eq!(script.run(look, find), Ok(Ok(Some(KeyState::Claimed))));
    let waiting = script.run(look, fail).unwrap_err();
    script.commit(b);
    assert_eq!(script.db.released, [waiting]);
    assert_eq!(script.run(look, fail), Ok(Ok(1)));
    script.db.rollback(look);
    let c = script.db.begin();
    assert_eq!(script.run(c, find), Ok(Ok(Some(KeyState::Failed))));
    let other = |db: &mut Database, tx: Tx| db.set_key_state(tx, &scoped("l"), KeyState::Failed);
    assert_eq!(script.run(c, other), Ok(Ok(0)));
}

#[test]
fn items_inserted_one_by_one_are_seen_one_by_one() {
    let mut script = Script::new();
    let (a, look) = (script.db.begin(), script.db.begin());
    let order = script.insert_order(a, None).unwrap().unwrap();
    let count = move |db: &mut Database, tx: Tx| Ok(db.find_items(tx, order)?.len());
    assert_eq!(script.run(a, count), Ok(Ok(0)));
    script
        .run(a, |db, tx| db.insert_item(tx, order))
        .unwrap()
        .unwrap();
    assert_eq!(script.run(a, count), Ok(Ok(1)));
    assert_eq!(script.run(look, count), Ok(Ok(0)), "a dirty read");
    script.commit(a);
    assert_eq!(script.run(look, count), Ok(Ok(1)));
}

#[test]
fn two_tabs_may_both_find_a_cart_and_only_one_delete_hits_it() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    let find = |db: &mut Database, tx: Tx| db.find_cart(tx, SHOP, CART);
    let clear = |db: &mut Database, tx: Tx| db.clear_cart(tx, SHOP, CART);
    assert_eq!(script.run(a, find), Ok(Ok(true)));
    assert_eq!(script.run(b, find), Ok(Ok(true)));
    script.run(a, clear).unwrap().unwrap();
    assert_eq!(script.run(a, find), Ok(Ok(false)));
    assert_eq!(script.run(b, find), Ok(Ok(true)), "a dirty read");
    let waiting = script.run(b, clear).unwrap_err();
    script.commit(a);
    assert_eq!(script.db.released, [waiting]);
    assert_eq!(script.run(b, clear), Ok(Ok(())));
    script.db.rollback(b);
    let c = script.db.begin();
    assert_eq!(script.run(c, find), Ok(Ok(false)));
    let other = Cart { id: 8, version: 1 };
    script
        .run(c, |db, tx| db.clear_cart(tx, SHOP, other))
        .unwrap()
        .unwrap();
    script.db.rollback(c);
    let d = script.db.begin();
    assert_eq!(
        script.run(d, |db, tx| db.find_cart(tx, SHOP, other)),
        Ok(Ok(true))
    );
}

#[test]
fn a_charge_of_an_order_is_unique_and_waits_like_any_other() {
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, None).unwrap().unwrap();
    script.commit(a);
    let charge = orders::ChargeRow {
        id: protocol::ChargeId(5),
        order,
        amount: Money(100),
    };
    let insert = |db: &mut Database, tx: Tx| db.insert_charge(tx, charge);
    let (b, c) = (script.db.begin(), script.db.begin());
    script.run(b, insert).unwrap().unwrap();
    let waiting = script.run(c, insert).unwrap_err();
    script.db.rollback(b);
    assert_eq!(script.db.released, [waiting]);
    assert_eq!(script.run(c, insert), Ok(Ok(())));
    script.commit(c);
    let d = script.db.begin();
    assert_eq!(
        script.run(d, insert),
        Ok(Err(StoreError::Unique(Constraint::ChargesOrder)))
    );
}

#[test]
fn an_update_skips_a_row_that_does_not_match_as_committed_without_waiting_for_its_writer() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.update_key(a, "k", 1, claimed(2)), Ok(Ok(1)));
    assert_eq!(
        script.update_key(b, "k", 2, claimed(3)),
        Ok(Ok(0)),
        "token 2 is not committed"
    );
    let waiting = script.update_key(b, "k", 1, claimed(3)).unwrap_err();
    script.commit(a);
    assert_eq!(script.db.released, [waiting]);
    assert_eq!(
        script.update_key(b, "k", 1, claimed(3)),
        Ok(Ok(0)),
        "of the row that it waited for it looks at the newest version"
    );
    let c = script.db.begin();
    assert!(
        script.lock_key(c, "k").is_err(),
        "what was waited for is locked, although it did not match"
    );
}

#[test]
fn an_update_that_waited_for_a_rollback_hits_the_row_as_it_was() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let (a, b) = (script.db.begin(), script.db.begin());
    script.update_key(a, "k", 1, claimed(2)).unwrap().unwrap();
    script.update_key(b, "k", 1, claimed(3)).unwrap_err();
    script.db.rollback(a);
    assert_eq!(script.update_key(b, "k", 1, claimed(3)), Ok(Ok(1)));
}

#[test]
fn an_update_of_an_order_skips_a_state_that_is_not_committed_and_judges_anew_what_it_waited_for() {
    use OrderState::{Cancelled, Confirmed, Pending};
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, None).unwrap().unwrap();
    script.commit(a);
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.update_order(a, order, Pending, Confirmed), Ok(Ok(1)));
    assert_eq!(
        script.update_order(b, order, Confirmed, Cancelled),
        Ok(Ok(0))
    );
    assert!(script.update_order(b, order, Pending, Cancelled).is_err());
    script.commit(a);
    assert_eq!(script.update_order(b, order, Pending, Cancelled), Ok(Ok(0)));
    let c = script.db.begin();
    assert!(
        script.update_order(c, order, Confirmed, Cancelled).is_err(),
        "what was waited for is locked"
    );
}

#[test]
fn stock_that_is_not_enough_as_committed_is_neither_waited_for_nor_locked() {
    let mut script = Script::new();
    let pie = [line("pie", 1)];
    let (a, b) = (script.db.begin(), script.db.begin());
    script
        .stock(a, StockChange::Reserve, &pie)
        .unwrap()
        .unwrap();
    script.commit(a);
    let a = script.db.begin();
    script
        .stock(a, StockChange::Release, &pie)
        .unwrap()
        .unwrap();
    assert_eq!(
        script.stock(b, StockChange::Reserve, &pie),
        Ok(Ok(false)),
        "the unit that is being released is not committed"
    );
    script.commit(a);
    let both = [line("burger", 1), line("pie", 2)];
    assert_eq!(script.stock(b, StockChange::Sell, &both), Ok(Ok(false)));
    let c = script.db.begin();
    assert_eq!(
        script.stock(c, StockChange::Sell, &pie),
        Ok(Ok(true)),
        "the pie was too short to be locked"
    );
    assert!(
        script.stock(c, StockChange::Sell, &both[..1]).is_err(),
        "the burger was not"
    );
}

#[test]
fn a_row_that_was_short_when_the_statement_began_stays_so_while_it_waits_for_another() {
    let mut script = Script::new();
    let both = [line("burger", 1), line("pie", 1)];
    let (a, b) = (script.db.begin(), script.db.begin());
    script
        .stock(a, StockChange::Reserve, &both)
        .unwrap()
        .unwrap();
    script.commit(a);
    let a = script.db.begin();
    script
        .stock(a, StockChange::Release, &both)
        .unwrap()
        .unwrap();
    script.stock(b, StockChange::Reserve, &both).unwrap_err();
    script.commit(a);
    assert_eq!(script.stock(b, StockChange::Reserve, &both), Ok(Ok(false)));
    assert_eq!(
        script.stock(b, StockChange::Reserve, &both),
        Ok(Ok(true)),
        "the next statement looks again"
    );
}

#[test]
fn an_insert_does_not_wait_for_who_only_locks_the_row() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let (a, b, c) = (script.db.begin(), script.db.begin(), script.db.begin());
    script.lock_key(a, "k").unwrap().unwrap();
    let refused = Ok(Err(StoreError::Unique(Constraint::Keys)));
    assert_eq!(script.insert_key(b, "k"), refused);
    script.update_key(a, "k", 1, claimed(2)).unwrap().unwrap();
    let waiting = script.insert_key(c, "k").unwrap_err();
    script.commit(a);
    assert_eq!(script.db.released, [waiting]);
    assert_eq!(script.insert_key(c, "k"), refused);
}

#[test]
fn an_insert_waits_for_a_delete_and_succeeds_if_it_commits() {
    let mut script = Script::new();
    script.committed_key("k", answered(1_000));
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.delete_expired(a), Ok(Ok(1)));
    script.insert_key(b, "k").unwrap_err();
    script.commit(a);
    assert_eq!(script.insert_key(b, "k"), Ok(Ok(())));
}

#[test]
fn a_key_may_be_deleted_and_inserted_again_in_one_transaction() {
    for commits in [true, false] {
        let mut script = Script::new();
        script.committed_key("k", answered(1_000));
        let (a, b) = (script.db.begin(), script.db.begin());
        assert_eq!(script.delete_expired(a), Ok(Ok(1)));
        assert_eq!(script.insert_key(a, "k"), Ok(Ok(())));
        assert_eq!(script.lock_key(a, "k"), Ok(Ok(Some(claimed(1)))));
        assert_eq!(
            script.insert_key(a, "k").unwrap(),
            Err(StoreError::Unique(Constraint::Keys)),
            "but not twice"
        );
        script.db.rollback(a);
        let a = script.db.begin();
        script.delete_expired(a).unwrap().unwrap();
        script.insert_key(a, "k").unwrap().unwrap();
        assert_eq!(
            script.update_key(b, "k", 1, claimed(2)),
            Ok(Ok(0)),
            "others see the row as it was"
        );
        let kept = if commits {
            script.commit(a);
            claimed(1)
        } else {
            script.db.rollback(a);
            answered(1_000)
        };
        assert_eq!(script.lock_key(b, "k"), Ok(Ok(Some(kept))));
        script.commit(b);
        let c = script.db.begin();
        let overdue = if commits { vec!["k"] } else { vec![] };
        assert_eq!(
            script.overdue(c, 101, 10),
            overdue,
            "and it is in its queue"
        );
    }
}

#[test]
fn a_key_that_was_inserted_again_may_be_deleted_again() {
    let mut script = Script::new();
    script.committed_key("k", answered(1_000));
    let tx = script.db.begin();
    script.delete_expired(tx).unwrap().unwrap();
    script.insert_key(tx, "k").unwrap().unwrap();
    let row = script.db.keys.find(&scoped("k")).unwrap();
    let slot = &mut script.db.keys.slots[row as usize];
    slot.deleted = true;
    let before = slot.record.state;
    script.db.log(tx, super::rows::Undo::DeleteKey(row, before));
    script.commit(tx);
    assert_eq!(script.db.keys.find(&scoped("k")), None);
    let look = script.db.begin();
    assert_eq!(script.insert_key(look, "k"), Ok(Ok(())));
}

#[test]
fn who_cancels_an_order_may_take_its_cart_again_at_once() {
    use OrderState::{Cancelled, Pending};
    for commits in [true, false] {
        let mut script = Script::new();
        let a = script.db.begin();
        let old = script.insert_order(a, Some(CART)).unwrap().unwrap();
        script.commit(a);
        let (a, b) = (script.db.begin(), script.db.begin());
        assert_eq!(script.update_order(a, old, Pending, Cancelled), Ok(Ok(1)));
        let new = script.insert_order(a, Some(CART)).unwrap().unwrap();
        let by_cart = |db: &mut Database, tx: Tx| {
            let found = db.find_order_by_cart(tx, SHOP, CART)?;
            Ok(found.map(|order| order.id))
        };
        assert_eq!(script.run(a, by_cart), Ok(Ok(Some(new))));
        assert_eq!(script.run(b, by_cart), Ok(Ok(Some(old))));
        assert!(script.insert_order(b, Some(CART)).is_err());
        let left = if commits {
            script.commit(a);
            new
        } else {
            script.db.rollback(a);
            old
        };
        assert_eq!(script.run(b, by_cart), Ok(Ok(Some(left))));
        assert_eq!(
            script.insert_order(b, Some(CART)),
            Ok(Err(StoreError::Unique(Constraint::OrdersCart)))
        );
    }
}

#[test]
fn an_order_keeps_its_cart_when_it_is_cancelled() {
    use OrderState::{Cancelled, Confirmed, Pending};
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, Some(CART)).unwrap().unwrap();
    script
        .update_order(a, order, Pending, Confirmed)
        .unwrap()
        .unwrap();
    script
        .update_order(a, order, Confirmed, Cancelled)
        .unwrap()
        .unwrap();
    script.commit(a);
    let b = script.db.begin();
    let found = script.run(b, |db, tx| db.find_order(tx, order));
    assert_eq!(
        found.unwrap().unwrap().unwrap().new.natural_key,
        Some(CART),
        "only the index forgets it"
    );
    assert!(script.insert_order(b, Some(CART)).unwrap().is_ok());
}

#[test]
fn items_are_seen_by_others_when_they_are_committed_and_a_rollback_takes_only_its_own() {
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, None).unwrap().unwrap();
    script.commit(a);
    let insert = |db: &mut Database, tx: Tx| db.insert_items(tx, order);
    let (a, b) = (script.db.begin(), script.db.begin());
    script.run(a, insert).unwrap().unwrap();
    assert!(script.has_items(a, order));
    assert!(!script.has_items(b, order), "a dirty read");
    script.commit(a);
    assert!(script.has_items(b, order));
    script.run(b, insert).unwrap().unwrap();
    script.db.rollback(b);
    let c = script.db.begin();
    assert!(script.has_items(c, order), "they were there before");
}

#[test]
fn overdue_claims_are_found_whatever_the_clocks_say_of_the_others() {
    let mut script = Script::new();
    let until = |lease_until: u64| KeyRecord {
        lease_until: Time(lease_until),
        ..claimed(1)
    };
    // A minute, and a day, ahead of the others.
    script.committed_key("minute", until(60_000_000));
    script.committed_key("day", until(86_400_000_000));
    script.committed_key("late", until(300));
    script.committed_key("early", until(200));
    let tx = script.db.begin();
    assert_eq!(script.overdue(tx, 250, 10), ["early"]);
    assert_eq!(
        script.overdue(tx, 1_000, 1),
        ["early"],
        "what is one's own is not skipped; who is due first comes first"
    );
    assert_eq!(script.overdue(tx, 1_000, 10), ["early", "late"]);
    assert_eq!(
        script.overdue(tx, 61_000_000, 10),
        ["early", "late", "minute"]
    );
}

#[test]
fn a_claim_that_was_written_twice_is_found_once() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let again = script.db.begin();
    script
        .update_key(again, "k", 1, claimed(1))
        .unwrap()
        .unwrap();
    script.commit(again);
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.overdue(a, 101, 10), ["k"]);
    assert!(script.overdue(b, 101, 10).is_empty());
    script.db.rollback(a);
    assert_eq!(script.overdue(b, 101, 10), ["k"]);
}

#[test]
fn every_statement_counts_once_and_so_do_begin_commit_and_rollback() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    script.insert_key(a, "k").unwrap().unwrap();
    script.insert_key(b, "k").unwrap_err();
    assert_eq!(script.db.statements, 4);
    script.db.rollback(a);
    assert_eq!(script.db.statements, 5);
    assert_eq!(script.insert_key(b, "k"), Ok(Ok(())));
    assert_eq!(script.db.statements, 5, "it came before");
    script.commit(b);
    assert_eq!(script.db.statements, 6);
    let c = script.db.begin();
    script.db.hang_up(c);
    assert_eq!(script.db.statements, 7, "a lost connection says nothing");
}

#[test]
fn a_take_over_counts_when_it_is_committed_whoever_had_the_claim() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let a = script.db.begin();
    script.update_key(a, "k", 1, claimed(2)).unwrap().unwrap();
    script.db.rollback(a);
    assert_eq!(script.db.takeovers, 0, "it did not happen");
    let b = script.db.begin();
    script.update_key(b, "k", 1, claimed(2)).unwrap().unwrap();
    script.update_key(b, "k", 2, claimed(2)).unwrap().unwrap();
    script.commit(b);
    assert_eq!(
        script.db.takeovers, 1,
        "from itself: a replica may have left its own claim"
    );
    let c = script.db.begin();
    script
        .update_key(
            c,
            "k",
            2,
            KeyRecord {
                state: KeyState::Released,
                ..claimed(2)
            },
        )
        .unwrap()
        .unwrap();
    script.commit(c);
    let d = script.db.begin();
    script.update_key(d, "k", 2, claimed(3)).unwrap().unwrap();
    script.commit(d);
    assert_eq!(script.db.takeovers, 1, "what was given back is nobody's");
}

#[test]
fn nobody_waits_for_a_transaction_that_has_taken_the_place_of_an_ended_one() {
    let mut script = Script::new();
    script.committed_key("x", claimed(1));
    script.committed_key("y", claimed(1));
    let (holder, waiter) = (script.db.begin(), script.db.begin());
    script.lock_key(holder, "x").unwrap().unwrap();
    script.lock_key(waiter, "y").unwrap().unwrap();
    script.lock_key(waiter, "x").unwrap_err();
    script.commit(holder);
    let next = script.db.begin();
    assert_eq!(next, holder, "the same place");
    assert!(
        script.lock_key(next, "y").is_err(),
        "it waits, and nobody waits for it: no deadlock"
    );
    assert_eq!(script.db.deadlocks, 0);
}

#[test]
fn what_was_let_go_of_is_rolled_back_at_the_end() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    script.insert_key(a, "k").unwrap().unwrap();
    script.db.abandon(a);
    script.db.hang_up_abandoned();
    assert_eq!(script.db.open_transactions(), 1);
    assert_eq!(script.insert_key(b, "k"), Ok(Ok(())));
}

fn answered(expires_at: u64) -> KeyRecord {
    KeyRecord {
        state: KeyState::Completed,
        expires_at: Time(expires_at),
        ..claimed(9)
    }
}
