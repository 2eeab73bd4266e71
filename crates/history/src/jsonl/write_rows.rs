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
                self.number("used", row.used);
                if let Some(off) = row.off {
                    self.number("off", off);
                }
                self.text.push('}');
            }
            self.text.push('}');
        }
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
        let payload = row.payload.map(|payload| payload.index());
        self.name("payload", &names.payloads, payload);
        // The items of the payload are said here too, because nobody may have sent it.
        let payload = row.payload;
        self.items(row.items.or_else(|| names.payload_items(payload?)));
        self.name("coupon", &names.coupons, row.coupon.map(|c| c.index()));
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
        if let Some(key) = row.provider_key {
            self.string("provider_key", &key.to_string());
        }
        self.number("amount", row.amount);
        let state = match row.state {
            ChargeState::Authorized => "authorized",
            ChargeState::Captured => "captured",
            ChargeState::Refunded => "refunded",
            ChargeState::Voided => "voided",
            ChargeState::Declined => "declined",
        };
        self.string("state", state);
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
