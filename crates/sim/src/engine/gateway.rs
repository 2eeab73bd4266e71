//! Charges arrive, are captured, and are answered; webhooks are sent.

use crate::client::Visit;
use crate::engine::Engine;
use crate::gateway::Fate;
use crate::ports::ReplicaPorts;
use crate::service::Job;
use crate::world::{Event, Fired};
use history::Label;
use std::future::Future;

impl<'w, F, H, G, V> Engine<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    pub(super) fn gateway_arrive(&mut self, slot: u32) {
        let state = &mut *self.world.state.borrow_mut();
        let now_us = state.kernel.now_us();
        state.gateway.arrive(slot, now_us);
        let operation = state.gateway.operations[slot as usize];
        let rest_us = operation.reply_at_us.saturating_sub(now_us);
        if operation.captures.is_some() && operation.told.is_none() {
            // A capture ends well before its answer is back; of a lost answer, before anybody has given up.
            state.after(rest_us * 2 / 3, operation.task, Event::GatewayCapture(slot));
        } else {
            state.after(rest_us, operation.task, Event::GatewayReply(slot));
        }
    }

    pub(super) fn gateway_capture(&mut self, slot: u32) {
        let world = self.world;
        {
            let state = &mut *world.state.borrow_mut();
            let captured = state.gateway.capture(slot);
            let operation = state.gateway.operations[slot as usize];
            let rest_us = operation.reply_at_us.saturating_sub(state.kernel.now_us());
            state.after(rest_us, operation.task, Event::GatewayReply(slot));
            if operation.fate == Fate::TimeoutAfter {
                state.cover(Label::CaptureUnknown);
            }
            if let Some(charge) = captured {
                state.announce(world, charge);
                state.note_capture(operation.task);
            }
        }
        world.bury(&mut self.handlers);
    }

    pub(super) fn gateway_reply(&mut self, slot: u32, event: Event) {
        let task = self.world.state.borrow().gateway.operations[slot as usize].task;
        if self.postpone(task, event) {
            return;
        }
        {
            let state = &mut *self.world.state.borrow_mut();
            let operation = state.gateway.take(slot);
            if self.handlers.contains(task) {
                state.calls[task.slot as usize].told = operation.told;
            }
        }
        self.poll_handler(task, Fired::Reply);
    }

    /// The gateway tells a replica of a capture. The strategies so far have no use for it; it is heard and acknowledged.
    pub(super) fn webhook(&mut self, _charge: u32) {
        let state = &mut *self.world.state.borrow_mut();
        state.webhooks_heard += 1;
    }
}
