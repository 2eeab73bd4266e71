//! No order of the operations on a key fits real time and the model. Reported only where no other rule explains the history; where the
//! search and the closed forms disagree, that is said.

use history::{KeyRef, Label};

use crate::case::Case;
use crate::facts::Clause;
use crate::keyed::{End, Try};
use crate::linear::{Found, Problem, STATES_MAX, is_plain};
use crate::other_keys::OtherKeys;
use crate::tally::Tally;
use crate::tell::witness;

/// How many keys are searched at most as a cross-check, where another rule is violated already.
const CROSS_CHECKED_MAX: usize = 16;
/// How many states are searched at most for each of them.
const CROSS_CHECKED_STATES_MAX: usize = 500;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    let sent = facts.run.keys_sent;
    if sent == 0 {
        tally.not_judged("no request had a key");
        return;
    }
    // As a cross-check, a few of each kind will do.
    let of_each = match case.explained {
        true => CROSS_CHECKED_MAX,
        false => usize::MAX,
    };
    let odd = odd_keys(case, of_each);
    let mut other_keys = OtherKeys::default();
    let copies = case.history.coverage.count(Label::DuplicateDelivered) > 0;
    let (mut disagreed, mut left_alone) = (0, 0);
    let mut undecided = Undecided::default();
    for key in odd {
        if leaves_out(case, key) {
            undecided.unsaid += 1;
            continue;
        }
        let states_max = match case.explained {
            true => CROSS_CHECKED_STATES_MAX,
            false => STATES_MAX,
        };
        let found = look(case, key, copies, states_max, &mut other_keys);
        match found {
            Found::Fits => disagreed += u64::from(is_doubled(case, key)),
            Found::Capped => undecided.capped += u64::from(!case.explained),
            Found::LeftAlone => left_alone += 1,
            Found::DoesNotFit if copies && !case.explained => undecided.copied += 1,
            Found::DoesNotFit if case.explained => undecided.unexplained += 1,
            Found::DoesNotFit if fits_if_unclear(case, key) => undecided.unclear += 1,
            Found::DoesNotFit => tell(case, tally, key),
        }
    }
    count(tally, sent, left_alone);
    undecided.count(tally);
    if disagreed > 0 {
        tally.note(format!(
            "the search finds an order for {} with two orders",
            keys(disagreed)
        ));
    }
    let why = "no order fits a key, as other rules say in other words";
    tally.unknown(undecided.unexplained, why);
    if case.orders().is_none() {
        tally.unknown(
            sent,
            "without the orders of the audit, only what clients saw is in order",
        );
    }
}

/// Keys for which it stays unknown whether the operations can be put in order, by reason.
#[derive(Default)]
struct Undecided {
    capped: u64,
    copied: u64,
    unsaid: u64,
    unclear: u64,
    unexplained: u64,
}

impl Undecided {
    fn count(&self, tally: &mut Tally) {
        let why = "a key has more orders of its operations than are searched";
        tally.unknown(self.capped, why);
        let why = "the network duplicated requests, and their copies were not recorded";
        tally.unknown(self.copied, why);
        let why = "an answer on a key does not say which order it means or what it is refused for, or an order does not say its key";
        tally.unknown(self.unsaid, why);
        let why = "a refusal may mean that a request is in flight, or anything else, and its own may be at work";
        tally.unknown(self.unclear, why);
    }
}

/// Whether an answer on a key, or an order that may be its own, says too little to be put in order with the others.
fn leaves_out(case: &Case<'_>, key: u32) -> bool {
    let stored = &case.history.contract.stored_errors;
    let stores = stored.as_ref().is_some_and(|stored| !stored.is_empty());
    let leaves_out = |attempt: &Try<'_>| match attempt.end {
        End::Ok => attempt.said.order.is_none() && case.history.contract.observed.order,
        End::Fail(_) => attempt.said.status.is_none() && (attempt.said.code.is_none() || stores),
        End::Unknown => false,
    };
    if case.perhaps_with(key as usize).next().is_some() {
        return true;
    }
    case.attempts_with(key as usize).iter().any(leaves_out)
}

