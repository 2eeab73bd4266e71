//! Deadlocks, as PostgreSQL finds them: a transaction that has waited for `deadlock_timeout` (a second) runs the deadlock check
//! once, and is the victim if it is part of a cycle.
//!
//! No transaction checks before: for that second all in the cycle, and all that come to wait for one of them, stand still. A
//! cycle is closed by the wait that begins last, and until then no check can find it; so it is known at that moment whose
//! check will, and only that one is an event.
//!
//! A transaction that finds another was faster when a lock comes free waits anew, and checks once more. PostgreSQL has those who
//! stand further back in a row's queue wait on, if the lock came free by a rollback; in a queue of hundreds that changes who is
//! undone next, not that it takes a second each.

use crate::database::{Database, Tx};

/// `deadlock_timeout`.
pub(super) const TIMEOUT_US: u64 = 1_000_000;

impl Database {
    /// A wait has begun. If it closes a cycle: when the check will run that finds it, and in which transaction.
    pub(crate) fn closes_cycle(&self, tx: Tx) -> Option<(u64, Tx)> {
        let mut found = (self.checks_at_us(tx), tx);
        for other in self.waits_in_turn(tx) {
            if other == tx {
                return Some(found);
            }
            let at_us = self.checks_at_us(other);
            // A transaction checks once for each wait.
            if at_us > self.at_hand.now_us && at_us < found.0 {
                found = (at_us, other);
            }
        }
        None
    }

    /// When a waiting transaction runs its deadlock check.
    fn checks_at_us(&self, tx: Tx) -> u64 {
        self.open.slots[tx.place()].waits_since_us + TIMEOUT_US
    }

    /// The transaction that this one waits for, the one that that waits for, and so on: at most once around a cycle that others
    /// are in.
    fn waits_in_turn(&self, tx: Tx) -> impl Iterator<Item = Tx> {
        let next = |tx: Tx| self.open.slots[tx.place()].waits_for;
        std::iter::successors(next(tx), move |tx| next(*tx)).take(self.open.slots.len())
    }

    /// The deadlock check of a transaction that has waited for `deadlock_timeout`. If it waits for itself it becomes the victim: it stops
    /// waiting, and its statement fails as soon as it is run again. Whether it did.
    pub(crate) fn breaks_deadlock(&mut self, tx: Tx) -> bool {
        let is_its_time = self.checks_at_us(tx) == self.at_hand.now_us;
        if !is_its_time || !self.waits_in_turn(tx).any(|other| other == tx) {
            // The cycle broke, or this is another transaction in the place of the one that waited.
            return false;
        }
        let transaction = &mut self.open.slots[tx.place()];
        transaction.is_victim = true;
        let holder = transaction.waits_for.take().expect("it waits for itself");
        let waiters = &mut self.open.slots[holder.place()].waiters;
        // The last one: those before it may have been in the same place.
        let place = waiters.iter().rposition(|(_, waiter)| *waiter == tx);
        let (task, _) = waiters.remove(place.expect("the holder knows who waits for it"));
        self.open.released.push(task);
        self.counts.deadlocks += 1;
        true
    }
}
