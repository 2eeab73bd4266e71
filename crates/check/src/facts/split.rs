//! A purchase that may be split: what it asked for, and the orders that it has.

use std::collections::{BTreeMap, BTreeSet};

use history::{History, SkuRef, What};

use super::asked::Purchase;
use super::tables::{items_of, order_rows};

/// How many of each SKU.
pub(super) type Units = BTreeMap<SkuRef, u64>;

/// A purchase with several orders.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) asked: Units,
    /// Its live orders, by row, in the order in which they were created.
    pub(super) rows: Vec<usize>,
}

impl Split {
    /// Those of some of its orders, one after the other, that no longer fit into what was asked for. Whichever comes first: there is one
    /// if they hold more than that.
    pub(super) fn beyond(&self, history: &History, rows: &[usize]) -> Vec<usize> {
        let mut left = self.asked.clone();
        let mut beyond = Vec::new();
        for row in rows {
            let Some(basket) = items_of(history, &order_rows(history)[*row]) else {
                continue;
            };
            let items = history.names.items(basket);
            let fits = items.iter().all(|item| {
                let left = left.get(&item.sku).copied().unwrap_or(0);
                left >= u64::from(item.quantity)
            });
            if !fits {
                beyond.push(*row);
                continue;
            }
            for item in items {
                *left.entry(item.sku).or_default() -= u64::from(item.quantity);
            }
        }
        beyond
    }
}

/// What each purchase asked for at most, by SKU.
pub(super) fn asked_by_purchase(history: &History) -> BTreeMap<Purchase, Units> {
    let mut asked: BTreeMap<Purchase, Units> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (event, what) in history.events.iter().enumerate() {
        let What::Invoke(invoke) = &what.what else {
            continue;
        };
        let purchase = Purchase::of(invoke, event);
        let basket = invoke
            .payload
            .and_then(|payload| history.names.payload_items(payload));
        let Some(basket) = basket.filter(|basket| seen.insert((purchase, *basket))) else {
            continue;
        };
        let own = asked.entry(purchase).or_default();
        for item in history.names.items(basket) {
            let most = own.entry(item.sku).or_default();
            *most = (*most).max(u64::from(item.quantity));
        }
    }
    asked
}
