//! The port `orders::Store`: a round trip for every statement, and a connection that may break at each.

use std::cell::Cell;

use explore::{Class, Object, TaskId};
use history::Label;
use orders::{
    ChargeRow, CommitTag, Isolation, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow,
    Store, StoreError, Token, Transaction,
};
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, Order, OrderContent, OrderId, OrderState,
    ScopedKey, Span, Tenant, Time,
};
use scenario::{CrashPoint, Host};

use super::changes::Committer;
use super::statements::StockChange;
use super::{Database, Stop, Tx};
use crate::fault::Opportunity;
use crate::ports::ReplicaPorts;
use crate::world::{Event, State};

/// An open transaction of a handler. Dropping it rolls back.
#[derive(Debug)]
pub struct SimTransaction<'a> {
    ports: &'a ReplicaPorts<'a>,
    /// In autocommit mode it is nobody's, or that of the statement that waits.
    tx: Cell<Tx>,
    connection: Cell<Connection>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    Open,
    /// In autocommit mode, with no statement under way.
    Between,
    /// In autocommit mode, with a statement that waits.
    Within,
    /// It broke: the database has rolled back, and nothing more can be said over it.
    Lost,
    /// The transaction ended.
    Done,
}

impl Store for ReplicaPorts<'_> {
    type Transaction<'a>
        = SimTransaction<'a>
    where
        Self: 'a;

    async fn begin(&self, isolation: Isolation) -> Result<SimTransaction<'_>, StoreError> {
        assert!(
            isolation == Isolation::ReadCommitted,
            "the simulated database has READ COMMITTED and no other level"
        );
        let begin = |state: &mut State, _: TaskId| {
            let lost = self.breaks(state, Opportunity::LoseConnection);
            Some(if lost {
                Err(StoreError::Unavailable)
            } else {
                Ok(Guard::new(self, state.database.begin()))
            })
        };
        self.statement_trip(false, begin)
            .await
            .map(Guard::into_transaction)
    }

    fn autocommit(&self) -> SimTransaction<'_> {
        SimTransaction {
            ports: self,
            tx: Cell::new(NOBODYS),
            connection: Cell::new(Connection::Between),
        }
    }
}

/// Between two statements in autocommit mode there is no transaction.
const NOBODYS: Tx = Tx(u32::MAX);

/// A transaction whose BEGIN is not yet answered: if the handler dies before it is, the database rolls back.
struct Guard<'a>(Option<SimTransaction<'a>>);

impl<'a> Guard<'a> {
    fn new(ports: &'a ReplicaPorts<'a>, tx: Tx) -> Guard<'a> {
        Guard(Some(SimTransaction {
            ports,
            tx: Cell::new(tx),
            connection: Cell::new(Connection::Open),
        }))
    }

    fn into_transaction(mut self) -> SimTransaction<'a> {
        self.0.take().expect("a guard gives its transaction once")
    }
}

impl ReplicaPorts<'_> {
    /// Whether the connection breaks here.
    #[inline]
    fn breaks(&self, state: &mut State, here: Opportunity) -> bool {
        self.world.faults.strike_statements && self.breaks_among_faults(state, here)
    }

    fn committer(&self) -> Committer {
        Committer {
            owner: self.owner,
            for_holder: self.hears,
        }
    }

    fn breaks_among_faults(&self, state: &mut State, here: Opportunity) -> bool {
        let who = state.who(self.slot);
        state.strike(&self.world.faults, here, who).is_some()
            || state.cut_off(self.world, self.slot, Host::Database)
    }
}

