//! A transactional database: committed and uncommitted versions, row locks, unique indexes that wait, the aborted state.
//!
//! READ COMMITTED, as PostgreSQL has it. A row's newest version stands in its slot, marked with the transaction that wrote it;
//! what it replaced stands in that transaction's undo log, where readers of the committed version find it. An error inside a
//! transaction undoes it at once and releases its locks; until ROLLBACK it answers nothing but "aborted".
//!
//! - [`keys`], [`orders`], [`stock`], [`coupons`], [`charges`], [`carts`], [`moves`], [`notes`]: the tables, each with its statements, one
//!   method per SQL statement: what it sees, what it waits for, what it leaves behind
//! - [`committed`]: what is committed at this moment
//! - [`undo`]: what becomes of a transaction's changes at its end
//! - [`deadlock`]: who notices that everybody waits for everybody, and when
//! - [`changes`]: how key records changed, for the history
//! - [`due`]: rows by the time at which they are due
//! - [`hashes`]: the hashes of the indexes
//! - [`customers`]: every customer's orders
//! - [`distinct`]: values of which there are few
//! - [`place`], [`texts`], [`records`], [`placed`]: places of rows, texts of keys, their records, and orders in few bytes, because a day
//!   has millions of them

mod carts;
pub(crate) mod changes;
pub(crate) mod charges;
mod committed;
pub(crate) mod coupons;
mod customers;
mod deadlock;
mod distinct;
mod due;
pub(crate) mod hashes;
pub(crate) mod keys;
pub(crate) mod moves;
mod notes;
pub(crate) mod orders;
pub(crate) mod place;
pub(crate) mod placed;
mod records;
pub(crate) mod stock;
#[cfg(test)]
mod tests;
mod texts;
mod undo;

use ::orders::{CommitTag, Ledgers, StoreError};
use carts::Carts;
use changes::{Committer, KeyChanges};
use charges::Charges;
pub use committed::Committed;
use coupons::Coupons;
use explore::TaskId;
use keys::Keys;
use moves::Moves;
use notes::Notes;
use orders::Orders;
use place::Place;
use stock::{Sales, Stocks};
use undo::Undo;

use crate::packed::Word;

/// Something that a service would leave out of an order's transaction: to show that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omission {
    /// The order's charge is not recorded.
    Charge,
    /// What was sold is not counted.
    Sales,
    /// The cart is not cleared.
    Cart,
    /// What left the stock is not logged.
    InventoryLog,
}

/// An open transaction, by its place in the database's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tx(Place);

impl Tx {
    /// None that is ever open.
    pub(crate) const NEVER: Tx = Tx(Place::LAST);

    fn at(place: u32) -> Tx {
        Tx(Place::of(place))
    }

    #[inline]
    fn place(self) -> usize {
        self.0.row() as usize
    }
}

impl Word for Tx {
    #[inline]
    fn to_word(self) -> u64 {
        self.0.row().to_word()
    }

    #[inline]
    fn from_word(word: u64) -> Tx {
        Tx::at(u32::from_word(word))
    }
}

/// The open transaction that wrote a row's newest version; `None` if it is committed.
pub(crate) type Writer = Option<Tx>;

/// Why a statement did not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It failed.
    Error(StoreError),
    /// It waits for this transaction to end, and is then run again.
    Wait(Tx),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Error(error)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TxState {
    #[default]
    Closed,
    Open,
    /// Undone; waits for ROLLBACK.
    Aborted,
}

#[derive(Debug, Default)]
struct Transaction {
    state: TxState,
    undo: Vec<Undo>,
    /// Who waits for this transaction to end, first come first served.
    waiters: Vec<(TaskId, Tx)>,
    waits_for: Option<Tx>,
    waits_since_us: u64,
    /// The victim of a deadlock: it stopped waiting, and its statement fails.
    is_victim: bool,
    /// The statement at hand has waited, and is run again.
    has_waited: bool,
    /// Its handler has let go of it; it is rolled back when the database hears of that.
    abandoned: bool,
    /// The rows of `stock` that were too short for the statement at hand when it began: kept, so that it allocates nothing.
    short: Vec<u32>,
}

impl Transaction {
    /// There was none yet; the memory is kept.
    fn forget(&mut self) {
        let Transaction {
            state,
            undo,
            waiters,
            waits_for,
            waits_since_us,
            is_victim,
            has_waited,
            abandoned,
            short,
        } = self;
        (*state, *waits_for, *waits_since_us) = (TxState::Closed, None, 0);
        (*is_victim, *has_waited, *abandoned) = (false, false, false);
        undo.clear();
        waiters.clear();
        short.clear();
    }
}

