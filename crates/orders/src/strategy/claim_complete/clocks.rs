//! Two clocks. Leases and expiries are times of the database, because replicas whose clocks differ must agree on them; how long a
//! process works or remembers is measured by its own.

use protocol::Time;

use crate::ports::{Clock, Isolation, Ports, Store, StoreError, Transaction};

/// Both clocks, read for one transaction: ours when BEGIN was sent, the database's when the transaction began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    own: Time,
    pub(super) store: Time,
}

impl Clocks {
    /// What our own clock shows when the database's shows `at`; somewhat less, because BEGIN was under way in between. A time that
    /// has passed is as good as now.
    pub(super) fn own(self, at: Time) -> Time {
        self.own + at.since(self.store)
    }
}

/// Begins a transaction, and reads both clocks.
pub(super) async fn begin<P: Ports>(
    ports: &P,
) -> Result<(<P::Store as Store>::Transaction<'_>, Clocks), StoreError> {
    let own = ports.clock().now();
    let tx = ports.store().begin(Isolation::ReadCommitted).await?;
    let store = tx.now();
    Ok((tx, Clocks { own, store }))
}
