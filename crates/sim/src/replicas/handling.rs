//! A handler's standing in the world: from the request's arrival to its answer.

use explore::{Kind, Lineage, TaskId};
use history::Label;
use orders::Job;
use scenario::faults::Opportunity;
use scenario::{CrashPoint, FaultKind};

use crate::clients::flights::{AttemptId, End};
use crate::replicas::Dying;
use crate::replicas::call::{Call, Cause, Effects, Progress, Serves};
use crate::setting::Setting;
use crate::state::State;
use crate::strike::fault_ref;

/// From here on a handler's time is spent in the database, not at the gateway.
const SETTLE_US: u64 = 4_000;
const HANDLER: Kind = Kind::new("replica.handler");
const WORK: Kind = Kind::new("replica.work");

impl State {
    /// A request is taken in: by which replica, for which lineage, and what there is to do.
    pub(crate) fn receive(&mut self, attempt: AttemptId) -> (u32, Cause, Lineage, Job) {
        let flight = self.clients.attempts.get(attempt);
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
        let track = self.clients.track(intent);
        let before = *track;
        track.working += 1;
        track.replica = replica + 1;
        if matches!(job, Job::Refuse(_)) {
            self.cover(Label::MalformedKey);
        }
        self.tally.traffic.arrived += 1;
        self.tally.traffic.repeated += u64::from(before.replica != 0);
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
        let serves = Serves::of(cause);
        let takes_us = match serves.attempt {
            Some(_) => setting
                .delays
                .handler
                .draw(&mut self.chooser, WORK, lineage, 0),
            None => 0,
        };
        let call = Call {
            task: Some(task),
            replica,
            serves,
            lineage,
            steps: 0,
            received_us: now_us,
            gateway_by_us: now_us + takes_us.saturating_sub(SETTLE_US),
            has_read: serves.attempt.is_none(),
            progress: Progress::Idle,
            doomed: false,
            dies: None,
            effects: Effects::default(),
            told: None,
            answer: None,
            ahead_us: 0,
        };
        let slot = task.slot as usize;
        if slot == self.replicas.calls.len() {
            self.replicas.calls.push(call);
        } else {
            // A handler that died may have left the answer that it was about to give.
            if let Some(answer) = self.replicas.calls[slot].answer {
                self.clients.answers.give_back(answer);
            }
            self.replicas.calls[slot] = call;
        }
    }

    pub(crate) fn close_call(&mut self, setting: &Setting, task: TaskId) {
        let call = &mut self.replicas.calls[task.slot as usize];
        call.task = None;
        let (attempt, answer, delivery) = (
            call.serves.attempt,
            call.answer.take(),
            call.serves.delivery,
        );
        if let Some(attempt) = attempt {
            let answer = answer.expect("a request that ends has an answer");
            let success = self.clients.answers.get(answer).is_success();
            let track = self.clients.intent_of(attempt);
            track.working -= 1;
            track.succeeded |= success;
            self.respond(setting, attempt, delivery, End::Answered(answer));
        } else if let Some(answer) = answer {
            // Only a webhook is refused by anybody: the gateway will tell it again.
            self.clients.answers.give_back(answer);
            if let Some(webhook) = self.replicas.calls[task.slot as usize]
                .serves
                .webhook
                .take()
            {
                self.tell_later(webhook);
            }
        }
    }

    /// A charge was captured for a handler, if it still lives. This is where `after-charge` strikes, and any crash that waits
    /// for the message to take effect.
    pub(crate) fn note_capture(&mut self, setting: &Setting, task: TaskId, awaited: bool) {
        let call = &mut self.replicas.calls[task.slot as usize];
        if call.task != Some(task) {
            return;
        }
        call.effects.charged = true;
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
            self.replicas.dying.push(Dying {
                replica,
                fault: fault_ref(fault),
                down_for_us,
            });
        }
    }

    /// A handler's message has taken effect: if its process was to die then, it does. Whether it dies.
    pub(crate) fn settle(&mut self, task: TaskId) -> bool {
        let call = &mut self.replicas.calls[task.slot as usize];
        if call.task != Some(task) {
            return false;
        }
        match call.dies.take() {
            Some(doom) if !doom.at_commit || call.effects.committed => {
                self.replicas.dying.push(Dying {
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
        let call = &mut self.replicas.calls[slot];
        call.effects = Effects {
            charged: false,
            committed: true,
            committed_at_us: Some(now_us),
        };
        if self.replicas.calls[slot].serves.webhook.is_some() {
            self.cover(Label::WebhookCommit);
        }
    }
}
