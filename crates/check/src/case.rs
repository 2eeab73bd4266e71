//! The history with its facts, as a rule sees them.

use history::{
    AuditCharge, AuditNotification, AuditOrder, AuditStock, Completion, CouponRef, History, Invoke,
    OrderRef, PayloadRef, TenantRef, What,
};

use crate::facts::{Facts, charge_rows, may_be_asked, order_rows, stock_table};

/// What a rule judges by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    /// The history.
    pub(crate) history: &'a History,
    /// What was gathered from it.
    pub(crate) facts: &'a Facts,
    /// Whether a rule about the service is violated, so that whatever else is odd has its explanation.
    pub(crate) explained: bool,
}

impl<'a> Case<'a> {
    /// The order table of the audit, if it has one.
    pub(crate) fn orders(&self) -> Option<&'a [AuditOrder]> {
        self.history.audit.as_ref()?.orders.as_deref()
    }

    /// The row of an order.
    pub(crate) fn order(&self, order: usize) -> Option<&'a AuditOrder> {
        let row = self.facts.orders[order].row.get()?;
        Some(&order_rows(self.history)[row])
    }

    /// The orders of the audit that have a key; none if they were not looked at.
    pub(crate) fn orders_with(
        &self,
        key: usize,
    ) -> impl Iterator<Item = &'a AuditOrder> + Clone + use<'a> {
        self.facts.orders_with(self.history, key)
    }

    /// The orders without a key that may be of this one: of its tenant, of no purchase that it was not sent for, and of what was asked
    /// for with it.
    pub(crate) fn perhaps_with(
        &self,
        key: usize,
    ) -> impl Iterator<Item = &'a AuditOrder> + use<'a> {
        let case = *self;
        let rows = order_rows(self.history);
        let keyless = &self.facts.gaps.keyless;
        // Most histories have no such order, and need not look at the requests.
        let asked = match keyless.is_empty() {
            true => Vec::new(),
            false => self.attempts_with(key),
        };
        let rows = keyless.iter().map(|row| &rows[*row as usize]);
        rows.filter(move |order| {
            let intent = case.facts.orders[order.id.index()].intent.get();
            let is_of = |asked: &Invoke| {
                let other_intent = intent
                    .zip(asked.intent)
                    .is_some_and(|(a, b)| a != b.index());
                let other_tenant = order.tenant.is_some_and(|tenant| tenant != asked.tenant);
                !other_intent && !other_tenant && case.may_be_asked(order, asked)
            };
            asked.iter().any(|attempt| is_of(attempt.asked))
        })
    }

    /// Whether the content of an order may be what a request asked for, as far as both say.
    pub(crate) fn may_be_asked(&self, order: &AuditOrder, asked: &Invoke) -> bool {
        may_be_asked(self.history, order, asked.payload)
    }

    /// The tenant whose `ok` was the first to name an order.
    pub(crate) fn acked_to(&self, order: OrderRef) -> Option<TenantRef> {
        let first = self.facts.first_told(self.history, order.index());
        first.map(|asked| asked.tenant)
    }

    /// The charge table of the audit, if it has one.
    pub(crate) fn charges(&self) -> Option<&'a [AuditCharge]> {
        self.history.audit.as_ref()?.charges.as_deref()
    }

    /// What a coupon takes off an order, if that is known.
    pub(crate) fn off(&self, coupon: CouponRef) -> Option<i64> {
        let coupons = self.history.audit.as_ref()?.coupons.as_ref()?;
        coupons.iter().find(|row| row.coupon == coupon)?.off
    }

    /// Whether the order in a row has a charge.
    pub(crate) fn is_paid(&self, row: usize) -> bool {
        let order = &order_rows(self.history)[row];
        self.facts.charge_of(order.id.index()).is_some()
    }

    /// The purchase that a charge is for.
    pub(crate) fn intent_of(&self, charge: &AuditCharge) -> Option<usize> {
        let order = charge.order.map(|order| order.index());
        let intent = charge.intent.map(|intent| intent.index());
        intent.or_else(|| order.and_then(|order| self.facts.orders[order].intent.get()))
    }

    /// The charge in a row.
    pub(crate) fn charge(&self, row: usize) -> &'a AuditCharge {
        &charge_rows(self.history)[row]
    }

    /// The stock table of the audit, if it has one.
    pub(crate) fn stock(&self) -> Option<&'a [AuditStock]> {
        stock_table(self.history)
    }

    /// The message table of the audit, if it has one.
    pub(crate) fn notifications(&self) -> Option<&'a [AuditNotification]> {
        self.history.audit.as_ref()?.notifications.as_deref()
    }

    /// Whether an order was there before the run.
    pub(crate) fn is_baseline(&self, order: &AuditOrder) -> bool {
        self.facts.orders[order.id.index()].is_baseline
    }

    /// The last attempt that asked for a payload.
    pub(crate) fn last_attempt_for(&self, payload: PayloadRef) -> Option<usize> {
        self.history.events.iter().rposition(
            |event| matches!(&event.what, What::Invoke(invoke) if invoke.payload == Some(payload)),
        )
    }

    /// When the audit was taken.
    pub(crate) fn audit_time(&self) -> u64 {
        self.history.audit.as_ref().map_or(0, |audit| audit.t)
    }

    /// When an event happened.
    pub(crate) fn time(&self, event: usize) -> u64 {
        self.history.events[event].t
    }

    /// What the attempt that ended with this event had asked for, and when, and what it was answered.
    pub(crate) fn attempt(&self, done: usize) -> Option<Attempt<'a>> {
        let begun = self.facts.links[done].partner.get()?;
        let (begin, end) = (&self.history.events[begun], &self.history.events[done]);
        let (What::Invoke(asked), What::Ok(said) | What::Fail(said) | What::Info(said)) =
            (&begin.what, &end.what)
        else {
            return None;
        };
        Some(Attempt {
            begun,
            asked,
            said,
            returned: end.t,
        })
    }
}

/// A request for an order that was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// The event of its invocation.
    pub(crate) begun: usize,
    /// What it asked for.
    pub(crate) asked: &'a Invoke,
    /// What it was answered.
    pub(crate) said: &'a Completion,
    /// When it was answered.
    pub(crate) returned: u64,
}
