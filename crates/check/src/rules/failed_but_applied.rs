//! Every attempt for something ended in a definite failure, and yet an order, a charge or an effect on the stock exists. A refusal as
//! in flight is not definite, nor is any answer by which nobody knows.

use history::{AuditCharge, AuditOrder};
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::is_live;
use crate::keyed::End;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.orders().is_none() && case.charges().is_none() && case.stock().is_none() {
        tally.not_judged("nobody looked what became of the requests that failed");
        return;
    }
    tally.checked(case.facts.counts.fail);
    if case.facts.counts.fail == 0 {
        return;
    }
    for order in case.orders().unwrap_or_default() {
        if let Some(event) = failed_attempt(case, order) {
            tally.violation(order.t.unwrap_or(case.audit_time()), || {
                let why = format!(
                    "every request for {} was answered with a definite failure; the database holds it. What failed has not happened.",
                    case.tell_order(order.id.index()),
                );
                witness(why).operation(case, event).row(case.tell_order_row(order))
            });
        }
    }
    for charge in case.charges().unwrap_or_default() {
        if is_charged_for_nothing(case, charge) {
            tally.violation(case.audit_time(), || {
                let id = case.history.names.charges.text(charge.id.index());
                let why = format!(
                    "every request of the purchase was answered with a definite failure; charge {id} is captured. What failed costs nothing."
                );
                witness(why).row(case.tell_charge(charge))
            });
        }
    }
    judge_stock(case, tally);
}

/// The last attempt for a live order of which every attempt failed for certain.
fn failed_attempt(case: &Case<'_>, order: &AuditOrder) -> Option<usize> {
    if !is_live(order) && !mutant!("failed-but-applied/cancelled-counts") {
        return None;
    }
    let Some(key) = order.key else {
        let payload = order.payload?;
        let facts = case.facts.payloads[payload.index()];
        let all = facts.failed > 0 && facts.failed == facts.attempts;
        let ignored = mutant!("failed-but-applied/only-with-a-key");
        return (all && !ignored)
            .then(|| case.last_attempt_for(payload))
            .flatten();
    };
    let facts = case.facts.keys[key.index()];
    let is_answered = facts.first_ok.get().is_some() && !facts.reused;
    if !facts.refused || is_answered {
        return None;
    }
    let mut own = case.attempts_with(key.index());
    if !mutant!("failed-but-applied/any-payload-of-the-key") {
        own.retain(|attempt| order.payload.is_none() || attempt.asked.payload == order.payload);
    }
    let failed = |end: End| match end {
        End::Fail(refusal) => {
            refusal.is_definite() || mutant!("failed-but-applied/in-flight-is-definite")
        }
        End::Unknown => mutant!("failed-but-applied/unknown-is-definite"),
        End::Ok => false,
    };
    let all = match mutant!("failed-but-applied/one-failure-is-enough") {
        false => own.iter().all(|attempt| failed(attempt.end)),
        true => own.iter().any(|attempt| failed(attempt.end)),
    };
    all.then(|| own.last().map(|attempt| attempt.event()))
        .flatten()
}

/// A captured charge of a purchase of which every attempt failed for certain.
fn is_charged_for_nothing(case: &Case<'_>, charge: &AuditCharge) -> bool {
    let facts = charge
        .intent
        .map(|intent| case.facts.intents[intent.index()]);
    let all = facts.is_some_and(|facts| facts.failed > 0 && facts.failed == facts.attempts);
    all && charge.state == ChargeState::Captured
        && !mutant!("failed-but-applied/charges-do-not-count")
}

/// Where nothing but definite failures happened, the stock is as it was.
fn judge_stock(case: &Case<'_>, tally: &mut Tally) {
    let (counts, facts) = (&case.facts.counts, case.facts);
    let definite: u64 = facts
        .payloads
        .iter()
        .map(|payload| u64::from(payload.failed))
        .sum();
    let is_all = counts.attempts == counts.fail && definite == counts.fail && counts.orders == 0;
    if !is_all || case.orders().is_none() || mutant!("failed-but-applied/stock-does-not-count") {
        return;
    }
    for row in case.stock().unwrap_or_default() {
        if row.on_hand != row.initial.saturating_add(row.restocked) {
            tally.violation(case.audit_time(), || {
                let sku = case.history.names.skus.text(row.sku.index());
                let why = format!(
                    "every request was answered with a definite failure; the stock of {sku} is not what it was. What failed takes nothing."
                );
                witness(why).row(case.tell_stock(row))
            });
        }
    }
}
