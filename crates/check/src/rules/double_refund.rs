//! More was given back than was asked for, under one refund key, for one refund intent or for one order; or more of a charge than was
//! captured. Refunds of two requests with two keys are two.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditCharge, AuditRefund, IntentRef, OrderRef, RefundKeyRef, RefundRequest, What};
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
    let ledger = Ledger::gather(case);
    let unlimited = case.history.refund_requests.iter().filter(|request| ledger.is_unlimited(request)).count();
    if !refunds.is_empty() {
        let why = "a request asks for everything that was captured for its order, and it is not known what that was";
        tally.unknown(unlimited as u64, why);
    }
    judge_meant(case, tally, &ledger, refunds);
    judge_charges(case, tally, &ledger, refunds);
    judge_orders(case, tally, &ledger, refunds);
}

/// What has to be known of all charges and requests to look at one refund.
pub(super) struct Ledger {
    /// By charge: the order that it is for.
    pub(super) orders: Vec<Option<OrderRef>>,
    /// What was captured for each order.
    pub(super) captured: BTreeMap<OrderRef, i64>,
    /// Which refund each key that was sent is for.
    pub(super) keys: BTreeMap<RefundKeyRef, Meant>,
    /// The most that was asked for of an order by the requests for one refund.
    pub(super) asked: BTreeMap<(Meant, OrderRef), i64>,
    /// The same over all orders.
    asked_in_all: BTreeMap<Meant, i64>,
    /// The most that was asked for of an order by a request without a key, which may have had any.
    keyless: BTreeMap<OrderRef, i64>,
    /// The orders for which a refund was asked for.
    pub(super) requested: BTreeSet<OrderRef>,
    /// Whether some captured charges do not say which order they are for.
    pub(super) has_nameless: bool,
}

impl Ledger {
    pub(super) fn gather(case: &Case<'_>) -> Ledger {
        let mut ledger = Ledger {
            orders: vec![None; case.history.names.charges.len()],
            captured: BTreeMap::new(),
            keys: meant_by_keys(&case.history.refund_requests),
            asked: BTreeMap::new(),
            asked_in_all: BTreeMap::new(),
            keyless: BTreeMap::new(),
            requested: case.history.refund_requests.iter().map(|request| request.order).collect(),
            has_nameless: case.charges().is_none(),
        };
        for charge in case.charges().unwrap_or_default() {
            let order = order_of(case, charge);
            ledger.orders[charge.id.index()] = order;
            if !matches!(charge.state, ChargeState::Captured | ChargeState::Refunded) {
                continue;
            }
            match order {
                Some(order) => {
                    let sum = ledger.captured.entry(order).or_default();
                    *sum = sum.saturating_add(charge.amount);
                }
                None => ledger.has_nameless = true,
            }
        }
        for request in &case.history.refund_requests {
            let amount = ledger.amount_of(request);
            let meant = match request.key {
                Some(key) => Some(ledger.keys[&key]),
                None => request.intent.map(Meant::Intent),
            };
            if let Some(meant) = meant {
                let most = ledger.asked.entry((meant, request.order)).or_insert(i64::MIN);
                *most = amount.max(*most);
            }
            if request.key.is_none() {
                let most = ledger.keyless.entry(request.order).or_insert(i64::MIN);
                *most = amount.max(*most);
            }
        }
        for ((meant, _), most) in &ledger.asked {
            let sum = ledger.asked_in_all.entry(*meant).or_default();
            *sum = sum.saturating_add(*most);
        }
        ledger
    }

    /// How much a request asks for: without an amount, everything that was captured for its order. Where that is not known, it may be any
    /// amount.
    pub(super) fn amount_of(&self, request: &RefundRequest) -> i64 {
        let captured = || match self.is_unlimited(request) {
            true => i64::MAX,
            false => self.captured.get(&request.order).copied().unwrap_or(0),
        };
        request.amount.unwrap_or_else(captured)
    }

    /// Whether a request asks for everything, and it is not known how much that is.
    pub(super) fn is_unlimited(&self, request: &RefundRequest) -> bool {
        let is_unknown = self.has_nameless && !mutant!("double-refund/what-is-not-known-was-not-captured");
        request.amount.is_none() && is_unknown
    }

