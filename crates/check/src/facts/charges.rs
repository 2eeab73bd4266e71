//! Which order and intent each captured charge pays for, and which are one too many.

use history::{AuditCharge, History};
use protocol::ChargeState;

use super::{Facts, Maybe, reset};

/// A captured charge that is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExtraCharge {
    /// Its row.
    pub(crate) row: usize,
    /// The row of the charge that was there before.
    pub(crate) other: usize,
    /// Whether the two have one provider key, and nothing else in common.
    pub(crate) by_provider_key: bool,
}

impl Facts {
    /// Joins the gateway's ledger with the orders.
    pub(super) fn join_charges(&mut self, history: &History) {
        let charges = charge_rows(history);
        self.size_provider_keys(charges);
        for (row, charge) in charges.iter().enumerate() {
            if !self.is_plain_charge(history, charge) {
                self.odd.charges.push(row as u32);
            }
            match charge.state {
                ChargeState::Captured => self.see_captured(charges, row, charge),
                ChargeState::Refunded if mutant!("double-charge/refunded-counts") => {
                    self.see_captured(charges, row, charge);
                }
                ChargeState::Authorized if mutant!("double-charge/authorized-counts") => {
                    self.see_captured(charges, row, charge);
                }
                ChargeState::Refunded => self.counts.charges_refunded += 1,
                ChargeState::Authorized | ChargeState::Voided | ChargeState::Declined => {}
            }
        }
    }

    fn see_captured(&mut self, charges: &[AuditCharge], row: usize, charge: &AuditCharge) {
        self.counts.charges_captured += 1;
        let order = charge.order.map(|order| order.index());
        let intent = charge
            .intent
            .map(|intent| intent.index())
            .or_else(|| order.and_then(|order| self.orders[order].intent.get()));
        let first_of_order = order.map(|order| first(&mut self.orders[order].captured, row));
        let first_of_intent = intent.map(|intent| {
            let facts = &mut self.intents[intent];
            facts.captured_without_order |= order.is_none();
            first(&mut facts.captured, row)
        });
        let group = first_of_intent.or(first_of_order);
        self.charged += u64::from(group == Some(row));
        let by_key = charge
            .provider_key
            .map(|key| self.first_of_provider_key(charges, key, row));
        let other = group.filter(|first| *first != row);
        let other_by_key = by_key.filter(|first| *first != row);
        if let Some(other) = other.or(other_by_key) {
            self.counts.extra_charges += 1;
            let amount = &mut self.counts.extra_charges_amount;
            *amount = amount.saturating_add(charge.amount);
            self.extra_charges.push(ExtraCharge {
                row,
                other,
                by_provider_key: group.is_none_or(|first| first == row),
            });
        }
    }

    /// Provider keys are numbered; if the numbers are not dense, a search through the rows does as well.
    fn size_provider_keys(&mut self, charges: &[AuditCharge]) {
        let keys = charges.iter().filter_map(|charge| charge.provider_key);
        let len = keys.max().map_or(0, |key| key as usize + 1);
        let dense = len <= charges.len() * 4 + 1024;
        reset(&mut self.provider_keys, if dense { len } else { 0 });
    }

    fn first_of_provider_key(&mut self, charges: &[AuditCharge], key: u32, row: usize) -> usize {
        match self.provider_keys.get_mut(key as usize) {
            Some(slot) => first(slot, row),
            None => charges
                .iter()
                .position(|c| c.provider_key == Some(key) && c.state == ChargeState::Captured)
                .unwrap_or(row),
        }
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

/// The rows of the charges; none if nobody looked.
#[inline]
pub(crate) fn charge_rows(history: &History) -> &[AuditCharge] {
    let charges = history
        .audit
        .as_ref()
        .and_then(|audit| audit.charges.as_ref());
    charges.map_or(&[], |charges| charges)
}
