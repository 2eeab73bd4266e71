//! Rows, wherever they stand: in the audit's line or in lines of their own. Whose a row is, is said when all lines are read (`finish`).

use compact_str::CompactString;
use protocol::{ChargeState, OrderState};

use super::events::state;
use super::mistake::{Complaint, complain};
use super::parts::Head;
use super::raw_rows as raw;
use super::reader::Reader;
use super::scalar::{ChargeWord, OrderWord, Text};
use crate::audit::{
    AuditCart, AuditCharge, AuditCoupon, AuditKey, AuditMove, AuditNotification, AuditOrder,
    AuditRecordedCharge, AuditRefund, AuditSale, AuditStock,
};
use crate::coverage::Label;
use crate::names::{SkuRef, TenantRef};

impl Reader {
    /// Takes the audit's line.
    pub(super) fn audit(&mut self, raw: raw::Audit<'_>) -> Result<(), Complaint> {
        self.ignore("audit", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        self.rows.see_parts(&raw);
        self.cover(&raw);
        self.rows.audit = Some(Head {
            line: self.number,
            t,
            complete: raw.complete.unwrap_or_default(),
        });
        let orders = raw.orders.unwrap_or_default();
        self.rows.orders.rows.reserve(orders.len());
        self.rows.orders.lines.reserve(orders.len());
        within("orders", orders, |row| self.order(row))?;
        let charges = raw.charges.unwrap_or_default();
        self.rows.charges.rows.reserve(charges.len());
        self.rows.charges.lines.reserve(charges.len());
        within("charges", charges, |row| self.charge(row))?;
        within("refunds", raw.refunds.unwrap_or_default(), |row| {
            self.refund(row)
        })?;
        let stock = raw.stock.map_or(Vec::new(), |pairs| pairs.0);
        within("stock", stock, |(sku, row)| self.stock(&sku, &row))?;
        within(
            "notifications",
            raw.notifications.unwrap_or_default(),
            |row| self.message(row),
        )?;
        within("keys", raw.keys.unwrap_or_default(), |row| {
            self.key_row(row)
        })?;
        let coupons = raw.coupons.map_or(Vec::new(), |pairs| pairs.0);
        within("coupons", coupons, |(coupon, row)| {
            self.coupon(&coupon, row)
        })?;
        within("carts", raw.carts.unwrap_or_default(), |row| self.cart(row))?;
        let sales = raw.sales.map_or(Vec::new(), |pairs| pairs.0);
        within("sales", sales, |(sku, row)| self.sale(&sku, &row))?;
        within(
            "inventory_log",
            raw.inventory_log.unwrap_or_default(),
            |row| self.inventory_move(row),
        )?;
        within(
            "recorded_charges",
            raw.recorded_charges.unwrap_or_default(),
            |row| self.recorded_charge(row),
        )?;
        Ok(())
    }

    /// What the recorder counted.
    fn cover(&mut self, raw: &raw::Audit<'_>) {
        // Labels that we do not know are another program's; a contract that requires one is told that it was not counted.
        for (label, count) in raw.coverage.iter().flat_map(|pairs| &pairs.0) {
            if let Some(label) = Label::from_name(&label.0) {
                let room = u64::MAX - self.history.coverage.count(label);
                self.history.coverage.add(label, (*count).min(room));
            }
        }
    }

    fn line_number(&self) -> u32 {
        u32::try_from(self.number).unwrap_or(u32::MAX)
    }

    /// The tenant of a row, if it says so.
    fn row_tenant(&mut self, tenant: Option<&Text<'_>>) -> Result<Option<TenantRef>, Complaint> {
        tenant.map(|tenant| self.tenant(Some(tenant))).transpose()
    }

    pub(super) fn order(&mut self, raw: raw::Order<'_>) -> Result<(), Complaint> {
        self.ignore("order", &raw.unknown);
        let tenant = self.row_tenant(raw.tenant.as_ref())?;
        let key = match (tenant, &raw.key) {
            (Some(tenant), Some(key)) => Some(self.key(tenant, key)),
            (None, Some(key)) => {
                let row = self.rows.orders.rows.len();
                self.rows
                    .keys_of_orders
                    .push((row, CompactString::new(&key.0)));
                None
            }
            (_, None) => None,
        };
        self.note_items(raw.items.as_deref());
        let items = raw.items.as_ref().map(|items| self.basket(items));
        let payload = raw
            .payload
            .as_ref()
            .map(|payload| self.content(&payload.0, None));
        let t = raw.t.as_ref().map(|t| self.time("t", t)).transpose()?;
        let names = &mut self.history.names;
        let id = names.orders.intern(&raw.id.0);
        if raw.baseline == Some(true) {
            self.rows.baseline.push(id);
        }
        let order = AuditOrder {
            id,
            tenant,
            key,
            intent: raw.intent.map(|intent| names.intents.intern(&intent.0)),
            payload,
            items,
            coupon: raw.coupon.map(|coupon| names.coupons.intern(&coupon.0)),
            cart: raw.cart.map(|cart| names.carts.intern(&cart.0)),
            state: match raw.state {
                OrderWord::Pending => OrderState::Pending,
                OrderWord::Confirmed => OrderState::Confirmed,
                OrderWord::Cancelled => OrderState::Cancelled,
            },
            t,
        };
        let line = self.line_number();
        self.rows.orders.rows.push(order);
        self.rows.orders.lines.push(line);
        Ok(())
    }

    pub(super) fn charge(&mut self, raw: raw::Charge<'_>) -> Result<(), Complaint> {
        self.ignore("charge", &raw.unknown);
        let amount = self.amount("amount", &raw.amount)?;
        let t = raw.t.as_ref().map(|t| self.time("t", t)).transpose()?;
        let line = self.line_number();
        let names = &mut self.history.names;
        self.rows.charges.rows.push(AuditCharge {
            id: names.charges.intern(&raw.id.0),
            order: raw.order.map(|order| names.orders.intern(&order.0)),
            intent: raw.intent.map(|intent| names.intents.intern(&intent.0)),
            provider_key: raw
                .provider_key
                .map(|key| names.provider_keys.intern(&key.0)),
            tender: raw.tender.map(|tender| names.tenders.intern(&tender.0)),
            state: match raw.state {
                ChargeWord::Authorized => ChargeState::Authorized,
                ChargeWord::Captured => ChargeState::Captured,
                ChargeWord::Refunded => ChargeState::Refunded,
                ChargeWord::Voided => ChargeState::Voided,
                ChargeWord::Declined => ChargeState::Declined,
            },
            amount,
            t,
        });
        self.rows.charges.lines.push(line);
        Ok(())
    }

    pub(super) fn refund(&mut self, raw: raw::Refund<'_>) -> Result<(), Complaint> {
        self.ignore("refund", &raw.unknown);
        let amount = self.amount("amount", &raw.amount)?;
        let t = raw.t.as_ref().map(|t| self.time("t", t)).transpose()?;
        let line = self.line_number();
        let names = &mut self.history.names;
        self.rows.refunds.rows.push(AuditRefund {
            id: names.refunds.intern(&raw.id.0),
            charge: names.charges.intern(&raw.charge.0),
            key: raw.key.map(|key| names.refund_keys.intern(&key.0)),
            amount,
            t,
        });
        self.rows.refunds.lines.push(line);
        Ok(())
    }

    pub(super) fn stock_line(&mut self, raw: raw::Stock<'_>) -> Result<(), Complaint> {
        let Some(sku) = &raw.sku else {
            return Err(complain(
                "kind",
                "`sku` is missing: a line of stock says what of",
            ));
        };
        self.stock(sku, &raw)
    }

    fn stock(&mut self, name: &Text<'_>, raw: &raw::Stock<'_>) -> Result<(), Complaint> {
        self.ignore("stock", &raw.unknown);
        let sku: SkuRef = self.history.names.skus.intern(&name.0);
        if !self.rows.skus_in_stock.insert(sku) {
            return Err(twice("sku", name));
        }
        let promised = &self.history.contract.stock;
        let promised = promised.iter().find(|(other, _)| *other == sku);
        let Some(initial) = raw.initial.or(promised.map(|(_, units)| *units)) else {
            return Err(complain(
                "sku",
                format!(
                    "`initial` of {:?} is missing, and the contract's `stock` does not have it",
                    name.0
                ),
            ));
        };
        let line = self.line_number();
        self.rows.stock.rows.push(AuditStock {
            sku,
            initial,
            restocked: raw.restocked.unwrap_or(0),
            on_hand: raw.on_hand,
            reserved: raw.reserved.unwrap_or(0),
        });
        self.rows.stock.lines.push(line);
        Ok(())
    }

    pub(super) fn message(&mut self, raw: raw::Message<'_>) -> Result<(), Complaint> {
        self.ignore("message", &raw.unknown);
        let t = raw.t.as_ref().map(|t| self.time("t", t)).transpose()?;
        let names = &mut self.history.names;
        self.rows.notifications.rows.push(AuditNotification {
            message: names.messages.intern(&raw.message.0),
            order: raw.order.map(|order| names.orders.intern(&order.0)),
            event: names.codes.intern(&raw.event.0),
            t,
        });
        Ok(())
    }

    pub(super) fn key_row(&mut self, raw: raw::KeyRow<'_>) -> Result<(), Complaint> {
        self.ignore("key", &raw.unknown);
        let state = state(raw.state);
        match self.row_tenant(raw.tenant.as_ref())? {
            Some(tenant) => {
                let key = self.key(tenant, &raw.key);
                self.rows.keys.rows.push(AuditKey { key, state });
            }
            None => {
                let line = self.number;
                self.rows
                    .keys_of_records
                    .push((line, CompactString::new(&raw.key.0), state));
            }
        }
        Ok(())
    }

    pub(super) fn coupon_line(&mut self, mut raw: raw::Coupon<'_>) -> Result<(), Complaint> {
        let Some(coupon) = raw.coupon.take() else {
            return Err(complain(
                "kind",
                "`coupon` is missing: a line of a coupon says which",
            ));
        };
        self.coupon(&coupon, raw)
    }

    fn coupon(&mut self, name: &Text<'_>, raw: raw::Coupon<'_>) -> Result<(), Complaint> {
        self.ignore("coupon", &raw.unknown);
        let off = raw.off.map(|off| self.amount("off", &off)).transpose()?;
        let coupon = self.history.names.coupons.intern(&name.0);
        if !self.rows.coupons_seen.insert(coupon) {
            return Err(twice("coupon", name));
        }
        self.rows.coupons.rows.push(AuditCoupon {
            coupon,
            limit: raw.limit,
            used: raw.used,
            off,
        });
        Ok(())
    }

    pub(super) fn cart(&mut self, raw: raw::Cart<'_>) -> Result<(), Complaint> {
        self.ignore("cart", &raw.unknown);
        let tenant = self.row_tenant(raw.tenant.as_ref())?;
        self.rows.carts.rows.push(AuditCart {
            cart: self.history.names.carts.intern(&raw.cart.0),
            tenant,
            is_cleared: raw.cleared,
        });
        Ok(())
    }

    pub(super) fn sale_line(&mut self, mut raw: raw::Sale<'_>) -> Result<(), Complaint> {
        let Some(sku) = raw.sku.take() else {
            return Err(complain(
                "kind",
                "`sku` is missing: a line of a sales counter says what of",
            ));
        };
        self.sale(&sku, &raw)
    }

    fn sale(&mut self, name: &Text<'_>, raw: &raw::Sale<'_>) -> Result<(), Complaint> {
        self.ignore("sale", &raw.unknown);
        let sku = self.history.names.skus.intern(&name.0);
        if !self.rows.skus_sold.insert(sku) {
            return Err(twice("sku", name));
        }
        self.rows.sales.rows.push(AuditSale {
            sku,
            sold: raw.sold,
        });
        Ok(())
    }

    pub(super) fn inventory_move(&mut self, raw: raw::Move<'_>) -> Result<(), Complaint> {
        self.ignore("inventory_log", &raw.unknown);
        let names = &mut self.history.names;
        self.rows.moves.rows.push(AuditMove {
            order: names.orders.intern(&raw.order.0),
            sku: names.skus.intern(&raw.sku.0),
            quantity: raw.quantity,
        });
        Ok(())
    }

    pub(super) fn recorded_charge(
        &mut self,
        raw: raw::RecordedCharge<'_>,
    ) -> Result<(), Complaint> {
        self.ignore("recorded_charge", &raw.unknown);
        let amount = raw
            .amount
            .map(|amount| self.amount("amount", &amount))
            .transpose()?;
        let names = &mut self.history.names;
        self.rows.recorded.rows.push(AuditRecordedCharge {
            charge: names.charges.intern(&raw.charge.0),
            order: names.orders.intern(&raw.order.0),
            amount,
        });
        Ok(())
    }
}

/// Takes the rows of a part that stands in the audit's line: what is wrong with one is said of the part.
fn within<T>(
    part: &'static str,
    rows: Vec<T>,
    mut take: impl FnMut(T) -> Result<(), Complaint>,
) -> Result<(), Complaint> {
    for (place, row) in rows.into_iter().enumerate() {
        take(row).map_err(|complaint| {
            complain(part, format!("`{part}[{place}]`: {}", complaint.message))
        })?;
    }
    Ok(())
}

/// Something has two rows that may contradict each other.
fn twice(field: &'static str, name: &Text<'_>) -> Complaint {
    complain(field, format!("{:?} is there twice", name.0))
}
