//! The rows of the audit with which anything is not as usual at first sight, so that the rules need not look at all of them.

use history::{AuditCharge, AuditNotification, AuditOrder, History, PayloadRef};
use protocol::{ChargeState, OrderState};

use super::index::Maybe;
use super::store::Facts;
use super::tables::order_rows;
use super::tells::{Tells, tells};

impl Facts {
    /// Whether an order is what was asked for with its key, or with its payload if it does not say its key, without looking twice.
    #[inline]
    pub(super) fn is_plain(&self, history: &History, order: &AuditOrder) -> bool {
        let Some(payload) = order.payload else {
            return false;
        };
        let first_sent = match order.key {
            Some(key) => {
                let facts = &self.keys[key.index()];
                let is_own = facts.payload == Maybe::at(payload.index()) && !facts.reused;
                is_own.then(|| self.first_sent(history, key.index()))
            }
            None => self.first_sent_by_its_own(history, order, payload),
        };
        let Some(first_sent) = first_sent else {
            return false;
        };
        let items = order.items;
        let tolerance = history.contract.clock_tolerance;
        let is_early = |t: u64| t.saturating_add(tolerance) < first_sent;
        order.intent.is_none()
            && !order.t.is_some_and(is_early)
            && (items.is_none() || items == history.names.payload_items(payload))
            && history.names.coupons.is_empty()
    }

    /// When the payload of an order without a key was first sent, if every request is of the order's tenant.
    #[inline]
    fn first_sent_by_its_own(
        &self,
        history: &History,
        order: &AuditOrder,
        payload: PayloadRef,
    ) -> Option<u64> {
        let begun = self.payloads[payload.index()].first_invoke.get()?;
        let is_own = |tenant| self.is_only_tenant(tenant);
        let is_asked = order.tenant.is_none_or(is_own);
        is_asked.then_some(history.events[begun].t)
    }

    /// Whether a request that may have made an order was refused, and none with its key was answered `ok` for certain.
    #[inline]
    pub(super) fn may_have_failed(&self, order: &AuditOrder) -> bool {
        match (order.key, order.payload) {
            (Some(key), _) => {
                let facts = &self.keys[key.index()];
                facts.refused && (facts.first_ok == Maybe::default() || facts.reused)
            }
            (None, Some(payload)) => self.payloads[payload.index()].failed > 0,
            (None, None) => {
                let intent = self.orders[order.id.index()].intent.get();
                intent.is_some_and(|intent| self.intents[intent].failed > 0)
            }
        }
    }

    /// Whether a charge is captured for a live order at its price, and its purchase did not fail.
    #[inline]
    pub(super) fn is_plain_charge(&self, history: &History, charge: &AuditCharge) -> bool {
        let order = charge.order.map(|order| &self.orders[order.index()]);
        let Some(row) = order.and_then(|order| order.row.get()) else {
            return false;
        };
        let row = &order_rows(history)[row];
        let failed = |intent: usize| self.intents[intent].failed > 0;
        charge.state == ChargeState::Captured
            && charge.tender.is_none()
            && self.charges.refunded.is_empty()
            && row.state != OrderState::Cancelled
            && row.coupon.is_none()
            && !charge.intent.is_some_and(|intent| failed(intent.index()))
            && (history.contract.prices.is_empty()
                || self.price_of(history, row) == Some(charge.amount))
    }

    /// Finds the first message of each order, the orders that have more, and the messages that came too early.
    pub(super) fn join_notifications(&mut self, history: &History) {
        let audit = history.audit.as_ref();
        let rows = audit.and_then(|audit| audit.notifications.as_ref());
        self.learn_events(history, rows.map_or(&[], |rows| rows));
        for (row, message) in rows.into_iter().flatten().enumerate() {
            if !self.is_plain_message(history, message) {
                self.odd.messages.push(row as u32);
            }
            let Some(order) = message.order else {
                continue;
            };
            let tells = self.lookup.events_told[message.event.index()].unwrap_or_default();
            let facts = &mut self.orders[order.index()];
            match tells {
                Tells::Taken if facts.told == Maybe::default() => facts.told = Maybe::at(row),
                Tells::Taken | Tells::SomethingElse => {}
                Tells::Unknown => facts.told_unclearly = true,
            }
            match facts.messaged.get() {
                None => facts.messaged = Maybe::at(row),
                Some(first) => {
                    if !facts.told_often {
                        facts.told_often = true;
                        self.odd.told_again.push(first as u32);
                    }
                    self.odd.told_again.push(row as u32);
                }
            }
        }
    }

    /// Whether a message left after its order was made, as far as both times are recorded.
    #[inline]
    fn is_plain_message(&self, history: &History, message: &AuditNotification) -> bool {
        let order = message.order.map(|order| &self.orders[order.index()]);
        let row = order.and_then(|order| order.row.get());
        row.is_some_and(|row| match (message.t, order_rows(history)[row].t) {
            (Some(left), Some(made)) => {
                left.saturating_add(history.contract.clock_tolerance) > made
            }
            (Some(_), None) => false,
            (None, _) => true,
        })
    }

    /// Finds the orders with which not everything is done. Charges and messages have been joined.
    pub(super) fn find_unfinished(&mut self, history: &History) {
        let audit = history.audit.as_ref();
        let has_charges = audit.is_some_and(|audit| audit.charges.is_some());
        let has_messages = audit.is_some_and(|audit| audit.notifications.is_some());
        for (row, order) in order_rows(history).iter().enumerate() {
            let facts = &self.orders[order.id.index()];
            let is_charged = facts.captured != Maybe::default() || !has_charges;
            let is_told = facts.told != Maybe::default() || !has_messages;
            let is_confirmed = order.state == OrderState::Confirmed && !facts.is_baseline;
            if !(is_confirmed && is_charged && is_told) {
                self.odd.unfinished.push(row as u32);
            }
        }
    }
}

impl Facts {
    /// Whether an order without a key is of a payload that was sent without one, so that it leaves nothing out.
    fn was_asked_without_key(&self, order: &AuditOrder) -> bool {
        let payload = order.payload.map(|payload| self.payloads[payload.index()]);
        payload.is_some_and(|payload| payload.is_keyless)
            && !mutant!("phantom-order/every-order-has-a-key")
    }

    /// An order of the audit.
    #[inline]
    pub(super) fn see_gaps(&mut self, row: usize, order: &AuditOrder) {
        if order.key.is_none() && !self.was_asked_without_key(order) {
            self.gaps.keyless.push(row as u32);
        }
        if order.items.is_none() {
            self.gaps.itemless.push(row as u32);
        }
        let is_new = !self.orders[order.id.index()].is_baseline;
        self.gaps.undated += u64::from(order.t.is_none() && is_new);
        self.gaps.tenantless += u64::from(order.tenant.is_none() && self.run.has_tenants);
    }
}

impl Facts {
    /// Learns what each event tells. Where no event is named so that it tells that an order was taken, those whose names say nothing are
    /// the service's own words for it.
    fn learn_events(&mut self, history: &History, rows: &[AuditNotification]) {
        let codes = &history.names.codes;
        let told = &mut self.lookup.events_told;
        told.clear();
        if rows.is_empty() {
            return;
        }
        told.resize(codes.len(), None);
        // Most codes are no event's.
        for event in rows.iter().map(|row| row.event.index()) {
            told[event].get_or_insert_with(|| tells(&codes.text(event)));
        }
        if !told.contains(&Some(Tells::Taken)) {
            for event in told
                .iter_mut()
                .filter(|event| **event == Some(Tells::Unknown))
            {
                *event = Some(Tells::Taken);
            }
        }
    }
}
