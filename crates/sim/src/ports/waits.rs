//! Statements that wait for a lock, and the deadlock check of one that has waited long enough.

use history::Label;

use crate::database::Tx;
use crate::event::Event;
use crate::state::State;

impl State {
    /// The statement at hand waits.
    pub(super) fn note_wait(&mut self) {
        self.cover(Label::LockWait);
        if let Some((at_us, tx)) = self.database.at_hand.cycle.take() {
            let wait_us = at_us - self.kernel.now_us();
            self.kernel.after(wait_us, Event::DeadlockCheck(tx.into()));
        }
    }

    /// `deadlock_timeout` has elapsed for this waiter: the deadlock check runs.
    pub(crate) fn check_deadlock(&mut self, tx: Tx) {
        self.database.at_hand.now_us = self.kernel.now_us();
        if self.database.breaks_deadlock(tx) {
            self.cover(Label::Deadlock);
            self.release_waiters();
        }
    }
}
