//! A transactional database: committed and uncommitted versions, row locks, unique indexes that wait, the aborted state.
//!
//! READ COMMITTED, as PostgreSQL has it. A row's newest version stands in its slot, marked with the transaction that wrote it;
//! what it replaced stands in that transaction's undo log, where readers of the committed version find it. An error inside a
//! transaction undoes it at once and releases its locks; until ROLLBACK it answers nothing but "aborted".
//!
//! - [`rows`]: the slots of each table and their indexes
//! - [`statements`]: one method per SQL statement
//! - [`store`]: the port `orders::Store`, with a round trip for every statement

pub(crate) mod rows;
mod statements;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use explore::TaskId;
use orders::StoreError;

use rows::{Charges, Keys, Notes, Orders, Sales, Stocks, Undo};

/// An open transaction, by its place in the database's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tx(pub(crate) u32);

/// Who wrote a row's newest version: nobody (it is committed), or an open transaction.
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
    waiters: Vec<TaskId>,
    waits_for: Option<Tx>,
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
    transactions: Vec<Transaction>,
    closed: Vec<Tx>,
    /// Tasks whose statement may be tried again, in order.
    pub(crate) released: Vec<TaskId>,
    /// The true time, as of the statement at hand.
    pub(crate) now_us: u64,
    /// How many statements took effect or failed.
    pub(crate) statements: u64,
    /// How often a statement had to wait.
    pub(crate) waits: u64,
    /// How often a claim was written that another owner had held.
    pub(crate) takeovers: u64,
    /// How often waiting would never have ended.
    pub(crate) deadlocks: u64,
}

impl Database {
    /// `BEGIN`.
    pub(crate) fn begin(&mut self) -> Tx {
        let tx = self.closed.pop().unwrap_or_else(|| {
            self.transactions.push(Transaction::default());
            Tx(self.transactions.len() as u32 - 1)
        });
        self.transactions[tx.0 as usize].state = TxState::Open;
        tx
    }

    /// `COMMIT`. Of an aborted transaction it is a ROLLBACK, and says so.
    pub(crate) fn commit(&mut self, tx: Tx) -> Result<(), StoreError> {
        let aborted = self.transactions[tx.0 as usize].state == TxState::Aborted;
        if aborted {
            self.close(tx);
            return Err(StoreError::Aborted);
        }
        let mut undo = std::mem::take(&mut self.transactions[tx.0 as usize].undo);
        for change in undo.drain(..) {
            self.settle(change);
        }
        self.transactions[tx.0 as usize].undo = undo;
        self.close(tx);
        Ok(())
    }

    /// `ROLLBACK`, or a lost connection.
    pub(crate) fn rollback(&mut self, tx: Tx) {
        self.undo(tx);
        self.close(tx);
    }

    /// Undoes what a transaction did, and releases its locks.
    fn undo(&mut self, tx: Tx) {
        let mut undo = std::mem::take(&mut self.transactions[tx.0 as usize].undo);
        for change in undo.drain(..).rev() {
            self.revert(change);
        }
        self.transactions[tx.0 as usize].undo = undo;
        self.release_waiters(tx);
    }

    /// After an error the transaction is undone at once and takes no more statements.
    pub(crate) fn abort(&mut self, tx: Tx) {
        self.undo(tx);
        self.transactions[tx.0 as usize].state = TxState::Aborted;
    }

    fn close(&mut self, tx: Tx) {
        self.release_waiters(tx);
        let transaction = &mut self.transactions[tx.0 as usize];
        assert!(
            transaction.undo.is_empty(),
            "a transaction ends with nothing to undo"
        );
        assert!(
            transaction.state != TxState::Closed,
            "a transaction ends once"
        );
        transaction.state = TxState::Closed;
        transaction.waits_for = None;
        self.closed.push(tx);
    }

    fn release_waiters(&mut self, tx: Tx) {
        let waiters = &mut self.transactions[tx.0 as usize].waiters;
        self.released.append(waiters);
    }

    /// Runs a statement in a transaction. `None`: it waits, and its task will be among the released ones.
    #[inline]
    pub(crate) fn run<T>(
        &mut self,
        tx: Tx,
        task: TaskId,
        statement: &mut impl FnMut(&mut Database, Tx) -> Result<T, Stop>,
    ) -> Option<Result<T, StoreError>> {
        self.transactions[tx.0 as usize].waits_for = None;
        self.statements += 1;
        if self.transactions[tx.0 as usize].state == TxState::Aborted {
            return Some(Err(StoreError::Aborted));
        }
        match statement(self, tx) {
            Ok(value) => Some(Ok(value)),
            Err(Stop::Error(error)) => {
                self.abort(tx);
                Some(Err(error))
            }
            Err(Stop::Wait(holder)) => self.wait(tx, holder, task),
        }
    }

    /// Waits for the holder, unless the holder waits for us: then this transaction is the victim.
    fn wait<T>(&mut self, tx: Tx, holder: Tx, task: TaskId) -> Option<Result<T, StoreError>> {
        let mut next = Some(holder);
        while let Some(other) = next {
            if other == tx {
                self.deadlocks += 1;
                self.abort(tx);
                return Some(Err(StoreError::Conflict));
            }
            next = self.transactions[other.0 as usize].waits_for;
        }
        self.waits += 1;
        self.transactions[tx.0 as usize].waits_for = Some(holder);
        self.transactions[holder.0 as usize].waiters.push(task);
        None
    }

    #[inline]
    fn log(&mut self, tx: Tx, undo: Undo) {
        self.transactions[tx.0 as usize].undo.push(undo);
    }

    fn undo_log(&self, tx: Tx) -> &[Undo] {
        &self.transactions[tx.0 as usize].undo
    }

    /// How many transactions are open.
    pub(crate) fn open_transactions(&self) -> usize {
        self.transactions.len() - self.closed.len()
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
