//! Every attempt for something ended in a definite failure, and yet an order, a charge or an effect on the stock exists. A refusal as
//! in flight is not definite, nor is any answer that leaves the outcome open. Orders that belong to no certain purchase are counted: there
//! are at most as many as purchases that may have succeeded. Nor is a cancellation or a refund done that was refused.

mod undone;

use std::collections::BTreeMap;

use history::{AuditCharge, AuditOrder, AuditStock, KeyRef, PayloadRef, SkuRef, What};
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::{Money, PayloadFacts, Refusal, SkuFacts, is_live};
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.orders().is_none() && case.charges().is_none() && case.stock().is_none() {
        tally.not_judged("what became of the requests that failed was not looked at");
        return;
    }
    tally.checked(case.facts.counts.fail);
    undone::judge(case, tally);
    if case.facts.counts.fail == 0 {
        return;
    }
    if case.orders().is_none() && !mutant!("failed-but-applied/orders-need-not-be-looked-at") {
        tally.unknown(1, "the orders were not looked at, so that one may be there although all requests for it failed");
    }
    let rows = case.orders().unwrap_or_default();
    let odd = &case.facts.odd;
    let refused = odd.refused.iter().map(|row| &rows[*row as usize]);
    let mut unclear = 0;
    for order in refused
        .filter(|order| is_live(order) || mutant!("failed-but-applied/cancelled-counts"))
    {
        unclear += u64::from(may_have_only_failed(case, order));
        if has_only_failed(case, order) {
            tally.violation(order.t.unwrap_or(case.audit_time()), || {
                let why = format!(
                    "every request for {} was answered with a definite failure; the database holds it. What failed has not happened.",
                    case.tell_order(order.id.index()),
                );
                let last = last_attempt(case, order);
                let operations = last.as_slice();
                witness(why).operations(case, operations).order_row(case, order)
            });
        }
    }
    let why = "every request for an order was refused, and it is not said whether one of them because another was in flight";
    tally.unknown(unclear, why);
    let counted = case.facts.extras.applied_after_failure.iter().map(|row| &rows[*row as usize]);
    for order in counted.filter(|_| !mutant!("failed-but-applied/crowds-do-not-count")) {
        tally.violation(order.t.unwrap_or(case.audit_time()), || {
            let why = format!(
                "the database holds {}, and more orders like it than purchases that did not certainly fail. What failed has not happened.",
                case.tell_order(order.id.index()),
            );
            witness(why).order_row(case, order)
        });
    }
    for charge in odd.charges.iter().map(|row| case.charge(*row as usize)) {
        let is_held = case.facts.money(charge) == Money::Held;
        if !is_charged_for_nothing(case, charge) {
            continue;
        }
        if is_held && !case.facts.run.settled && !mutant!("failed-but-applied/what-is-held-is-held-for-ever") {
            tally.unknown(1, "a purchase failed for certain, and its charge may still be voided before the recovery deadline");
        } else {
            let what = if is_held { "authorised and not voided" } else { "captured" };
            tally.violation(case.audit_time(), || {
                let id = case.history.names.charges.text(charge.id.index());
                let why = format!(
                    "every request of the purchase was answered with a definite failure; charge {id} is {what}. What failed costs nothing."
                );
                witness(why).charge_row(case, charge)
            });
        }
    }
    judge_stock(case, tally);
    count_gaps(case, tally);
}

/// What failed may be behind an order or a charge that does not say whose it is.
fn count_gaps(case: &Case<'_>, tally: &mut Tally) {
    let why = "a purchase failed for certain, and a charge does not say whose it is";
    let nameless = case.facts.gaps.nameless_charges.iter();
    let is_open = |charge: &AuditCharge| {
        let is_held = case.facts.money(charge) == Money::Held && !mutant!("failed-but-applied/what-is-held-is-somebodys");
        is_held || charge.state == ChargeState::Captured
    };
    let nameless = nameless.filter(|row| is_open(case.charge(**row as usize)));
    tally.unknown(nameless.count() as u64, why);
    if !mutant!("failed-but-applied/every-purchase-is-said") {
        let strange = case.facts.gaps.strange_charges.len() as u64;
        let why = "a purchase failed for certain, and a charge is for one that no request names";
        tally.unknown(strange.min(unsaid_failures(case)), why);
    }
    let why = "a purchase failed for certain, and an answer does not name its order, so that another may be its own";
    tally.unknown(case.facts.gaps.strays.min(case.facts.rare.answers.nameless), why);
    let why = "a purchase failed for certain, and an order does not say whose it is";
    tally.unknown(case.facts.gaps.tenantless, why);
    let rows = case.orders().unwrap_or_default();
    let keyless = case.facts.gaps.keyless.iter().map(|row| &rows[*row as usize]);
    let is_given_up = |order: &&AuditOrder| {
        let captured = case.facts.orders[order.id.index()].captured.get();
        !is_live(order) && captured.is_some_and(|row| case.charge(row).state == ChargeState::Captured)
    };
    let why = "a purchase failed for certain, and an order that was charged and cancelled does not say its key";
    tally.unknown(keyless.filter(is_given_up).count() as u64, why);
    let why = "a key failed for certain, and an order that may be its own does not say its key";
    tally.unknown(failed_with_keyless(case), why);
    let why = "a key failed for certain with one of its payloads, and an order does not say of which it is";
    tally.unknown(without_payload(case, rows), why);
}

