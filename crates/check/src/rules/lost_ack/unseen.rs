//! Acknowledgements where it was not seen which order they name: counted against the orders that are there.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditOrder, BasketRef, What};

use crate::case::Case;
use crate::facts::{Purchase, items_of};

/// How many purchases were answered ok beyond the orders that may be theirs: by key or intent, else by content. What is not said may be
/// anything.
pub(super) fn beyond_orders(case: &Case<'_>) -> u64 {
    let Some(orders) = case.orders() else { return 0 };
    if mutant!("lost-ack/acknowledgements-are-not-counted") {
        return 0;
    }
    let mut wanted: BTreeMap<Option<BasketRef>, u64> = BTreeMap::new();
    for basket in unowned(case).into_values() {
        *wanted.entry(basket).or_default() += 1;
    }
    let is_sent = |order: &AuditOrder| {
        order.key.is_some_and(|key| case.facts.keys[key.index()].last_invoke.get().is_some())
    };
    let free = orders.iter().filter(|order| !is_sent(order) && !case.is_baseline(order));
    let mut there: BTreeMap<Option<BasketRef>, u64> = BTreeMap::new();
    for order in free {
        *there.entry(items_of(case.history, order)).or_default() += 1;
    }
    let (wanted_any, there_any) = (wanted.remove(&None).unwrap_or(0), there.remove(&None).unwrap_or(0));
    let mut short = 0;
    for (basket, purchases) in wanted {
        let orders = there.entry(basket).or_default();
        let met = purchases.min(*orders);
        *orders -= met;
        short += purchases - met;
    }
    let left = there.values().sum::<u64>() + there_any.saturating_sub(short);
    short.saturating_sub(there_any) + wanted_any.saturating_sub(left)
}

/// The purchases that were answered ok and have no order of their key or intent, with what the last request asked for.
fn unowned(case: &Case<'_>) -> BTreeMap<Purchase, Option<BasketRef>> {
    let names = &case.history.names;
    let mut owned: BTreeSet<usize> = BTreeSet::new();
    owned.extend(case.orders().unwrap_or_default().iter().filter_map(|order| order.key).map(|key| key.index()));
    let mut found = BTreeMap::new();
    for (done, event) in case.history.events.iter().enumerate() {
        let What::Ok(_) = &event.what else { continue };
        let Some(attempt) = case.attempt_at(done) else { continue };
        let asked = attempt.asked;
        let has_live = |intent: usize| case.facts.intents[intent].live.get().is_some();
        let is_owned = asked.key.is_some_and(|key| owned.contains(&key.index()))
            || asked.intent.is_some_and(|intent| has_live(intent.index()));
        if !is_owned {
            let basket = asked.payload.and_then(|payload| names.payload_items(payload));
            found.insert(Purchase::of(asked, attempt.begun), basket);
        }
    }
    found
}
