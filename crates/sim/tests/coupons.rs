//! Coupons in a world where things go wrong: what the rows of the end say, and what the history calls them.

use std::collections::BTreeMap;

use history::{Audit, Label};
use protocol::OrderState;

use super::story::{CLIENTS, ended, go, met, plan};

/// One coupon in each of fifty shops.
const COUPONS: &str = r#"
[[shop.coupon]]
name = "C"
limit = 1
off = "2.50"

[[shop.basket]]
weight = 6
lines = { burger = 1 }
coupon = "C"
"#;

const TROUBLE: &str = r#"
[[fault]]
decline-charge = { chance = 0.3 }
[[fault]]
lose-response = { chance = 0.2, reset = 0.5 }
[[fault]]
lose-commit-ack = { chance = 0.02 }
[[fault]]
lose-connection = { chance = 0.005 }
[[fault]]
gateway-timeout-after = { chance = 0.05 }
[[fault]]
crash-replica = { chance = 0.005, down-for = "5s" }
"#;

/// How many orders in this state have each coupon.
fn with_coupon(audit: &Audit, live: bool) -> BTreeMap<usize, u64> {
    let mut counts = BTreeMap::new();
    for order in audit.orders.iter().flatten() {
        if let Some(coupon) = order.coupon
            && (order.state != OrderState::Cancelled) == live
        {
            *counts.entry(coupon.index()).or_default() += 1;
        }
    }
    counts
}

#[test]
fn the_reference_counts_a_coupon_for_every_live_order_that_has_it_whatever_goes_wrong() {
    let plan = plan(&format!("{COUPONS}{CLIENTS}{TROUBLE}"));
    for seed in 0..20 {
        let history = go(&plan, "claim-complete", seed).history;
        let audit = history.audit.as_ref().expect("it was taken");
        let live = with_coupon(audit, true);
        let rows = audit.coupons.as_ref().expect("there are coupons");
        assert_eq!(rows.len(), 50, "every shop has its own");
        for row in rows {
            let orders = live.get(&row.coupon.index()).copied().unwrap_or(0);
            assert_eq!(
                (row.used, row.limit, row.off),
                (Some(orders), 1, Some(250)),
                "seed {seed}"
            );
            assert!(orders <= 1, "seed {seed}");
        }
        let given_back: u64 = with_coupon(audit, false).values().sum();
        assert!(given_back > 5 && met(&history, Label::CouponGivenBack) >= given_back);
        assert_eq!(
            met(&history, Label::CouponUsed),
            ended(&history, "coupon_used")
        );
        assert!(ended(&history, "coupon_used") > 20);
    }
}

#[test]
fn whoever_validates_and_then_increments_uses_a_coupon_too_often() {
    let plan = plan(&format!("{COUPONS}{CLIENTS}"));
    let history = go(&plan, "no-dedup", 1).history;
    let audit = history.audit.as_ref().expect("it was taken");
    let live = with_coupon(audit, true);
    let over = |row: &&history::AuditCoupon| row.used > Some(row.limit);
    let rows = audit.coupons.as_ref().expect("there are coupons");
    assert!(rows.iter().filter(over).count() > 0);
    for row in rows {
        let orders = live.get(&row.coupon.index()).copied().unwrap_or(0);
        assert_eq!(
            row.used,
            Some(orders),
            "every order is counted, one at a time"
        );
    }
}

#[test]
fn a_request_names_its_coupon_and_a_shop_without_any_says_nothing_of_them() {
    let plain = plan(CLIENTS);
    let history = go(&plain, "claim-complete", 1).history;
    assert_eq!(history.audit.expect("it was taken").coupons, None);
    assert!(history.names.coupons.is_empty());
    let plan = plan(&format!("{COUPONS}{CLIENTS}"));
    let history = go(&plan, "claim-complete", 1).history;
    let (with, without): (Vec<_>, Vec<_>) = super::story::attempts(&history)
        .into_iter()
        .partition(|told| told.asked.coupon.is_some());
    assert!(with.len() > 100 && without.len() > 20);
    for told in with {
        let coupon = told.asked.coupon.expect("it has one");
        let name = history.names.coupons.text(coupon.index()).into_owned();
        let shop = told.asked.tenant;
        let tenant = history.names.tenants.text(shop.index()).into_owned();
        assert_eq!(name, format!("{tenant}/C"));
    }
}