/// The database.
#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) keys: Keys,
    pub(crate) orders: Orders,
    pub(crate) stocks: Stocks,
    pub(crate) sales: Sales,
    pub(crate) charges: Charges,
    pub(crate) notes: Notes,
    pub(crate) carts: Carts,
    pub(crate) moves: Moves,
    pub(crate) coupons: Coupons,
    /// A statement that is answered and does nothing.
    pub(crate) leaves_out: Option<Omission>,
    /// The tables that the audit shows beside those that it always does.
    pub(crate) ledgers: Ledgers,
    /// How key records changed.
    pub(crate) changes: KeyChanges,
    pub(crate) open: Transactions,
    pub(crate) at_hand: AtHand,
    pub(crate) counts: Counts,
}

/// The open transactions.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    slots: Vec<Transaction>,
    /// The slots that are free.
    closed: Vec<Tx>,
    /// Tasks whose statement may be tried again, in order.
    pub(crate) released: Vec<TaskId>,
}

/// What is known of the statement at hand.
#[derive(Debug, Default)]
pub(crate) struct AtHand {
    /// The true time.
    pub(crate) now_us: u64,
    /// Whose the commit is.
    pub(crate) committer: Committer,
    /// Whether it has waited before. PostgreSQL looks for rows in what was committed when the statement began; of a row for which it had
    /// to wait it looks at the newest version.
    resumed: bool,
    /// The circle that it closes by waiting, if it does: when it will be found, and by whom.
    pub(crate) cycle: Option<(u64, Tx)>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Statements, each once, however often it waited; BEGIN, COMMIT and ROLLBACK are statements.
    pub(crate) statements: u64,
    /// Those among them that began a transaction, ended one that had changed nothing, or looked for keys that are due and found none: only
    /// what is due decides how they end.
    pub(crate) idle_statements: u64,
    /// How often a statement had to wait.
    pub(crate) waits: u64,
    /// How many take-overs of claims were committed.
    pub(crate) takeovers: u64,
    /// How often waiting would never have ended.
    pub(crate) deadlocks: u64,
}

impl Database {
    /// Nothing has happened yet: there is what was there in the beginning, and no more. The memory is kept.
    pub(crate) fn forget(&mut self) {
        let Database {
            keys,
            orders,
            stocks,
            sales,
            charges,
            notes,
            carts,
            moves,
            coupons,
            leaves_out: _,
            ledgers: _,
            changes,
            open,
            at_hand,
            counts,
        } = self;
        keys.forget();
        orders.forget();
        stocks.restock();
        sales.forget();
        charges.forget();
        notes.forget();
        carts.forget();
        moves.slots.clear();
        coupons.forget_uses();
        open.slots.iter_mut().for_each(Transaction::forget);
        // The first to be opened is the first, as in a database that has none yet.
        open.closed.clear();
        open.closed
            .extend((0..open.slots.len() as u32).rev().map(Tx::at));
        open.released.clear();
        changes.forget();
        *at_hand = AtHand::default();
        *counts = Counts::default();
    }

    /// Nothing is looked for any more: the memory of large indexes is given back.
    pub(crate) fn close_indexes(&mut self) {
        self.keys.close();
        self.orders.close();
    }

    /// `BEGIN`.
    pub(crate) fn begin(&mut self) -> Tx {
        self.counts.statements += 1;
        self.counts.idle_statements += 1;
        self.open()
    }

    /// A transaction begins, if only for one statement.
    pub(crate) fn open(&mut self) -> Tx {
        let tx = self.open.closed.pop().unwrap_or_else(|| {
            self.open.slots.push(Transaction::default());
            Tx::at(self.open.slots.len() as u32 - 1)
        });
        self.open.slots[tx.place()].state = TxState::Open;
        tx
    }

    /// `COMMIT`. Of an aborted transaction it is a ROLLBACK, and says so in its tag.
    pub(crate) fn commit(&mut self, tx: Tx) -> CommitTag {
        self.counts.statements += 1;
        if self.is_aborted(tx) {
            self.close(tx);
            return CommitTag::RolledBack;
        }
        self.counts.idle_statements += u64::from(self.open.slots[tx.place()].undo.is_empty());
        self.make_durable(tx);
        CommitTag::Committed
    }

    /// What a transaction did is committed, and its locks are free.
    pub(crate) fn make_durable(&mut self, tx: Tx) {
        let mut undo = std::mem::take(&mut self.open.slots[tx.place()].undo);
        for change in undo.drain(..) {
            self.settle(change);
        }
        self.open.slots[tx.place()].undo = undo;
        self.close(tx);
    }

    /// A `COMMIT` that fails: the transaction is undone.
    pub(crate) fn refuse_commit(&mut self, tx: Tx) {
        self.rollback(tx);
    }

    /// `ROLLBACK`.
    pub(crate) fn rollback(&mut self, tx: Tx) {
        self.counts.statements += 1;
        self.hang_up(tx);
    }

    /// The connection is gone, and with it the transaction.
    pub(crate) fn hang_up(&mut self, tx: Tx) {
        self.undo(tx);
        self.close(tx);
    }

