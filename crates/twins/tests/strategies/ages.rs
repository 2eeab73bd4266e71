//! How long a key is remembered, to the tick.

use super::*;

#[test]
fn a_key_is_forgotten_after_its_time_and_the_cart_still_has_its_one_order() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let answer = create(&world.replica(1), &request(Some("k"), 1, 2));
    world.pass(CONTRACT.ttl + CONTRACT.grace + Span(1));
    assert_eq!(
        create(&world.replica(1), &request(Some("k"), 1, 2)).order,
        answer.order,
        "expired, not yet deleted"
    );
    world.pass(CONTRACT.ttl + CONTRACT.grace + Span(1));
    recover(&world);
    assert!(world.rows().keys.is_empty());
    let other = create(&world.replica(1), &request(Some("k"), 2, 2));
    assert_eq!(
        (other.status, other.replayed),
        (201, false),
        "the key is new again"
    );
    world.audit();
}

#[test]
fn at_the_last_tick_of_its_time_and_grace_a_key_is_repeated_and_with_the_next_it_is_new() {
    let last = CONTRACT.ttl + CONTRACT.grace;
    let edges = [
        (Span(CONTRACT.ttl.0 - 1), true),
        (CONTRACT.ttl, true),
        (CONTRACT.ttl + Span(1), true),
        (Span(last.0 - 1), true),
        (last, true),
        (last + Span(1), false),
    ];
    for here in [true, false] {
        for (age, is_repeated) in edges {
            for is_reaped in [false, true] {
                let base = Base::with_stock(STOCK);
                let world = base.open();
                let first = world.replica(1);
                let answer = create(&first, &request(Some("k"), 1, 2));
                // The time counts from the answer.
                let expires_us = world.only_key().1.expires_at.0;
                world.pass_until(expires_us - CONTRACT.ttl.0, age);
                let second = world.replica(2);
                if is_reaped {
                    run(second.maintain(StrategyName::ClaimComplete, &CONTRACT));
                    assert_eq!(world.rows().keys.is_empty(), !is_repeated, "{age:?}");
                }
                let asker = if here { &first } else { &second };
                // Another cart: what is new again may buy it.
                let other = create(asker, &request(Some("k"), 2, 2)).status;
                assert_eq!(other, if is_repeated { 422 } else { 201 }, "{age:?}");
                if is_repeated {
                    let again = create(asker, &request(Some("k"), 1, 2));
                    assert_eq!(again, answer.replay(), "{age:?}");
                }
                world.audit();
            }
        }
    }
}

#[test]
fn a_claim_outlives_every_expiry_until_its_order_is_recovered() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let asked = request(Some("k"), 1, 2);
    world.script.stall_gateway(true);
    {
        let dead = world.replica(1);
        let mut first = dead.create(StrategyName::ClaimComplete, &CONTRACT, &asked);
        first.stalls();
    }
    world.script.stall_gateway(false);
    world.pass(CONTRACT.ttl + CONTRACT.grace + CONTRACT.lease + Span(1));
    // The reaper of another replica takes no claim away: the next request, or the completer, still finishes that order.
    for recovered_first in [true, false] {
        if recovered_first {
            run(world
                .replica(2)
                .maintain(StrategyName::ClaimComplete, &CONTRACT));
        }
        assert_eq!(create(&world.replica(3), &asked).status, 201);
        world.audit();
        assert_eq!(
            (world.orders(OrderState::Confirmed), world.captured()),
            (1, 1)
        );
    }
}
