//! Requests and responses under way: lost, late, twice, or cut off.

use explore::{Class, Kind, Object, Odds, Site};
use history::Label;
use scenario::{FaultKind, Host};

use crate::answers::AnswerId;
use crate::attempt::{AttemptId, End};
use crate::fault::{Opportunity, Who, cuts};
use crate::world::{Event, State, World};

const RESET: Kind = Kind::new("net.reset");
const DOWNLINK: Kind = Kind::new("net.downlink");

impl State {
    fn sender(&mut self, id: AttemptId) -> (Who, u32) {
        let flight = self.attempts.get(id);
        let who = Who {
            lineage: flight.lineage,
            ordinal: u64::from(flight.deliveries),
            client: Some(flight.client),
        };
        (who, flight.replica)
    }

    /// A request sets out for its replica.
    pub(crate) fn send_request(&mut self, world: &World, id: AttemptId, span_us: u64) {
        let (who, replica) = self.sender(id);
        let faults = &world.faults;
        let cut = |kind: &FaultKind| cuts(kind, replica, Host::Clients);
        let lost = self.strike(faults, Opportunity::LoseRequest, who).is_some()
            || self
                .strike_if(faults, Opportunity::Partition, who, cut)
                .is_some();
        let late_us = match self.strike(faults, Opportunity::DelayRequest, who) {
            Some(fault) => fault.delay(who, &mut self.chooser),
            None => 0,
        };
        let again_us = self
            .strike(faults, Opportunity::DuplicateRequest, who)
            .map(|fault| fault.delay(who, &mut self.chooser));
        if lost {
            self.cover(Label::RequestLost);
        } else {
            self.deliver_after(id, span_us + late_us);
        }
        if let Some(again_us) = again_us {
            self.cover(Label::DuplicateDelivered);
            self.deliver_after(id, span_us + again_us);
        }
    }

    fn deliver_after(&mut self, id: AttemptId, span_us: u64) {
        self.attempts.hold(id);
        let flight = self.attempts.get(id);
        flight.copies += 1;
        let replica = flight.replica;
        self.kernel
            .after(span_us, request_class(replica), Event::Request(id));
    }

    /// A response, or a reset, sets out for its client.
    pub(crate) fn respond(&mut self, world: &World, id: AttemptId, end: End) {
        let (who, replica) = self.sender(id);
        let mut coming = end;
        let mut span_us =
            world
                .delays
                .downlink
                .draw(&mut self.chooser, DOWNLINK, who.lineage, who.ordinal);
        if let End::Answered(answer) = end {
            if let Some(fault) = self.strike(&world.faults, Opportunity::DelayResponse, who) {
                span_us += fault.delay(who, &mut self.chooser);
            }
            let cut = |kind: &FaultKind| cuts(kind, replica, Host::Clients);
            let reset = match self.strike(&world.faults, Opportunity::LoseResponse, who) {
                Some(fault) => Some(self.seen_as_reset(&fault.kind, who)),
                None => self
                    .strike_if(&world.faults, Opportunity::Partition, who, cut)
                    .map(|_| false),
            };
            if let Some(reset) = reset {
                self.note_lost_reply(answer);
                if !reset {
                    return;
                }
                coming = End::Reset;
            }
        }
        let flight = self.attempts.get(id);
        // Of two answers under way the client hears the one that left first.
        if flight.coming.is_none() {
            flight.coming = Some(coming);
            self.attempts.hold(id);
            self.kernel
                .after(span_us, Class::Step(Object(3 << 40)), Event::Response(id));
        } else if let End::Answered(answer) = coming {
            self.answers.give_back(answer);
        }
    }

    fn seen_as_reset(&mut self, kind: &FaultKind, who: Who) -> bool {
        let FaultKind::LoseResponse { reset } = kind else {
            return false;
        };
        self.chooser.chance(
            &Site::new(RESET, who.lineage, who.ordinal),
            Odds::of(*reset),
        )
    }

    fn note_lost_reply(&mut self, answer: AnswerId) {
        if self.answers.get(answer).is_success() {
            self.cover(Label::ReplyLostAfterCommit);
        }
        self.answers.give_back(answer);
    }
}

/// The object that a request's arrival touches: its replica.
pub(crate) fn request_class(replica: u32) -> Class {
    Class::Step(Object(2 << 40 | u64::from(replica)))
}
