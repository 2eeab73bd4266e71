//! Who hears what on the bench: an event reaches the handler that it is for, or waits until it is its turn.

use std::future::Ready;

use explore::TaskId;
use protocol::Span;

use super::{Bench, Handle, Handler, Stay, Work};
use crate::engine::Engine;
use crate::event::Event;

type Bare<'w> = Engine<'w, Work<'w>, Handle<'w>, Ready<()>, Stay>;

impl<'w> Bench<'w> {
    /// An event happens, perhaps to a handler.
    pub(super) fn happen(&mut self, task: Option<TaskId>, event: Event) {
        match task {
            Some(task) => {
                if let Some(coming) = self.coming.get_mut(&task) {
                    *coming = coming.saturating_sub(1);
                }
                self.act(task, |engine| engine.dispatch(event));
            }
            None => {
                self.engine.dispatch(event);
                self.notice_released();
            }
        }
    }

    /// A handler does something. What it sends comes back to it, as every message does, unless it waits for a lock.
    pub(super) fn act(&mut self, task: TaskId, what: impl FnOnce(&mut Bare<'w>)) {
        let before = self.len();
        what(&mut self.engine);
        let posted = self.len() - before - self.notice_released();
        if self.waits(Handler(task)) {
            // All that was posted is the deadlock check.
            if !self.waiting.contains(&task) {
                self.waiting.push(task);
            }
        } else if self.engine.handlers.contains(task) {
            *self.coming.entry(task).or_default() += posted;
        } else {
            self.coming.remove(&task);
        }
        self.wake();
    }

    fn len(&self) -> u64 {
        self.engine.world.state.borrow().kernel.len() as u64
    }

    /// Finds the tasks that have stopped waiting for a lock, and expects an event for each. Returns how many there are.
    pub(super) fn notice_released(&mut self) -> u64 {
        let state = self.engine.world.state.borrow();
        let (waiting, released) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|task| state.database.waits(*task));
        self.waiting = waiting;
        let released: Vec<TaskId> = released;
        for task in &released {
            *self.coming.entry(*task).or_default() += 1;
        }
        released.len() as u64
    }

    /// Tasks that others woke hear of it by an event, as in any world.
    pub(super) fn wake(&mut self) {
        let woken = self.engine.handlers.woken();
        woken.drain_into(&mut self.engine.woken);
        for task in &self.engine.woken {
            *self.coming.entry(*task).or_default() += 1;
        }
        self.engine.resume_woken();
    }

    /// The next event of a handler: one that was kept for it, or the next that comes. What comes for others before is kept.
    pub(super) fn next_of(&mut self, task: TaskId) -> Option<Event> {
        if let Some(place) = self.held.iter().position(|(other, _)| *other == task) {
            return self.held.remove(place).map(|(_, event)| event);
        }
        while self.coming.get(&task).is_some_and(|coming| *coming > 0) {
            let event = self.engine.take()?;
            if self.whose(event) == Some(task) {
                return Some(event);
            }
            self.happen_or_wait(event);
        }
        None
    }

    /// An event happens that the world needs no handler for; what reaches one whose turn it is not is kept.
    pub(super) fn happen_or_wait(&mut self, event: Event) {
        let is_the_gateways = matches!(event, Event::GatewayArrive(_) | Event::GatewayCapture(_));
        match self.whose(event) {
            Some(task) if !is_the_gateways => self.held.push_back((task, event)),
            task => self.happen(task, event),
        }
    }

    /// Whom an event reaches, or whose message; none if that handler is gone.
    pub(super) fn whose(&self, event: Event) -> Option<TaskId> {
        let state = self.engine.world.state.borrow();
        let task = match event {
            Event::Reach(task) | Event::Reply(task) => task.get(),
            Event::GatewayArrive(slot)
            | Event::GatewayCapture(slot)
            | Event::GatewayReply(slot) => state.gateway.operations[slot.get() as usize].task,
            _ => return None,
        };
        self.engine.handlers.contains(task).then_some(task)
    }

    /// Sets the end of a span of time, by an event that nothing else needs here: no load comes on the bench.
    pub(super) fn mark(&mut self, span: Span) {
        let kernel = &mut self.engine.world.state.borrow_mut().kernel;
        kernel.after(span.0, Event::Intent);
    }

    /// The next event before the end that was set.
    pub(super) fn take(&mut self) -> Option<Event> {
        let event = self.engine.take().expect("the mark is there");
        (!matches!(event, Event::Intent)).then_some(event)
    }
}
