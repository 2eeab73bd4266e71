//! Transactions that do not begin, conflict, or end with an unknown outcome.

use orders::{CommitTag, Isolation, Ports, Store, StoreError, Transaction};
use protocol::Time;

use super::{Mishap, Scripted};

/// A transaction under a script.
#[derive(Debug)]
pub struct ScriptedTransaction<T> {
    pub(super) tx: T,
    mishap: Option<Mishap>,
}

impl<P: Ports> Store for Scripted<'_, P> {
    type Transaction<'a>
        = ScriptedTransaction<<P::Store as Store>::Transaction<'a>>
    where
        Self: 'a;

    async fn begin(&self, isolation: Isolation) -> Result<Self::Transaction<'_>, StoreError> {
        let number = self.script.transactions.get() + 1;
        self.script.transactions.set(number);
        let mishap = self.script.mishaps.borrow().get(&number).copied();
        if mishap == Some(Mishap::BeginUnavailable) {
            return Err(StoreError::Unavailable);
        }
        let tx = self.ports.store().begin(isolation).await?;
        Ok(ScriptedTransaction { tx, mishap })
    }

    fn autocommit(&self) -> Self::Transaction<'_> {
        ScriptedTransaction {
            tx: self.ports.store().autocommit(),
            mishap: None,
        }
    }
}

impl<T: Transaction> Transaction for ScriptedTransaction<T> {
    fn now(&self) -> Time {
        self.tx.now()
    }

    async fn commit(self) -> Result<CommitTag, StoreError> {
        let told = match self.mishap {
            None | Some(Mishap::BeginUnavailable) => return self.tx.commit().await,
            Some(Mishap::CommitUnknown { applied: true }) => match self.tx.commit().await? {
                CommitTag::Committed => StoreError::Unknown,
                // Of an aborted transaction everything is known.
                CommitTag::RolledBack => return Ok(CommitTag::RolledBack),
            },
            Some(Mishap::CommitUnknown { applied: false }) => {
                self.tx.rollback().await;
                StoreError::Unknown
            }
            Some(Mishap::CommitConflict) => {
                self.tx.rollback().await;
                StoreError::Conflict
            }
        };
        Err(told)
    }

    async fn rollback(self) {
        self.tx.rollback().await;
    }
}
