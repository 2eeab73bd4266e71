//! How attempts end for their clients: answered, reset, given up, or dead with their app; and what the history says of it.

use explore::TaskId;
use history::Label;
use orders::door::replay_header;
use outside::Heard;
use protocol::Response;

use crate::clients::flights::{AttemptId, Coming, End, Held, NEVER_US};
use crate::event::Event;
use crate::setting::Setting;
use crate::state::State;

impl State {
    /// A slot's alarm rings: the client stops waiting, if it still waits and its time has come. Returns the task to go on.
    ///
    /// Nearly every attempt is answered long before its client gives up. So an alarm is not set for each, and taken back: the
    /// slot has one, that rings no later than it has to, and is then set anew for the attempt that has the slot by now.
    pub(crate) fn alarm(&mut self, setting: &Setting, held: Held) -> Option<TaskId> {
        let now_us = self.kernel.now_us();
        let flight = &mut self.clients.attempts.flights[held.0 as usize];
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
            self.kernel.at(at_us, Event::Alarm(held.into()));
            return None;
        }
        Some(self.give_up(setting, held))
    }

    /// The client stops waiting.
    fn give_up(&mut self, setting: &Setting, held: Held) -> TaskId {
        self.cover(Label::ClientTimeout);
        let id = self.clients.attempts.named(held);
        self.conclude(setting, id, End::TimedOut)
            .expect("a client waits")
    }

    /// An app dies, if it still waits. Returns the task that hears of it, and those that end with it: the other taps.
    pub(crate) fn app_dies(
        &mut self,
        setting: &Setting,
        id: AttemptId,
    ) -> Option<(TaskId, Vec<TaskId>)> {
        if !self.clients.attempts.is_current(id) || self.clients.attempts.get(id).end.is_some() {
            return None;
        }
        let flight = self.clients.attempts.get(id);
        let (task, intent) = (flight.client_task?, flight.intent);
        self.cover(Label::AppCrash);
        let mut others = self
            .clients
            .apps
            .insert(intent, vec![task])
            .unwrap_or_default();
        others.retain(|other| *other != task);
        for other in &others {
            if let Some(waiting) = self.clients.attempts.of_task(*other) {
                self.conclude(setting, waiting, End::Died);
                self.release(waiting);
            }
        }
        self.conclude(setting, id, End::Died);
        Some((task, others))
    }

    /// What was on its way has arrived; the first that arrives is heard. Returns the task to go on.
    pub(crate) fn arrive(
        &mut self,
        setting: &Setting,
        held: Held,
        coming: Coming,
    ) -> Option<TaskId> {
        let now_us = self.kernel.now_us();
        let id = self.clients.attempts.named(held);
        let flight = self.clients.attempts.get(id);
        let waits = flight.end.is_none() && flight.client_task.is_some();
        // A client that gives up in this very instant does so first.
        let in_time = flight.gives_up_us != now_us;
        let task = match coming.end() {
            end if waits && in_time => self.conclude(setting, id, end),
            end => {
                if let End::Answered(answer) = end {
                    self.clients.answers.give_back(answer);
                }
                waits.then(|| self.give_up(setting, held))
            }
        };
        self.release(id);
        task
    }

    /// An attempt ends for its client, and the history says how.
    fn conclude(&mut self, setting: &Setting, id: AttemptId, end: End) -> Option<TaskId> {
        let now_us = self.kernel.now_us();
        let flight = self.clients.attempts.get(id);
        flight.end = Some(end);
        let (process, task) = (flight.process, flight.client_task);
        let recorder = &mut self.recorder;
        let end = match end {
            End::Answered(answer) => {
                let response = self.clients.answers.get(answer);
                let order = response
                    .order
                    .map(|order| recorder.order(order.id.0 as u32));
                let replayed = is_done(response)
                    .then(|| replay_header(&setting.service_contract, response))
                    .flatten();
                if is_done(response) && response.replayed && replayed.is_none() {
                    self.tally.silent_replays.push(process);
                }
                outside::End::Answered(Heard {
                    response,
                    body: order.map(|order| (order, body_digest(response))),
                    replayed,
                })
            }
            End::Reset => outside::End::Reset,
            End::TimedOut => outside::End::TimedOut,
            End::Died => outside::End::Died,
        };
        outside::answer::conclude(recorder, now_us, process, end);
        task
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

/// Whether an answer says that the order is there.
fn is_done(answer: &Response) -> bool {
    (200..300).contains(&answer.status) && answer.problem.is_none()
}
