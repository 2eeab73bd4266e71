//! What a file means: defaults, orders and sums that are not written down in it.

use explore::Distribution;
use proptest::prelude::*;
use protocol::{Money, Problem};
use scenario::{Delay, InFlight, KeyPolicy, Plan, parse};

use crate::known::options;

/// A plan of the shortest file there is, with more at its end.
fn plan(more: &str) -> Plan {
    let text = format!(
        r#"
story = "dinner"
strategy = "no-dedup"
[load]
intents = 2
over = "1h"
[shop]
sku = [{{ name = "burger", price = 15.10, stock = 1 }}, {{ name = "fries", price = "5", stock = 1 }}]
basket = [{{ weight = 3, lines = {{ fries = 1, burger = 2 }} }}, {{ lines = {{ burger = 1 }} }}]
[[client]]
name = "app"
{more}
"#
    );
    match parse("a/b/dinner.toml", &text, &options(1.0)) {
        Ok(plan) => plan,
        Err(mistake) => panic!("{}", mistake.render()),
    }
}

#[test]
fn what_a_file_does_not_say_is_what_every_story_shares() {
    let plan = plan("");
    assert_eq!(plan.name, "dinner");
    assert_eq!(plan.contract.preset, None);
    assert_eq!(plan.contract.recovery_deadline_us, 120_000_000);
    assert_eq!(
        (plan.world.replicas, plan.world.clock_skew_us),
        (8, 250_000)
    );
    let latencies = &plan.world.latencies;
    let handler = Distribution::LogNormal {
        median: 300_000,
        sigma: 0.6,
    };
    assert_eq!(latencies.handler, Delay::of(handler));
    assert_eq!(
        (plan.world.gateway_timeout_us, plan.world.gateway_key_ttl_us),
        (5_000_000, 30 * 86_400_000_000)
    );
    assert_eq!(
        (latencies.record_read_us, latencies.database_us),
        (5_000, 250)
    );
    assert_eq!(latencies.webhook, None);
    assert_eq!(
        (plan.shop.tenants, plan.shop.users, plan.shop.guests),
        (1, None, 0.0)
    );
    let client = &plan.clients[0];
    assert_eq!((client.share, client.key), (1.0, KeyPolicy::None));
    assert_eq!(client.taps.len(), 1);
    assert_eq!(client.taps[0].after, Delay::constant(0));
}

#[test]
fn every_policy_of_a_contract_can_be_written() {
    let written = plan("");
    let unsaid = &written.contract;
    assert_eq!(
        (unsaid.in_flight, unsaid.mismatch, &unsaid.stored_errors),
        (None, None, &None)
    );
    for (text, in_flight) in [
        ("in-flight = \"409\"", InFlight::Conflict),
        ("in-flight = \"202\"", InFlight::Accepted),
        ("in-flight = \"wait\"", InFlight::Wait(10_000_000)),
        (
            "in-flight = \"wait\"\nwait-at-most = \"2s\"",
            InFlight::Wait(2_000_000),
        ),
    ] {
        let plan = plan(&format!("[contract]\n{text}"));
        assert_eq!(plan.contract.in_flight, Some(in_flight), "{text}");
    }
    for (lease, lease_us) in [("0s", 0), ("1us", 1), ("30s", 30_000_000)] {
        let plan = plan(&format!("[contract]\nlease = \"{lease}\""));
        assert_eq!(plan.contract.lease_us, Some(lease_us), "{lease}");
    }
    let contract = plan("[contract]\nmismatch = 409\nstored-errors = [\"out-of-stock\"]").contract;
    assert_eq!(contract.mismatch, Some(409));
    assert_eq!(contract.stored_errors, Some(vec![Problem::OutOfStock]));
}

#[test]
fn lines_keep_the_order_in_which_they_are_written() {
    let plan = plan("");
    assert_eq!(plan.shop.baskets[0].lines, [(1, 1), (0, 2)]);
    assert_eq!(plan.shop.baskets[0].weight, 0.75);
}