    /// The order whose money a refund gives back.
    pub(super) fn order_of(&self, refund: &AuditRefund) -> Option<OrderRef> {
        self.orders[refund.charge.index()]
    }

    /// Whether the key of a refund was sent.
    pub(super) fn is_sent(&self, refund: &AuditRefund) -> bool {
        refund.key.is_some_and(|key| self.keys.contains_key(&key))
    }

    /// Whether a refund's key is in no request, while other keys are, and some request leaves its key out, so that it may be this one.
    fn may_be_sent(&self, refund: &AuditRefund, order: OrderRef) -> bool {
        let is_strange = refund.key.is_some() && !self.is_sent(refund) && !self.keys.is_empty();
        is_strange && self.keyless.contains_key(&order) && !mutant!("double-refund/requests-without-a-key-had-none")
    }

    /// The most that a refund may give back of an order, or of all where the order is not known; `None` without a request for it.
    fn most(&self, meant: Meant, order: Option<OrderRef>) -> Option<i64> {
        let in_all = self.asked_in_all.get(&meant).copied()?;
        Some(match order {
            Some(order) if !mutant!("double-refund/a-key-is-for-any-order") => {
                self.asked.get(&(meant, order)).copied().unwrap_or(0)
            }
            _ => in_all,
        })
    }
}

/// The order that a charge is for: the one that it names, or the live one of its purchase.
fn order_of(case: &Case<'_>, charge: &AuditCharge) -> Option<OrderRef> {
    let by_intent = || {
        let live = case.facts.intents[charge.intent?.index()].live.get()?;
        Some(case.orders()?[live].id)
    };
    charge.order.or_else(by_intent)
}

/// Which refund each key is for: that of the one intent which is named with it, else its own.
fn meant_by_keys(requests: &[RefundRequest]) -> BTreeMap<RefundKeyRef, Meant> {
    let mut intents: BTreeMap<RefundKeyRef, BTreeSet<IntentRef>> = BTreeMap::new();
    for request in requests {
        if let Some(key) = request.key {
            intents.entry(key).or_default().extend(request.intent);
        }
    }
    let meant = intents.into_iter().map(|(key, intents)| {
        let sole = intents.first().filter(|_| intents.len() == 1);
        let sole = sole.filter(|_| !mutant!("double-refund/intents-do-not-count"));
        (key, sole.map_or(Meant::Key(key), |intent| Meant::Intent(*intent)))
    });
    meant.collect()
}

/// Refunds under one key, or under the keys of one intent: together no more of an order than one request asked for; without a request,
/// one.
fn judge_meant(case: &Case<'_>, tally: &mut Tally, ledger: &Ledger, refunds: &[AuditRefund]) {
    let mut given: BTreeMap<(Option<OrderRef>, Meant), Vec<&AuditRefund>> = BTreeMap::new();
    for refund in refunds {
        if let Some(key) = refund.key {
            let meant = ledger.keys.get(&key).copied().unwrap_or(Meant::Key(key));
            given.entry((ledger.order_of(refund), meant)).or_default().push(refund);
        }
    }
    let names = &case.history.names;
    let mut told: BTreeMap<OrderRef, [bool; 2]> = BTreeMap::new();
    for ((order, meant), own) in &given {
        let most = ledger.most(*meant, *order);
        if let (Some(order), Some(_)) = (*order, most) {
            told.entry(order).or_default()[usize::from(matches!(meant, Meant::Intent(_)))] = true;
        }
        let sum = sum(own);
        let is_more = match most {
            Some(most) => sum > most,
            None => own.len() > 1,
        };
        if !is_more || mutant!("double-refund/keys-do-not-count") {
            continue;
        }
        let keyless = order.and_then(|order| ledger.keyless.get(&order));
        if keyless.is_some_and(|most| sum <= *most) && !mutant!("double-refund/requests-without-a-key-are-of-no-key") {
            tally.unknown(1, "a request for a refund does not say its key, so that it may be what a refund was given for");
            continue;
        }
        violation(case, tally, ledger, own, || {
            let under = match meant {
                Meant::Intent(intent) => format!("for the one refund {}", names.intents.text(intent.index())),
                _ => format!("under the refund key {}", own[0].key.map_or("".into(), |key| names.refund_keys.text(key.index()))),
            };
            let of = order.map_or(String::new(), |order| format!(" of {}", case.tell_order(order.index())));
            let asked = most.map_or("once".to_owned(), |most| case.tell_amount(most));
            format!(
                "{} was given back {under}, in {} refunds; asked for{of} was {asked}. A refund is given once.",
                case.tell_amount(sum),
                own.len(),
            )
        });
    }
    let mixed = told.values().filter(|told| told.iter().all(|told| *told)).count();
    if !mutant!("double-refund/requests-without-an-intent-have-one-of-their-own") {
        let why = "a request for a refund does not say which one it is, so that it may be the one which another was about";
        tally.unknown(mixed as u64, why);
    }
}

