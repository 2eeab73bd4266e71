//! The captured amount is not what the items of the stored order come to, less its coupon. What several tenders paid is added up.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use history::{AuditCharge, AuditOrder, Capture};
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::Clause;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(charges), Some(_)) = (case.charges(), case.orders()) else {
        tally.not_judged("the orders and the charges were not both looked at");
        return;
    };
    if case.history.contract.prices.is_empty() {
        tally.not_judged("the contract names no prices");
        return;
    }
    let odd = &case.facts.odd.charges;
    // A charge that is as usual may be one of the tenders of an order too.
    let has_tenders = odd.iter().any(|row| charges[*row as usize].tender.is_some());
    let looked_at: Vec<&AuditCharge> = match has_tenders {
        true => charges.iter().collect(),
        false => odd.iter().map(|row| &charges[*row as usize]).collect(),
    };
    let mut checked = (charges.len() - looked_at.len()) as u64;
    let has_nameless = has_nameless(case);
    let several = OnceCell::new();
    let mut payments: BTreeMap<usize, Payment<'_>> = BTreeMap::new();
    for charge in looked_at {
        let is_captured =
            charge.state == ChargeState::Captured || mutant!("wrong-amount/refunded-counts");
        let is_held = charge.state == ChargeState::Authorized
            && case.history.contract.capture == Capture::Later
            && !mutant!("wrong-amount/only-captures-count");
        let row = match charge.order {
            Some(order) => case.order(order.index()),
            None => by_intent(case, charge, &several),
        };
        let Some(row) = row.filter(|_| is_captured || is_held) else {
            continue;
        };
        let place = case.facts.orders[row.id.index()].row.get().unwrap_or(usize::MAX);
        let payment = payments.entry(place).or_insert_with(|| Payment::of(row));
        let list = if is_captured { &mut payment.charges } else { &mut payment.held };
        list.push(charge);
    }
    if !mutant!("wrong-amount/nameless-charges-pay-for-nothing") {
        let why = "a charge names neither an order nor a purchase, so that it is not known what it should come to";
        tally.unknown(case.facts.gaps.nameless_charges.len() as u64, why);
    }
    for payment in payments.values().filter(|payment| !payment.charges.is_empty()) {
        checked += judge_payment(case, tally, payment, has_nameless);
    }
    tally.checked(checked);
}

/// Whether a captured charge names neither an order nor a purchase, be it given back or not.
fn has_nameless(case: &Case<'_>) -> bool {
    let odd = case.facts.odd.charges.iter().map(|row| case.charge(*row as usize));
    let is_nameless = |charge: &AuditCharge| {
        let is_captured = charge.state == ChargeState::Captured && !mutant!("wrong-amount/given-back-was-never-paid");
        is_captured && charge.order.is_none() && charge.intent.is_none()
    };
    !case.facts.gaps.nameless_charges.is_empty() || odd.into_iter().any(is_nameless)
}

/// What was captured for an order: single charges, or the charges of several tenders.
struct Payment<'a> {
    row: &'a AuditOrder,
    charges: Vec<&'a AuditCharge>,
    /// What is authorised beside it, where the contract captures later.
    held: Vec<&'a AuditCharge>,
}

impl<'a> Payment<'a> {
    fn of(row: &'a AuditOrder) -> Payment<'a> {
        Payment { row, charges: Vec::new(), held: Vec::new() }
    }

    fn with(row: &'a AuditOrder, charges: Vec<&'a AuditCharge>) -> Payment<'a> {
        Payment { row, charges, held: Vec::new() }
    }

    /// What was captured, and that with what is authorised.
    fn amounts(&self) -> [i64; 2] {
        let sum = |charges: &[&AuditCharge]| charges.iter().map(|charge| charge.amount).fold(0, i64::saturating_add);
        let captured = sum(&self.charges);
        [captured, captured.saturating_add(sum(&self.held))]
    }
}

/// How many payments there were. Charges that all say their tender are one payment together; without any tender, each is a payment of its
/// own. Where only some say it, the others may be further tenders or may each pay for the whole.
fn judge_payment(case: &Case<'_>, tally: &mut Tally, payment: &Payment<'_>, has_nameless: bool) -> u64 {
    let row = payment.row;
    let all = payment.charges.iter().chain(&payment.held);
    let are_all_said = all.clone().all(|charge| charge.tender.is_some());
    let is_any_said = all.clone().any(|charge| charge.tender.is_some());
    let (said, bare): (Vec<_>, Vec<_>) =
        payment.charges.iter().copied().partition(|charge| charge.tender.is_some() && !mutant!("wrong-amount/each-tender-pays-for-all"));
    if are_all_said && bare.is_empty() {
        judge(case, tally, payment, has_nameless);
        return 1;
    }
    let mut parts: Vec<Payment<'_>> = bare.into_iter().map(|charge| Payment::with(row, vec![charge])).collect();
    if !said.is_empty() {
        parts.push(Payment::with(row, said));
    }
    let are_right = |payment: &Payment<'_>| payment.amounts().iter().any(|amount| is_right(case, row, *amount));
    let are_parts = !is_any_said && parts.len() > 1 && !mutant!("wrong-amount/parts-of-the-price-say-their-tender");
    let may_be_right = are_right(payment) || is_any_said && parts.iter().all(are_right);
    if (is_any_said || are_parts) && may_be_right && !mutant!("wrong-amount/charges-without-a-tender-have-none") {
        tally.unknown(1, "a charge does not say its tender, so that it may be a part of what its order costs");
        return 1;
    }
    for part in &parts {
        judge(case, tally, part, has_nameless);
    }
    parts.len() as u64
}

