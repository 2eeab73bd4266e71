//! A message for an order that the database lacks, or delivered before its order was committed, by more than the clocks may differ.

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(rows), Some(_)) = (case.notifications(), case.orders()) else {
        tally.not_judged("the orders and the messages were not both looked at");
        return;
    };
    tally.checked(rows.len() as u64);
    let untimed = rows.iter().filter(|row| row.t.is_none()).count();
    if untimed < rows.len() && !mutant!("phantom-notification/messages-without-a-time-came-in-time") {
        let why = "a message does not say when it left, which others do";
        tally.unknown(untimed as u64, why);
    }
    let odd = case.facts.odd.messages.iter();
    for row in odd.map(|row| &rows[*row as usize]) {
        let Some(order) = row.order else {
            tally.unknown(1, "a message does not say which order it is about");
            continue;
        };
        let found = case.order(order.index());
        let tolerance = match mutant!("phantom-notification/clocks-are-exact") {
            true => 0,
            false => case.history.contract.clock_tolerance,
        };
        if row.t.is_some() && found.is_some_and(|found| found.t.is_none()) {
            tally.unknown(1, "an order does not say when it was made, and a message about it may be older");
            continue;
        }
        let early = found.and_then(|found| Some(row.t?.saturating_add(tolerance) < found.t?));
        let early = early == Some(true) && !mutant!("phantom-notification/time-does-not-matter")
            || mutant!("phantom-notification/same-time-is-too-early")
                && found.is_some_and(|f| row.t.is_some() && row.t == f.t);
        let absent = found.is_none() && !mutant!("phantom-notification/absent-orders-are-fine");
        if absent || early {
            tally.violation(row.t.unwrap_or(case.audit_time()), || {
                let what = if absent {
                    "the database holds no such order"
                } else {
                    "it left before its order was made"
                };
                let why = format!(
                    "message {} tells of {}, and {what}. A customer is not told of what did not happen.",
                    case.history.names.messages.text(row.message.index()),
                    case.tell_order(order.index()),
                );
                let told = witness(why).row(case.tell_notification(row));
                found.map_or(told.clone(), |found| told.order_row(case, found))
            });
        }
    }
}
