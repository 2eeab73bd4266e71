//! A handler's standing in the world: from the request's arrival to its answer.

use crate::answers::AnswerId;
use crate::attempt::{AttemptId, End};
use crate::fault::{Opportunity, Who};
use crate::gateway::Told;
use crate::world::{Event, State, World};
use explore::{Class, Kind, Lineage, TaskId};
use history::Label;
use orders::GatewayError;
use protocol::OrderRequest;

/// A handler's standing in the world, by its task's slot.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) task: Option<TaskId>,
    pub(crate) replica: u32,
    /// The request it serves; none for upkeep and webhooks.
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) client: Option<usize>,
    pub(crate) lineage: Lineage,
    /// How many round trips it has begun.
    pub(crate) steps: u64,
    pub(crate) received_us: u64,
    /// When the gateway's answer is back, if the handler takes as long as was drawn.
    pub(crate) gateway_by_us: u64,
    pub(crate) has_read: bool,
    pub(crate) progress: Progress,
    /// Its process died while a message was under way: it ends when that message has taken effect.
    pub(crate) doomed: bool,
    /// Its process dies when the message under way has taken effect; for how long it is gone.
    pub(crate) dies: Option<u64>,
    /// The gateway captured, and no commit has recorded it.
    pub(crate) charged: bool,
    pub(crate) told: Option<Result<Told, GatewayError>>,
    /// The answer to its request, when it has one.
    pub(crate) answer: Option<AnswerId>,
    /// How far the handler is ahead of the world: it has been given an answer that is still on its way to it. See
    /// [`crate::ports::ReplicaPorts::statement_trip`].
    pub(crate) ahead_us: u64,
}

/// Where the message of a handler is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is none.
    Idle,
    /// On its way, not yet effective.
    Sent,
    /// It took effect; the answer is on its way.
    Answered,
}

/// From here on a handler's time is spent in the database, not at the gateway.
const SETTLE_US: u64 = 4_000;
const HANDLER: Kind = Kind::new("replica.handler");
const WORK: Kind = Kind::new("replica.work");

impl Call {
    pub(crate) fn who(&self) -> Who {
        Who {
            lineage: self.lineage,
            ordinal: self.steps,
            client: self.client,
        }
    }
}

impl State {
    /// A request is taken in: by which replica, for which lineage, and what it asks.
    pub(crate) fn receive(&mut self, attempt: AttemptId) -> (u32, Lineage, OrderRequest) {
        let flight = self.attempts.get(attempt);
        let lineage = flight.lineage.child(HANDLER, u64::from(flight.deliveries));
        flight.deliveries += 1;
        flight.copies -= 1;
        let request = match flight.copies {
            0 => flight.request.take(),
            _ => flight.request.clone(),
        };
        let (replica, request) = (
            flight.replica,
            request.expect("its last copy takes the request along"),
        );
        let track = self.intent_of(attempt);
        let before = *track;
        track.working += 1;
        track.replica = replica as u8 + 1;
        if before.working > 0 {
            self.cover(Label::ConcurrentDuplicate);
        }
        if before.succeeded {
            self.cover(Label::RetryAfterCommit);
        }
        if before.crashed {
            self.cover(Label::RetryAfterCrash);
        }
        if before.replica != 0 && before.replica != replica as u8 + 1 {
            self.cover(Label::TwoReplicas);
        }
        (replica, lineage, request)
    }

    pub(crate) fn open_call(
        &mut self,
        world: &World,
        task: TaskId,
        replica: u32,
        attempt: Option<AttemptId>,
        client: Option<usize>,
        lineage: Lineage,
    ) {
        let now_us = self.kernel.now_us();
        let takes_us = match attempt {
            Some(_) => world
                .delays
                .handler
                .draw(&mut self.chooser, WORK, lineage, 0),
            None => 0,
        };
        let call = Call {
            task: Some(task),
            replica,
            attempt,
            client,
            lineage,
            steps: 0,
            received_us: now_us,
            gateway_by_us: now_us + takes_us.saturating_sub(SETTLE_US),
            has_read: attempt.is_none(),
            progress: Progress::Idle,
            doomed: false,
            dies: None,
            charged: false,
            told: None,
            answer: None,
            ahead_us: 0,
        };
        let slot = task.slot as usize;
        if slot == self.calls.len() {
            self.calls.push(call);
        } else {
            // A handler that died may have left the answer that it was about to give.
            if let Some(answer) = self.calls[slot].answer {
                self.answers.give_back(answer);
            }
            self.calls[slot] = call;
        }
        // Upkeep goes on for ever, so it is nothing that the end of a run waits for.
        self.active += u64::from(attempt.is_some());
    }

    pub(crate) fn close_call(&mut self, world: &World, task: TaskId) {
        let call = &mut self.calls[task.slot as usize];
        call.task = None;
        let (attempt, answer) = (call.attempt, call.answer.take());
        if let Some(attempt) = attempt {
            let answer = answer.expect("a request that ends has an answer");
            let success = self.answers.get(answer).is_success();
            let track = self.intent_of(attempt);
            track.working -= 1;
            track.succeeded |= success;
            self.respond(world, attempt, End::Answered(answer));
            self.release(attempt);
            self.active -= 1;
        }
    }

    /// A charge was captured for a handler, if it still lives.
    pub(crate) fn note_capture(&mut self, task: TaskId) {
        let call = &mut self.calls[task.slot as usize];
        if call.task == Some(task) {
            call.charged = true;
            if let Some(down_for_us) = call.dies.take() {
                let replica = call.replica;
                self.dying.push((replica, down_for_us));
            }
        }
    }

    /// A commit took effect: what was charged is recorded.
    pub(crate) fn note_commit(&mut self, slot: usize) {
        self.calls[slot].charged = false;
    }

    /// The gateway will tell of a capture: late, perhaps twice.
    pub(crate) fn announce(&mut self, world: &World, charge: u32) {
        let Some(table) = &world.delays.webhook else {
            return;
        };
        let lineage = Lineage::ROOT.child(Kind::new("gateway.webhook"), u64::from(charge));
        let span_us = table.draw(
            &mut self.chooser,
            Kind::new("gateway.webhook.late"),
            lineage,
            0,
        );
        self.kernel
            .after(span_us, Class::Timer, Event::Webhook(charge));
        let who = Who {
            lineage,
            ordinal: 0,
            client: None,
        };
        let again = self.strike(&world.faults, Opportunity::DuplicateWebhook, who);
        if let Some(after_us) = again.map(|fault| fault.delay(who, &mut self.chooser)) {
            self.kernel
                .after(span_us + after_us, Class::Timer, Event::Webhook(charge));
        }
    }
}