    /// The handler has let go of the transaction, which the database hears a little later.
    pub(crate) fn abandon(&mut self, tx: Tx) {
        self.open.slots[tx.place()].abandoned = true;
    }

    /// The connections of all transactions that were let go of are gone.
    pub(crate) fn hang_up_abandoned(&mut self) {
        for tx in 0..self.open.slots.len() {
            if self.open.slots[tx].abandoned {
                self.hang_up(Tx::at(tx as u32));
            }
        }
    }

    /// Whether an error has undone the transaction.
    pub(crate) fn is_aborted(&self, tx: Tx) -> bool {
        self.open.slots[tx.place()].state == TxState::Aborted
    }

    /// Undoes what a transaction did, and releases its locks.
    fn undo(&mut self, tx: Tx) {
        let mut undo = std::mem::take(&mut self.open.slots[tx.place()].undo);
        for change in undo.drain(..).rev() {
            self.revert(change);
        }
        self.open.slots[tx.place()].undo = undo;
        self.release_waiters(tx);
    }

    /// After an error the transaction is undone at once and takes no more statements.
    pub(crate) fn abort(&mut self, tx: Tx) {
        self.undo(tx);
        self.open.slots[tx.place()].state = TxState::Aborted;
    }

    fn close(&mut self, tx: Tx) {
        self.release_waiters(tx);
        let transaction = &mut self.open.slots[tx.place()];
        assert!(
            transaction.undo.is_empty(),
            "a transaction ends with nothing to undo"
        );
        assert!(
            transaction.state != TxState::Closed,
            "a transaction ends once"
        );
        transaction.state = TxState::Closed;
        (transaction.waits_for, transaction.has_waited) = (None, false);
        (transaction.is_victim, transaction.abandoned) = (false, false);
        self.open.closed.push(tx);
    }

    #[inline]
    fn release_waiters(&mut self, tx: Tx) {
        if !self.open.slots[tx.place()].waiters.is_empty() {
            self.wake_waiters(tx);
        }
    }

    fn wake_waiters(&mut self, holder: Tx) {
        let mut waiters = std::mem::take(&mut self.open.slots[holder.place()].waiters);
        for (task, waiter) in waiters.drain(..) {
            let waits_for = &mut self.open.slots[waiter.place()].waits_for;
            if *waits_for == Some(holder) {
                // The holder's place may be another's before the waiter goes on.
                *waits_for = None;
            }
            self.open.released.push(task);
        }
        self.open.slots[holder.place()].waiters = waiters;
    }

    /// Runs a statement in a transaction. `None`: it waits, and its task will be among the released ones.
    #[inline]
    pub(crate) fn run<T>(
        &mut self,
        tx: Tx,
        task: TaskId,
        statement: &mut impl FnMut(&mut Database, Tx) -> Result<T, Stop>,
    ) -> Option<Result<T, StoreError>> {
        self.at_hand.resumed = std::mem::take(&mut self.open.slots[tx.place()].has_waited);
        self.counts.statements += u64::from(!self.at_hand.resumed);
        if self.at_hand.resumed && self.open.slots[tx.place()].is_victim {
            self.abort(tx);
            return Some(Err(StoreError::Conflict));
        }
        if self.is_aborted(tx) {
            return Some(Err(StoreError::Aborted));
        }
        match statement(self, tx) {
            Ok(value) => Some(Ok(value)),
            Err(Stop::Error(error)) => {
                self.abort(tx);
                Some(Err(error))
            }
            Err(Stop::Wait(holder)) => {
                self.wait(tx, holder, task);
                None
            }
        }
    }

    /// Waits until the holder ends.
    fn wait(&mut self, tx: Tx, holder: Tx, task: TaskId) {
        self.counts.waits += 1;
        let transaction = &mut self.open.slots[tx.place()];
        (transaction.waits_for, transaction.has_waited) = (Some(holder), true);
        transaction.waits_since_us = self.at_hand.now_us;
        self.open.slots[holder.place()].waiters.push((task, tx));
        self.at_hand.cycle = self.closes_cycle(tx);
    }

    #[inline]
    fn log(&mut self, tx: Tx, undo: Undo) {
        self.open.slots[tx.place()].undo.push(undo);
    }

    fn undo_log(&self, tx: Tx) -> &[Undo] {
        &self.open.slots[tx.place()].undo
    }

    /// How many transactions are open.
    pub(crate) fn open_transactions(&self) -> usize {
        self.open.slots.len() - self.open.closed.len()
    }
}

/// Whether a row may be written by `tx`: it is committed, or its own.
#[inline]
fn writable(writer: Writer, tx: Tx) -> Result<(), Stop> {
    match writer {
        Some(other) if other != tx => Err(Stop::Wait(other)),
        _ => Ok(()),
    }
}
