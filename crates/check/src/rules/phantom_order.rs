//! An order in the database whose key or intent was never sent, or whose content equals no payload sent with it; a mix of two payloads is
//! none of them. Or an order that was created before any request that can have asked for it was sent. Orders that were there before the
//! run are the recorded baseline.

mod contents;

use history::{AuditOrder, IntentRef, PayloadRef};

use self::contents::has_coupon;
pub(super) use self::contents::Contents;
use crate::case::Case;
use crate::facts::{Clause, is_part_of};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let Some(orders) = case.orders() else {
        tally.not_judged("the orders were not looked at");
        return;
    };
    tally.checked(orders.len() as u64);
    let contents = Contents::default();
    for row in &case.facts.odd.contents {
        let order = &orders[*row as usize];
        let is_old = case.is_baseline(order) && !mutant!("phantom-order/baseline-is-no-excuse");
        if is_old {
            continue;
        }
        match find(case, order, &contents) {
            Found::AsAsked if is_early(case, order, &contents) => tell(case, tally, order, "it was created before any request that can have asked for it was sent"),
            Found::AsAsked => {}
            Found::Undecided(why) => tally.unknown(1, why),
            Found::Phantom(what) => tell(case, tally, order, what),
        }
    }
    count_gaps(case, tally, orders);
}

/// What the rows leave out may be what was never asked for.
fn count_gaps(case: &Case<'_>, tally: &mut Tally, orders: &[AuditOrder]) {
    let gaps = &case.facts.gaps;
    let why = "an order does not say whose it is";
    tally.unknown(gaps.tenantless, why);
    let are_some_keyed = gaps.keyless.len() < orders.len();
    let is_unknown = |order: &&AuditOrder| order.intent.is_none() && !case.is_baseline(order);
    let keyless = gaps.keyless.iter().map(|row| &orders[*row as usize]);
    let keyless = if are_some_keyed { keyless.filter(is_unknown).count() } else { 0 };
    tally.unknown(keyless as u64, "an order does not say its key, which others do");
    let itemless = gaps.itemless.iter().map(|row| &orders[*row as usize]);
    let itemless = itemless.filter(|order| are_items_asked(case, order)).count();
    tally.unknown(itemless as u64, "an order does not say what is in it");
    let is_foreign = |order: &&AuditOrder| {
        let facts = &case.facts.orders[order.id.index()];
        let both = case.acked_to(order.id).zip(order.tenant);
        facts.is_leaked || both.is_some_and(|(to, tenant)| to != tenant)
    };
    let foreign = gaps.keyless.iter().map(|row| &orders[*row as usize]).filter(is_foreign);
    let why = "an order without a key was answered to another tenant than it is of";
    tally.unknown(foreign.count() as u64, why);
    let why = "there are more orders than purchases, and it is not said which of them was never asked for";
    let crowded = case.facts.extras.orders.iter().filter(|extra| extra.clause == Clause::Crowd);
    tally.unknown(crowded.count() as u64, why);
    let why = "an order does not say when it was created, so that it may be older than its request";
    tally.unknown(gaps.undated, why);
}

/// Whether it is known what was asked for with the key or the payload of an order, so that its own items would tell.
pub(super) fn are_items_asked(case: &Case<'_>, order: &AuditOrder) -> bool {
    let names = &case.history.names;
    let is_told = |payload: PayloadRef| {
        case.facts.payloads[payload.index()].attempts > 0 && names.payload_items(payload).is_some()
    };
    let by_key = order.key.map(|key| case.attempts_with(key.index()));
    let mut by_key = by_key.iter().flatten().filter_map(|attempt| attempt.asked.payload);
    order.payload.is_some_and(is_told) || by_key.any(is_told)
}