/// A key that was asked for very often is no part of the cross-check: the closed forms judge it.
fn count(tally: &mut Tally, sent: u64, left_alone: u64) {
    if left_alone == sent {
        tally.not_judged("every key has more operations than are searched, or answers that name no order; the closed forms judge them");
        return;
    }
    tally.checked(sent - left_alone);
    if left_alone > 0 {
        tally.note(format!(
            "{} with more operations than are searched, or answers that name no order, left to the closed forms",
            keys(left_alone)
        ));
    }
}

/// The keys that are not as usual in any way, up to a limit for each kind.
fn odd_keys(case: &Case<'_>, of_each: usize) -> Vec<u32> {
    let facts = case.facts;
    let lists = [
        &facts.answers.mixed_keys,
        &facts.rare.keys.reused,
        &facts.rare.keys.refused,
    ];
    let some = lists.into_iter().flat_map(|list| list.iter().take(of_each));
    let crowded = facts
        .extras.orders
        .iter()
        .filter(|extra| extra.clause == Clause::Key);
    let crowded = crowded.map(|extra| extra.group).take(of_each);
    let mut odd: Vec<u32> = some.copied().chain(crowded).collect();
    odd.sort_unstable();
    odd.dedup();
    odd.retain(|key| !is_plain(case, *key as usize));
    odd.truncate(of_each);
    odd
}

fn look(
    case: &Case<'_>,
    key: u32,
    copies: bool,
    states_max: usize,
    other_keys: &mut OtherKeys,
) -> Found {
    let Some(whole) = Problem::of_key(case, key as usize) else {
        return Found::LeftAlone;
    };
    let mut found = whole.search(states_max);
    if found != Found::DoesNotFit {
        return found;
    }
    let others = other_keys.of(case, key as usize).map(|(_, sent)| sent);
    let refused = others.min().map(|since| whole.clone().refused_for_another_key(since));
    if let Some(refused) = &refused {
        found = refused.search(states_max);
    }
    if copies && found == Found::DoesNotFit {
        let with_copies = |problem: Problem| match problem.with_copies() {
            Some(problem) => problem.search(states_max),
            None => Found::LeftAlone,
        };
        found = with_copies(whole);
        if let (Found::DoesNotFit, Some(refused)) = (found, refused) {
            found = with_copies(refused);
        }
    }
    found
}

/// Whether the operations on a key fit if those that were refused, and it is not known for what, may have taken effect.
fn fits_if_unclear(case: &Case<'_>, key: u32) -> bool {
    let problem = Problem::of_key(case, key as usize).and_then(Problem::with_unclear_at_work);
    problem.is_some_and(|problem| problem.search(STATES_MAX) != Found::DoesNotFit)
        && !mutant!("not-linearizable/what-is-unclear-was-never-at-work")
}

/// Whether the closed form finds two orders for a key.
fn is_doubled(case: &Case<'_>, key: u32) -> bool {
    let mut extra = case.facts.extras.orders.iter();
    extra.any(|extra| matches!(extra.clause, Clause::Key | Clause::Answers) && extra.group == key)
}

fn tell(case: &Case<'_>, tally: &mut Tally, key: u32) {
    let attempts: Vec<Try<'_>> = case.attempts_with(key as usize);
    let at = attempts.iter().filter_map(|attempt| attempt.returned).max();
    tally.violation(at.unwrap_or(0), || {
        let why = format!(
            "no order of the operations on the key {} fits what they were answered. A key is free, in flight, done, or expired.",
            case.tell_key(KeyRef::new(key)),
        );
        let events: Vec<usize> = attempts.iter().take(6).map(|attempt| attempt.event()).collect();
        witness(why).operations(case, &events)
    });
}

fn keys(count: u64) -> String {
    format!("{count} key{}", if count == 1 { "" } else { "s" })
}
