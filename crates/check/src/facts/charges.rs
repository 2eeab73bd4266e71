//! Money: which order and purchase each charge pays for, what of it is left, and which charges are one too many.

use std::collections::BTreeSet;

use history::{AuditCharge, Capture, History, ProviderKeyRef};
use protocol::ChargeState;

use super::index::Maybe;
use super::memory::reset;
use super::money::{ExtraCharge, For, Money, Pair, arrival};
use super::related::{Sets, groups, later_ones};
use super::store::Facts;
use super::tables::{charge_rows, order_rows};

impl Facts {
    /// What of a charge is left.
    #[inline]
    pub(crate) fn money(&self, charge: &AuditCharge) -> Money {
        match charge.state {
            ChargeState::Captured if self.is_given_back(charge) => Money::Gone,
            ChargeState::Captured => Money::Taken,
            ChargeState::Refunded if mutant!("double-charge/refunded-counts") => Money::Taken,
            ChargeState::Authorized => Money::Held,
            ChargeState::Refunded | ChargeState::Voided | ChargeState::Declined => Money::Gone,
        }
    }

    /// Whether everything that was captured was given back, piece by piece.
    #[inline]
    fn is_given_back(&self, charge: &AuditCharge) -> bool {
        !self.charges.refunded.is_empty()
            && self.given_back(charge) >= charge.amount
            && charge.amount > 0
            && !mutant!("double-charge/refund-rows-do-not-count")
    }

    /// What the refunds of a charge come to.
    #[inline]
    pub(crate) fn given_back(&self, charge: &AuditCharge) -> i64 {
        self.charges
            .refunded
            .get(charge.id.index())
            .copied()
            .unwrap_or(0)
    }

    /// Joins the gateway's ledger with the orders.
    pub(super) fn join_charges(&mut self, history: &History) {
        self.add_refunds(history);
        let charges = charge_rows(history);
        self.size_provider_keys(charges);
        self.charges.scratch.is_any_by_intent =
            charges.iter().any(|charge| charge.intent.is_some());
        for charge in charges.iter().filter(|charge| charge.intent.is_some()) {
            if let Some(order) = charge.order {
                let sole = self
                    .charges
                    .scratch
                    .intents
                    .entry(order.index() as u32)
                    .or_default();
                sole.see(charge.intent.map(|intent| intent.index()));
            }
        }
        let mut pairs = Vec::new();
        for (row, charge) in charges.iter().enumerate() {
            if !self.is_plain_charge(history, charge) {
                self.odd.charges.push(row as u32);
            }
            match self.money(charge) {
                Money::Taken => {
                    self.counts.charges_captured += 1;
                    self.see_money(history, row, charge, &mut pairs);
                }
                Money::Held => self.see_money(history, row, charge, &mut pairs),
                Money::Gone => {
                    let had = matches!(charge.state, ChargeState::Refunded | ChargeState::Captured);
                    self.counts.charges_refunded += u64::from(had);
                }
            }
        }
        if !pairs.is_empty() {
            self.count_extra_charges(history, charges, pairs);
        }
        self.charge_crowds(history, charges);
    }

    fn add_refunds(&mut self, history: &History) {
        let refunds = history
            .audit
            .as_ref()
            .and_then(|audit| audit.refunds.as_ref());
        for refund in refunds.into_iter().flatten() {
            if self.charges.refunded.is_empty() {
                reset(&mut self.charges.refunded, history.names.charges.len());
            }
            let sum = &mut self.charges.refunded[refund.charge.index()];
            *sum = sum.saturating_add(refund.amount);
        }
    }

    /// The purchase that a charge is for: its intent, or the order that began the life of its key.
    #[inline]
    fn purpose(&self, history: &History, charge: &AuditCharge) -> Option<For> {
        let order = charge.order.map(|order| order.index());
        let by_order = || Some(For::Order(order? as u32));
        if history.contract.split && order.is_some() {
            return by_order();
        }
        let intent = charge.intent.map(|intent| intent.index());
        let intent = intent.or_else(|| order.and_then(|order| self.orders[order].intent.get()));
        // What another charge for the order says is true of this one too.
        let by_others = || {
            self.charges
                .scratch
                .intents
                .get(&(order? as u32))
                .copied()?
                .get()
        };
        intent
            .or_else(by_others)
            .map(|intent| For::Intent(intent as u32))
            .or_else(by_order)
    }

    fn see_money(
        &mut self,
        history: &History,
        row: usize,
        charge: &AuditCharge,
        pairs: &mut Vec<Pair>,
    ) {
        let is_taken = self.money(charge) == Money::Taken;
        let order = charge.order.map(|order| order.index());
        let pays = is_taken || history.contract.capture == Capture::Later;
        if let Some(order) = order.filter(|_| pays) {
            first(&mut self.orders[order].captured, row);
        }
        if let Some(order) = order {
            first(&mut self.orders[order].kept, row);
        }
        let group = self.purpose(history, charge);
        let first_of_group = match group {
            Some(For::Intent(intent)) => {
                let facts = &mut self.intents[intent as usize];
                facts.captured_without_order |= order.is_none() && pays;
                let is_strange = order.is_none() && !facts.sent && facts.live == Maybe::default();
                self.gaps
                    .strange_charges
                    .extend(is_strange.then_some(row as u32));
                if is_taken {
                    first(&mut facts.captured, row);
                }
                Some(first(&mut facts.charged, row))
            }
            Some(For::Order(order)) => {
                let facts = &mut self.orders[order as usize];
                // The order's purchase is not known, and may be one that another charge names.
                let is_unknown =
                    facts.intent == Maybe::default() && self.charges.scratch.is_any_by_intent;
                self.charges
                    .unclear
                    .extend(is_unknown.then_some(row as u32));
                Some(first(&mut facts.charged, row))
            }
            None => {
                self.gaps.nameless_charges.push(row as u32);
                None
            }
        };
        self.charges.charged += u64::from(first_of_group == Some(row));
        let by_key = charge.provider_key.filter(|_| is_taken);
        let first_of_key = by_key.map(|key| self.first_of_provider_key(key, row));
        let pair = |first: usize, group| Pair {
            row: row as u32,
            first: first as u32,
            group,
        };
        pairs.extend(
            first_of_group
                .filter(|first| *first != row)
                .map(|first| pair(first, group)),
        );
        pairs.extend(
            first_of_key
                .filter(|first| *first != row)
                .map(|first| pair(first, None)),
        );
    }