fn judge(case: &Case<'_>, tally: &mut Tally, payment: &Payment<'_>, has_nameless: bool) {
    let row = payment.row;
    let Some(price) = case.facts.price_of(case.history, row) else {
        tally.unknown(1, "it is not known what an order comes to");
        return;
    };
    let amounts = payment.amounts();
    let has_tenders = payment.charges.iter().any(|charge| charge.tender.is_some());
    if amounts.iter().any(|amount| is_right(case, row, *amount)) {
        let why = "a charge that names neither an order nor a purchase may be one more tender of what an order costs";
        tally.unknown(u64::from(has_tenders && has_nameless), why);
        return;
    }
    let [amount, _] = amounts;
    if amount < price && has_nameless {
        tally.unknown(1, "a charge that names neither an order nor a purchase may be a part of what an order costs");
        return;
    }
    let at = payment.charges.iter().filter_map(|charge| charge.t).max();
    tally.violation(at.unwrap_or(case.audit_time()), || {
        let name = |charge: &&AuditCharge| case.history.names.charges.text(charge.id.index()).into_owned();
        let names: Vec<String> = payment.charges.iter().map(name).collect();
        let (noun, verb) = if names.len() == 1 { ("charge", "is") } else { ("charges", "are") };
        let why = format!(
            "{noun} {} {verb} {} for {}, whose items come to {}. A purchase costs what its items cost.",
            names.join(" and "),
            case.tell_amount(amount),
            case.tell_order(row.id.index()),
            case.tell_amount(price),
        );
        let charges = payment.charges.iter();
        charges.fold(witness(why), |told, charge| told.charge_row(case, charge)).order_row(case, row)
    });
}

/// Whether an amount is what an order comes to, less what its coupon takes off.
fn is_right(case: &Case<'_>, row: &AuditOrder, amount: i64) -> bool {
    let Some(price) = case.facts.price_of(case.history, row) else {
        return false;
    };
    match row.coupon {
        None => {
            amount == price
                || (mutant!("wrong-amount/less-is-fine") && amount < price)
                || (mutant!("wrong-amount/more-is-fine") && amount > price)
        }
        Some(coupon) => {
            let least = if mutant!("wrong-amount/below-nothing") {
                i64::MIN
            } else {
                0
            };
            let off = case.off(coupon).filter(|_| !mutant!("wrong-amount/any-discount"));
            let is_exact = off.is_none_or(|off| amount == price.saturating_sub(off).max(least));
            is_exact
                && (0..=price).contains(&amount)
                && !mutant!("wrong-amount/coupons-give-nothing")
                || mutant!("wrong-amount/coupons-excuse-all")
        }
    }
}

/// The order of the purchase that a charge names, where it names no order: if the purchase has one live order and one captured charge.
/// Of several, it cannot be told which is paid for by which.
fn by_intent<'a>(
    case: &Case<'a>,
    charge: &AuditCharge,
    several: &OnceCell<BTreeSet<usize>>,
) -> Option<&'a AuditOrder> {
    let intent = charge.intent?.index();
    let live = case.facts.intents[intent].live.get()?;
    let is_one = !several
        .get_or_init(|| with_several(case))
        .contains(&intent)
        || mutant!("wrong-amount/any-order-of-the-purchase");
    let row = case.orders().map(|orders| &orders[live]);
    row.filter(|_| is_one && !mutant!("wrong-amount/charges-name-their-order"))
}

/// The intents with more than one live order or captured charge.
fn with_several(case: &Case<'_>) -> BTreeSet<usize> {
    let facts = case.facts;
    let orders = facts.extras.orders.iter();
    let orders = orders.filter(|extra| extra.clause == Clause::Intent);
    let charges = facts.charges.extra.iter().filter_map(|extra| {
        let charge = case.charge(extra.row);
        let order = charge.order.map(|order| &facts.orders[order.index()]);
        let intent = charge.intent.map(|intent| intent.index());
        intent.or_else(|| order?.intent.get())
    });
    let orders = orders.map(|extra| extra.group as usize);
    orders.chain(charges).collect()
}
