//! A handler's standing in the world: from the request's arrival to its answer.

use explore::{Kind, Lineage, TaskId};
use history::{FaultRef, Label};
use orders::Job;
use scenario::{CrashPoint, FaultKind};

use crate::answers::AnswerId;
use crate::attempt::{AttemptId, End};
use crate::gateway::{Answered, Webhook};
use crate::replica::Dying;
use crate::setting::Setting;
use crate::world::State;
use crate::world::strike::fault_ref;
use scenario::faults::{Opportunity, Who};

/// A handler's standing in the world, by its task's slot.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) task: Option<TaskId>,
    pub(crate) replica: u32,
    /// The request it serves; none for upkeep and webhooks.
    pub(crate) attempt: Option<AttemptId>,
    /// Which delivery of the request it serves, from 0.
    pub(crate) delivery: u32,
    /// The webhook it hears.
    pub(crate) webhook: Option<Webhook>,
    pub(crate) client: Option<usize>,
    /// The process, in the history, of the attempt that it serves; [`Who::NO_ATTEMPT`] for upkeep and webhooks.
    pub(crate) process: u32,
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
    /// Its process dies when the message under way has taken effect.
    pub(crate) dies: Option<Doom>,
    /// The latest message was a COMMIT that took effect.
    pub(crate) committed: bool,
    /// When its latest change of the database took effect.
    pub(crate) committed_at_us: Option<u64>,
    /// The gateway captured, and no commit has recorded it.
    pub(crate) charged: bool,
    pub(crate) told: Option<Answered>,
    /// The answer to its request, when it has one.
    pub(crate) answer: Option<AnswerId>,
    /// How far the handler is ahead of the world: it has been given an answer that is still on its way to it. See
    /// [`crate::ports::ReplicaPorts::statement_trip`].
    pub(crate) ahead_us: u64,
}

/// What kills a process when the message under way has taken effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doom {
    pub(crate) fault: FaultRef,
    pub(crate) down_for_us: u64,
    /// Only if the message is a COMMIT that takes effect.
    pub(crate) at_commit: bool,
}

/// What a handler is begun for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause {
    Request {
        attempt: AttemptId,
        client: usize,
        process: u32,
        delivery: u32,
    },
    Upkeep,
    Webhook(Webhook),
}

impl Call {
    /// Whether no client asked for it.
    pub(crate) fn is_upkeep(&self) -> bool {
        self.attempt.is_none() && self.webhook.is_none()
    }
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
            replica: self.replica,
            process: self.process,
        }
    }
}

impl State {
    /// A request is taken in: by which replica, for which lineage, and what there is to do.
    pub(crate) fn receive(&mut self, attempt: AttemptId) -> (u32, Cause, Lineage, Job) {
        let flight = self.attempts.get(attempt);
        let (intent, lineage) = (
            flight.intent,
            flight.lineage.child(HANDLER, u64::from(flight.deliveries)),
        );
        let cause = Cause::Request {
            attempt,
            client: flight.client,
            process: flight.process,
            delivery: flight.deliveries,
        };
        flight.deliveries += 1;
        flight.copies -= 1;
        let request = match flight.copies {
            0 => flight.request.take(),
            _ => flight.request.clone(),
        };
        let request = request.expect("its last copy takes the request along");
        let (replica, job) = (
            flight.replica,
            match flight.malformed {
                None => Job::Serve(request),
                Some(error) => Job::Refuse(error),
            },
        );
        let track = self.track(intent);
        let before = *track;
        track.working += 1;
        track.replica = replica + 1;
        if matches!(job, Job::Refuse(_)) {
            self.cover(Label::MalformedKey);
        }
        self.traffic.arrived += 1;
        self.traffic.repeated += u64::from(before.replica != 0);
        if before.working > 0 {
            self.cover(Label::ConcurrentDuplicate);
        }
        if before.succeeded {
            self.cover(Label::RetryAfterCommit);
        }
        if before.crashed {
            self.cover(Label::RetryAfterCrash);
        }
        if before.replica != 0 && before.replica != replica + 1 {
            self.cover(Label::TwoReplicas);
        }
        (replica, cause, lineage, job)
    }

