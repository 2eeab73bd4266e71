//! The attempts behind the rows of a witness: who was answered with one of its orders, and who was never told what became of a request.

use history::{Completion, InFlight, Invoke, KeyRef, What};

use crate::case::Case;
use crate::facts::{is_acceptance, is_server_error};

/// More attempts than this tell a reader nothing further.
const ATTEMPTS_MAX: usize = 4;

/// Whose unanswered attempts may have made a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those of an intent, whatever the keys.
    Intent(usize),
    /// Those with a key.
    Key(KeyRef),
    /// Unknown.
    Unknown,
}

/// What a witness shows: two orders, as far as there are two, and whose they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    /// By name.
    pub(crate) orders: [Option<usize>; 2],
    /// Who may have asked for them.
    pub(crate) whose: Whose,
}

/// The attempts of one subject, by the events of their invocations.
#[derive(Clone, Debug, Default)]
struct Behind {
    /// For each of the orders, the attempt that was answered with it first.
    answered: [Option<usize>; 2],
    /// The first few attempts that may have taken effect unseen.
    unseen: Vec<usize>,
    /// How many attempts there were so far.
    asked: u32,
    /// The last of them.
    last_asked: Option<usize>,
}

/// For each subject its attempts, by the events of their invocations, in the order of time. One pass over the events, however many subjects
/// there are, and only until everything is found; none if there are none. The attempts that were answered with an order come before those
/// without an answer where there are too many, and an order that is named again shows nothing new.
pub(crate) fn behind(case: &Case<'_>, subjects: &[Subject]) -> Vec<Vec<usize>> {
    let mut found = vec![Behind::default(); subjects.len()];
    if subjects.is_empty() {
        return Vec::new();
    }
    let is_all = |found: &[Behind]| {
        let mut each = subjects.iter().zip(found);
        each.all(|(subject, found)| found.is_all(case, subject))
    };
    if is_all(&found) {
        return found.into_iter().map(Behind::by_time).collect();
    }
    for (index, event) in case.history.events.iter().enumerate() {
        let is_seen = match &event.what {
            What::Invoke(invoke) => see_request(case, subjects, &mut found, index, invoke),
            What::Ok(said) => see_answer(case, subjects, &mut found, index, said),
            _ => false,
        };
        if is_seen && is_all(&found) {
            break;
        }
    }
    found.into_iter().map(Behind::by_time).collect()
}

/// A request, if it is one of theirs.
#[inline]
fn see_request(
    case: &Case<'_>,
    subjects: &[Subject],
    found: &mut [Behind],
    index: usize,
    invoke: &Invoke,
) -> bool {
    let mut is_seen = false;
    for (subject, found) in subjects.iter().zip(found) {
        let is_theirs = match subject.whose {
            Whose::Intent(wanted) => invoke.intent.is_some_and(|i| i.index() == wanted),
            Whose::Key(wanted) => invoke.key == Some(wanted),
            Whose::Unknown => false,
        };
        if is_theirs {
            is_seen = true;
            found.asked += 1;
            found.last_asked = Some(index);
            if found.unseen.len() < ATTEMPTS_MAX && is_unseen(case, index) {
                found.unseen.push(index);
            }
        }
    }
    is_seen
}

/// An answer, if it names one of their orders.
#[inline]
fn see_answer(
    case: &Case<'_>,
    subjects: &[Subject],
    found: &mut [Behind],
    index: usize,
    said: &Completion,
) -> bool {
    let Some(order) = said.order.map(|order| order.index()) else {
        return false;
    };
    let mut is_seen = false;
    for (subject, found) in subjects.iter().zip(found) {
        let place = subject.orders.iter().position(|o| *o == Some(order));
        if let Some(place) = place {
            is_seen = true;
            let begun = case.facts.links[index].partner.get();
            found.answered[place] = found.answered[place].or(begun);
        }
    }
    is_seen
}

impl Behind {
    /// Whether no later event has anything more: every request was seen, and every order that an answer names.
    fn is_all(&self, case: &Case<'_>, subject: &Subject) -> bool {
        let facts = case.facts;
        // An answer that only accepts, or one to a read, is not among those that the facts know by their order.
        let others = case.history.contract.in_flight == Some(InFlight::Accept)
            || !facts.rare.others.reads.is_empty();
        let is_named = |order: usize| others || facts.orders[order].acked.get().is_some();
        let mut orders = subject.orders.iter().zip(self.answered);
        let answered = orders.all(|(order, by)| by.is_some() || !order.is_some_and(is_named));
        answered
            && match subject.whose {
                _ if self.unseen.len() == ATTEMPTS_MAX => true,
                Whose::Intent(intent) => self.asked == facts.intents[intent].attempts,
                Whose::Key(key) => self.last_asked == facts.keys[key.index()].last_invoke.get(),
                Whose::Unknown => true,
            }
    }

    fn by_time(self) -> Vec<usize> {
        let mut attempts: Vec<usize> = self.answered.into_iter().flatten().collect();
        let left = ATTEMPTS_MAX - attempts.len();
        attempts.extend(self.unseen.into_iter().take(left));
        attempts.sort_unstable();
        attempts.dedup();
        attempts
    }
}

/// Whether the client was not told what became of the request that this event begins: it got no answer, no certain one, or only "accepted".
fn is_unseen(case: &Case<'_>, begun: usize) -> bool {
    let done = case.facts.links[begun].partner.get();
    match done.map(|done| case.history.events[done].what) {
        Some(What::Ok(said)) => is_acceptance(case.history, &said),
        Some(What::Fail(said)) => is_server_error(&case.history.contract, &said),
        _ => true,
    }
}
