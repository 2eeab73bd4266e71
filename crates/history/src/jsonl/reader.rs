//! The state of reading: the history so far, what is wrong with it, and what can be said of it later.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashTable;

use super::mistake::{Complaint, MISTAKES_MAX, Mistake, Mistakes, complain};
use super::parts::Rows;
use super::scalar::{Time, Unknown};
use crate::History;
use crate::contract::TimeUnit;
use crate::names::{BasketRef, Item, PayloadRef};

/// A history, with notes on how it was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The history.
    pub history: History,
    /// Fields that were ignored, and rows that were left out; one line of text each, without a line end.
    pub notes: Vec<String>,
}

/// A history that grows by lines.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) history: History,
    pub(super) is_strict: bool,
    pub(super) mistakes: Vec<Mistake>,
    /// Fields that the form does not have, by kind and name, with the number of lines and the last of them.
    pub(super) ignored: BTreeMap<(&'static str, String), (u64, usize)>,
    pub(super) has_contract: bool,
    pub(super) rows: Rows,
    pub(super) unresolved: Unresolved,
    /// The line at hand.
    pub(super) number: usize,
    /// The line of each event.
    pub(super) lines: Vec<u32>,
    pub(super) is_dated: bool,
    /// Baskets by their content, so that equal lists are one.
    pub(super) baskets: HashTable<BasketRef>,
    /// Scratch: a list of items.
    pub(super) items: Vec<Item>,
    /// Scratch: a tenant with its key.
    pub(super) scoped: String,
}

/// Names whose meaning depends on further lines.
#[derive(Debug, Default)]
pub(super) struct Unresolved {
    /// Payloads of which one name came with two lists of items, with those that have the other lists.
    pub(super) ambiguous: BTreeMap<PayloadRef, BTreeSet<PayloadRef>>,
    /// Requests, by the event that each will be, that name a payload and not its items.
    pub(super) bare: Vec<(usize, PayloadRef)>,
    /// Whether a request has items and no name for them.
    pub(super) has_unnamed: bool,
}

impl Reader {
    pub(super) fn give_up(mut self, is_cut: bool) -> Mistakes {
        self.mistakes.truncate(MISTAKES_MAX);
        Mistakes {
            list: self.mistakes,
            is_cut,
        }
    }

    pub(super) fn has_mistakes(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// Something is wrong with the line at hand.
    pub(super) fn mistake(&mut self, column: Option<usize>, message: impl Into<String>) {
        self.mistakes.push(Mistake {
            line: self.number,
            column,
            message: message.into(),
        });
    }

    /// Notes the fields that the form does not have.
    #[inline]
    pub(super) fn ignore(&mut self, path: &'static str, unknown: &Unknown<'_>) {
        for name in unknown.iter() {
            let number = self.number;
            let found = self.ignored.entry((path, name.to_owned())).or_default();
            *found = (found.0 + u64::from(found.1 != number), number);
        }
    }

    /// An instant, in the contract's unit.
    #[inline]
    pub(super) fn time(&mut self, field: &'static str, time: &Time<'_>) -> Result<u64, Complaint> {
        match time {
            Time::Number(t) => Ok(*t),
            Time::Text(text) => {
                self.is_dated = true;
                dated(text, self.history.contract.time_unit)
                    .map_err(|why| complain(field, format!("`{field}` is {text:?}: {why}")))
            }
        }
    }
}

/// An RFC 3339 text as the time since 1970, rounded down to the unit.
fn dated(text: &str, unit: TimeUnit) -> Result<u64, String> {
    let stamp: jiff::Timestamp = text
        .parse()
        .map_err(|_| "it is no RFC 3339 time such as \"2026-11-27T19:30:06.250Z\"".to_owned())?;
    let per_unit: i128 = match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
        TimeUnit::Seconds => 1_000_000_000,
    };
    let t = stamp.as_nanosecond().div_euclid(per_unit);
    u64::try_from(t).map_err(|_| "it is before 1970, or later than the unit can count".to_owned())
}
