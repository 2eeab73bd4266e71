//! The audit line to rows.

use std::collections::BTreeSet;

use super::raw;
use super::read::Reader;
use super::text::Text;
use crate::audit::{
    Audit, AuditCharge, AuditCoupon, AuditKey, AuditNotification, AuditOrder, AuditStock,
};
use crate::coverage::Label;
use crate::names::{OrderRef, Symbols, TenantRef};

impl Reader {
    /// Takes the audit. An error is a message for its line.
    pub(super) fn audit(&mut self, raw: raw::Audit<'_>) -> Result<(), String> {
        let mut baseline = Vec::new();
        let orders = raw.orders.map(|rows| self.orders(rows, &mut baseline));
        let audit = Audit {
            t: raw.t,
            orders: orders.transpose()?,
            baseline,
            charges: raw.charges.map(|rows| self.charges(rows)),
            stock: raw.stock.map(|rows| self.stock(rows.0)).transpose()?,
            notifications: raw.notifications.map(|rows| self.notifications(rows)),
            keys: raw.keys.map(|rows| self.keys(rows)).transpose()?,
            coupons: raw.coupons.map(|rows| self.coupons(rows.0)).transpose()?,
        };
        // Labels that we do not know are somebody else's; whoever requires one gets told that nobody counts it.
        for (label, count) in raw.coverage.map_or(Vec::new(), |pairs| pairs.0) {
            if let Some(label) = Label::from_name(&label.0) {
                let room = u64::MAX - self.history.coverage.count(label);
                self.history.coverage.add(label, count.min(room));
            }
        }
        self.history.audit = Some(audit);
        Ok(())
    }

    fn orders(
        &mut self,
        rows: Vec<raw::Order<'_>>,
        baseline: &mut Vec<OrderRef>,
    ) -> Result<Vec<AuditOrder>, String> {
        let mut orders = Vec::with_capacity(rows.len());
        for row in rows {
            let tenant = self.row_tenant(row.tenant.as_ref())?;
            // A key without a tenant is nobody's, unless there is only one tenant.
            let key = tenant
                .zip(row.key.as_ref())
                .map(|(tenant, key)| self.key(tenant, key));
            let items = row.items.as_ref().map(|items| self.basket(items));
            let payload = self.row_payload(row.payload.as_ref(), items);
            let names = &mut self.history.names;
            let id = names.orders.intern(&row.id.0);
            if row.baseline {
                baseline.push(id);
            }
            orders.push(AuditOrder {
                id,
                tenant,
                key,
                payload,
                items,
                coupon: row.coupon.map(|coupon| names.coupons.intern(&coupon.0)),
                state: row.state,
                t: row.t,
            });
        }
        Ok(orders)
    }

    /// The tenant of a row: the one it names, else the only one there is.
    fn row_tenant(&mut self, tenant: Option<&Text<'_>>) -> Result<Option<TenantRef>, String> {
        match tenant {
            Some(_) => self.tenant(tenant).map(Some),
            None if self.history.names.tenants.len() == 1 => Ok(Some(TenantRef::new(0))),
            None => Ok(None),
        }
    }

    fn charges(&mut self, rows: Vec<raw::Charge<'_>>) -> Vec<AuditCharge> {
        let names = &mut self.history.names;
        // Provider keys have numbers but no names, because nobody else refers to them.
        let mut provider_keys = Symbols::default();
        let charges = rows.into_iter().map(|row| AuditCharge {
            id: names.charges.intern(&row.id.0),
            order: row.order.map(|order| names.orders.intern(&order.0)),
            intent: row.intent.map(|intent| names.intents.intern(&intent.0)),
            provider_key: row.provider_key.map(|key| {
                let key: crate::names::ChargeRef = provider_keys.intern(&key.0);
                u32::try_from(key.index()).expect("references are below 2^32")
            }),
            state: row.state,
            amount: row.amount,
        });
        charges.collect()
    }

    fn stock(&mut self, rows: Vec<(Text<'_>, raw::Stock)>) -> Result<Vec<AuditStock>, String> {
        let mut stock: Vec<AuditStock> = Vec::with_capacity(rows.len());
        let mut seen = BTreeSet::new();
        for (name, row) in rows {
            let sku = self.history.names.skus.intern(&name.0);
            if !seen.insert(sku) {
                return Err(twice(&name));
            }
            let promised = &self.history.contract.stock;
            let promised = || promised.iter().find(|(other, _)| *other == sku);
            let initial = row.initial.or_else(|| Some(promised()?.1));
            let initial = initial.ok_or_else(|| {
                format!("nobody says how much of {:?} there was at first", name.0)
            })?;
            stock.push(AuditStock {
                sku,
                initial,
                restocked: row.restocked,
                on_hand: row.on_hand,
                reserved: row.reserved,
            });
        }
        Ok(stock)
    }

    fn notifications(&mut self, rows: Vec<raw::Notification<'_>>) -> Vec<AuditNotification> {
        let names = &mut self.history.names;
        let notifications = rows.into_iter().map(|row| AuditNotification {
            message: names.messages.intern(&row.message.0),
            order: row.order.map(|order| names.orders.intern(&order.0)),
            event: names.codes.intern(&row.event.0),
            t: row.t,
        });
        notifications.collect()
    }

    fn keys(&mut self, rows: Vec<raw::Key<'_>>) -> Result<Vec<AuditKey>, String> {
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let tenant = match self.row_tenant(row.tenant.as_ref())? {
                Some(tenant) => tenant,
                None => self.tenant(None)?,
            };
            keys.push(AuditKey {
                key: self.key(tenant, &row.key),
                state: row.state.into(),
            });
        }
        Ok(keys)
    }

    fn coupons(&mut self, rows: Vec<(Text<'_>, raw::Coupon)>) -> Result<Vec<AuditCoupon>, String> {
        let mut coupons: Vec<AuditCoupon> = Vec::with_capacity(rows.len());
        let mut seen = BTreeSet::new();
        for (name, row) in rows {
            let coupon = self.history.names.coupons.intern(&name.0);
            if !seen.insert(coupon) {
                return Err(twice(&name));
            }
            coupons.push(AuditCoupon {
                coupon,
                limit: row.limit,
                used: row.used,
                off: row.off,
            });
        }
        Ok(coupons)
    }
}

/// Something has two rows, and nobody knows which of them is right.
fn twice(name: &Text<'_>) -> String {
    format!("{:?} is there twice", name.0)
}
