//! A key was forgotten inside its time to live, and a second order was made for it, inside the time to live of the first.

use history::{RecordState, Transition};

use crate::case::Case;
use crate::facts::is_live;
use crate::keylog::forgets;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.history.transitions.is_empty() {
        tally.not_judged("the changes of key records were not recorded");
        return;
    }
    for (key, log) in case.key_logs() {
        let mut made = None;
        for change in log {
            if forgets(change) {
                tally.checked(1);
                judge(case, tally, key, change, made);
                made = None;
            }
            match (change.from, change.to) {
                (RecordState::Absent | RecordState::Completed, RecordState::InProgress) => {
                    made = Some(change.t);
                }
                (_, RecordState::Completed) => made = made.or(Some(change.t)),
                _ => {}
            }
        }
    }
}

fn judge(case: &Case<'_>, tally: &mut Tally, key: usize, change: &Transition, made: Option<u64>) {
    let ttl = case.history.contract.ttl;
    let end = |made: u64| match ttl {
        _ if mutant!("early-expiry/ignores-ttl") => u64::MAX,
        Some(_) if mutant!("early-expiry/never") => 0,
        Some(ttl) => made.saturating_add(ttl),
        None => u64::MAX,
    };
    // Most keys are forgotten in time, and then there is nothing to look for.
    if made.is_some_and(|made| end(made) <= change.t) {
        return;
    }
    if case.orders().is_none() && !mutant!("early-expiry/orders-need-not-be-looked-at") {
        tally.unknown(1, "a key was forgotten inside its time to live, and the orders were not looked at");
        return;
    }
    let own: Vec<_> = case
        .orders_with(key)
        .filter(|row| is_live(row) || mutant!("early-expiry/cancelled-orders-too"))
        .collect();
    // Of a key that lived more than once, the order of the life that ended.
    let before = own.iter().filter(|row| row.t.is_some_and(|t| t <= change.t));
    let first = before.max_by_key(|row| match mutant!("early-expiry/first-life") {
        false => row.t,
        true => row.t.map(|t| u64::MAX - t),
    });
    let Some(made) = made.or(first.and_then(|row| row.t)) else {
        tally.unknown(1, "a key was forgotten, and it is not said when it was made");
        return;
    };
    // Its order was there before the claim was committed, and its time to live is counted from no later than that.
    let inserted = first.and_then(|row| row.t);
    let inserted = inserted.filter(|_| !mutant!("early-expiry/counts-from-the-commit"));
    let made = inserted.map_or(made, |t| t.min(made));
    let second = own
        .iter()
        .find(|row| row.t.is_some_and(|t| change.t <= t && t < end(made)));
    let (Some(first), Some(second)) = (first, second) else {
        let keyless = case.perhaps_with(key).filter(|row| is_live(row)).count();
        let undated = own.iter().filter(|row| row.t.is_none()).count();
        if keyless + undated > 0 && own.len() + keyless > 1 {
            let why = "a key was forgotten inside its time to live, and an order that may be its second does not say its key or its time";
            tally.unknown(1, why);
        }
        return;
    };
    tally.violation(change.t, || {
            let why = format!(
                "the key {} was forgotten at {}, inside its time to live, and a second order was made for it. A key is kept for its time to live.",
                case.tell_key(change.key),
                case.tell_time(change.t),
            );
            witness(why)
                .row(case.tell_change(change))
                .order_row(case, first)
                .order_row(case, second)
        });
}
