//! A key was forgotten inside its time to live, and a second order was made for it, inside the time to live of the first.

use history::RecordState;

use crate::case::Case;
use crate::facts::is_live;
use crate::keylog::Change;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.facts.rare.transitions.is_empty() {
        tally.not_judged("nobody recorded how key records changed");
        return;
    }
    for (key, log) in case.key_logs() {
        let mut made = None;
        for change in &log {
            match (change.what.from, change.what.to) {
                (RecordState::Absent, RecordState::InProgress) => made = Some(change.t),
                (_, RecordState::Completed) => made = made.or(Some(change.t)),
                _ => {}
            }
            if change.forgets() {
                tally.checked(1);
                judge(case, tally, key, change, made);
                made = None;
            }
        }
    }
}

fn judge(case: &Case<'_>, tally: &mut Tally, key: usize, change: &Change<'_>, made: Option<u64>) {
    let ttl = case.history.contract.ttl;
    let end = |made: u64| match ttl {
        _ if mutant!("early-expiry/ignores-ttl") => u64::MAX,
        Some(_) if mutant!("early-expiry/never") => 0,
        Some(ttl) => made.saturating_add(ttl),
        None => u64::MAX,
    };
    let rows = case.orders().unwrap_or_default().iter();
    let own = rows.filter(|row| row.key.is_some_and(|k| k.index() == key));
    let own: Vec<_> = own
        .filter(|row| is_live(row) || mutant!("early-expiry/cancelled-orders-too"))
        .collect();
    let first = own.iter().find(|row| row.t.is_some_and(|t| t <= change.t));
    let Some(made) = made.or(first.and_then(|row| row.t)) else {
        tally.unknown(1, "a key was forgotten, and nobody says when it was made");
        return;
    };
    let second = own
        .iter()
        .find(|row| row.t.is_some_and(|t| change.t <= t && t < end(made)));
    let (Some(first), Some(second)) = (first, second) else {
        return;
    };
    tally.violation(change.t, || {
            let why = format!(
                "the key {} was forgotten at {}, inside its time to live, and a second order was made for it. A key is kept for its time to live.",
                case.tell_key(change.what.key),
                case.tell_time(change.t),
            );
            witness(why)
                .row(case.tell_change(change))
                .row(case.tell_order_row(first))
                .row(case.tell_order_row(second))
        });
}