/// How many requests failed for certain and do not say for which purchase they were; most histories have no charge that asks.
fn unsaid_failures(case: &Case<'_>) -> u64 {
    if case.facts.gaps.strange_charges.is_empty() {
        return 0;
    }
    let failed = case.history.events.iter().enumerate().filter(|(_, event)| matches!(event.what, What::Fail(_)));
    let attempts = failed.filter_map(|(done, _)| case.attempt_at(done));
    let is_failure = |end: End| matches!(end, End::Fail(refusal) if refusal.is_definite());
    let unsaid = attempts.filter(|attempt| attempt.asked.intent.is_none() && is_failure(attempt.end));
    unsaid.count() as u64
}

/// How many keys failed for certain although a live order without a key, which is not known to be of another purchase, may be their own.
fn failed_with_keyless(case: &Case<'_>) -> u64 {
    if case.facts.gaps.keyless.is_empty() {
        return 0;
    }
    let is_open = |order: &AuditOrder| {
        let facts = &case.facts.orders[order.id.index()];
        is_live(order) && facts.intent.get().is_none() && !is_as_answered(case, order)
    };
    let may_be_applied = |key: &&u32| {
        let key = **key as usize;
        case.perhaps_with(key).any(|order| is_open(order) && may_have_failed(case, order, key))
    };
    case.facts.rare.keys.refused.iter().filter(may_be_applied).count() as u64
}

/// Whether an `ok` names an order, and it may be what that request asked for.
fn is_as_answered(case: &Case<'_>, order: &AuditOrder) -> bool {
    let acked = case.facts.orders[order.id.index()].acked.get();
    acked.is_some_and(|done| match case.attempt_at(done) {
        Some(attempt) => case.may_be_asked(order, attempt.asked) || mutant!("failed-but-applied/answered-orders-are-as-asked"),
        None => true,
    })
}

/// Whether an order may be what was asked for by requests with a key that all failed for certain.
fn may_have_failed(case: &Case<'_>, order: &AuditOrder, key: usize) -> bool {
    let attempts = case.attempts_with(key);
    let is_failure = |end: End| matches!(end, End::Fail(refusal) if refusal.is_definite());
    attempts.iter().any(|attempt| {
        let mut same = attempts.iter().filter(|other| other.asked.payload == attempt.asked.payload);
        case.may_be_asked(order, attempt.asked) && same.all(|other| is_failure(other.end))
    })
}

/// How many live orders do not say their payload, although a payload of their key failed for certain.
fn without_payload(case: &Case<'_>, rows: &[AuditOrder]) -> u64 {
    let refused = case.facts.odd.refused.iter().map(|row| &rows[*row as usize]);
    let bare = refused.filter(|order| order.payload.is_none() && is_live(order) && !has_only_failed(case, order));
    bare.filter(|order| order.key.is_some_and(|key| may_have_failed(case, order, key.index()))).count() as u64
}

/// Whether every attempt for an order failed for certain.
fn has_only_failed(case: &Case<'_>, order: &AuditOrder) -> bool {
    let Some(key) = order.key else {
        let intent = case.facts.orders[order.id.index()].intent.get();
        if let Some(intent) = intent.filter(|_| order.payload.is_none()) {
            let facts = case.facts.intents[intent];
            return facts.failed > 0 && facts.failed == facts.attempts && !mutant!("failed-but-applied/only-with-a-payload");
        }
        let payload = order.payload.map(|p| case.facts.payloads[p.index()]);
        let all = payload.is_some_and(|facts| facts.failed > 0 && facts.failed == facts.attempts);
        return all && !mutant!("failed-but-applied/only-with-a-key");
    };
    let facts = case.facts.keys[key.index()];
    let is_answered = facts.first_ok.get().is_some() && !facts.reused;
    if !facts.refused || is_answered {
        return false;
    }
    let own = attempts_for(case, order, key);
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
    all && !own.is_empty()
}

