//! More was given back than was asked for, under one refund key or for one order; or more of a charge than was captured. Refunds of two
//! requests with two keys are two.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditRefund, IntentRef, OrderRef, RefundKeyRef, RefundRequest, What};
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::is_live;
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let audit = case.history.audit.as_ref();
    let Some(refunds) = audit.and_then(|audit| audit.refunds.as_ref()) else {
        tally.not_judged("what was given back was not looked at");
        return;
    };
    tally.checked(refunds.len() as u64);
    judge_keys(case, tally, refunds);
    judge_charges(case, tally, refunds);
    judge_orders(case, tally, refunds);
}

/// Refunds under one key: together no more than that one request asked for; without a request, one.
fn judge_keys(case: &Case<'_>, tally: &mut Tally, refunds: &[AuditRefund]) {
    let mut by_key: BTreeMap<(RefundKeyRef, Option<OrderRef>), Vec<&AuditRefund>> = BTreeMap::new();
    for refund in refunds {
        if let Some(key) = refund.key {
            by_key.entry((key, order_of(case, refund))).or_default().push(refund);
        }
    }
    for ((key, order), own) in by_key {
        let asked = case.history.refund_requests.iter();
        let asked = asked.filter(|request| request.key == Some(key) && order.is_none_or(|order| order == request.order));
        let most = asked.map(|request| amount_of(case, request)).max();
        let given = sum(&own);
        let is_more = match most {
            Some(most) => given > most,
            None => own.len() > 1,
        };
        if is_more && !mutant!("double-refund/keys-do-not-count") {
            let name = case.history.names.refund_keys.text(key.index());
            violation(case, tally, &own, || {
                let asked = most.map_or("once".to_owned(), |most| case.tell_amount(most));
                format!(
                    "{} was given back under the refund key {name}, in {} refunds; asked for was {asked}. A refund is given once.",
                    case.tell_amount(given),
                    own.len(),
                )
            });
        }
    }
}

/// Refunds of one charge: together no more than was captured.
fn judge_charges(case: &Case<'_>, tally: &mut Tally, refunds: &[AuditRefund]) {
    let mut by_charge: BTreeMap<usize, Vec<&AuditRefund>> = BTreeMap::new();
    for refund in refunds {
        by_charge.entry(refund.charge.index()).or_default().push(refund);
    }
    let charges = case.charges().unwrap_or_default();
    for charge in charges {
        let Some(own) = by_charge.get(&charge.id.index()) else { continue };
        let captured = match charge.state {
            ChargeState::Captured | ChargeState::Refunded => charge.amount,
            ChargeState::Authorized | ChargeState::Voided | ChargeState::Declined => 0,
        };
        let given = sum(own);
        if given > captured && !mutant!("double-refund/any-amount-may-be-given-back") {
            violation(case, tally, own, || {
                format!(
                    "{} of charge {} was given back; {} was captured. What was not taken is not given back.",
                    case.tell_amount(given),
                    case.history.names.charges.text(charge.id.index()),
                    case.tell_amount(captured),
                )
            });
        }
    }
}

