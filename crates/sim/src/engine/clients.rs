//! Purchases become visits, and visits go on when they hear something.

use std::future::Future;

use explore::TaskId;
use orders::Job;
use outside::Visit;

use crate::clients::flights::AttemptId;
use crate::engine::Engine;
use crate::ports::ReplicaPorts;
use crate::state::State;

impl<'w, F, H, G, V> Engine<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    /// A purchase is due.
    pub(super) fn intent(&mut self) {
        let now_us = self.world.now_us();
        self.purchases.go_on(self.world, now_us, &mut self.visits);
    }

    /// An app dies: the tap that waits hears of it, and will come back; the others are gone.
    pub(super) fn app_dies(&mut self, attempt: AttemptId) {
        let died = self
            .world
            .state
            .borrow_mut()
            .app_dies(&self.world.setting, attempt);
        if let Some((task, others)) = died {
            for other in others {
                self.visits.pool.remove(other);
            }
            self.visits.poll(task);
        }
    }

    /// A client will never hear of its attempt: it waits for ever, and the run does not wait for it.
    pub(super) fn never_answered(&mut self, attempt: AttemptId) {
        let gone = self.world.state.borrow_mut().give_up_on(attempt);
        if let Some(task) = gone {
            self.visits.pool.remove(task);
        }
    }

    /// Something happened to an attempt: if its client heard of it, the client goes on.
    pub(super) fn go_on(&mut self, what: impl FnOnce(&mut State) -> Option<TaskId>) {
        let task = what(&mut self.world.state.borrow_mut());
        if let Some(task) = task {
            self.visits.poll(task);
        }
    }
}
