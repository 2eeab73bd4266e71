//! Two `ok` of one key and payload, the second sent after the first was answered and inside the key's time to live, differ in status,
//! order or body; a status that the contract gives to replays is the one to have. Or a replay does not say that it is one: where the
//! contract declares the mark, or where both answers have it and the second says no. Or the first answer says that it is one.

use history::Label;

use crate::case::Case;
use crate::facts::{Differing, difference};
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    if facts.answers.acknowledgements == 0 {
        tally.not_judged("no request was answered ok");
        return;
    }
    let observed = case.history.contract.observed;
    tally.checked(facts.answers.repeats + facts.rare.answers.replayed_first.len() as u64);
    for found in &facts.answers.differing {
        tally.violation(found.at, || tell(case, found));
    }
    judge_first(case, tally);
    let why = "an answer differs from an earlier one, and it cannot be told whether the key had expired";
    tally.unknown(facts.answers.undecided_repeats, why);
    let why = "an answer differs from an earlier one with its key, and it is not said whether both requests asked for the same";
    tally.unknown(facts.answers.unsaid_repeats, why);
    let why = "an answer or the one that it repeats has no body, so that they cannot be compared";
    tally.unknown(facts.answers.bodiless_repeats, why);
    if !(observed.order && observed.response) && facts.answers.differing.is_empty() && facts.answers.repeats > 0 {
        tally.not_judged("the recorder did not see all that a repetition must repeat");
    }
}

/// First answers that say that they repeat an earlier one. What was there before the run, or came over another key of the purchase, may be
/// repeated; and so may what a copy of the request did that the network made.
fn judge_first(case: &Case<'_>, tally: &mut Tally) {
    let copies = case.history.coverage.count(Label::DuplicateDelivered) > 0;
    if copies || !case.history.contract.observed.replayed {
        return;
    }
    for on_key in case.by_key(&case.facts.rare.answers.replayed_first) {
        let done = on_key.events[0];
        let Some(first) = case.attempt_at(done) else { continue };
        let returned = first.returned.unwrap_or(u64::MAX);
        let may_be_before = |other: &Try<'_>| {
            let is_refused = matches!(other.end, End::Fail(refusal) if refusal.is_definite());
            other.begun != first.begun && other.invoked <= returned && !is_refused
        };
        let intent = first.asked.intent.map(|intent| &case.facts.intents[intent.index()]);
        let has_other_keys = intent.is_some_and(|intent| intent.attempts as usize > on_key.all.len());
        let order = first.said.order.map(|order| &case.facts.orders[order.index()]);
        let is_old = order.is_some_and(|order| order.is_baseline);
        let is_acked_before = order.and_then(|order| order.acked.get()).is_some_and(|acked| acked != done);
        let is_explained = on_key.all.iter().any(may_be_before) || has_other_keys || is_old || is_acked_before;
        if is_explained && !mutant!("replay-mismatch/first-answers-are-never-replays")
            || mutant!("replay-mismatch/first-answers-may-be-replays")
        {
            continue;
        }
        tally.violation(case.time(done), || {
            let why = format!(
                "{} was answered at {} with a replay, and nothing with its key had been asked for before. A first answer repeats nothing.",
                case.tell_attempt(done),
                case.tell_time(case.time(done)),
            );
            witness(why).operation(case, done)
        });
    }
}

fn tell(case: &Case<'_>, found: &Differing) -> Witness {
    let events = [found.earlier, found.later].map(|event| event as usize);
    let [first, then] = events.map(|event| case.attempt(event));
    let said = first.zip(then).map(|(first, then)| (first.said, then.said));
    let what = said.and_then(|(a, b)| difference(&case.history.contract, a, b));
    let why = format!(
        "{} repeated the request of {} after its answer, and was answered another {} at {}. Inside its time to live a key has one answer.",
        case.tell_attempt(events[1]),
        case.tell_attempt(events[0]),
        what.unwrap_or("answer"),
        case.tell_time(found.at),
    );
    let mut told = witness(why).operations(case, &events);
    let orders = said.map_or([None; 2], |(a, b)| [a.order, b.order]);
    for order in orders.into_iter().flatten() {
        if let Some(row) = case.order(order.index()) {
            told = told.order_row(case, row);
        }
    }
    let intent = then.and_then(|then| then.asked.intent);
    told.intent(case, intent.map(|intent| intent.index()))
}