/// Whether every attempt for an order failed, and it is not known of each whether for certain: a refusal may say that one is in flight, or
/// anything else.
fn may_have_only_failed(case: &Case<'_>, order: &AuditOrder) -> bool {
    let Some(key) = order.key else {
        return false;
    };
    let may_be_failure = |end: End| matches!(end, End::Fail(refusal) if refusal.is_definite() || refusal == Refusal::Unclear);
    let own = attempts_for(case, order, key);
    let is_any_unclear = own.iter().any(|attempt| attempt.end == End::Fail(Refusal::Unclear));
    is_any_unclear
        && own.iter().all(|attempt| may_be_failure(attempt.end))
        && !mutant!("failed-but-applied/what-is-unclear-did-not-fail")
}

/// The attempts with the key of an order that asked for what it is.
fn attempts_for<'a>(case: &Case<'a>, order: &AuditOrder, key: KeyRef) -> Vec<Try<'a>> {
    let mut own = case.attempts_with(key.index());
    if !mutant!("failed-but-applied/any-payload-of-the-key") {
        own.retain(|attempt| case.may_be_asked(order, attempt.asked));
    }
    own
}

/// The last attempt for an order.
fn last_attempt(case: &Case<'_>, order: &AuditOrder) -> Option<usize> {
    match order.key {
        Some(key) => attempts_for(case, order, key).last().map(Try::event),
        None => case.last_attempt_for(order.payload?),
    }
}

/// A charge is captured or held although every attempt of its purchase failed for certain. If its order is live, that is reported instead.
fn is_charged_for_nothing(case: &Case<'_>, charge: &AuditCharge) -> bool {
    let is_held = case.facts.money(charge) == Money::Held && !mutant!("failed-but-applied/what-is-held-costs-nothing");
    let is_taken = charge.state == ChargeState::Captured;
    if !is_held && !is_taken || mutant!("failed-but-applied/charges-do-not-count") {
        return false;
    }
    let intent = charge.intent.map(|intent| case.facts.intents[intent.index()]);
    let by_intent = intent.is_some_and(|facts| facts.failed > 0 && facts.failed == facts.attempts);
    let order = charge.order.and_then(|order| case.order(order.index()));
    let given_up = order.filter(|order| !is_live(order));
    let by_order = given_up.is_some_and(|order| has_only_failed(case, order));
    by_intent || by_order && !mutant!("failed-but-applied/charges-of-cancelled-orders-are-fine")
}

/// The stock of what only failed requests asked for is as it was.
fn judge_stock(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    let rows = case.stock().unwrap_or_default().iter();
    let is_changed = |row: &&AuditStock| {
        let units = facts.skus[row.sku.index()];
        row.on_hand != row.initial.saturating_add(row.restocked) && units == SkuFacts::default()
    };
    let changed: Vec<&AuditStock> = rows.filter(is_changed).collect();
    if changed.is_empty()
        || facts.gaps.live_without_items > 0
        || case.orders().is_none()
        || mutant!("failed-but-applied/stock-does-not-count")
    {
        return;
    }
    let Some(wanted) = wanted(case) else { return };
    for row in changed {
        if wanted.get(&row.sku) == Some(&false) {
            tally.violation(case.audit_time(), || {
                let sku = case.history.names.skus.text(row.sku.index());
                let why = format!(
                    "every request for {sku} was answered with a definite failure; its stock is not what it was. What failed takes nothing."
                );
                witness(why).row(case.tell_stock(row))
            });
        }
    }
}

/// What was asked for, and whether by a request that may have taken effect; `None` if a request does not say.
fn wanted(case: &Case<'_>) -> Option<BTreeMap<SkuRef, bool>> {
    let (facts, names) = (case.facts, &case.history.names);
    let mut wanted = BTreeMap::new();
    let mut attempts = 0;
    let sent = |(_, sent): &(usize, &PayloadFacts)| sent.attempts > 0;
    for (payload, sent) in facts.payloads.iter().enumerate().filter(sent) {
        let Some(basket) = names.payload_items(PayloadRef::new(payload as u32)) else {
            continue;
        };
        attempts += u64::from(sent.attempts);
        for item in names.items(basket) {
            let may_be = sent.failed < sent.attempts
                && !mutant!("failed-but-applied/others-take-nothing");
            *wanted.entry(item.sku).or_default() |= may_be;
        }
    }
    (attempts == facts.counts.attempts).then_some(wanted)
}
