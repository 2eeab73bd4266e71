//! Charges of several tenders that are one payment: whether together they are what the order comes to.

use std::collections::BTreeSet;

use history::{AuditCharge, History};

use super::store::Facts;
use super::tables::order_rows;

impl Facts {
    /// Whether charges are the tenders of one payment: each from another purse, and together no more than the price.
    pub(super) fn is_one_payment(
        &self,
        history: &History,
        charges: &[AuditCharge],
        rows: &[u32],
    ) -> bool {
        let rows = || rows.iter().map(|row| &charges[*row as usize]);
        let tenders: BTreeSet<_> = rows().filter_map(|charge| charge.tender).collect();
        let are_distinct = tenders.len() == rows().count();
        if !are_distinct || mutant!("double-charge/tenders-do-not-matter") {
            return mutant!("double-charge/any-tenders-are-one-payment") && !tenders.is_empty();
        }
        self.is_price_known(history, rows()) && self.are_within_the_price(history, rows())
    }

    /// Whether it is known what the order of charges comes to. Where the contract has no prices at all, nothing is asked of them.
    fn is_price_known<'a>(
        &self,
        history: &History,
        rows: impl Iterator<Item = &'a AuditCharge> + Clone,
    ) -> bool {
        history.contract.prices.is_empty()
            || self.total_and_price(history, rows).1.is_some()
            || mutant!("double-charge/tenders-of-any-sum-are-one-payment")
    }

    /// Whether charges may be the tenders of one payment, because one of them does not say its own, or what they pay for is not known,
    /// and no two say the same. Where none says its own they are, if together they are just the price.
    pub(super) fn may_be_one_payment(
        &self,
        history: &History,
        charges: &[AuditCharge],
        rows: &[u32],
    ) -> bool {
        let rows = || rows.iter().map(|row| &charges[*row as usize]);
        let said = rows().filter(|charge| charge.tender.is_some()).count();
        let tenders: BTreeSet<_> = rows().filter_map(|charge| charge.tender).collect();
        let is_open = said > 0
            && tenders.len() == said
            && (said < rows().count() || !self.is_price_known(history, rows()));
        if said == 0 && !mutant!("double-charge/parts-of-the-price-say-their-tender") {
            return self.are_together_the_price(history, rows());
        }
        is_open
            && self.are_within_the_price(history, rows())
            && !mutant!("double-charge/charges-without-a-tender-have-none")
    }

    /// Whether what is left of charges is no more than the price of their order, as far as that is known.
    fn are_within_the_price<'a>(
        &self,
        history: &History,
        rows: impl Iterator<Item = &'a AuditCharge> + Clone,
    ) -> bool {
        let (total, price) = self.total_and_price(history, rows);
        price.is_none_or(|price| {
            total <= price || mutant!("double-charge/tenders-may-exceed-the-price")
        })
    }

    /// Whether what was captured by charges, or what is left of them, is just the price of their order, and each of them is less. What was
    /// given back later does not undo that they were parts of one payment.
    fn are_together_the_price<'a>(
        &self,
        history: &History,
        rows: impl Iterator<Item = &'a AuditCharge> + Clone,
    ) -> bool {
        let are_parts = |price: i64| {
            rows.clone()
                .all(|charge| (1..price).contains(&charge.amount))
        };
        let amounts = rows.clone().map(|charge| charge.amount);
        let captured = amounts.fold(0_i64, i64::saturating_add);
        let (left, price) = self.total_and_price(history, rows.clone());
        let is_just = |price: i64| {
            captured == price && !mutant!("double-charge/what-was-given-back-was-no-part")
                || left == price && !mutant!("double-charge/what-is-left-is-no-price")
        };
        price.is_some_and(|price| is_just(price) && are_parts(price))
    }

    /// What is left of charges, and the price of their order, if that is known.
    fn total_and_price<'a>(
        &self,
        history: &History,
        rows: impl Iterator<Item = &'a AuditCharge> + Clone,
    ) -> (i64, Option<i64>) {
        let left = rows
            .clone()
            .map(|charge| charge.amount.saturating_sub(self.given_back(charge)));
        let total = left.fold(0_i64, i64::saturating_add);
        let mut prices = rows.filter_map(|charge| {
            let by_intent = || self.intents[charge.intent?.index()].live.get();
            let row = match charge.order {
                Some(order) => self.orders[order.index()].row.get(),
                None if mutant!("double-charge/purchases-have-no-price") => None,
                None => by_intent(),
            }?;
            let order = &order_rows(history)[row];
            self.price_less_coupon(history, order)
        });
        (total, prices.next())
    }
}
