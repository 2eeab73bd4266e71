//! Two `ok` of one key and payload, the second sent after the first was answered and inside the key's time to live, differ in status,
//! order or body. Whether an answer says that it is a replay is not part of its body.

use history::Completion;

use crate::answers::{Answer, Class, KeyAnswers, PayloadGroup, row_time};
use crate::case::Case;
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
    let ttl = case.history.contract.ttl;
    let handled = handling(case, answer);
    let mut is_undecided = false;
    for class in group.classes.iter().rev() {
        let precedes = class.first.returned < answer.invoked;
        if !precedes || !differ(&class.first.said, &answer.said) {
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
    let why = "an answer differs from an earlier one, and nobody can tell whether the key had expired";
    tally.unknown(u64::from(is_undecided), why);
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

/// Whether two answers differ in something that both of them say.
fn differ(a: &Completion, b: &Completion) -> bool {
    fn both<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
        matches!((a, b), (Some(a), Some(b)) if a != b)
    }
    both(a.status, b.status) || both(a.order, b.order) || both(a.response, b.response)
}

fn tell(case: &Case<'_>, class: &Class, answer: &Answer) -> Witness {
    let (a, b) = (&class.first.said, &answer.said);
    let what = if a.order != b.order {
        "order"
    } else if a.status != b.status {
        "status"
    } else {
        "body"
    };
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
        let row = case.order(order.index()).map(|row| case.tell_order_row(row));
        if let Some(row) = row.filter(|row| !told.rows.contains(row)) {
            told = told.row(row);
        }
    }
    told.intent(case, intent.map(|intent| intent.index()))
}