    /// Of charges that hang together by purchase or key, all but one are too many; unless they are the tenders of one payment.
    fn count_extra_charges(
        &mut self,
        history: &History,
        charges: &[AuditCharge],
        pairs: Vec<Pair>,
    ) {
        let groups = groups(charges, &pairs);
        let mut payments = BTreeSet::new();
        for (group, rows) in &groups {
            if group.is_none() {
                continue;
            }
            if self.is_one_payment(history, charges, rows) {
                payments.insert(*group);
            } else if self.may_be_one_payment(history, charges, rows) {
                payments.insert(*group);
                self.charges.unclear.extend(&rows[1..]);
            }
        }
        let mut sets = Sets::default();
        for pair in later_ones(charges, &groups) {
            if payments.contains(&pair.group) || !sets.unite(pair.row, pair.first) {
                continue;
            }
            let is_held = |row: u32| self.money(&charges[row as usize]) == Money::Held;
            let are_held = is_held(pair.row) && is_held(pair.first);
            if !(are_held && mutant!("double-charge/two-authorisations-are-fine")) {
                self.push_extra_charge(history, charges, &pair);
            }
        }
    }

    /// A second authorisation is too many only when the deadline has passed.
    fn is_undecided(&self, charges: &[AuditCharge], pair: &Pair) -> bool {
        let held = |row: u32| self.money(&charges[row as usize]) == Money::Held;
        (held(pair.row) || held(pair.first))
            && !self.run.settled
            && !mutant!("double-charge/authorisations-before-the-deadline-too")
    }

    /// Where more orders of a group are paid for than they may be purchases, the last charges are too many. Where they may be several
    /// purchases or one, it is not known.
    fn charge_crowds(&mut self, history: &History, charges: &[AuditCharge]) {
        let mut known: BTreeSet<usize> = self.charges.extra.iter().map(|extra| extra.row).collect();
        for (orders, purchases) in std::mem::take(&mut self.extras.scratch.crowds) {
            let paid = |row: &usize| self.charge_of(order_rows(history)[*row].id.index());
            let mut paid: Vec<usize> = orders.iter().filter_map(paid).collect();
            paid.sort_unstable_by_key(|row| arrival(charges, *row as u32));
            paid.dedup();
            let kept = paid.len().min(purchases as usize);
            self.charges
                .unclear
                .extend(paid[..kept].iter().skip(1).map(|row| *row as u32));
            for row in paid[kept..]
                .iter()
                .copied()
                .filter(|row| known.insert(*row))
            {
                let order = charges[row].order.map_or(0, |order| order.index() as u32);
                let pair = Pair {
                    row: row as u32,
                    first: paid[0] as u32,
                    group: Some(For::Order(order)),
                };
                self.push_extra_charge(history, charges, &pair);
            }
        }
        for pair in self.split_charges(history, charges) {
            if known.insert(pair.row as usize) {
                self.push_extra_charge(history, charges, &pair);
            }
        }
        self.charges.unclear.sort_unstable();
        self.charges.unclear.dedup();
    }

    /// The first charge that is kept for an order, by row.
    pub(crate) fn charge_of(&self, order: usize) -> Option<usize> {
        let facts = &self.orders[order];
        facts.captured.get().or(facts.kept.get())
    }

    /// A charge that is one too many, unless that is not decided yet.
    fn push_extra_charge(&mut self, history: &History, charges: &[AuditCharge], pair: &Pair) {
        let (row, other) = (pair.row as usize, pair.first as usize);
        if self.is_undecided(charges, pair) {
            self.charges.unclear.push(pair.row);
            return;
        }
        self.counts.extra_charges += 1;
        let amount = &mut self.counts.extra_charges_amount;
        let hundredths = history.contract.amounts.hundredths(charges[row].amount);
        *amount = amount.saturating_add(hundredths);
        self.charges.extra.push(ExtraCharge {
            row,
            other,
            by_provider_key: pair.group.is_none(),
        });
    }

    fn size_provider_keys(&mut self, charges: &[AuditCharge]) {
        let keys = charges.iter().filter_map(|charge| charge.provider_key);
        let len = keys.max().map_or(0, |key| key.index() + 1);
        reset(&mut self.charges.scratch.provider_keys, len);
    }

    fn first_of_provider_key(&mut self, key: ProviderKeyRef, row: usize) -> usize {
        first(&mut self.charges.scratch.provider_keys[key.index()], row)
    }
}

/// The first row of a group, which is this one if there was none.
#[inline]
fn first(slot: &mut Maybe, row: usize) -> usize {
    slot.get().unwrap_or_else(|| {
        *slot = Maybe::at(row);
        row
    })
}