/// Refunds without a key of their own, of one order: together no more than all requests for it asked for. What is given back of an order
/// that is cancelled, or of one that no request was about, is the service's own doing.
fn judge_orders(case: &Case<'_>, tally: &mut Tally, refunds: &[AuditRefund]) {
    let mut asked: BTreeMap<OrderRef, i64> = BTreeMap::new();
    let mut keyed: BTreeMap<OrderRef, Vec<i64>> = BTreeMap::new();
    let mut seen: BTreeSet<(OrderRef, Meant)> = BTreeSet::new();
    for (place, request) in case.history.refund_requests.iter().enumerate() {
        if seen.insert((request.order, Meant::by(request, place))) {
            let sum = asked.entry(request.order).or_default();
            *sum = sum.saturating_add(amount_of(case, request));
            if request.key.is_some() {
                keyed.entry(request.order).or_default().push(amount_of(case, request));
            }
        }
    }
    let keys: BTreeSet<RefundKeyRef> = case.history.refund_requests.iter().filter_map(|request| request.key).collect();
    let is_sent = |refund: &&AuditRefund| refund.key.is_some_and(|key| keys.contains(&key));
    let mut by_order: BTreeMap<OrderRef, Vec<&AuditRefund>> = BTreeMap::new();
    for refund in refunds {
        match order_of(case, refund) {
            Some(order) => by_order.entry(order).or_default().push(refund),
            None if !asked.is_empty() => {
                tally.unknown(1, "a refund's charge does not say its order, so that it may be the second for one");
            }
            None => {}
        }
    }
    for (order, mut own) in by_order {
        let Some(most) = asked.get(&order).copied() else { continue };
        // Where refunds have the clients' keys, those under other keys belong to no request of theirs.
        if own.iter().any(is_sent) {
            own.retain(|refund| refund.key.is_none() || is_sent(refund));
        }
        let row = case.order(order.index());
        let is_kept = row.is_none_or(is_live) || mutant!("double-refund/cancelled-orders-too");
        let given = sum(&own);
        let is_keyed = own.iter().all(is_sent);
        let least = keyed.get(&order).filter(|amounts| amounts.len() > 1).and_then(|amounts| amounts.iter().min());
        let is_open = own.len() > 1 && own.iter().any(|refund| refund.key.is_none());
        if is_open && least.is_some_and(|least| given > *least) {
            tally.unknown(1, "a refund does not say its key, so that it may be the second of one request, or the first of another");
        }
        if is_kept && given > most && !is_keyed && !mutant!("double-refund/orders-do-not-count") {
            violation(case, tally, &own, || {
                format!(
                    "{} was given back for {}; asked for was {}. A refund is given once.",
                    case.tell_amount(given),
                    case.tell_order(order.index()),
                    case.tell_amount(most),
                )
            });
        }
    }
}

/// Which refund a request is about: two requests with one key, or one intent, ask for one refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Meant {
    Intent(IntentRef),
    Key(RefundKeyRef),
    Request(usize),
}

impl Meant {
    fn by(request: &RefundRequest, place: usize) -> Meant {
        let key = request.key.map(Meant::Key);
        let intent = request.intent.map(Meant::Intent);
        match mutant!("double-refund/each-request-is-a-refund") {
            true => Meant::Request(place),
            false => intent.or(key).unwrap_or(Meant::Request(place)),
        }
    }
}

/// How much a request asks for: without an amount, everything that was captured for its order.
fn amount_of(case: &Case<'_>, request: &RefundRequest) -> i64 {
    request.amount.unwrap_or_else(|| {
        let charges = case.charges().unwrap_or_default().iter();
        let own = charges.filter(|charge| charge.order == Some(request.order));
        let taken = own.filter(|charge| matches!(charge.state, ChargeState::Captured | ChargeState::Refunded));
        taken.map(|charge| charge.amount).fold(0, i64::saturating_add)
    })
}

fn sum(refunds: &[&AuditRefund]) -> i64 {
    refunds.iter().map(|refund| refund.amount).fold(0, i64::saturating_add)
}

/// The order whose money a refund gives back.
fn order_of(case: &Case<'_>, refund: &AuditRefund) -> Option<OrderRef> {
    let charges = case.charges().unwrap_or_default().iter();
    let mut own = charges.filter(|charge| charge.id == refund.charge);
    own.find_map(|charge| charge.order)
}

fn violation(case: &Case<'_>, tally: &mut Tally, own: &[&AuditRefund], why: impl Fn() -> String) {
    let last = own.iter().filter_map(|refund| refund.t).max();
    tally.violation(last.unwrap_or(case.audit_time()), || {
        let mut told: Witness = witness(why());
        let orders: BTreeSet<OrderRef> = own.iter().filter_map(|refund| order_of(case, refund)).collect();
        for (begun, event) in case.history.events.iter().enumerate() {
            if let What::Refund(request) = &event.what {
                let request = &case.history.refund_requests[*request as usize];
                if orders.contains(&request.order) {
                    told = told.operation(case, begun);
                }
            }
        }
        for refund in own {
            told = told.row(case.tell_refund(refund));
        }
        let charges = case.charges().unwrap_or_default().iter();
        let charged = charges.filter(|charge| own.iter().any(|refund| refund.charge == charge.id));
        charged.fold(told, |told, charge| told.charge_row(case, charge))
    });
}
