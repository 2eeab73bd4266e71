//! The visits of a world, each a task.

use std::future::Future;

use explore::{Pool, TaskId};
use outside::{Schedule, Visit};

use crate::event::Event;
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
