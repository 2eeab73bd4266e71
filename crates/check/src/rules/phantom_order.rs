//! An order in the database whose key was never sent, or whose content equals no payload sent with it; a mix of two payloads is none of
//! them. Orders that were there before the run are the recorded baseline.

use std::collections::BTreeSet;

use history::{AuditOrder, Invoke, Item, What};

use super::partial_order::is_part_of;
use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let Some(orders) = case.orders() else {
        tally.not_judged("nobody looked which orders the database holds");
        return;
    };
    tally.checked(orders.len() as u64);
    let keyless = KeylessPayloads::default();
    for row in &case.facts.odd.contents {
        let order = &orders[*row as usize];
        let is_old = case.is_baseline(order) && !mutant!("phantom-order/baseline-is-no-excuse");
        if is_old {
            continue;
        }
        match find(case, order, &keyless) {
            Found::AsAsked => {}
            Found::Undecided => {
                let why = "an order says neither with what key it was made nor from what payload";
                tally.unknown(1, why);
            }
            Found::Phantom(what) => tally.violation(order.t.unwrap_or(case.audit_time()), || {
                let why = format!(
                    "the database holds {}, and {what}. An order is what somebody asked for.",
                    case.tell_order(order.id.index()),
                );
                let last = order
                    .key
                    .and_then(|key| case.facts.keys[key.index()].last_invoke.get());
                let told = witness(why).row(case.tell_order_row(order));
                last.map_or(told.clone(), |begun| told.operation(case, begun))
            }),
        }
    }
}

enum Found {
    AsAsked,
    Undecided,
    Phantom(&'static str),
}

/// The payloads that were sent, gathered when somebody asks.
#[derive(Default)]
struct KeylessPayloads {
    sent: std::cell::OnceCell<BTreeSet<Vec<(usize, u32)>>>,
}

fn find(case: &Case<'_>, order: &AuditOrder, keyless: &KeylessPayloads) -> Found {
    let Some(key) = order.key else {
        return find_keyless(case, order, keyless);
    };
    let attempts = case.attempts_with(key.index());
    if attempts.is_empty() {
        let is_ignored = mutant!("phantom-order/key-may-be-anything");
        return if is_ignored {
            Found::AsAsked
        } else {
            Found::Phantom("nobody sent its key")
        };
    }
    if mutant!("phantom-order/content-may-be-anything") {
        return Found::AsAsked;
    }
    let is_asked = attempts.iter().any(|attempt| {
        let asked = attempt.asked.payload;
        match (order.payload, asked) {
            _ if !has_coupon(order, attempt.asked) => false,
            (Some(stored), Some(asked)) if stored != asked => false,
            (_, None) => true,
            (_, Some(asked)) => has_items(case, order, case.history.names.payload_items(asked)),
        }
    });
    match is_asked {
        true => Found::AsAsked,
        false => Found::Phantom("its content is no payload that was sent with its key"),
    }
}

/// Whether the coupon of an order, if it has one, is the one that was asked for.
fn has_coupon(order: &AuditOrder, asked: &Invoke) -> bool {
    order.coupon.is_none()
        || order.coupon == asked.coupon
        || mutant!("phantom-order/coupon-may-be-anything")
}

/// Whether the items of an order are those asked for, or a part of them, which is `partial-order`; those that nobody said are.
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

fn find_keyless(case: &Case<'_>, order: &AuditOrder, keyless: &KeylessPayloads) -> Found {
    if let Some(payload) = order.payload {
        let is_sent = case.facts.payloads[payload.index()].attempts > 0
            || mutant!("phantom-order/keyless-payload-may-be-anything");
        let as_asked = is_sent && has_items(case, order, case.history.names.payload_items(payload));
        return match as_asked {
            true => Found::AsAsked,
            false => Found::Phantom("its content is no payload that was sent"),
        };
    }
    let Some(items) = order.items else {
        return Found::Undecided;
    };
    let plain = |items: &[Item]| items.iter().map(|i| (i.sku.index(), i.quantity)).collect();
    let sent = keyless.sent.get_or_init(|| {
        let payloads = case
            .history
            .events
            .iter()
            .filter_map(|event| match &event.what {
                What::Invoke(invoke) => invoke.payload,
                _ => None,
            });
        let names = &case.history.names;
        let baskets = payloads.filter_map(|payload| names.payload_items(payload));
        baskets.map(|basket| plain(names.items(basket))).collect()
    });
    match sent.contains::<Vec<_>>(&plain(case.history.names.items(items))) || sent.is_empty() {
        true => Found::AsAsked,
        false => Found::Phantom("nobody asked for these items"),
    }
}
