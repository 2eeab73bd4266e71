//! Purchases that may be split: what each asked for, the orders that it has, and those with which it has more than that.

use std::collections::BTreeMap;

use history::{AuditCharge, History};

use super::asked::Purchase;
use super::extra::Clause;
use super::money::{For, Pair, arrival};
use super::split::{Split, asked_by_purchase};
use super::store::Facts;
use super::tables::{items_of, order_rows};

impl Facts {
    /// The orders with which a purchase has more than it asked for.
    pub(super) fn count_splits(&mut self, history: &History) {
        let mut asked = asked_by_purchase(history);
        let mut orders: BTreeMap<Purchase, Vec<usize>> = BTreeMap::new();
        for (intent, row) in std::mem::take(&mut self.extras.scratch.split_orders) {
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
                    self.extras.unattributed.push(row);
                    continue;
                }
            };
            orders.entry(purchase).or_default().push(row as usize);
        }
        for (purchase, mut rows) in orders {
            rows.sort_unstable_by_key(|row| self.creation(history, *row));
            let Some(asked) = asked.remove(&purchase) else {
                // It is not said what it asked for: all but one of its orders may be too many.
                self.extras
                    .unattributed
                    .extend(rows.iter().skip(1).map(|row| *row as u32));
                continue;
            };
            let is_bare = |row: &&usize| items_of(history, &order_rows(history)[**row]).is_none();
            let bare = rows.iter().filter(is_bare).map(|row| *row as u32);
            self.extras.unattributed.extend(bare);
            let split = Split { asked, rows };
            for row in split.beyond(history, &split.rows) {
                self.push_extra(history, row, split.rows[0], Clause::Split, 0);
            }
            self.extras.scratch.splits.push(split);
        }
    }

    /// The charges for orders with which a purchase has paid for more than it asked for.
    pub(super) fn split_charges(
        &mut self,
        history: &History,
        charges: &[AuditCharge],
    ) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for split in std::mem::take(&mut self.extras.scratch.splits) {
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