impl SimTransaction<'_> {
    /// One statement.
    #[inline]
    async fn statement<T>(
        &self,
        reads: bool,
        mut effect: impl FnMut(&mut Database, Tx) -> Result<T, Stop>,
    ) -> Result<T, StoreError> {
        match self.connection.get() {
            Connection::Open => {}
            Connection::Between | Connection::Within => {
                // Boxed, so that it does not make the future of every statement larger.
                return Box::pin(self.alone(reads, effect)).await;
            }
            Connection::Lost | Connection::Done => return Err(StoreError::Unavailable),
        }
        let run = |state: &mut State, task: TaskId| {
            if self.ports.breaks(state, Opportunity::LoseConnection) {
                state.database.abort(self.tx.get());
                self.connection.set(Connection::Lost);
                return Some(Err(StoreError::Unavailable));
            }
            state.database.now_us = state.kernel.now_us();
            let waits = state.database.waits;
            let outcome = state.database.run(self.tx.get(), task, &mut effect);
            if state.database.waits != waits {
                state.cover(Label::LockWait);
            }
            outcome
        };
        self.ports.statement_trip(reads, run).await
    }

    /// A statement that is a transaction of its own: it begins and commits where it takes effect, so its handler cannot go ahead
    /// of what others see.
    async fn alone<T>(
        &self,
        reads: bool,
        mut effect: impl FnMut(&mut Database, Tx) -> Result<T, Stop>,
    ) -> Result<T, StoreError> {
        let run = |state: &mut State, task: TaskId| {
            if self.ports.breaks(state, Opportunity::LoseConnection) {
                self.hang_up_alone(state);
                return Some(Err(StoreError::Unavailable));
            }
            if self.connection.replace(Connection::Within) == Connection::Between {
                self.tx.set(state.database.open());
            }
            state.database.now_us = state.kernel.now_us();
            let waits = state.database.waits;
            let outcome = state.database.run(self.tx.get(), task, &mut effect);
            if state.database.waits != waits {
                state.cover(Label::LockWait);
            }
            Some(match outcome? {
                Ok(value) => self.end_alone(state, reads).map(|()| value),
                Err(error) => {
                    self.hang_up_alone(state);
                    Err(error)
                }
            })
        };
        let here = if reads {
            CrashPoint::Anywhere
        } else {
            CrashPoint::AfterCommit
        };
        self.ports.round_trip(here, reads, run).await
    }

    /// Takes back the statement at hand, if there is one.
    fn hang_up_alone(&self, state: &mut State) {
        if self.connection.replace(Connection::Between) == Connection::Within {
            state.database.hang_up(self.tx.replace(NOBODYS));
        }
    }

    /// Commits the statement at hand.
    fn end_alone(&self, state: &mut State, reads: bool) -> Result<(), StoreError> {
        let (who, faults) = (state.who(self.ports.slot), &self.ports.world.faults);
        if !reads && self.ports.breaks(state, Opportunity::LoseCommit) {
            self.hang_up_alone(state);
            state.cover(Label::CommitUnknown);
            return Err(StoreError::Unknown);
        }
        self.connection.set(Connection::Between);
        state.database.committer = self.ports.committer();
        state.database.make_durable(self.tx.replace(NOBODYS));
        if reads {
            return Ok(());
        }
        state.note_commit(self.ports.slot);
        state.relay(self.ports.world);
        if state
            .strike(faults, Opportunity::LoseCommitAck, who)
            .is_some()
        {
            state.cover(Label::CommitUnknown);
            return Err(StoreError::Unknown);
        }
        Ok(())
    }

    async fn stock(
        &self,
        tenant: Tenant,
        lines: &[Line],
        change: StockChange,
    ) -> Result<bool, StoreError> {
        self.statement(false, |db, tx| db.change_stock(tx, tenant, lines, change))
            .await
    }

    /// What the database does with a COMMIT that reached it.
    fn end(&self, state: &mut State) -> Result<CommitTag, StoreError> {
        self.connection.set(Connection::Done);
        if state.database.is_aborted(self.tx.get()) {
            return self.end_aborted(state);
        }
        let who = state.who(self.ports.slot);
        let faults = &self.ports.world.faults;
        if self.ports.breaks(state, Opportunity::LoseCommit) {
            state.database.hang_up(self.tx.get());
            state.cover(Label::CommitUnknown);
            return Err(StoreError::Unknown);
        }
        if state
            .strike(faults, Opportunity::SerializationFailure, who)
            .is_some()
        {
            state.database.refuse_commit(self.tx.get());
            return Err(StoreError::Conflict);
        }
        state.database.now_us = state.kernel.now_us();
        state.database.committer = self.ports.committer();
        let takeovers = state.database.takeovers;
        let tag = state.database.commit(self.tx.get());
        if state.database.takeovers != takeovers {
            state.cover(Label::Takeover);
        }
        state.note_commit(self.ports.slot);
        state.relay(self.ports.world);
        if state
            .strike(faults, Opportunity::LoseCommitAck, who)
            .is_some()
        {
            state.cover(Label::CommitUnknown);
            return Err(StoreError::Unknown);
        }
        Ok(tag)
    }

    /// The COMMIT of an aborted transaction: there is nothing that could be committed, lost or refused.
    fn end_aborted(&self, state: &mut State) -> Result<CommitTag, StoreError> {
        if self.ports.breaks(state, Opportunity::LoseConnection) {
            state.database.hang_up(self.tx.get());
            return Err(StoreError::Unavailable);
        }
        Ok(state.database.commit(self.tx.get()))
    }
}

