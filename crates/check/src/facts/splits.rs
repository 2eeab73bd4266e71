//! Purchases that may be split: what each asked for, the orders that it has, and those with which it has more than that.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditCharge, History, SkuRef, What};

use super::asked::Purchase;
use super::charges::{For, Pair, arrival};
use super::extras::Clause;
use super::orders::order_rows;
use super::{Facts, items_of};

/// How many of each SKU.
type Units = BTreeMap<SkuRef, u64>;

/// A purchase with several orders.
#[derive(Debug)]
pub(super) struct Split {
    asked: Units,
    /// Its live orders, by row, in the order in which they were created.
    rows: Vec<usize>,
}

impl Split {
    /// Those of some of its orders, one after the other, that no longer fit into what was asked for. Whichever comes first: there is one
    /// if they hold more than that.
    fn beyond(&self, history: &History, rows: &[usize]) -> Vec<usize> {
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

impl Facts {
    /// The orders with which a purchase has more than it asked for.
    pub(super) fn count_splits(&mut self, history: &History) {
        let mut asked = asked_by_purchase(history);
        let mut orders: BTreeMap<Purchase, Vec<usize>> = BTreeMap::new();
        for (intent, row) in std::mem::take(&mut self.split_orders) {
            let order = &order_rows(history)[row as usize];
            let sent = order
                .key
                .filter(|key| !self.keys[key.index()].intent.is_unused());
            let purchase = match (intent, sent) {
                (Some(intent), _) => Purchase::Intent(intent as u32),
                (None, Some(key)) if !self.is_among_intents(key) => {
                    Purchase::Key(key.index() as u32)
                }
                _ => {
                    self.unattributed.push(row);
                    continue;
                }
            };
            orders.entry(purchase).or_default().push(row as usize);
        }
        for (purchase, mut rows) in orders {
            rows.sort_unstable_by_key(|row| self.creation(history, *row));
            let Some(asked) = asked.remove(&purchase) else {
                // It is not said what it asked for: all but one of its orders may be too many.
                self.unattributed
                    .extend(rows.iter().skip(1).map(|row| *row as u32));
                continue;
            };
            let is_bare = |row: &&usize| items_of(history, &order_rows(history)[**row]).is_none();
            let bare = rows.iter().filter(is_bare).map(|row| *row as u32);
            self.unattributed.extend(bare);
            let split = Split { asked, rows };
            for row in split.beyond(history, &split.rows) {
                self.push_extra(history, row, split.rows[0], Clause::Split, 0);
            }
            self.splits.push(split);
        }
    }

    /// The charges for orders with which a purchase has paid for more than it asked for.
    pub(super) fn split_charges(
        &mut self,
        history: &History,
        charges: &[AuditCharge],
    ) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for split in std::mem::take(&mut self.splits) {
            let charge_of = |row: &usize| self.charge_of(order_rows(history)[*row].id.index());
            let paid = |row: &usize| Some((charge_of(row)?, *row));
            let mut paid: Vec<(usize, usize)> = split.rows.iter().filter_map(paid).collect();
            paid.sort_unstable_by_key(|(charge, _)| arrival(charges, *charge as u32));
            let rows: Vec<usize> = paid.iter().map(|(_, row)| *row).collect();
            let beyond = split.beyond(history, &rows);
            let is_beyond = |(_, row): &&(usize, usize)| {
                beyond.contains(row) && !mutant!("double-charge/parts-are-paid-one-by-one")
            };
            // The first that is as it was asked for stands for the payment, else any other of the purchase.
            let is_asked = |(_, row): &&(usize, usize)| !beyond.contains(row);
            let first = paid.iter().find(is_asked);
            let other = |charge: usize| paid.iter().find(|(other, _)| *other != charge);
            let before =
                |charge: usize| first.or(other(charge)).map_or(charge, |(other, _)| *other);
            pairs.extend(paid.iter().filter(is_beyond).map(|(charge, row)| Pair {
                row: *charge as u32,
                first: before(*charge) as u32,
                group: Some(For::Order(order_rows(history)[*row].id.index() as u32)),
            }));
        }
        pairs
    }
}

/// What each purchase asked for at most, by SKU.
fn asked_by_purchase(history: &History) -> BTreeMap<Purchase, Units> {
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
