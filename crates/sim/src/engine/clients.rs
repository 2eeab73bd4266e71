//! Purchases become visits, and visits go on when they hear something.

use std::future::Future;

use explore::{Pool, TaskId};
use orders::Job;
use outside::{Schedule, Visit};

use crate::clients::flights::AttemptId;
use crate::engine::Engine;
use crate::event::Event;
use crate::ports::ReplicaPorts;
use crate::state::State;
use crate::world::World;

/// The visits of a world.
pub(super) struct Visits<'w, G: Future<Output = ()>, V> {
    pub(super) world: &'w World,
    pub(super) pool: Pool<G>,
    pub(super) go: V,
}

impl<G: Future<Output = ()>, V: Fn(Visit) -> G> Schedule for Visits<'_, G, V> {
    fn load_at(&mut self, at_us: u64) {
        let kernel = &mut self.world.state.borrow_mut().kernel;
        kernel.at(at_us, Event::Intent);
    }

    fn come(&mut self, visit: Visit, after_us: u64) {
        let go = &self.go;
        let task = self.pool.spawn_with(|_| go(visit));
        if self.world.setting.script.can_die(visit.intent.client) && visit.is_of_the_app() {
            let intent = visit.purchase.intent.index() as u32;
            let state = &mut *self.world.state.borrow_mut();
            state.clients.apps.entry(intent).or_default().push(task);
        }
        if after_us == 0 {
            self.poll(task);
        } else {
            let kernel = &mut self.world.state.borrow_mut().kernel;
            kernel.after(after_us, Event::Client(task.into()));
        }
    }
}

impl<G: Future<Output = ()>, V> Visits<'_, G, V> {
    pub(super) fn poll(&mut self, task: TaskId) {
        self.world.state.borrow_mut().clients.running = Some(task);
        self.pool.poll(task);
        self.world.state.borrow_mut().clients.running = None;
    }
}

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