/// Refunds of one charge: together no more than was captured. Of a charge that is not in the ledger nothing was.
fn judge_charges(case: &Case<'_>, tally: &mut Tally, ledger: &Ledger, refunds: &[AuditRefund]) {
    let mut by_charge: BTreeMap<usize, Vec<&AuditRefund>> = BTreeMap::new();
    for refund in refunds {
        by_charge.entry(refund.charge.index()).or_default().push(refund);
    }
    let Some(charges) = case.charges() else { return };
    for charge in charges {
        let Some(own) = by_charge.remove(&charge.id.index()) else { continue };
        let captured = match charge.state {
            ChargeState::Captured | ChargeState::Refunded => charge.amount,
            ChargeState::Authorized | ChargeState::Voided | ChargeState::Declined => 0,
        };
        let given = sum(&own);
        if given > captured && !mutant!("double-refund/any-amount-may-be-given-back") {
            violation(case, tally, ledger, &own, || {
                format!(
                    "{} of charge {} was given back; {} was captured. What was not taken is not given back.",
                    case.tell_amount(given),
                    case.history.names.charges.text(charge.id.index()),
                    case.tell_amount(captured),
                )
            });
        }
    }
    // What is left is of charges that the whole ledger does not have.
    for (charge, own) in by_charge {
        if sum(&own) > 0 && !mutant!("double-refund/charges-of-nobody-may-be-given-back") {
            violation(case, tally, ledger, &own, || {
                format!(
                    "{} of charge {} was given back, and the ledger has no such charge. What was not taken is not given back.",
                    case.tell_amount(sum(&own)),
                    case.history.names.charges.text(charge),
                )
            });
        }
    }
}

