//! Two `ok` of one key and payload, the second sent after the first was answered and inside the key's time to live, differ in status,
//! order or body; a status that the contract gives to replays is the one to have. Or a replay does not say that it is one: where the
//! contract declares the mark, or where both answers have it and the second says no.

use crate::case::Case;
use crate::facts::{Differing, difference};
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    if facts.acknowledgements == 0 {
        tally.not_judged("no request was answered ok");
        return;
    }
    tally.checked(facts.repeats);
    for found in &facts.differing {
        tally.violation(found.at, || tell(case, found));
    }
    let why =
        "an answer differs from an earlier one, and nobody can tell whether the key had expired";
    tally.unknown(facts.undecided_repeats, why);
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
        let row = case
            .order(order.index())
            .map(|row| case.tell_order_row(row));
        if let Some(row) = row.filter(|row| !told.rows.contains(row)) {
            told = told.row(row);
        }
    }
    let intent = then.and_then(|then| then.asked.intent);
    told.intent(case, intent.map(|intent| intent.index()))
}
