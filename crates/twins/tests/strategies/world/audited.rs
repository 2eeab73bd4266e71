//! What must hold when nothing is under way.

use orders::{KeyState, OrderRow};
use protocol::{Coupon, OrderState};

use super::{SHOP, World};

impl World<'_> {
    /// What must hold when nothing is under way: every confirmed order is charged, once, and nothing else is; stock adds up.
    pub fn audit(&self) {
        self.audit_of(self.on_hand);
    }

    /// The same where the shelves were filled meanwhile.
    pub fn audit_of(&self, on_hand: i64) {
        let rows = self.rows();
        let confirmed = rows.orders_in(OrderState::Confirmed);
        assert_eq!(
            rows.orders_in(OrderState::Pending),
            0,
            "nothing is left half done: {rows:#?}"
        );
        assert_eq!(
            rows.captured(),
            confirmed,
            "money for orders, orders for money"
        );
        assert_eq!(rows.charges.len(), confirmed, "every charge is recorded");
        assert_eq!(rows.notifications.len(), confirmed, "everyone is told once");
        let live = || {
            rows.orders
                .iter()
                .filter(|row| row.state == OrderState::Confirmed)
        };
        for sku in ["A", "B"] {
            let lines = live().flat_map(|row: &OrderRow| &row.new.content.lines);
            let sold = lines
                .filter(|line| line.sku.0 == sku)
                .map(|line| i64::from(line.quantity));
            let [left, reserved] = rows.shelf(SHOP, sku).expect("there is a shelf");
            assert_eq!(
                (left + sold.sum::<i64>(), reserved),
                (on_hand, 0),
                "stock of {sku}"
            );
        }
        for (tenant, code, used) in &rows.coupons {
            let has = |row: &&OrderRow| {
                let coupon: Option<&Coupon> = row.new.content.coupon.as_ref();
                row.new.tenant == *tenant && coupon.is_some_and(|coupon| coupon.code == *code)
            };
            assert_eq!(
                *used,
                live().filter(has).count() as i64,
                "{code} is used by the orders that have it"
            );
        }
        let stuck = rows
            .keys
            .iter()
            .any(|(_, record)| record.state == KeyState::Claimed);
        assert!(!stuck, "no claim is stuck");
    }
}