fn tell(case: &Case<'_>, tally: &mut Tally, order: &AuditOrder, what: &str) {
    tally.violation(order.t.unwrap_or(case.audit_time()), || {
        let why = format!(
            "the database holds {}, and {what}. An order is what a client asked for.",
            case.tell_order(order.id.index()),
        );
        let last = order
            .key
            .and_then(|key| case.facts.keys[key.index()].last_invoke.get());
        let told = witness(why).order_row(case, order);
        last.map_or(told.clone(), |begun| told.operation(case, begun))
    });
}

/// Whether an order was created before the first request for its content, by more than the clocks may differ. Its own request may come
/// later than the row says, because dumps often have but one time for several rows; but nothing is made of what was never asked for.
fn is_early<'a>(case: &Case<'a>, order: &AuditOrder, contents: &Contents<'a>) -> bool {
    let Some(t) = order.t else { return false };
    let tolerance = match mutant!("phantom-order/clocks-are-exact") {
        true => 0,
        false => case.history.contract.clock_tolerance,
    };
    let latest = t.saturating_add(tolerance);
    let own = order.key.map(|key| case.facts.first_sent(case.history, key.index()));
    if own.is_some_and(|own| own <= latest) || mutant!("phantom-order/orders-may-come-first") {
        return false;
    }
    contents.first_asked(case, order).is_some_and(|first| latest < first)
}

enum Found {
    AsAsked,
    Undecided(&'static str),
    Phantom(&'static str),
}

fn find<'a>(case: &Case<'a>, order: &AuditOrder, contents: &Contents<'a>) -> Found {
    let is_sent = |intent: IntentRef| case.facts.intents[intent.index()].sent;
    let is_unsent = order.intent.is_some_and(|intent| !is_sent(intent));
    match find_by_content(case, order, contents) {
        Found::AsAsked if is_unsent && !mutant!("phantom-order/intent-may-be-anything") => {
            find_unsent_intent(case, order)
        }
        found => found,
    }
}

/// An order that is as it was asked for, with an intent that no request says: a key that was sent for no intent is its purchase, whatever
/// the row calls it. Of other requests without an intent it may be, or not.
fn find_unsent_intent(case: &Case<'_>, order: &AuditOrder) -> Found {
    let may_be = match order.key {
        Some(key) if case.facts.keys[key.index()].is_purchase() => {
            return match mutant!("phantom-order/a-key-is-no-purchase") {
                true => Found::Phantom("its purchase was never asked for"),
                false => Found::AsAsked,
            };
        }
        Some(key) => {
            let attempts = case.attempts_with(key.index());
            let is_silent = attempts.iter().any(|attempt| attempt.asked.intent.is_none());
            is_silent && !mutant!("phantom-order/requests-with-a-key-say-their-intent")
        }
        None => {
            let asked = case.facts.asked(case.history);
            let is_silent = asked.is_asked_without_intent(case.history, order);
            is_silent && !mutant!("phantom-order/guests-say-their-intent")
        }
    };
    match may_be {
        true => Found::Undecided("an order says its intent, and a request that may have asked for it does not"),
        false => Found::Phantom("its purchase was never asked for"),
    }
}

fn find_by_content<'a>(case: &Case<'a>, order: &AuditOrder, contents: &Contents<'a>) -> Found {
    let Some(key) = order.key else {
        return find_keyless(case, order, contents);
    };
    let attempts = case.attempts_with(key.index());
    if attempts.is_empty() {
        let is_ignored = mutant!("phantom-order/key-may-be-anything");
        return if is_ignored {
            Found::AsAsked
        } else {
            Found::Phantom("its key was never sent")
        };
    }
    if mutant!("phantom-order/content-may-be-anything") {
        return Found::AsAsked;
    }
    let own = attempts.iter().filter(|attempt| has_coupon(order, attempt.asked));
    let fit = own.map(|attempt| {
        let asked = attempt.asked.payload;
        match (order.payload, asked) {
            (Some(stored), Some(asked)) if stored != asked => Fit::None,
            (_, None) => Fit::Whole,
            (_, Some(asked)) => fit_of(case, order, case.history.names.payload_items(asked)),
        }
    });
    // More than one payload and less than another is neither, but a mix of both. What is less than each is `partial-order`.
    let is_named = order.payload.is_some() || mutant!("phantom-order/a-mix-is-a-part");
    let best = fit.clone().max();
    let is_mixed = !is_named && !case.history.contract.split && fit.clone().any(|fit| fit == Fit::None);
    match best {
        Some(Fit::Whole) => Found::AsAsked,
        Some(Fit::Part) if !is_mixed => Found::AsAsked,
        Some(Fit::Part) => Found::Phantom("it is more than one payload that was sent with its key and less than another"),
        Some(Fit::None) | None => Found::Phantom("its content is no payload that was sent with its key"),
    }
}