impl Drop for SimTransaction<'_> {
    fn drop(&mut self) {
        match self.connection.get() {
            Connection::Done | Connection::Between => {}
            Connection::Open | Connection::Lost | Connection::Within => self.let_go(),
        }
    }
}

impl SimTransaction<'_> {
    fn let_go(&self) {
        let state = &mut *self.ports.world.state.borrow_mut();
        let tx = self.tx.get();
        match state.calls[self.ports.slot].ahead_us {
            0 => state.roll_back(tx),
            _ if state.ended => state.roll_back(tx),
            // Its time to let go has not come yet.
            ahead_us => {
                state.database.abandon(tx);
                state
                    .kernel
                    .after(ahead_us, Class::Step(Object(0)), Event::Abandon(tx))
            }
        }
    }
}

impl Transaction for SimTransaction<'_> {
    async fn lock_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        self.statement(true, |db, tx| db.lock_key(tx, key)).await
    }

    async fn insert_key(&mut self, key: &ScopedKey, record: KeyRecord) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_key(tx, key, record))
            .await
    }

    async fn update_key(
        &mut self,
        key: &ScopedKey,
        held: Token,
        record: KeyRecord,
    ) -> Result<u64, StoreError> {
        self.statement(false, |db, tx| db.update_key(tx, key, held, record))
            .await
    }

    async fn find_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        self.statement(true, |db, tx| db.find_key(tx, key)).await
    }

    async fn set_key_state(&mut self, key: &ScopedKey, state: KeyState) -> Result<u64, StoreError> {
        self.statement(false, |db, tx| db.set_key_state(tx, key, state))
            .await
    }

    async fn lock_overdue_claims(
        &mut self,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, StoreError> {
        self.statement(false, |db, tx| db.lock_overdue_claims(tx, now, limit))
            .await
    }

    async fn delete_expired_keys(&mut self, before: Time, limit: usize) -> Result<u64, StoreError> {
        let deleted = self
            .statement(false, |db, tx| db.delete_expired_keys(tx, before, limit))
            .await?;
        if deleted > 0 {
            self.ports.world.state.borrow_mut().cover(Label::KeyExpired);
        }
        Ok(deleted)
    }

    async fn reserve_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        self.stock(tenant, lines, StockChange::Reserve).await
    }

    async fn settle_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.stock(tenant, lines, StockChange::Settle)
            .await
            .map(|_| ())
    }

    async fn release_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.stock(tenant, lines, StockChange::Release)
            .await
            .map(|_| ())
    }

    async fn sell_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        self.stock(tenant, lines, StockChange::Sell).await
    }

    async fn check_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        self.statement(true, |db, tx| db.check_stock(tx, tenant, lines))
            .await
    }

    async fn check_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError> {
        self.statement(true, |db, tx| db.check_coupon(tx, tenant, coupon))
            .await
    }

    async fn redeem_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError> {
        self.statement(false, |db, tx| db.redeem_coupon(tx, tenant, coupon))
            .await
    }

    async fn count_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.count_coupon(tx, tenant, coupon, 1))
            .await
    }

    async fn release_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.count_coupon(tx, tenant, coupon, -1))
            .await?;
        let state = &mut *self.ports.world.state.borrow_mut();
        state.cover(Label::CouponGivenBack);
        Ok(())
    }

    async fn insert_order(&mut self, new: NewOrder) -> Result<OrderId, StoreError> {
        let mut new = Some(new);
        self.statement(false, |db, tx| db.insert_order(tx, &mut new))
            .await
    }

    async fn insert_items(
        &mut self,
        order: OrderId,
        _content: &OrderContent,
    ) -> Result<(), StoreError> {
        // The lines are those of the row's content; what matters is whether they were inserted.
        self.statement(false, |db, tx| db.insert_items(tx, order))
            .await
    }

    async fn insert_item(&mut self, order: OrderId, _line: &Line) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_item(tx, order))
            .await
    }

    async fn find_items(&mut self, order: OrderId) -> Result<Vec<Line>, StoreError> {
        self.statement(true, |db, tx| db.find_items(tx, order))
            .await
    }

    async fn update_order(
        &mut self,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Result<u64, StoreError> {
        self.statement(false, |db, tx| db.update_order(tx, order, from, to))
            .await
    }

    async fn find_order(&mut self, order: OrderId) -> Result<Option<OrderRow>, StoreError> {
        self.statement(true, |db, tx| db.find_order(tx, order))
            .await
    }

    async fn find_order_by_cart(
        &mut self,
        tenant: Tenant,
        cart: Cart,
    ) -> Result<Option<Order>, StoreError> {
        self.statement(true, |db, tx| db.find_order_by_cart(tx, tenant, cart))
            .await
    }

    async fn find_order_by_key(
        &mut self,
        tenant: Option<Tenant>,
        key: &IdempotencyKey,
    ) -> Result<Option<Order>, StoreError> {
        self.statement(true, |db, tx| db.find_order_by_key(tx, tenant, key))
            .await
    }

    async fn find_recent_orders(
        &mut self,
        tenant: Tenant,
        customer: Customer,
        within: Span,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        self.statement(true, |db, tx| {
            db.find_recent_orders(tx, tenant, customer, within, limit)
        })
        .await
    }

    async fn insert_charge(&mut self, charge: ChargeRow) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_charge(tx, charge))
            .await
    }

    async fn increment_sales(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.increment_sales(tx, tenant, lines))
            .await
    }

    async fn insert_inventory_log(
        &mut self,
        _order: OrderId,
        _lines: &[Line],
    ) -> Result<(), StoreError> {
        // Nothing reads the log, and an insert waits for nobody: only the round trip can be noticed.
        self.statement(false, |_, _| Ok(())).await
    }

    async fn find_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<bool, StoreError> {
        self.statement(true, |db, tx| db.find_cart(tx, tenant, cart))
            .await
    }

    async fn clear_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.clear_cart(tx, tenant, cart))
            .await
    }

    async fn insert_notification(
        &mut self,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_notification(tx, order, kind))
            .await
    }

    async fn commit(self) -> Result<CommitTag, StoreError> {
        match self.connection.get() {
            Connection::Open => {}
            Connection::Between | Connection::Within => return Ok(CommitTag::Committed),
            Connection::Lost | Connection::Done => return Err(StoreError::Unavailable),
        }
        self.ports
            .round_trip(CrashPoint::AfterCommit, false, |state, _| {
                Some(self.end(state))
            })
            .await
    }

    async fn rollback(self) {
        if self.connection.get() == Connection::Open {
            self.ports
                .round_trip(CrashPoint::Anywhere, false, |state, _| {
                    self.connection.set(Connection::Done);
                    state.database.rollback(self.tx.get());
                    Some(())
                })
                .await;
        }
    }
}
