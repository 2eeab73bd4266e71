//! The database and its transactions.

use protocol::Time;

use super::carts::Carts;
use super::charges::Charges;
use super::coupons::Coupons;
use super::keys::Keys;
use super::orders::Orders;
use super::outbox::Outbox;
use super::sales::Sales;
use super::stock::Stock;
use super::store_error::StoreError;

/// The isolation level of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isolation {
    /// Every statement sees what was committed before it began.
    #[default]
    ReadCommitted,
    /// The transaction sees one snapshot.
    RepeatableRead,
    /// The transactions have an order.
    Serializable,
}

/// The command tag of a COMMIT, which tells what it did. Where a driver does not pass the tag on, its port still knows: a transaction in
/// which a statement has failed can only be rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "a COMMIT that rolled back is no error, and has committed nothing"]
pub enum CommitTag {
    /// `COMMIT`.
    Committed,
    /// `ROLLBACK`: an error had aborted the transaction before, and nothing of it is left.
    RolledBack,
}

impl CommitTag {
    /// Takes a ROLLBACK for the failure that it is.
    ///
    /// # Errors
    /// [`StoreError::Aborted`] if nothing was committed.
    pub fn committed(self) -> Result<(), StoreError> {
        match self {
            CommitTag::Committed => Ok(()),
            CommitTag::RolledBack => Err(StoreError::Aborted),
        }
    }
}

/// The database. What a committed transaction wrote is durable; what an open one wrote is invisible to others.
pub trait Store {
    /// An open transaction. Dropping it rolls back, as a lost connection does.
    type Transaction<'a>: Transaction
    where
        Self: 'a;

    /// `BEGIN ISOLATION LEVEL …`
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if no connection could be had.
    async fn begin(&self, isolation: Isolation) -> Result<Self::Transaction<'_>, StoreError>;

    /// A connection in autocommit mode, as `db.query` on a pool is: every statement is a transaction of its own, and one round
    /// trip. It may wait inside that statement, and holds no lock after it. Its `commit` and `rollback` have nothing to do and
    /// cost nothing.
    ///
    /// A statement that writes fails with [`StoreError::Unknown`] where [`Transaction::commit`] would.
    fn autocommit(&self) -> Self::Transaction<'_>;
}

/// An open transaction: one method per SQL statement, each a round trip; a trait for every table.
///
/// Every method fails with [`StoreError::Conflict`] or [`StoreError::Unique`] when the database aborts the transaction, with
/// [`StoreError::Aborted`] after that, and with [`StoreError::Unavailable`] when the connection is lost: the transaction is
/// then rolled back. Only [`Transaction::commit`] can end in [`StoreError::Unknown`], and a statement in autocommit mode.
pub trait Transaction: Keys + Orders + Stock + Coupons + Charges + Sales + Carts + Outbox {
    /// `NOW()`: when the transaction began, by the database's clock, which all replicas share. It comes with the answer to BEGIN, so
    /// it is no round trip. In autocommit mode it is the time of the call.
    fn now(&self) -> Time;

    /// `COMMIT`. Of a transaction that an error has aborted it is a ROLLBACK, which is no error: the tag tells.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] if the connection broke before the acknowledgement: it may have happened.
    /// [`StoreError::Conflict`] if the database refused it: it did not happen.
    async fn commit(self) -> Result<CommitTag, StoreError>;

    /// `ROLLBACK`.
    async fn rollback(self);
}
