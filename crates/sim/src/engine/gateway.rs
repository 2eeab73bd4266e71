//! Charges arrive, are captured, and are answered; webhooks are sent.

use std::future::Future;

use history::Label;
use orders::Job;
use outside::Visit;

use crate::engine::Engine;
use crate::event::{Event, Fired};
use crate::gateway::Webhook;
use crate::ports::ReplicaPorts;
use crate::replicas::call::Cause;

impl<'w, F, H, G, V> Engine<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    pub(super) fn gateway_arrive(&mut self, slot: u32) {
        let world = self.world;
        let state = &mut *world.state.borrow_mut();
        let now_us = state.kernel.now_us();
        state.gateway.arrive(slot, now_us);
        let operation = state.gateway.operations[slot as usize];
        let rest_us = operation.reply_at_us.saturating_sub(now_us);
        if operation.captures.is_some() {
            state.may_decline(&world.setting, slot);
            // A capture ends well before its answer is back; of a lost answer, before anybody has given up.
            state
                .kernel
                .after(rest_us * 2 / 3, Event::GatewayCapture(slot.into()));
        } else if operation.unheard {
            state.gateway.close(slot);
        } else {
            state
                .kernel
                .after(rest_us, Event::GatewayReply(slot.into()));
        }
    }

    pub(super) fn gateway_capture(&mut self, slot: u32) {
        let world = self.world;
        let paid = {
            let state = &mut *world.state.borrow_mut();
            let now_us = state.kernel.now_us();
            let captured = state.gateway.capture(slot, now_us);
            let operation = state.gateway.operations[slot as usize];
            let awaited = !operation.unheard || operation.ends > 1;
            if operation.unheard {
                state.gateway.close(slot);
            } else {
                let rest_us = operation.reply_at_us.saturating_sub(state.kernel.now_us());
                state
                    .kernel
                    .after(rest_us, Event::GatewayReply(slot.into()));
            }
            let told_after_us = operation
                .captures
                .and_then(|charge| state.announce(&world.setting, charge));
            if captured.is_some() {
                if operation.unheard {
                    state.cover(Label::CaptureUnknown);
                }
                state.note_capture(&world.setting, operation.task, awaited);
            }
            let unheard = captured.is_some() && operation.unheard;
            operation
                .intent
                .filter(|_| unheard)
                .map(|intent| (intent, told_after_us))
        };
        world.kill_struck(&mut self.handlers);
        if let Some((intent, told_after_us)) = paid {
            let visits = &mut self.visits;
            self.purchases
                .channel_hears(world, intent, told_after_us, visits);
        }
    }

    pub(super) fn gateway_reply(&mut self, slot: u32, event: Event) {
        let world = self.world;
        let task = world.state.borrow().gateway.operations[slot as usize].task;
        if self.postpone(task, event) {
            return;
        }
        let dies = {
            let state = &mut *world.state.borrow_mut();
            let told = state.gateway.take(slot);
            if self.handlers.contains(task) {
                state.replicas.calls[task.slot as usize].told = Some(told);
            }
            // A crash that waited for a capture which did not come strikes before the answer is heard.
            world.setting.faults.strike_processes && state.settle(task)
        };
        if dies {
            world.kill_struck(&mut self.handlers);
        } else {
            self.poll_handler(task, Fired::Reply);
        }
    }

    /// The gateway tells a replica how a capture ended; if it is not taken, it tells again later. A service that does not listen
    /// says yes to everything.
    pub(super) fn webhook(&mut self, webhook: Webhook) {
        if !self.hears {
            return;
        }
        let world = self.world;
        let (replica, lineage, notice) = {
            let state = &mut *world.state.borrow_mut();
            let lineage = webhook.lineage();
            let Some(replica) = state.reaches(&world.setting, lineage) else {
                state.tell_later(webhook);
                return;
            };
            (
                replica,
                lineage,
                state.gateway.provider.notice(webhook.charge),
            )
        };
        let job = Job::Webhook(notice);
        self.start(replica, Cause::Webhook(webhook), lineage, job);
    }
}
