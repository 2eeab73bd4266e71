//! How attempts end for their clients: answered, reset, given up, or dead with their app; and what the history says of it.

use explore::{Class, TaskId};
use history::{CodeRef, Completion, Label};
use orders::door::replay_header;
use protocol::{Problem, Response};

use super::{CODE_DIED, CODE_RESET, CODE_TIMEOUT, Coming, End, Held, NEVER_US};
use crate::attempt::AttemptId;
use crate::world::{Event, State};

impl State {
    /// A slot's alarm rings: the client stops waiting, if it still waits and its time has come. Returns the task to go on.
    ///
    /// Nearly every attempt is answered long before its client gives up. So an alarm is not set for each, and taken back: the
    /// slot has one, that rings no later than it has to, and is then set anew for the attempt that has the slot by now.
    pub(crate) fn alarm(&mut self, held: Held) -> Option<TaskId> {
        let now_us = self.kernel.now_us();
        let flight = &mut self.attempts.flights[held.0 as usize];
        if flight.alarm_us > now_us {
            // One that was set for an earlier time has taken its place.
            return None;
        }
        flight.alarm_us = NEVER_US;
        let waits = flight.holds > 0 && flight.end.is_none() && flight.client_task.is_some();
        if !waits || flight.gives_up_us == NEVER_US {
            return None;
        }
        if flight.gives_up_us > now_us {
            let at_us = flight.rings_in_time();
            self.kernel
                .at(at_us, Class::Timer, Event::Alarm(held.into()));
            return None;
        }
        Some(self.give_up(held))
    }

    /// The client stops waiting.
    fn give_up(&mut self, held: Held) -> TaskId {
        self.cover(Label::ClientTimeout);
        let id = self.attempts.named(held);
        self.conclude(id, End::TimedOut).expect("a client waits")
    }

    /// An app dies, if it still waits. Returns the task that hears of it, and those that end with it: the other taps.
    pub(crate) fn app_dies(&mut self, id: AttemptId) -> Option<(TaskId, Vec<TaskId>)> {
        if !self.attempts.is_current(id) || self.attempts.get(id).end.is_some() {
            return None;
        }
        let flight = self.attempts.get(id);
        let (task, intent) = (flight.client_task?, flight.intent);
        self.cover(Label::AppCrash);
        let mut others = self.apps.insert(intent, vec![task]).unwrap_or_default();
        others.retain(|other| *other != task);
        for other in &others {
            if let Some(waiting) = self.attempts.of_task(*other) {
                self.conclude(waiting, End::Died);
                self.release(waiting);
            }
        }
        self.conclude(id, End::Died);
        Some((task, others))
    }

    /// A visit of an app that can die is over.
    pub(crate) fn leave_app(&mut self, intent: u32, task: TaskId) {
        if let Some(visits) = self.apps.get_mut(&intent) {
            visits.retain(|other| *other != task);
            if visits.is_empty() {
                self.apps.remove(&intent);
            }
        }
    }

    /// What was on its way has arrived; the first that arrives is heard. Returns the task to go on.
    pub(crate) fn arrive(&mut self, held: Held, coming: Coming) -> Option<TaskId> {
        let now_us = self.kernel.now_us();
        let id = self.attempts.named(held);
        let flight = self.attempts.get(id);
        let waits = flight.end.is_none() && flight.client_task.is_some();
        // A client that gives up in this very instant does so first.
        let in_time = flight.gives_up_us != now_us;
        let task = match coming.end() {
            end if waits && in_time => self.conclude(id, end),
            end => {
                if let End::Answered(answer) = end {
                    self.answers.give_back(answer);
                }
                waits.then(|| self.give_up(held))
            }
        };
        self.release(id);
        task
    }

    /// An attempt ends for its client, and the history says how.
    fn conclude(&mut self, id: AttemptId, end: End) -> Option<TaskId> {
        let now_us = self.kernel.now_us();
        let flight = self.attempts.get(id);
        flight.end = Some(end);
        let (process, task) = (flight.process, flight.client_task);
        match end {
            End::Answered(answer) => {
                let answer = *self.answers.get(answer);
                self.record_answer(now_us, process, &answer);
            }
            End::Reset | End::TimedOut | End::Died => {
                let code = self.code(match end {
                    End::Reset => CODE_RESET,
                    End::TimedOut => CODE_TIMEOUT,
                    _ => CODE_DIED,
                });
                self.recorder.info(
                    now_us,
                    process,
                    Completion {
                        code: Some(code),
                        ..Completion::default()
                    },
                );
            }
        }
        task
    }

    fn record_answer(&mut self, now_us: u64, process: u32, answer: &Response) {
        let mut completion = Completion {
            status: Some(answer.status),
            ..Completion::default()
        };
        completion.code = answer.problem.map(|problem| self.code(problem.code()));
        if let Some(order) = answer.order {
            let name = self.recorder.names_mut().orders.count_to(order.id.0 as u32);
            completion.order = Some(name);
            completion.response = Some(self.recorder.response(name, body_digest(answer)));
        }
        match answer.status {
            200..300 if answer.problem.is_none() => {
                completion.replayed = replay_header(&self.contract, answer);
                if answer.replayed {
                    self.cover(Label::ReplayServed);
                    if completion.replayed.is_none() {
                        self.silent_replays.push(process);
                    }
                }
                self.recorder.ok(now_us, process, completion);
            }
            // It was accepted, because its twin is being worked on: by the form that is no refusal.
            202 if answer.problem == Some(Problem::InProgress) => {
                self.cover_refusal(answer.problem);
                self.recorder.ok(now_us, process, completion);
            }
            0..500 => {
                self.cover_refusal(answer.problem);
                self.recorder.fail(now_us, process, completion);
            }
            _ => self.recorder.info(now_us, process, completion),
        }
    }

    fn cover_refusal(&mut self, problem: Option<Problem>) {
        match problem {
            Some(Problem::InProgress) => self.cover(Label::InFlightRefused),
            Some(Problem::CouponUsed) => self.cover(Label::CouponUsed),
            Some(Problem::OutOfStock) => self.cover(Label::OutOfStock),
            Some(Problem::PaymentDeclined) => self.cover(Label::Declined),
            _ => {}
        }
    }

    pub(crate) fn code(&mut self, text: &str) -> CodeRef {
        self.recorder.names_mut().codes.intern(text)
    }
}

/// A digest of the body that a replay must repeat: the order. The status stands beside it in the history.
fn body_digest(answer: &Response) -> u64 {
    let order = answer.order.map_or([0; 3], |order| {
        [order.id.0, order.state as u64, order.total.0 as u64]
    });
    let mut digest = explore::Digest::default();
    order.into_iter().for_each(|word| digest.push(word));
    digest.value() as u64
}