    pub(crate) fn open_call(
        &mut self,
        setting: &Setting,
        task: TaskId,
        replica: u32,
        cause: Cause,
        lineage: Lineage,
    ) {
        let now_us = self.kernel.now_us();
        let (process, attempt, client, delivery, webhook) = match cause {
            Cause::Request {
                attempt,
                client,
                process,
                delivery,
            } => (process, Some(attempt), Some(client), delivery, None),
            Cause::Upkeep => (Who::NO_ATTEMPT, None, None, 0, None),
            Cause::Webhook(webhook) => (Who::NO_ATTEMPT, None, None, 0, Some(webhook)),
        };
        let takes_us = match attempt {
            Some(_) => setting
                .delays
                .handler
                .draw(&mut self.chooser, WORK, lineage, 0),
            None => 0,
        };
        let call = Call {
            task: Some(task),
            replica,
            process,
            attempt,
            delivery,
            webhook,
            client,
            lineage,
            steps: 0,
            received_us: now_us,
            gateway_by_us: now_us + takes_us.saturating_sub(SETTLE_US),
            has_read: attempt.is_none(),
            progress: Progress::Idle,
            doomed: false,
            dies: None,
            committed: false,
            committed_at_us: None,
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
    }

    pub(crate) fn close_call(&mut self, setting: &Setting, task: TaskId) {
        let call = &mut self.calls[task.slot as usize];
        call.task = None;
        let (attempt, answer, delivery) = (call.attempt, call.answer.take(), call.delivery);
        if let Some(attempt) = attempt {
            let answer = answer.expect("a request that ends has an answer");
            let success = self.answers.get(answer).is_success();
            let track = self.intent_of(attempt);
            track.working -= 1;
            track.succeeded |= success;
            self.respond(setting, attempt, delivery, End::Answered(answer));
        } else if let Some(answer) = answer {
            // Only a webhook is refused by anybody: the gateway will tell it again.
            self.answers.give_back(answer);
            if let Some(webhook) = self.calls[task.slot as usize].webhook.take() {
                self.tell_later(webhook);
            }
        }
    }

    /// A charge was captured for a handler, if it still lives. This is where `after-charge` strikes, and any crash that waits
    /// for the message to take effect.
    pub(crate) fn note_capture(&mut self, setting: &Setting, task: TaskId, awaited: bool) {
        let call = &mut self.calls[task.slot as usize];
        if call.task != Some(task) {
            return;
        }
        call.charged = true;
        if !awaited || !setting.faults.strike_processes {
            return;
        }
        let (who, replica) = (call.who(), call.replica);
        self.pause_here(setting, who, CrashPoint::AfterCharge);
        self.settle(task);
        let struck = self.draw_unseen(&setting.faults, Opportunity::Crash, who, |kind| {
            matches!(
                kind,
                FaultKind::CrashReplica {
                    point: CrashPoint::AfterCharge,
                    ..
                }
            )
        });
        if let Some(fault) = struck {
            let down_for_us = fault.delay(who, &mut self.chooser);
            self.dying.push(Dying {
                replica,
                fault: fault_ref(fault),
                down_for_us,
            });
        }
    }

    /// A handler's message has taken effect: if its process was to die then, it does. Whether it dies.
    pub(crate) fn settle(&mut self, task: TaskId) -> bool {
        let call = &mut self.calls[task.slot as usize];
        if call.task != Some(task) {
            return false;
        }
        match call.dies.take() {
            Some(doom) if !doom.at_commit || call.committed => {
                self.dying.push(Dying {
                    replica: call.replica,
                    fault: doom.fault,
                    down_for_us: doom.down_for_us,
                });
                true
            }
            _ => false,
        }
    }

    /// A commit took effect: what was charged is recorded.
    pub(crate) fn note_commit(&mut self, slot: usize) {
        let now_us = self.kernel.now_us();
        let call = &mut self.calls[slot];
        (call.charged, call.committed) = (false, true);
        call.committed_at_us = Some(now_us);
        if self.calls[slot].webhook.is_some() {
            self.cover(Label::WebhookCommit);
        }
    }
}
