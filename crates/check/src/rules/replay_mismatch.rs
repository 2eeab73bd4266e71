//! Two `ok` of one key and payload, the second sent after the first was answered and inside the key's time to live, differ in status,
//! order or body; a status that the contract gives to replays is the one to have. Or a replay does not say that it is one: where the
//! contract declares the mark, or where both answers have it and the second says no.

use history::Completion;

use crate::answers::{Answer, Class, KeyAnswers, PayloadGroup, row_time};
use crate::case::Case;
use crate::facts::is_live;
use crate::tally::Tally;
use crate::tell::witness;
use crate::ttl::{Bounds, Within, within};
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    if facts.acknowledgements == 0 {
        tally.not_judged("no request was answered ok");
        return;
    }
    tally.checked(facts.repeats);
    let mut answers = KeyAnswers::default();
    for key in &facts.mixed_keys {
        answers.gather(case.history, facts, *key as usize);
        answers.for_each_payload(case.history, facts, |group| {
            for answer in group.answers {
                compare(case, tally, &group, answer);
            }
        });
    }
}

/// An answer against every class of answers that was there before it was asked for, the latest first.
fn compare(case: &Case<'_>, tally: &mut Tally, group: &PayloadGroup<'_>, answer: &Answer) {
    let ttl = case
        .history
        .contract
        .ttl
        .filter(|_| !mutant!("replay-mismatch/for-ever"));
    let handled = handling(case, answer);
    let mut is_undecided = false;
    for class in group.classes.iter().rev() {
        let precedes = class.first.returned < answer.invoked
            || mutant!("replay-mismatch/concurrent-too") && class.first.begun != answer.begun;
        if !precedes
            || difference(case, &class.first.said, &answer.said).is_none()
            || is_made_anew(case, &class.first.said, &answer.said)
        {
            continue;
        }
        match within(ttl, class.made, handled) {
            // Classes come by the creation of their order, so that all that follow are outside too.
            Within::Outside => break,
            Within::Unknown => is_undecided = true,
            Within::Inside => {
                tally.violation(answer.returned, || tell(case, class, answer));
                return;
            }
        }
    }
    let why =
        "an answer differs from an earlier one, and nobody can tell whether the key had expired";
    tally.unknown(u64::from(is_undecided), why);
}

/// Whether an answer names another order than the first, which was cancelled: that may be made again, by contract.
fn is_made_anew(case: &Case<'_>, first: &Completion, then: &Completion) -> bool {
    let row = first.order.and_then(|order| case.order(order.index()));
    row.is_some_and(|row| !is_live(row))
        && first.order != then.order
        && !mutant!("replay-mismatch/cancelled-orders-too")
}

/// When the service decided on an answer: while the request was out; and not after it created the order that it names, if that is when
/// it did.
fn handling(case: &Case<'_>, answer: &Answer) -> Bounds {
    let order = answer.said.order;
    let created = order.and_then(|order| row_time(case.history, case.facts, order));
    let inside = created.filter(|t| (answer.invoked..=answer.returned).contains(t));
    match inside {
        Some(t) => Bounds::exactly(t),
        None => Bounds {
            earliest: answer.invoked,
            latest: answer.returned,
        },
    }
}

/// What an answer and its repetition differ in, of what both of them say.
fn difference(case: &Case<'_>, first: &Completion, then: &Completion) -> Option<&'static str> {
    fn both<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
        matches!((a, b), (Some(a), Some(b)) if a != b)
    }
    let contract = &case.history.contract;
    let replayed = contract
        .replay_status
        .filter(|_| !mutant!("replay-mismatch/replays-keep-their-status"));
    let status = replayed.or(first.status);
    let says_no = then.replayed == Some(false) && first.replayed.is_some();
    let unmarked = says_no || contract.replay_header && then.replayed != Some(true);
    if both(first.order, then.order) && !mutant!("replay-mismatch/order-does-not-matter") {
        Some("order")
    } else if both(status, then.status) && !mutant!("replay-mismatch/status-does-not-matter") {
        Some("status")
    } else if both(first.response, then.response)
        && !mutant!("replay-mismatch/body-does-not-matter")
    {
        Some("body")
    } else if unmarked && !mutant!("replay-mismatch/mark-does-not-matter") {
        Some("mark: it does not say that it is a replay")
    } else {
        None
    }
}

fn tell(case: &Case<'_>, class: &Class, answer: &Answer) -> Witness {
    let (a, b) = (&class.first.said, &answer.said);
    let what = difference(case, a, b).unwrap_or("answer");
    let why = format!(
        "{} repeated the request of {} after its answer, and was answered another {what} at {}. Inside its time to live a key has one answer.",
        case.tell_attempt(answer.begun),
        case.tell_attempt(class.first.begun),
        case.tell_time(answer.returned),
    );
    let asked = case.attempt(answer.done).map(|attempt| attempt.asked);
    let intent = asked.and_then(|asked| asked.intent);
    let mut told = witness(why)
        .operation(case, class.first.done)
        .operation(case, answer.done);
    for order in [a.order, b.order].into_iter().flatten() {
        let row = case
            .order(order.index())
            .map(|row| case.tell_order_row(row));
        if let Some(row) = row.filter(|row| !told.rows.contains(row)) {
            told = told.row(row);
        }
    }
    told.intent(case, intent.map(|intent| intent.index()))
}
