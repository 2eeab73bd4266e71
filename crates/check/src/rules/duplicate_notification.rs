//! More than one distinct message for one event of one order; or one message twice where the channel does not say that it may.

use std::collections::BTreeMap;

use history::{CodeRef, OrderRef};

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let Some(rows) = case.notifications() else {
        tally.not_judged("the messages were not looked at");
        return;
    };
    tally.checked(rows.len() as u64);
    // Only orders with more than one message come here.
    let mut seen: BTreeMap<(OrderRef, Option<CodeRef>), Vec<usize>> = BTreeMap::new();
    for row in &case.facts.odd.told_again {
        let row = *row as usize;
        if let Some(order) = rows[row].order {
            let event =
                Some(rows[row].event).filter(|_| !mutant!("duplicate-notification/any-event"));
            seen.entry((order, event)).or_default().push(row);
        }
    }
    let may_repeat =
        case.history.contract.at_least_once || mutant!("duplicate-notification/repeats-are-fine");
    for ((order, _), group) in &seen {
        let first = group[0];
        for row in &group[1..] {
            let distinct = rows[*row].message != rows[first].message
                && !mutant!("duplicate-notification/distinct-messages-are-fine");
            let same = rows[*row].message == rows[first].message
                && (!may_repeat || mutant!("duplicate-notification/at-least-once-is-no-excuse"));
            if distinct || same {
                tally.violation(case.audit_time(), || {
                    let why = format!(
                        "two messages told of one event of {}. A customer is told once.",
                        case.tell_order(order.index()),
                    );
                    witness(why)
                        .row(case.tell_notification(&rows[first]))
                        .row(case.tell_notification(&rows[*row]))
                });
            }
        }
    }
    let nameless = rows.iter().filter(|row| row.order.is_none()).count() as u64;
    let why = "a message does not say which order it is about, so that it may be the second of any";
    if rows.len() > 1 && !mutant!("duplicate-notification/nameless-messages-are-fine") {
        tally.unknown(nameless, why);
    }
}
