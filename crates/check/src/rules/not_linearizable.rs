//! No order of the operations on a key fits real time and the model. Reported only where no other rule explains the history; where the
//! search and the closed forms disagree, that is said.

use history::{KeyRef, Label};

use crate::case::Case;
use crate::facts::Clause;
use crate::keyed::Try;
use crate::linear::{Found, KeyedOrders, Problem, STATES_MAX, is_plain};
use crate::other_keys::OtherKeys;
use crate::tally::Tally;
use crate::tell::witness;

/// Where another rule is violated, so many keys are searched as a cross-check, and no more.
const CROSS_CHECKED_MAX: usize = 16;
/// And so many states of each.
const CROSS_CHECKED_STATES_MAX: usize = 500;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    let sent = facts.keys_sent;
    if sent == 0 {
        tally.not_judged("no request had a key");
        return;
    }
    tally.checked(sent);
    // As a cross-check, a few of each kind will do.
    let of_each = match case.explained {
        true => CROSS_CHECKED_MAX,
        false => usize::MAX,
    };
    let odd = odd_keys(case, of_each);
    let mut other_keys = OtherKeys::default();
    let copies = case.history.coverage.count(Label::DuplicateDelivered) > 0;
    let keyed = KeyedOrders::of_keys(case, &odd);
    let (mut unexplained, mut disagreed) = (0, 0);
    for key in odd {
        let states_max = match case.explained {
            true => CROSS_CHECKED_STATES_MAX,
            false => STATES_MAX,
        };
        let found = look(case, key, &keyed, copies, states_max, &mut other_keys);
        match found {
            Found::Fits => disagreed += u64::from(is_doubled(case, key)),
            Found::Capped if !case.explained => {
                tally.unknown(1, "a key has too many operations to search every order")
            }
            Found::Capped => {}
            Found::DoesNotFit if copies && !case.explained => {
                tally.unknown(
                    1,
                    "the network duplicated requests, and nobody recorded their copies",
                );
            }
            Found::DoesNotFit if case.explained => unexplained += 1,
            Found::DoesNotFit => tell(case, tally, key),
        }
    }
    if disagreed > 0 {
        tally.note(format!(
            "the search finds an order for {disagreed} keys that have two orders"
        ));
    } else if unexplained > 0 {
        tally.note(format!(
            "{unexplained} keys fit no order, as other rules say too"
        ));
    }
    if case.orders().is_none() {
        tally.unknown(
            sent,
            "without the orders of the audit, only what clients saw is in order",
        );
    }
}

/// The keys with which anything is not as usual, so many of each kind.
fn odd_keys(case: &Case<'_>, of_each: usize) -> Vec<u32> {
    let facts = case.facts;
    let lists = [
        &facts.mixed_keys,
        &facts.rare.reused_keys,
        &facts.rare.refused_keys,
    ];
    let some = lists.into_iter().flat_map(|list| list.iter().take(of_each));
    let crowded = facts
        .extra_orders
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
    keyed: &KeyedOrders,
    copies: bool,
    states_max: usize,
    other_keys: &mut OtherKeys,
) -> Found {
    let search = |problem: Problem| problem.search(states_max);
    let mut problem = Problem::of_key(case, key as usize, keyed);
    let mut found = problem.clone().map_or(Found::Capped, search);
    if found == Found::DoesNotFit
        && let Some(since) = other_keys.of(case, key as usize).map(|(_, sent)| sent).min()
    {
        problem = problem.map(|problem| problem.refused_for_another_key(since));
        found = problem.clone().map_or(Found::Capped, search);
    }
    if copies && found == Found::DoesNotFit {
        let problem = problem.and_then(Problem::with_copies);
        return problem.map_or(Found::Capped, search);
    }
    found
}

/// Whether the closed form finds two orders for a key.
fn is_doubled(case: &Case<'_>, key: u32) -> bool {
    let mut extra = case.facts.extra_orders.iter();
    extra.any(|extra| matches!(extra.clause, Clause::Key | Clause::Answers) && extra.group == key)
}

fn tell(case: &Case<'_>, tally: &mut Tally, key: u32) {
    let attempts: Vec<Try<'_>> = case.attempts_with(key as usize);
    let at = attempts.iter().filter_map(|attempt| attempt.returned).max();
    tally.violation(at.unwrap_or(0), || {
        let why = format!(
            "no order of the operations on the key {} fits what they were answered. A key is nobody's, in flight, done, or expired.",
            case.tell_key(KeyRef::new(key)),
        );
        let events: Vec<usize> = attempts.iter().take(6).map(|attempt| attempt.event()).collect();
        witness(why).operations(case, &events)
    });
}
