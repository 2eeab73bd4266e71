//! The orders of a purchase that may be split hold together what it asked for: where it was acknowledged, and where the audit shows that an
//! unanswered request made some of them. A part that was cancelled because the client asked for it counts as held.

use std::collections::BTreeMap;

use history::{AuditOrder, BasketRef, SkuRef, What};

use crate::case::Case;
use crate::facts::{Purchase, is_live, items_of};
use crate::tally::Tally;
use crate::tell::witness;

/// What a purchase has.
#[derive(Default)]
struct Held {
    units: BTreeMap<SkuRef, u64>,
    has_coupon: bool,
}

/// What a purchase asked for.
struct Wanted {
    /// Its answer `ok`, or else its first request.
    event: usize,
    is_acknowledged: bool,
    /// The items of the request that was acknowledged, or else of each request; `None` where one does not say.
    baskets: Vec<Option<BasketRef>>,
    /// Whether each request had a coupon.
    has_coupon: bool,
}

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally, orders: &[AuditOrder]) {
    let (held, is_unclear) = held(case, orders);
    for (purchase, wanted) in wanted(case) {
        let own = held.get(&purchase);
        if own.is_none() && !wanted.is_acknowledged {
            continue;
        }
        tally.checked(1);
        let Some(baskets) = wanted.baskets.iter().copied().collect::<Option<Vec<BasketRef>>>() else {
            if !mutant!("partial-order/parts-of-nothing-known-are-whole") {
                tally.unknown(1, "a request does not say its items, so that it is open whether its parts are all there");
            }
            continue;
        };
        let is_short = baskets.iter().all(|basket| is_short(case, own, *basket));
        let has_coupon = own.is_some_and(|own| own.has_coupon);
        let lacks_coupon = own.is_some()
            && wanted.has_coupon
            && !has_coupon
            && !mutant!("partial-order/parts-need-no-coupon");
        let lacks = (is_short || lacks_coupon) && !mutant!("partial-order/parts-may-be-missing");
        if lacks && is_unclear && !mutant!("partial-order/orders-of-no-purchase-are-no-parts") {
            tally.unknown(1, "an order that may be a part of a purchase does not say whose it is, or what is in it");
        } else if lacks {
            tell(case, tally, &wanted, is_short);
        }
    }
}

/// What each purchase has in live orders, and whether some live orders belong to no known purchase.
fn held(case: &Case<'_>, orders: &[AuditOrder]) -> (BTreeMap<Purchase, Held>, bool) {
    let names = &case.history.names;
    let given_up = case.cancelled_on_request();
    let counts = |order: &&AuditOrder| {
        is_live(order) || given_up.contains(&order.id) && !mutant!("partial-order/cancelled-parts-are-missing")
    };
    let mut held: BTreeMap<Purchase, Held> = BTreeMap::new();
    let mut is_unclear = false;
    for order in orders.iter().filter(counts) {
        let intent = case.facts.orders[order.id.index()].intent.get();
        let key = order.key.map(|key| Purchase::Key(key.index() as u32));
        let purchase = intent.map(|intent| Purchase::Intent(intent as u32)).or(key);
        let (Some(purchase), Some(basket)) = (purchase, items_of(case.history, order)) else {
            is_unclear = true;
            continue;
        };
        let own = held.entry(purchase).or_default();
        own.has_coupon |= order.coupon.is_some();
        for item in names.items(basket) {
            *own.units.entry(item.sku).or_default() += u64::from(item.quantity);
        }
    }
    (held, is_unclear)
}

fn is_short(case: &Case<'_>, own: Option<&Held>, basket: BasketRef) -> bool {
    let has = |sku: &SkuRef| own.and_then(|own| own.units.get(sku)).copied().unwrap_or(0);
    let items = case.history.names.items(basket);
    items.iter().any(|item| has(&item.sku) < u64::from(item.quantity))
}

/// What each purchase asked for, in the order of time.
fn wanted(case: &Case<'_>) -> BTreeMap<Purchase, Wanted> {
    let names = &case.history.names;
    let mut wanted: BTreeMap<Purchase, Wanted> = BTreeMap::new();
    for (event, happened) in case.history.events.iter().enumerate() {
        let (is_ok, attempt) = match &happened.what {
            What::Invoke(_) => (false, case.attempt_at(event)),
            What::Ok(_) => (true, case.attempt_at(event)),
            _ => continue,
        };
        let Some(attempt) = attempt else { continue };
        let asked = attempt.asked;
        let basket = asked.payload.and_then(|payload| names.payload_items(payload));
        let own = wanted.entry(Purchase::of(asked, attempt.begun)).or_insert(Wanted {
            event,
            is_acknowledged: false,
            baskets: Vec::new(),
            has_coupon: true,
        });
        own.has_coupon &= asked.coupon.is_some();
        if is_ok && !own.is_acknowledged {
            own.is_acknowledged = true;
            own.event = event;
            own.baskets = vec![basket];
        } else if !is_ok && !own.is_acknowledged && !own.baskets.contains(&basket) {
            own.baskets.push(basket);
        }
    }
    if mutant!("partial-order/unanswered-requests-have-no-parts") {
        wanted.retain(|_, wanted| wanted.is_acknowledged);
    }
    wanted
}

fn tell(case: &Case<'_>, tally: &mut Tally, wanted: &Wanted, is_short: bool) {
    let t = case.time(wanted.event);
    tally.violation(t, || {
        let did = match wanted.is_acknowledged {
            true => "was answered ok",
            false => "was sent",
        };
        let lacks = match is_short {
            true => "do not hold together what it asked for",
            false => "have not its coupon",
        };
        let why = format!(
            "{} {did} at {}, and the orders of its purchase {lacks}. What is split is still whole.",
            case.tell_attempt(wanted.event),
            case.tell_time(t),
        );
        witness(why).operation(case, wanted.event)
    });
}