/// Refunds without a key of their own, of one order: together no more than all requests for it asked for. What is given back of an order
/// that is cancelled, or of one that no request was about, is the service's own doing.
fn judge_orders(case: &Case<'_>, tally: &mut Tally, ledger: &Ledger, refunds: &[AuditRefund]) {
    let mut asked: BTreeMap<OrderRef, i64> = BTreeMap::new();
    let mut keyed: BTreeMap<OrderRef, Vec<i64>> = BTreeMap::new();
    let mut told: BTreeMap<OrderRef, [bool; 2]> = BTreeMap::new();
    let mut seen: BTreeSet<(OrderRef, Meant)> = BTreeSet::new();
    for (place, request) in case.history.refund_requests.iter().enumerate() {
        if seen.insert((request.order, Meant::by(ledger, request, place))) {
            let amount = ledger.amount_of(request);
            let meant = Meant::by(ledger, request, place);
            told.entry(request.order).or_default()[usize::from(matches!(meant, Meant::Intent(_)))] = true;
            let sum = asked.entry(request.order).or_default();
            *sum = sum.saturating_add(amount);
            if request.key.is_some() {
                keyed.entry(request.order).or_default().push(amount);
            }
        }
    }
    let is_sent = |refund: &&AuditRefund| ledger.is_sent(refund);
    let mut by_order: BTreeMap<OrderRef, Vec<&AuditRefund>> = BTreeMap::new();
    for refund in refunds {
        match ledger.order_of(refund) {
            Some(order) => by_order.entry(order).or_default().push(refund),
            None if !asked.is_empty() => {
                tally.unknown(1, "a refund's charge does not say its order, so that it may be the second for one");
            }
            None => {}
        }
    }
    for (order, mut own) in by_order {
        let Some(most) = asked.get(&order).copied() else {
            tally.unknown(unasked(case, ledger, order, &own), "an order was refunded without a request, and the refund may be the one that was requested for another order");
            continue;
        };
        let may_be_sent = own.len() > 1 && own.iter().any(|refund| ledger.may_be_sent(refund, order));
        let why = "a refund has a key that no request is known to have sent, and a request that may have sent it does not say its own";
        tally.unknown(u64::from(may_be_sent), why);
        // Where refunds have the clients' keys, those under other keys belong to no request of theirs.
        if own.iter().any(is_sent) {
            own.retain(|refund| refund.key.is_none() || is_sent(refund));
        }
        let row = case.order(order.index());
        let is_kept = row.is_none_or(is_live) || mutant!("double-refund/cancelled-orders-too");
        let given = sum(&own);
        let is_keyed = own.iter().all(is_sent);
        let least = keyed.get(&order).filter(|amounts| amounts.len() > 1).and_then(|amounts| amounts.iter().min());
        let is_mixed = !is_keyed && own.len() > 1 && told.get(&order) == Some(&[true; 2]);
        if is_mixed && !mutant!("double-refund/requests-without-an-intent-are-others") {
            tally.unknown(1, "a request for a refund does not say which one it is, so that it may be the one which another was about");
        }
        let is_open = own.len() > 1 && own.iter().any(|refund| refund.key.is_none());
        if is_open && least.is_some_and(|least| given > *least) {
            tally.unknown(1, "a refund does not say its key, so that it may be the second of one request, or the first of another");
        }
        if is_kept && given > most && !is_keyed && !mutant!("double-refund/orders-do-not-count") {
            violation(case, tally, ledger, &own, || {
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

/// How many refunds of an order without a refund request may be what was requested for another order: their keys, or those of the
/// requests, are not said. A cancelled order is refunded as a whole by the service itself.
fn unasked(case: &Case<'_>, ledger: &Ledger, order: OrderRef, own: &[&AuditRefund]) -> u64 {
    let is_cancelled = case.order(order.index()).is_some_and(|row| !is_live(row));
    let is_explained = is_cancelled && ledger.captured.get(&order).is_some_and(|captured| sum(own) == *captured);
    if is_explained || mutant!("double-refund/refunds-of-other-orders-were-not-asked-for") {
        return 0;
    }
    let has_keys = !ledger.keys.is_empty() && !mutant!("double-refund/refunds-without-a-key-have-none");
    let may_be_asked = |refund: &&&AuditRefund| match refund.key {
        None => has_keys || !ledger.keyless.is_empty(),
        Some(_) => !ledger.is_sent(refund) && !ledger.keyless.is_empty(),
    };
    own.iter().filter(may_be_asked).count() as u64
}

/// Which refund a request is about: two requests with one key, or one intent, ask for one refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meant {
    Intent(IntentRef),
    Key(RefundKeyRef),
    Request(usize),
}

impl Meant {
    pub(super) fn by(ledger: &Ledger, request: &RefundRequest, place: usize) -> Meant {
        let key = request.key.map(|key| ledger.keys[&key]);
        let intent = request.intent.map(Meant::Intent);
        match mutant!("double-refund/each-request-is-a-refund") {
            true => Meant::Request(place),
            false => intent.or(key).unwrap_or(Meant::Request(place)),
        }
    }
}

fn sum(refunds: &[&AuditRefund]) -> i64 {
    refunds.iter().map(|refund| refund.amount).fold(0, i64::saturating_add)
}

fn violation(
    case: &Case<'_>,
    tally: &mut Tally,
    ledger: &Ledger,
    own: &[&AuditRefund],
    why: impl Fn() -> String,
) {
    let last = own.iter().filter_map(|refund| refund.t).max();
    tally.violation(last.unwrap_or(case.audit_time()), || {
        let mut told: Witness = witness(why());
        let orders: BTreeSet<OrderRef> = own.iter().filter_map(|refund| ledger.order_of(refund)).collect();
        let keys: BTreeSet<RefundKeyRef> = own.iter().filter_map(|refund| refund.key).collect();
        for (begun, event) in case.history.events.iter().enumerate() {
            if let What::Refund(request) = &event.what {
                let request = &case.history.refund_requests[*request as usize];
                if orders.contains(&request.order) || request.key.is_some_and(|key| keys.contains(&key)) {
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
