//! Refunds that clients were told of, and what was given back. A request that was answered `ok` is given what it asked for: under its key,
//! or under none that belongs to another request.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditRefund, OrderRef, RefundRequest, What};
use protocol::ChargeState;

use super::{is_of_no_order, tell_no_order};
use crate::case::Case;
use crate::facts::is_live;
use crate::keyed::End;
use crate::rules::double_refund::{Ledger, Meant};
use crate::tally::Tally;
use crate::tell::witness;

/// A request for a refund, and how it ended.
struct Asked<'a> {
    /// Its last event.
    event: usize,
    request: &'a RefundRequest,
    meant: Meant,
    end: End,
}

/// What was asked for of one order.
#[derive(Default)]
struct OfOrder {
    /// The least that each refund comes to that a client was told of, and the event that told it.
    told: BTreeMap<Meant, (i64, usize)>,
    /// The refunds that may have been given although no client was told so.
    open: BTreeSet<Meant>,
    /// Whether a client was told that everything was given, and it is not known how much that is.
    is_unlimited: bool,
}

/// What was given back of one order.
#[derive(Default)]
struct Given {
    /// Under the keys of each refund.
    own: BTreeMap<Meant, i64>,
    /// Under no key, or one that no client sent.
    loose: i64,
    /// Whether some of that has no key.
    is_keyless: bool,
}

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally) {
    if case.facts.rare.others.refunds.is_empty() {
        return;
    }
    let ledger = Ledger::gather(case);
    let asked = asked(case, &ledger);
    for one in asked.iter().filter(|one| one.end == End::Ok) {
        if is_of_no_order(case, one.request.order) && !mutant!("lost-ack/orders-that-are-not-there-may-be-given-back") {
            tell_no_order(case, tally, one.event, one.request.order, "given back");
        }
    }
    let refunds = case.history.audit.as_ref().and_then(|audit| audit.refunds.as_ref());
    let Some(refunds) = refunds else { return };
    let given = given(case, &ledger, refunds);
    let has_strays = has_strays(case, &ledger, refunds);
    let orders = by_order(&ledger, &asked);
    let unasked: Vec<&AuditRefund> = refunds.iter().filter(|refund| is_unasked(case, &ledger, refund)).collect();
    for (order, own) in &orders {
        if case.order(order.index()).is_some() {
            let given = given.get(order);
            let place = Place { ledger: &ledger, order: *order, refunds, unasked: &unasked, has_strays };
            judge_order(case, tally, &place, own, given.unwrap_or(&Given::default()));
        }
    }
}

/// All requests for refunds.
fn asked<'a>(case: &Case<'a>, ledger: &Ledger) -> Vec<Asked<'a>> {
    let request = |begun: &u32| {
        let begun = *begun as usize;
        let What::Refund(place) = case.history.events[begun].what else { return None };
        let request = &case.history.refund_requests[place as usize];
        let done = case.facts.links[begun].partner.get();
        Some(Asked {
            event: done.unwrap_or(begun),
            request,
            meant: Meant::by(ledger, request, place as usize),
            end: end_at(case, done),
        })
    };
    case.facts.rare.others.refunds.iter().filter_map(request).collect()
}

/// How a request ended that was completed by this event, or by none. One that was only accepted is still to come.
fn end_at(case: &Case<'_>, done: Option<usize>) -> End {
    match done.map(|done| &case.history.events[done].what) {
        Some(What::Ok(said)) if said.status == Some(202) && !mutant!("lost-ack/accepted-refunds-are-given") => End::Unknown,
        _ => case.end_at(done),
    }
}