#[test]
fn a_basket_with_seats_is_one_basket_for_each_and_a_seat_is_a_coupon_with_a_limit_of_one() {
    let text = r#"
        story = "s"
        strategy = "no-dedup"
        [shop]
        seats = ["A1", "A2"]
        [[shop.coupon]]
        name = "C"
        limit = 30
        off = "2.50"
        [[shop.sku]]
        name = "ticket"
        price = 9
        stock = 1
        [[shop.basket]]
        lines = { ticket = 1 }
        coupon = "C"
        [[shop.basket]]
        weight = 3
        lines = { ticket = 1 }
        any-seat = ["A2", "A1"]
        [load]
        intents = 100
        over = "1s"
        [[client]]
        name = "web"
    "#;
    let shop = |scale| {
        parse("x.toml", text, &options(scale))
            .unwrap_or_else(|m| panic!("{}", m.render()))
            .shop
    };
    let limits = |scale| -> Vec<u32> {
        shop(scale)
            .coupons
            .iter()
            .map(|coupon| coupon.limit)
            .collect()
    };
    assert_eq!((limits(1.0), limits(0.05)), (vec![30, 1, 1], vec![2, 1, 1]));
    let off: Vec<Money> = shop(1.0).coupons.iter().map(|coupon| coupon.off).collect();
    assert_eq!(off, [Money(250), Money(0), Money(0)]);
    let baskets: Vec<(f64, Option<usize>)> = (shop(1.0).baskets.iter())
        .map(|basket| (basket.weight, basket.coupon))
        .collect();
    assert_eq!(
        baskets,
        [(0.25, Some(0)), (0.375, Some(2)), (0.375, Some(1))]
    );
}

#[test]
fn a_price_without_quotes_is_as_exact_as_one_with_them() {
    let prices: Vec<Money> = plan("").shop.skus.iter().map(|sku| sku.price).collect();
    assert_eq!(prices, [Money(1_510), Money(500)]);
}

#[test]
fn the_client_without_a_share_gets_the_rest() {
    let plan = plan("[[client]]\nname = \"other\"\nshare = \"3/4\"");
    let shares: Vec<f64> = plan.clients.iter().map(|client| client.share).collect();
    assert_eq!(shares, [0.25, 0.75]);
}

#[test]
fn backoff_doubles_up_to_its_cap_and_jitters_to_both_sides() {
    let plan = plan(
        r#"retry = { max = 4, on = ["reset"], backoff = { first = "1s", jitter = 0.5, cap = "3s" } }"#,
    );
    let waits = &plan.clients[0].retry.as_ref().expect("it retries").wait;
    let around = |low, high| Delay::of(Distribution::Uniform(low, high));
    assert_eq!(
        waits[..],
        [
            around(500_000, 1_500_000),
            around(1_000_000, 3_000_000),
            around(1_500_000, 4_500_000),
            around(1_500_000, 4_500_000),
        ]
    );
}

#[test]
fn a_fault_that_occurs_twice_is_numbered() {
    let fault = "[[fault]]\nlose-request = { chance = 0.1 }\n";
    let plan = plan(&fault.repeat(3));
    let names: Vec<&str> = plan
        .faults
        .iter()
        .map(|fault| fault.name.as_str())
        .collect();
    assert_eq!(names, ["lose-request", "lose-request-2", "lose-request-3"]);
}

#[test]
fn the_weights_of_a_mixture_need_not_add_up() {
    let plan = plan(
        r#"taps = [{ after = { mix = [{ weight = 3, constant = "1s" }, { weight = 1, constant = "2s" }] } }]"#,
    );
    assert_eq!(
        plan.clients[0].taps[0].after.parts,
        [
            (0.75, Distribution::Constant(1_000_000)),
            (0.25, Distribution::Constant(2_000_000)),
        ]
    );
}

proptest! {
    #[test]
    fn lengths_are_read_without_rounding(whole in 0..500_u64, thousandths in 0..1_000_u64) {
        let timeout = |unit: &str| plan(&format!("timeout = \"{}.{thousandths:03}{unit}\"", whole + 1)).clients[0].timeout_us;
        let thousand = (whole + 1) * 1_000 + thousandths;
        prop_assert_eq!(timeout("ms"), Some(thousand));
        prop_assert_eq!(timeout("s"), Some(thousand * 1_000));
        prop_assert_eq!(timeout("min"), Some(thousand * 60_000));
        prop_assert_eq!(timeout("h"), Some(thousand * 3_600_000));
    }
}
