//! Attempts: what a client sends once, under way and to its end. Each is an operation of its own in the history.

use std::future::poll_fn;
use std::task::Poll;

use explore::{Kind, Site, TaskId};
use history::HostRef;
use outside::{Attempt, Outcome};

use crate::clients::flights::{AttemptId, End, NEVER_US};
use crate::event::Event;
use crate::setting::Setting;
use crate::state::State;
use crate::world::World;

const ROUTE: Kind = Kind::new("net.route");
const UPLINK: Kind = Kind::new("net.uplink");

impl World {
    /// Sends a request, at once, and waits for what becomes of it.
    ///
    /// # Panics
    /// If no client of this world is running.
    pub fn exchange(&self, attempt: Attempt) -> impl Future<Output = Outcome> {
        let id = {
            let state = &mut *self.state.borrow_mut();
            let task = state
                .clients
                .running
                .expect("a client sends only while it runs");
            state.depart(&self.setting, attempt, task)
        };
        poll_fn(move |_| {
            let state = &mut *self.state.borrow_mut();
            let Some(end) = state.clients.attempts.get(id).end else {
                return Poll::Pending;
            };
            let outcome = match end {
                End::Answered(answer) => Outcome::Answered(*state.clients.answers.get(answer)),
                End::Reset => Outcome::Reset,
                End::TimedOut => Outcome::TimedOut,
                End::Died => Outcome::Died,
            };
            state.release(id);
            Poll::Ready(outcome)
        })
    }
}

impl State {
    /// One holder of an attempt less.
    #[inline]
    pub(crate) fn release(&mut self, id: AttemptId) {
        if let Some(answer) = self.clients.attempts.release(id) {
            self.clients.answers.give_back(answer);
        }
        if self.clients.attempts.is_never_answered(id) {
            self.note_never_answered(id);
        }
    }

    /// A client without a timer will hear nothing any more.
    #[cold]
    fn note_never_answered(&mut self, id: AttemptId) {
        self.kernel.after(0, Event::NeverAnswered(id.into()));
    }

    /// A client that waits for ever is as good as gone. Returns its task, which is never polled again.
    pub(crate) fn give_up_on(&mut self, id: AttemptId) -> Option<TaskId> {
        if !self.clients.attempts.is_current(id) || !self.clients.attempts.is_never_answered(id) {
            return None;
        }
        let flight = self.clients.attempts.get(id);
        let (task, intent) = (flight.client_task.take(), flight.intent);
        self.release(id);
        self.clients.leave_app(intent, task?);
        task
    }

    /// A request leaves its client.
    fn depart(&mut self, setting: &Setting, attempt: Attempt, client_task: TaskId) -> AttemptId {
        let lineage = attempt.lineage;
        let now_us = self.kernel.now_us();
        let process = self.recorder.invoke(now_us, attempt.invoke);
        let replicas = self.replicas.hosts.len() as u32;
        let replica = self.chooser.choose(&Site::new(ROUTE, lineage, 0), replicas);
        self.recorder.sent_to(process, HostRef::new(replica));
        let (id, flight) = self.clients.attempts.begin();
        flight.process = process;
        flight.client_task = Some(client_task);
        flight.intent = attempt
            .invoke
            .intent
            .map_or(u32::MAX, |intent| intent.index() as u32);
        flight.client = attempt.client;
        flight.replica = replica;
        flight.deliveries = 0;
        flight.copies = 0;
        flight.lineage = lineage;
        flight.request = Some(attempt.request);
        flight.malformed = attempt.malformed;
        flight.timed = attempt.timeout_us.is_some() || attempt.dies_after_us.is_some();
        flight.gives_up_us = attempt
            .timeout_us
            .map_or(NEVER_US, |span_us| now_us + span_us);
        flight.end = None;
        if flight.gives_up_us < flight.alarm_us {
            let at_us = flight.rings_in_time();
            self.kernel.at(at_us, Event::Alarm(id.held().into()));
        }
        if let Some(span_us) = attempt.dies_after_us {
            self.kernel.after(span_us, Event::AppDies(id.into()));
        }
        let span_us = attempt.uplink_us.unwrap_or_else(|| {
            setting
                .delays
                .uplink
                .draw(&mut self.chooser, UPLINK, lineage, 0)
        });
        if !self.send_request(setting, id, span_us) && self.clients.attempts.is_never_answered(id) {
            self.note_never_answered(id);
        }
        id
    }
}
