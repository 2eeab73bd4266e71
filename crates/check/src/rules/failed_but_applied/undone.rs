//! Cancellations and refunds that were refused, every one of them, and done all the same.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditRefund, OrderRef, RefundKeyRef, What};

use crate::case::Case;
use crate::facts::{Refusal, is_live};
use crate::keyed::End;
use crate::rules::double_refund::Ledger;
use crate::tally::Tally;
use crate::tell::witness;

/// The requests of one kind for one order.
#[derive(Default)]
struct Asked {
    /// The last events of those that were refused for certain.
    refused: Vec<usize>,
    /// When the first of them was sent.
    first: Option<u64>,
    /// The refund keys of those.
    keys: BTreeSet<RefundKeyRef>,
    /// How many may have been done.
    others: usize,
}

impl Asked {
    fn see(&mut self, case: &Case<'_>, begun: usize) {
        let done = case.facts.links[begun].partner.get();
        if is_refused(case, done) {
            self.refused.push(done.unwrap_or(begun));
            self.first.get_or_insert(case.time(begun));
        } else {
            self.others += 1;
        }
    }

    /// Whether there is no request that may have been done.
    fn is_all_refused(&self) -> bool {
        !self.refused.is_empty() && (self.others == 0 || mutant!("failed-but-applied/others-ask-for-nothing-back"))
    }
}

/// Whether a request was certainly refused, and not because another had done it.
fn is_refused(case: &Case<'_>, done: Option<usize>) -> bool {
    match case.end_at(done) {
        End::Fail(Refusal::Duplicate) => mutant!("failed-but-applied/repetitions-are-refused-for-good"),
        End::Fail(refusal) => refusal.is_definite() || mutant!("failed-but-applied/what-is-asked-back-is-never-in-flight"),
        End::Ok | End::Unknown => false,
    }
}

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally) {
    judge_cancelled(case, tally);
    judge_refunds(case, tally);
}

/// Orders that are cancelled although every request for that was refused. One that was never acknowledged may be given up by the service
/// itself.
fn judge_cancelled(case: &Case<'_>, tally: &mut Tally) {
    let mut asked: BTreeMap<OrderRef, Asked> = BTreeMap::new();
    for begun in &case.facts.rare.others.cancels {
        if let What::Cancel { order, .. } = case.history.events[*begun as usize].what {
            asked.entry(order).or_default().see(case, *begun as usize);
        }
    }
    if case.orders().is_some() {
        tally.checked(asked.values().map(|asked| asked.refused.len() as u64).sum());
    }
    for (order, asked) in asked.iter().filter(|(_, asked)| asked.is_all_refused()) {
        let Some(row) = case.order(order.index()).filter(|row| !is_live(row)) else { continue };
        let acked = case.facts.orders[order.index()].acked.get().map(|done| case.time(done));
        let is_before = acked.zip(asked.first).is_some_and(|(acked, first)| acked <= first);
        if !is_before && !mutant!("failed-but-applied/orders-are-given-up-on-request-only") {
            tally.unknown(1, "a cancellation was refused, and the order, which was not acknowledged before, is cancelled");
        } else if !mutant!("failed-but-applied/refused-cancellations-may-be-done") {
            tally.violation(case.time(asked.refused[0]), || {
                let why = format!(
                    "every request to cancel {} was refused; the database holds it cancelled. What failed has not happened.",
                    case.tell_order(order.index()),
                );
                witness(why).operations(case, &asked.refused).order_row(case, row)
            });
        }
    }
}

/// What a refund tells of the requests for its order that were all refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// It is of one of them.
    Applied,
    /// It may be.
    Unclear,
    /// It is of none of them.
    Other,
}