/// What was asked for of each order.
fn by_order(ledger: &Ledger, asked: &[Asked<'_>]) -> BTreeMap<OrderRef, OfOrder> {
    let mut orders: BTreeMap<OrderRef, OfOrder> = BTreeMap::new();
    for one in asked {
        let own = orders.entry(one.request.order).or_default();
        match one.end {
            End::Ok => {
                let amount = ledger.amount_of(one.request);
                own.is_unlimited |= ledger.is_unlimited(one.request);
                let told = own.told.entry(one.meant).or_insert((amount, one.event));
                told.0 = told.0.min(amount);
            }
            End::Unknown => {
                own.open.insert(one.meant);
            }
            End::Fail(_) => {}
        }
    }
    orders
}

/// What was refunded of each order, as far as the order is known: by the rows of the refunds, and by the states of the charges.
fn given(case: &Case<'_>, ledger: &Ledger, refunds: &[AuditRefund]) -> BTreeMap<OrderRef, Given> {
    let mut given: BTreeMap<OrderRef, Given> = BTreeMap::new();
    for refund in refunds {
        let Some(order) = ledger.order_of(refund) else { continue };
        let of = given.entry(order).or_default();
        let sum = match refund.key.and_then(|key| ledger.keys.get(&key)) {
            Some(meant) => of.own.entry(*meant).or_default(),
            None => {
                of.is_keyless |= refund.key.is_none();
                &mut of.loose
            }
        };
        *sum = sum.saturating_add(refund.amount);
    }
    for charge in case.charges().unwrap_or_default() {
        let is_refunded = charge.state == ChargeState::Refunded && !mutant!("lost-ack/refunded-charges-were-not-given-back");
        let order = ledger.orders[charge.id.index()].filter(|_| is_refunded);
        if let Some(order) = order {
            let of = given.entry(order).or_default();
            let rest = charge.amount.saturating_sub(case.facts.given_back(charge));
            of.loose = of.loose.saturating_add(rest.max(0));
        }
    }
    given
}

/// Whether some refund does not say which order it is for.
fn has_strays(case: &Case<'_>, ledger: &Ledger, refunds: &[AuditRefund]) -> bool {
    let Some(charges) = case.charges() else { return true };
    let is_stray = refunds.iter().any(|refund| ledger.order_of(refund).is_none());
    let mut refunded = charges.iter().filter(|charge| charge.state == ChargeState::Refunded);
    is_stray || refunded.any(|charge| ledger.orders[charge.id.index()].is_none())
}

/// What has to be known beside an order.
struct Place<'a> {
    ledger: &'a Ledger,
    order: OrderRef,
    refunds: &'a [AuditRefund],
    /// The refunds that no request for their order asked for.
    unasked: &'a [&'a AuditRefund],
    has_strays: bool,
}

/// Whether no request for its order asked for a refund: none with its key, or none at all if no client sent its key. What was paid for an
/// order that is cancelled is given back by the service itself.
fn is_unasked(case: &Case<'_>, ledger: &Ledger, refund: &AuditRefund) -> bool {
    let Some(order) = ledger.order_of(refund) else { return false };
    match refund.key.and_then(|key| ledger.keys.get(&key)) {
        Some(meant) => !ledger.asked.contains_key(&(*meant, order)),
        None => {
            let is_kept = case.order(order.index()).is_none_or(is_live) || mutant!("lost-ack/cancelled-orders-are-not-given-back");
            is_kept && !ledger.requested.contains(&order)
        }
    }
}

fn judge_order(case: &Case<'_>, tally: &mut Tally, place: &Place<'_>, asked: &OfOrder, given: &Given) {
    let own = |meant: &Meant| given.own.get(meant).copied().unwrap_or(0);
    let missing = asked.told.iter().map(|(meant, (amount, _))| amount.saturating_sub(own(meant)).max(0));
    let missing = missing.fold(0_i64, i64::saturating_add);
    tally.checked(asked.told.len() as u64);
    if asked.told.is_empty() || missing == 0 {
        return;
    }
    let are_several = asked.told.keys().chain(&asked.open).collect::<BTreeSet<_>>().len() > 1;
    if missing <= given.loose {
        let is_open = are_several && given.is_keyless && !mutant!("lost-ack/refunds-without-a-key-are-the-missing-ones");
        tally.unknown(u64::from(is_open), "a refund does not say its key, so that another may not have been given");
    } else if let Some(why) = undecided(case, place, asked, given) {
        tally.unknown(1, why);
    } else if !mutant!("lost-ack/refunds-may-be-lost") {
        tell(case, tally, place, asked, missing - given.loose);
    }
}

