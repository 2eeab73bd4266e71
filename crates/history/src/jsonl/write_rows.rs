//! The audit as a line.

use protocol::{ChargeState, OrderState};

use super::line::{Line, state};
use crate::History;
use crate::audit::{Audit, AuditCharge, AuditOrder};

impl Line<'_> {
    /// The audit, with what the run met.
    pub(super) fn audit(&mut self, history: &History, audit: &Audit) {
        self.kind("audit");
        self.number("t", audit.t);
        self.rows("orders", audit.orders.as_deref(), |line, row| {
            line.order(row);
            if audit.baseline.contains(&row.id) {
                line.bool("baseline", true);
            }
        });
        self.rows("charges", audit.charges.as_deref(), Self::charge);
        self.stock(audit);
        let names = self.names;
        self.rows(
            "notifications",
            audit.notifications.as_deref(),
            |line, row| {
                line.name("message", &names.messages, Some(row.message.index()));
                line.name("order", &names.orders, row.order.map(|o| o.index()));
                line.name("event", &names.codes, Some(row.event.index()));
                if let Some(t) = row.t {
                    line.number("t", t);
                }
            },
        );
        self.rows("keys", audit.keys.as_deref(), |line, row| {
            line.owned_key(row.key);
            line.string("state", state(row.state));
        });
        if let Some(coupons) = &audit.coupons {
            self.field("coupons");
            self.text.push('{');
            for row in coupons {
                self.field_of(&names.coupons.text(row.coupon.index()));
                self.number("limit", row.limit);
                self.optional("used", row.used.map(i128::from));
                if let Some(off) = row.off {
                    self.amount("off", off);
                }
                self.text.push('}');
            }
            self.text.push('}');
        }
        self.rest(audit);
        self.field("coverage");
        self.text.push('{');
        for (label, count) in history.coverage.iter().filter(|(_, count)| *count > 0) {
            self.number(label.name(), count);
        }
        self.text.push('}');
    }

    fn order(&mut self, row: &AuditOrder) {
        let names = self.names;
        self.name("id", &names.orders, Some(row.id.index()));
        self.key(row.tenant, row.key);
        self.name(
            "intent",
            &names.intents,
            row.intent.map(|intent| intent.index()),
        );
        let payload = row.payload.map(|payload| payload.index());
        self.name("payload", &names.payloads, payload);
        // The items of the payload are said here too, because it may not have been sent.
        let payload = row.payload;
        self.items(row.items.or_else(|| names.payload_items(payload?)));
        self.name("coupon", &names.coupons, row.coupon.map(|c| c.index()));
        self.name("cart", &names.carts, row.cart.map(|cart| cart.index()));
        let state = match row.state {
            OrderState::Pending => "pending",
            OrderState::Confirmed => "confirmed",
            OrderState::Cancelled => "cancelled",
        };
        self.string("state", state);
        if let Some(t) = row.t {
            self.number("t", t);
        }
    }

    fn charge(&mut self, row: &AuditCharge) {
        let names = self.names;
        self.name("id", &names.charges, Some(row.id.index()));
        self.name("order", &names.orders, row.order.map(|o| o.index()));
        self.name("intent", &names.intents, row.intent.map(|i| i.index()));
        let provider_key = row.provider_key.map(|key| key.index());
        self.name("provider_key", &names.provider_keys, provider_key);
        self.name(
            "tender",
            &names.tenders,
            row.tender.map(|tender| tender.index()),
        );
        self.amount("amount", row.amount);
        let state = match row.state {
            ChargeState::Authorized => "authorized",
            ChargeState::Captured => "captured",
            ChargeState::Refunded => "refunded",
            ChargeState::Voided => "voided",
            ChargeState::Declined => "declined",
        };
        self.string("state", state);
        self.optional("t", row.t);
    }

    /// The parts that few histories have.
    fn rest(&mut self, audit: &Audit) {
        let names = self.names;
        self.rows("refunds", audit.refunds.as_deref(), |line, row| {
            line.name("id", &names.refunds, Some(row.id.index()));
            line.name("charge", &names.charges, Some(row.charge.index()));
            line.name("key", &names.refund_keys, row.key.map(|key| key.index()));
            line.amount("amount", row.amount);
            line.optional("t", row.t);
        });
        self.rows("carts", audit.carts.as_deref(), |line, row| {
            line.name("cart", &names.carts, Some(row.cart.index()));
            line.name(
                "tenant",
                &names.tenants,
                row.tenant.map(|tenant| tenant.index()),
            );
            line.bool("cleared", row.is_cleared);
        });
        if let Some(sales) = &audit.sales {
            self.field("sales");
            self.text.push('{');
            for row in sales {
                self.field_of(&names.skus.text(row.sku.index()));
                self.number("sold", row.sold);
                self.text.push('}');
            }
            self.text.push('}');
        }
        self.rows(
            "inventory_log",
            audit.inventory_log.as_deref(),
            |line, row| {
                line.name("order", &names.orders, Some(row.order.index()));
                line.name("sku", &names.skus, Some(row.sku.index()));
                line.number("quantity", row.quantity);
            },
        );
        let recorded = audit.recorded_charges.as_deref();
        self.rows("recorded_charges", recorded, |line, row| {
            line.name("charge", &names.charges, Some(row.charge.index()));
            line.name("order", &names.orders, Some(row.order.index()));
            if let Some(amount) = row.amount {
                line.amount("amount", amount);
            }
        });
    }

    fn stock(&mut self, audit: &Audit) {
        let Some(rows) = &audit.stock else {
            return;
        };
        let names = self.names;
        self.field("stock");
        self.text.push('{');
        for row in rows {
            self.field_of(&names.skus.text(row.sku.index()));
            self.number("initial", row.initial);
            self.number("restocked", row.restocked);
            self.number("on_hand", row.on_hand);
            self.number("reserved", row.reserved);
            self.text.push('}');
        }
        self.text.push('}');
    }
}