/// How the items of an order fit those of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It has others, or more.
    None,
    /// It has a part of them.
    Part,
    /// They are the same, or it is not said what they are.
    Whole,
}

fn fit_of(case: &Case<'_>, order: &AuditOrder, asked: Option<history::BasketRef>) -> Fit {
    let both = order.items.zip(asked);
    match both {
        Some((stored, asked)) if stored != asked => match has_items(case, order, Some(asked)) {
            true => Fit::Part,
            false => Fit::None,
        },
        _ => Fit::Whole,
    }
}

/// Whether the items of an order are those asked for, or a part of them, which is `partial-order`; unknown items are.
fn has_items(case: &Case<'_>, order: &AuditOrder, asked: Option<history::BasketRef>) -> bool {
    let names = &case.history.names;
    match (order.items, asked) {
        (Some(stored), Some(asked)) => {
            mutant!("phantom-order/items-may-be-anything")
                || is_part_of(names.items(stored), names.items(asked))
        }
        _ => true,
    }
}

/// Whether any request of an order's tenant, with its coupon if it has one, may have asked for it, where not all requests are that
/// tenant's, or there are coupons.
fn is_asked_by_its_own<'a>(case: &Case<'a>, order: &AuditOrder, contents: &Contents<'a>) -> bool {
    let has_others = order.tenant.is_some_and(|tenant| !case.facts.is_only_tenant(tenant));
    if !has_others && order.coupon.is_none() || mutant!("phantom-order/keyless-orders-are-of-any-tenant") {
        return true;
    }
    contents.may_be_asked_by_its_own(case, order)
}

fn find_keyless<'a>(case: &Case<'a>, order: &AuditOrder, contents: &Contents<'a>) -> Found {
    if !is_asked_by_its_own(case, order, contents) {
        return Found::Phantom("no request of its tenant, with its coupon, can have asked for it");
    }
    if let Some(payload) = order.payload {
        let is_sent = case.facts.payloads[payload.index()].attempts > 0
            || mutant!("phantom-order/keyless-payload-may-be-anything");
        let as_asked = is_sent && has_items(case, order, case.history.names.payload_items(payload));
        let is_blind = || !is_sent && contents.may_be_asked_blindly(case, order);
        return match as_asked {
            true => Found::AsAsked,
            false if is_blind() && !mutant!("phantom-order/every-request-says-its-payload") => {
                Found::Undecided("an order does not say its key, and a request that may have asked for it does not say for what")
            }
            false => Found::Phantom("its content is no payload that was sent"),
        };
    }
    let Some(items) = order.items else {
        return Found::Undecided("an order says neither with what key it was made nor from what payload");
    };
    match contents.are_sent(case, case.history.names.items(items)).unwrap_or(true) {
        true => Found::AsAsked,
        false if contents.may_be_asked_blindly(case, order) && !mutant!("phantom-order/every-request-says-its-items") => {
            Found::Undecided("an order does not say its key, and a request that may have asked for it does not say for what")
        }
        false => Found::Phantom("these items were never asked for"),
    }
}