/// Refunds that were given although every request for them was refused.
fn judge_refunds(case: &Case<'_>, tally: &mut Tally) {
    let refunds = case.history.audit.as_ref().and_then(|audit| audit.refunds.as_ref());
    let Some(refunds) = refunds.filter(|_| !case.facts.rare.others.refunds.is_empty()) else { return };
    let mut asked: BTreeMap<OrderRef, Asked> = BTreeMap::new();
    let mut others: BTreeSet<RefundKeyRef> = BTreeSet::new();
    for begun in &case.facts.rare.others.refunds {
        let begun = *begun as usize;
        let What::Refund(place) = case.history.events[begun].what else { continue };
        let request = &case.history.refund_requests[place as usize];
        let own = asked.entry(request.order).or_default();
        own.see(case, begun);
        match is_refused(case, case.facts.links[begun].partner.get()) {
            true => own.keys.extend(request.key),
            false => others.extend(request.key),
        }
    }
    tally.checked(asked.values().map(|asked| asked.refused.len() as u64).sum());
    let ledger = Ledger::gather(case);
    for refund in refunds {
        let order = ledger.order_of(refund);
        let Some(own) = order.and_then(|order| asked.get(&order)) else {
            let is_strayed = order.is_none() && asked.values().any(Asked::is_all_refused);
            let is_told = refund.key.is_some_and(|key| others.contains(&key));
            let is_open = is_strayed && (!is_told || mutant!("failed-but-applied/strayed-refunds-are-the-refused-ones"));
            let is_open = is_open && !mutant!("failed-but-applied/every-refund-says-its-order");
            tally.unknown(u64::from(is_open), "a refund was refused, and it is not known of which order one is that was given");
            continue;
        };
        match told(case, order, own, refund) {
            Told::Applied if !mutant!("failed-but-applied/refused-refunds-may-be-given") => {
                tell(case, tally, order, own, refund);
            }
            Told::Unclear => tally.unknown(1, "a refund was refused, and one that was given does not say that it is that one"),
            Told::Applied | Told::Other => {}
        }
    }
}

fn told(case: &Case<'_>, order: Option<OrderRef>, own: &Asked, refund: &AuditRefund) -> Told {
    if !own.is_all_refused() {
        return Told::Other;
    }
    let is_cancelled = order.and_then(|order| case.order(order.index())).is_some_and(|row| !is_live(row));
    match refund.key {
        Some(key) if own.keys.contains(&key) => Told::Applied,
        // What was paid for a cancelled order is given back by the service itself.
        _ if is_cancelled && !mutant!("failed-but-applied/cancelled-orders-are-not-given-back") => Told::Unclear,
        Some(_) if !mutant!("failed-but-applied/refunds-under-other-keys-were-refused") => Told::Unclear,
        _ if own.refused.len() > 1 && !mutant!("failed-but-applied/any-refused-refund-was-given") => Told::Unclear,
        _ if is_before(case, own, refund) && !mutant!("failed-but-applied/refunds-are-given-before-they-are-asked-for") => {
            Told::Unclear
        }
        _ => Told::Applied,
    }
}

/// Whether a refund was given before the first request for one was sent, by its stamp.
fn is_before(case: &Case<'_>, own: &Asked, refund: &AuditRefund) -> bool {
    let tolerance = case.history.contract.clock_tolerance;
    refund.t.zip(own.first).is_some_and(|(t, first)| t.saturating_add(tolerance) < first)
}

fn tell(case: &Case<'_>, tally: &mut Tally, order: Option<OrderRef>, own: &Asked, refund: &AuditRefund) {
    tally.violation(refund.t.unwrap_or(case.audit_time()), || {
        let order = order.map_or(String::new(), |order| case.tell_order(order.index()));
        let why = format!(
            "every request for a refund of {order} was refused; {} was given back. What failed has not happened.",
            case.tell_amount(refund.amount),
        );
        let told = witness(why).operations(case, &own.refused).row(case.tell_refund(refund));
        let charges = case.charges().unwrap_or_default().iter();
        let charged = charges.filter(|charge| charge.id == refund.charge);
        charged.fold(told, |told, charge| told.charge_row(case, charge))
    });
}
