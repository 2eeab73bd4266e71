//! The `ok` answers of one key, as classes of equal answers. Only keys whose answers differ come here.

use std::cmp::Ordering;

use history::{Completion, History, OrderRef, PayloadRef, What};

use super::refusals::{is_acceptance, is_server_error};
use super::stamps::stamped;
use super::store::Facts;
use super::tables::order_rows;
use crate::ttl::Bounds;

/// An `ok`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// The event of its invocation.
    pub(crate) begun: u32,
    /// The event of its completion.
    pub(crate) done: u32,
    /// When it was sent.
    pub(crate) invoked: u64,
    /// When it was answered.
    pub(crate) returned: u64,
    /// With what payload.
    payload: Option<PayloadRef>,
    /// What it said.
    pub(crate) said: Completion,
}

/// Equal answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class {
    /// The one that was given first.
    pub(crate) first: Answer,
    /// When the order that they name was created, as far as that is known.
    pub(crate) made: Bounds,
}

/// The `ok` answers of a key, sorted by payload, order, status, body and time.
#[derive(Debug, Default)]
pub(crate) struct KeyAnswers {
    answers: Vec<Answer>,
    classes: Vec<Class>,
    /// When the first attempt was sent that may have taken effect unseen.
    unseen_from: u64,
}

/// The answers of a key to one payload.
#[derive(Debug)]
pub(crate) struct PayloadGroup<'a> {
    /// All of them.
    pub(crate) answers: &'a [Answer],
    /// Their classes, by the creation of the order that they name.
    pub(crate) classes: &'a [Class],
}

impl KeyAnswers {
    /// Collects the answers of a key.
    pub(crate) fn gather(&mut self, history: &History, facts: &Facts, key: usize) {
        self.answers.clear();
        self.unseen_from = u64::MAX;
        let mut next = facts.keys[key].last_invoke.get();
        while let Some(begun) = next {
            next = facts.links[begun].previous.get();
            let event = &history.events[begun];
            let What::Invoke(invoke) = &event.what else {
                continue;
            };
            let done = facts.links[begun].partner.get();
            match done.map(|done| (done, history.events[done].t, history.events[done].what)) {
                Some((done, returned, What::Ok(said))) if !is_acceptance(history, &said) => {
                    self.answers.push(Answer {
                        begun: begun as u32,
                        done: done as u32,
                        invoked: event.t,
                        returned,
                        payload: invoke.payload,
                        said,
                    });
                }
                Some((_, _, What::Fail(said))) if !is_server_error(&history.contract, &said) => {}
                _ => self.unseen_from = self.unseen_from.min(event.t),
            }
        }
        self.answers.sort_unstable_by(by_class);
    }

    /// Shows the answers to each payload.
    pub(crate) fn for_each_payload(
        &mut self,
        history: &History,
        facts: &Facts,
        mut look: impl FnMut(PayloadGroup<'_>),
    ) {
        let KeyAnswers {
            answers,
            classes,
            unseen_from,
        } = self;
        for group in answers.chunk_by(|a, b| a.payload == b.payload) {
            classes.clear();
            // Answers that name no order mean the same if their bodies are the same; without a body that is not known.
            let are_one = |a: &Answer, b: &Answer| {
                let is_told = a.said.order.is_some()
                    || a.said.response.is_some() && a.said.response == b.said.response;
                is_told && a.said.order == b.said.order
            };
            for named in group.chunk_by(are_one) {
                let made = creation(history, facts, named, *unseen_from);
                let same = |a: &Answer, b: &Answer| {
                    (a.said.status, a.said.response) == (b.said.status, b.said.response)
                };
                for equal in named.chunk_by(same) {
                    classes.push(Class {
                        first: equal[0],
                        made,
                    });
                }
            }
            classes.sort_unstable_by_key(|c| (c.made.latest, c.first.returned, c.first.done));
            look(PayloadGroup {
                answers: group,
                classes,
            });
        }
    }
}

impl KeyAnswers {
    /// The answers to requests that do not say their payload, and those to requests that do; two empty lists if all do, or none does.
    pub(crate) fn unsaid_and_said(&self) -> (&[Answer], &[Answer]) {
        // Sorted by payload: what is not said comes first.
        let unsaid = self
            .answers
            .partition_point(|answer| answer.payload.is_none());
        match unsaid < self.answers.len() {
            true => self.answers.split_at(unsaid),
            false => (&[], &[]),
        }
    }
}

/// By payload, order, status, body and time. Most differ in the order already.
#[inline]
fn by_class(a: &Answer, b: &Answer) -> Ordering {
    let order = a.payload.cmp(&b.payload);
    let order = order.then_with(|| a.said.order.cmp(&b.said.order));
    order.then_with(|| {
        let rest = |a: &Answer| (a.said.status, a.said.response, a.returned, a.done);
        rest(a).cmp(&rest(b))
    })
}

/// When the order named by these answers was created: as its row says, and between the first request that may have created it and the
/// first answer that named it.
fn creation(history: &History, facts: &Facts, named: &[Answer], unseen_from: u64) -> Bounds {
    let row = named[0]
        .said
        .order
        .and_then(|o| row_time(history, facts, o));
    let invoked = named.iter().map(|a| a.invoked).min().unwrap_or(0);
    let returned = named.iter().map(|a| a.returned).min().unwrap_or(0);
    let seen = Bounds {
        earliest: invoked.min(unseen_from),
        latest: returned,
    };
    stamped(history, row, seen)
}

/// When the audit says that an order was created.
pub(crate) fn row_time(history: &History, facts: &Facts, order: OrderRef) -> Option<u64> {
    let row = facts.orders[order.index()].row.get()?;
    order_rows(history)[row].t
}
