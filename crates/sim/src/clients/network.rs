//! Requests and responses under way: lost, late, twice, or cut off.

use explore::{Kind, Odds, Site};
use history::Label;
use scenario::faults::{Opportunity, Who, cuts};
use scenario::{FaultKind, Host};

use crate::clients::answers::AnswerId;
use crate::clients::flights::{AttemptId, Coming, End};
use crate::event::Event;
use crate::setting::Setting;
use crate::state::State;

const RESET: Kind = Kind::new("net.reset");
const DOWNLINK: Kind = Kind::new("net.downlink");

impl State {
    /// Who meets an opportunity on the way between a client and its replica. Every copy of a request and every answer is a
    /// message of its own.
    #[inline]
    fn on_the_way(&mut self, id: AttemptId, message: u64) -> Who {
        let flight = self.clients.attempts.get(id);
        Who {
            lineage: flight.lineage,
            ordinal: message,
            client: Some(flight.client),
            replica: flight.replica,
            process: flight.process,
        }
    }

    /// A request sets out for its replica, perhaps twice; each copy has a fate of its own. Whether any of them arrives.
    #[inline]
    pub(crate) fn send_request(&mut self, setting: &Setting, id: AttemptId, span_us: u64) -> bool {
        let who = self.on_the_way(id, 0);
        let again = self.strike(&setting.faults, Opportunity::DuplicateRequest, who);
        let first = self.send_copy(setting, id, who, span_us);
        let second = again.is_some_and(|fault| {
            let late_us = fault.delay(who, &mut self.chooser);
            let copy = Who { ordinal: 2, ..who };
            self.send_copy(setting, id, copy, span_us + late_us)
        });
        if !first && !second {
            self.cover(Label::RequestLost);
        }
        if first && second {
            self.cover(Label::DuplicateDelivered);
        }
        first || second
    }

    /// One copy of a request sets out. Whether it arrives.
    #[inline]
    fn send_copy(&mut self, setting: &Setting, id: AttemptId, who: Who, span_us: u64) -> bool {
        let cut = |kind: &FaultKind| cuts(kind, who.replica, Host::Clients);
        let faults = &setting.faults;
        if self
            .strike_if(faults, Opportunity::Partition, who, cut)
            .is_some()
        {
            return false;
        }
        if let Some(fault) = self.strike(faults, Opportunity::LoseRequest, who) {
            if self.seen_as_reset(&fault.kind, who) {
                self.clients.attempts.hold(id);
                self.answer_after(id, span_us, End::Reset);
            }
            return false;
        }
        let late_us = match self.strike(faults, Opportunity::DelayRequest, who) {
            Some(fault) => fault.delay(who, &mut self.chooser),
            None => 0,
        };
        self.clients.attempts.copy_out(id);
        self.kernel
            .after(span_us + late_us, Event::Request(id.into()));
        true
    }

    /// A request finds its replica down.
    pub(crate) fn turn_away(&mut self, setting: &Setting, id: AttemptId) {
        let flight = self.clients.attempts.get(id);
        let delivery = flight.deliveries;
        flight.deliveries += 1;
        flight.copies -= 1;
        self.respond(setting, id, delivery, End::Reset);
    }

    /// The response to a delivery of a request, or a reset, sets out for its client. The responder passes on its hold of the
    /// attempt.
    #[inline]
    pub(crate) fn respond(&mut self, setting: &Setting, id: AttemptId, delivery: u32, end: End) {
        let who = self.on_the_way(id, u64::from(delivery) * 2 + 1);
        let Some(end) = self.leaves(setting, id, who, end) else {
            self.release(id);
            return;
        };
        let mut span_us =
            setting
                .delays
                .downlink
                .draw(&mut self.chooser, DOWNLINK, who.lineage, who.ordinal);
        if matches!(end, End::Answered(_))
            && let Some(fault) = self.strike(&setting.faults, Opportunity::DelayResponse, who)
        {
            span_us += fault.delay(who, &mut self.chooser);
        }
        self.answer_after(id, span_us, end);
    }

    /// An answer or a reset, which holds the attempt, reaches the client after a span.
    #[inline]
    fn answer_after(&mut self, id: AttemptId, span_us: u64, end: End) {
        self.kernel.after(
            span_us,
            Event::Response((id.held(), Coming::new(end)).into()),
        );
    }

    /// What of an answer or a reset comes through to the client. Nothing passes a partition, not even a reset.
    #[inline]
    fn leaves(&mut self, setting: &Setting, id: AttemptId, who: Who, end: End) -> Option<End> {
        let cut = |kind: &FaultKind| cuts(kind, who.replica, Host::Clients);
        let faults = &setting.faults;
        let silent = self
            .strike_if(faults, Opportunity::Partition, who, cut)
            .is_some();
        let End::Answered(answer) = end else {
            return (!silent).then_some(end);
        };
        let lost = match silent {
            true => None,
            false => self
                .strike(faults, Opportunity::LoseResponse, who)
                .or_else(|| self.lost_in_a_cell(faults, id, who)),
        };
        if !silent && lost.is_none() {
            return Some(end);
        }
        self.note_lost_reply(answer);
        lost.is_some_and(|fault| self.seen_as_reset(&fault.kind, who))
            .then_some(End::Reset)
    }

    fn seen_as_reset(&mut self, kind: &FaultKind, who: Who) -> bool {
        let (FaultKind::LoseRequest { reset }
        | FaultKind::LoseResponse { reset }
        | FaultKind::BadCell { reset, .. }) = kind
        else {
            return false;
        };
        self.chooser.chance(
            &Site::new(RESET, who.lineage, who.ordinal),
            Odds::of(*reset),
        )
    }

    fn note_lost_reply(&mut self, answer: AnswerId) {
        if self.clients.answers.get(answer).is_success() {
            self.cover(Label::ReplyLostAfterCommit);
        }
        self.clients.answers.give_back(answer);
    }
}