/// Why what was not given back of an order may have been given all the same.
fn undecided(case: &Case<'_>, place: &Place<'_>, asked: &OfOrder, given: &Given) -> Option<&'static str> {
    if asked.is_unlimited || place.has_strays && !mutant!("lost-ack/every-refund-says-its-order") {
        return Some("it is not known of which order everything is that was captured and given back");
    }
    if !case.facts.run.settled && !mutant!("lost-ack/refunds-before-the-deadline-too") {
        return Some("a refund was acknowledged, and may still be given before the recovery deadline");
    }
    // The same refund may have been asked for with another key, and given for that request.
    let is_given = |meant: &&Meant| given.own.get(*meant).is_some_and(|sum| *sum > 0) && !asked.told.contains_key(*meant);
    if asked.open.iter().any(|meant| is_given(&meant)) && !mutant!("lost-ack/refunds-under-other-keys-are-others") {
        return Some("a refund was acknowledged under one key, and given under that of a request without an answer");
    }
    let has_keyless = asked.told.keys().any(|meant| matches!(meant, Meant::Request(_)));
    let is_elsewhere = |refund: &&AuditRefund| {
        let meant = refund.key.and_then(|key| place.ledger.keys.get(&key));
        has_keyless || meant.is_none_or(|meant| asked.told.contains_key(meant))
    };
    if place.unasked.iter().any(is_elsewhere) && !mutant!("lost-ack/refunds-of-other-orders-are-others") {
        return Some("a refund was acknowledged for one order, and one was given of another that was not asked for there");
    }
    if may_be_one(asked, given) && !mutant!("lost-ack/each-request-without-a-key-is-a-refund") {
        return Some("requests for a refund do not say which one they are, so that two may be about the one that was given");
    }
    // More than was taken cannot be given back.
    let told = asked.told.values().map(|(amount, _)| *amount).fold(0_i64, i64::saturating_add);
    let captured = place.ledger.captured.get(&place.order).copied().unwrap_or(0);
    let is_more = told > captured || place.ledger.has_nameless;
    let why = "more was asked back of an order than was captured for it, as far as that is known";
    (is_more && !mutant!("lost-ack/more-than-was-captured-is-given-back")).then_some(why)
}

/// Whether the refunds that were acknowledged may be one, which was given: not every request says its key, or which refund it is.
fn may_be_one(asked: &OfOrder, given: &Given) -> bool {
    let count = |is_so: fn(&Meant) -> bool| asked.told.keys().filter(|meant| is_so(meant)).count();
    let all = asked.told.len();
    let meant = count(|meant| matches!(meant, Meant::Intent(_)));
    let is_open = count(|meant| matches!(meant, Meant::Request(_))) > 0 || meant > 0 && meant < all;
    let most = asked.told.values().map(|(amount, _)| *amount).max();
    let sum = given.own.values().fold(given.loose, |sum, own| sum.saturating_add(*own));
    is_open && all > 1 && most.is_some_and(|most| sum >= most)
}

fn tell(case: &Case<'_>, tally: &mut Tally, place: &Place<'_>, asked: &OfOrder, missing: i64) {
    let mut events: Vec<usize> = asked.told.values().map(|(_, event)| *event).collect();
    events.sort_unstable();
    let at = events.iter().map(|event| case.time(*event)).max();
    tally.violation(at.unwrap_or(case.audit_time()), || {
        let told = asked.told.values().map(|(amount, _)| *amount).fold(0_i64, i64::saturating_add);
        let why = format!(
            "{} was to be given back for {}, and that was acknowledged; {} of it was not. What was acknowledged is done.",
            case.tell_amount(told),
            case.tell_order(place.order.index()),
            case.tell_amount(missing),
        );
        let told = witness(why).operations(case, &events);
        let own = place.refunds.iter().filter(|refund| place.ledger.order_of(refund) == Some(place.order));
        let told = own.fold(told, |told, refund| told.row(case.tell_refund(refund)));
        let charges = case.charges().unwrap_or_default().iter();
        let own = charges.filter(|charge| place.ledger.orders[charge.id.index()] == Some(place.order));
        own.fold(told, |told, charge| told.charge_row(case, charge))
    });
}
