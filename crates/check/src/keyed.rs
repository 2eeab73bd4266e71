//! The attempts on one key, or for one order: what each asked for, when, and how it ended. Only what is rare comes here.

use history::{AuditOrder, Completion, Invoke, What};

use crate::case::Case;
use crate::facts::{Refusal, is_acceptance, is_server_error, stamped};
use crate::ttl::Bounds;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The answer says that it took effect.
    Ok,
    /// The answer says that it did not, and why.
    Fail(Refusal),
    /// Unknown, for ever or until now.
    Unknown,
}

/// An attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try<'a> {
    /// What it asked for.
    pub(crate) asked: &'a Invoke,
    /// The event of its invocation.
    pub(crate) begun: usize,
    /// The event of its completion, if it has one.
    pub(crate) done: Option<usize>,
    /// When it was sent.
    pub(crate) invoked: u64,
    /// When it ended, if it did.
    pub(crate) returned: Option<u64>,
    /// How it ended.
    pub(crate) end: End,
    /// What it was answered; nothing if it was not.
    pub(crate) said: Completion,
}

impl Try<'_> {
    /// While the request was out.
    pub(crate) fn span(&self) -> Bounds {
        Bounds {
            earliest: self.invoked,
            latest: self.returned.unwrap_or(u64::MAX),
        }
    }

    /// Whether it had ended before the other was sent.
    pub(crate) fn precedes(&self, other: &Try<'_>) -> bool {
        self.returned.is_some_and(|t| t < other.invoked)
    }

    /// Its last event.
    pub(crate) fn event(&self) -> usize {
        self.done.unwrap_or(self.begun)
    }
}

/// Some attempts on a key, and all of them.
#[derive(Debug)]
pub(crate) struct OnKey<'a> {
    /// The key.
    pub(crate) key: usize,
    /// Every attempt on it, in the order in which they were sent.
    pub(crate) all: Vec<Try<'a>>,
    /// The events of the attempts in question, in the order of time.
    pub(crate) events: Vec<usize>,
}

impl<'a> Case<'a> {
    /// The attempts of these events, by key: all attempts on a key are gathered once, however many of them are in question.
    pub(crate) fn by_key(&self, events: &[u32]) -> Vec<OnKey<'a>> {
        let key = |event: &u32| {
            let attempt = self.attempt_at(*event as usize)?;
            Some((attempt.asked.key?.index(), *event as usize))
        };
        let mut keyed: Vec<(usize, usize)> = events.iter().filter_map(key).collect();
        keyed.sort_unstable();
        let groups = keyed.chunk_by(|(a, _), (b, _)| a == b);
        let group = |group: &[(usize, usize)]| OnKey {
            key: group[0].0,
            all: self.attempts_with(group[0].0),
            events: group.iter().map(|(_, event)| *event).collect(),
        };
        groups.map(group).collect()
    }

    /// The attempt that this event begins or ends; `None` if it is a read's.
    pub(crate) fn attempt_at(&self, event: usize) -> Option<Try<'a>> {
        let partner = self.facts.links[event].partner.get();
        let events = &self.history.events;
        let (begun, done) = match events[event].what {
            What::Invoke(_) => (event, partner),
            _ => (partner?, Some(event)),
        };
        let What::Invoke(asked) = &events[begun].what else {
            return None;
        };
        let said = match done.map(|done| &events[done].what) {
            Some(What::Ok(said) | What::Fail(said) | What::Info(said)) => *said,
            _ => Completion::default(),
        };
        Some(Try {
            asked,
            begun,
            done,
            invoked: events[begun].t,
            returned: done.map(|done| events[done].t),
            end: self.end_at(done),
            said,
        })
    }

    /// How an attempt that was completed by this event, or by none, ended.
    #[inline]
    pub(crate) fn end_at(&self, done: Option<usize>) -> End {
        match done.map(|done| &self.history.events[done].what) {
            Some(What::Ok(said)) if !is_acceptance(self.history, said) => End::Ok,
            Some(What::Fail(said)) if !is_server_error(&self.history.contract, said) => {
                End::Fail(self.refusal_at(done, said))
            }
            _ => End::Unknown,
        }
    }

    /// What the refusal means that is this event. One that has nothing but its status may mean that a request is in flight, or that there
    /// is not enough stock.
    fn refusal_at(&self, done: Option<usize>, said: &Completion) -> Refusal {
        let refusal = self.facts.refusal(self.history, said);
        if refusal != Refusal::InFlight || said.code.is_some() {
            return refusal;
        }
        let begun = done.and_then(|done| self.facts.links[done].partner.get());
        let asked = begun.map(|begun| &self.history.events[begun].what);
        match (asked, done) {
            (Some(What::Invoke(asked)), Some(done))
                if self.may_be_sold_out(asked, said, self.time(done)) =>
            {
                Refusal::Unclear
            }
            _ => refusal,
        }
    }

    /// The attempts with a key, in the order in which they were sent.
    pub(crate) fn attempts_with(&self, key: usize) -> Vec<Try<'a>> {
        let mut found = Vec::new();
        let mut next = self.facts.keys[key].last_invoke.get();
        while let Some(begun) = next {
            next = self.facts.links[begun].previous.get();
            found.extend(self.attempt_at(begun));
        }
        found.reverse();
        found
    }

    /// When an `ok` took effect: as the row of its order says, if that is of its payload; else while the request was out. An order that may
    /// be of its payload, and does not say so or when it was created, may be an old one.
    pub(crate) fn took_effect(&self, attempt: &Try<'_>) -> Bounds {
        let order = attempt.said.order.map(|order| order.index());
        let row = order.and_then(|order| self.order(order));
        let same = row.filter(|row| {
            row.payload == attempt.asked.payload
                || mutant!("conflict-accepted/an-order-is-of-whoever-is-told-it")
        });
        let t = same.and_then(|row| row.t).filter(|t| {
            t.saturating_sub(self.history.contract.clock_tolerance) <= attempt.span().latest
                || mutant!("result-regression/rows-may-be-later")
        });
        let is_silent = |row: &AuditOrder| row.t.is_none() || row.payload.is_none();
        let may_be_old = match row {
            Some(row) => is_silent(row) && self.may_be_asked(row, attempt.asked),
            None => {
                order.is_none() && attempt.end == End::Ok && self.history.contract.observed.order
            }
        };
        let first_sent = attempt
            .asked
            .key
            .map(|key| self.facts.first_sent(self.history, key.index()));
        let mut span = attempt.span();
        if let Some(first_sent) = first_sent.filter(|_| may_be_old) {
            span.earliest = span.earliest.min(first_sent);
        }
        let Some(t) = t else { return span };
        // An order that is told again may have been there since the key was first sent.
        let acked = order.and_then(|order| self.facts.orders[order].acked.get());
        let seen = Bounds {
            earliest: first_sent.unwrap_or(0),
            latest: acked.map_or(span.latest, |acked| self.time(acked)),
        };
        stamped(self.history, Some(t), seen)
    }
}
