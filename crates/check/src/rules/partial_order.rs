//! An order without all of its items or its coupon, or coupons whose use does not add up with the orders that have them; and an order
//! without something else that is written with it (`together`).

mod carts;
mod confirmed;
mod parts;
mod recorded;
mod records;
mod together;

use history::{AuditOrder, Invoke, PayloadRef, What};

use crate::case::Case;
use crate::facts::{is_live, is_part_of};
use crate::tally::Tally;
use crate::tell::witness;

use super::phantom_order::{Contents, are_items_asked};

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let Some(orders) = case.orders() else {
        tally.not_judged("the orders were not looked at");
        return;
    };
    let told = orders.len() as u64 - case.facts.gaps.orders_without_items;
    together::apply(case, tally, orders);
    if told == 0 && !orders.is_empty() {
        if !tally.has_checked() {
            tally.not_judged("it is not said what is in the orders");
        }
        return;
    }
    tally.checked(told);
    for row in &case.facts.odd.contents {
        let order = &orders[*row as usize];
        if let Some(what) = missing(case, order) {
            tally.violation(order.t.unwrap_or(case.audit_time()), || {
                let why = format!(
                    "the database holds {} without {what} that its request asked for. An order is whole, or it is not.",
                    case.tell_order(order.id.index()),
                );
                let last = order.key.and_then(|key| case.facts.keys[key.index()].last_invoke.get());
                let told = witness(why).order_row(case, order);
                last.map_or(told.clone(), |begun| told.operation(case, begun))
            });
        }
    }
    count_coupons(case, tally, orders);
    let itemless = case.facts.gaps.itemless.iter().map(|row| &orders[*row as usize]);
    let itemless = itemless.filter(|order| are_items_asked(case, order)).count();
    tally.unknown(itemless as u64, "an order does not say what is in it");
    let why = "an order does not say its key, and has a part of what was asked for with one";
    tally.unknown(perhaps_parts(case, orders), why);
    let why = "an order says neither its key nor its coupon, and a request that may have made it had one";
    tally.unknown(without_coupon(case, orders), why);
}

/// How many orders say neither their key nor their payload, and have items that were asked for only together with others.
fn perhaps_parts(case: &Case<'_>, orders: &[AuditOrder]) -> u64 {
    if case.history.contract.split || mutant!("partial-order/orders-without-a-key-are-whole") {
        return 0;
    }
    let contents = Contents::default();
    let keyless = case.facts.gaps.keyless.iter().map(|row| &orders[*row as usize]);
    let bare = keyless.filter(|order| order.payload.is_none() && is_live(order) && !case.is_baseline(order));
    let items = bare.filter_map(|order| order.items).map(|basket| case.history.names.items(basket));
    items.filter(|items| contents.is_only_a_part(case, items)).count() as u64
}

/// How many orders without a key have no coupon, although a request for their content had one.
fn without_coupon(case: &Case<'_>, orders: &[AuditOrder]) -> u64 {
    if case.history.names.coupons.is_empty() {
        return 0;
    }
    let may_lack = |order: &&AuditOrder| {
        let is_open = order.key.is_none() && order.coupon.is_none() && is_live(order);
        is_open && case.history.events.iter().any(|event| match &event.what {
            What::Invoke(asked) => asked.coupon.is_some() && case.may_be_asked(order, asked),
            _ => false,
        })
    };
    let keyless = case.facts.gaps.keyless.iter().map(|row| &orders[*row as usize]);
    keyless.filter(may_lack).count() as u64
}

/// What an order lacks of the request that it was made from.
fn missing(case: &Case<'_>, order: &AuditOrder) -> Option<&'static str> {
    if case.history.contract.split && !mutant!("partial-order/a-part-is-no-order") {
        // What the parts of a purchase hold together is for `together`.
        return None;
    }
    let names = &case.history.names;
    let attempts = match order.key {
        Some(key) => case.attempts_with(key.index()),
        None => Vec::new(),
    };
    let is_own = |asked: &Invoke| order.payload.is_none() || asked.payload == order.payload;
    let mut own = attempts.iter().filter(|a| is_own(a.asked)).peekable();
    let payloads: Vec<PayloadRef> = match order.payload {
        Some(payload) => vec![payload],
        // What is in it may be a part of any of what was asked for with its key.
        None => attempts.iter().filter_map(|a| a.asked.payload).collect(),
    };
    let lacks = |asked: &PayloadRef| {
        let both = order.items.zip(names.payload_items(*asked));
        both.is_some_and(|(stored, asked)| {
            let (stored, asked) = (names.items(stored), names.items(asked));
            match mutant!("partial-order/quantity-does-not-matter") {
                false => stored != asked && is_part_of(stored, asked),
                true => stored.len() < asked.len() && is_part_of(stored, asked),
            }
        })
    };
    let is_short = !payloads.is_empty() && payloads.iter().all(lacks);
    if is_short && !mutant!("partial-order/items-do-not-matter") {
        return Some("all of the items");
    }
    let had_coupon = own.peek().is_some() && own.all(|a| a.asked.coupon.is_some());
    let lacks =
        had_coupon && order.coupon.is_none() && !mutant!("partial-order/coupon-does-not-matter");
    lacks.then_some("the coupon")
}

/// A coupon is used once by each live order that has it; by a cancelled one perhaps.
fn count_coupons(case: &Case<'_>, tally: &mut Tally, orders: &[AuditOrder]) {
    let audit = case.history.audit.as_ref();
    let coupons = audit.and_then(|audit| audit.coupons.as_ref());
    for row in coupons.into_iter().flatten() {
        let with = || {
            orders
                .iter()
                .filter(|order| order.coupon == Some(row.coupon))
        };
        let (all, live) = (
            with().count() as u64,
            with().filter(|order| is_live(order)).count() as u64,
        );
        let Some(used) = row.used else {
            tally.unknown(1, "a coupon does not say how often it was used");
            continue;
        };
        let fits = (live..=all).contains(&used)
            || (mutant!("partial-order/coupon-may-be-lost") && used > all)
            || (mutant!("partial-order/coupon-may-be-free") && used < live);
        tally.checked(1);
        if fits {
            continue;
        }
        tally.violation(case.audit_time(), || {
            let name = case.history.names.coupons.text(row.coupon.index());
            let why = format!(
                "coupon {name} says that it was used {} times; {live} live orders have it, and {} cancelled ones. An order and its coupon are written together.",
                used,
                all - live,
            );
            with().take(3).fold(witness(why), |told, order| told.order_row(case, order))
        });
    }
}
