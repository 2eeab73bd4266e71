//! Coupons and seats: so many orders may have one, and no more. A seat is a coupon with a limit of one.

use super::*;

/// Two requests on two replicas, one poll after another in turn.
fn race(world: &World, asked: [&OrderRequest; 2]) -> [Response; 2] {
    let replicas = [world.replica(1), world.replica(2)];
    let create = |i: usize| StrategyName::ClaimComplete.create(&replicas[i], &CONTRACT, asked[i]);
    let (mut first, mut second) = (pin!(create(0)), pin!(create(1)));
    let mut answers = [None; 2];
    for _ in 0..10_000 {
        if answers[0].is_none() {
            answers[0] = step(first.as_mut());
        }
        if answers[1].is_none() {
            answers[1] = step(second.as_mut());
        }
    }
    answers.map(|answer| answer.expect("it ends"))
}

fn captured_minor(world: &World) -> Vec<i64> {
    let db = world.db.borrow();
    db.charges
        .iter()
        .map(|charge| charge.amount.minor())
        .collect()
}

#[test]
fn a_coupon_takes_its_amount_off_what_every_strategy_charges_and_counts_once() {
    for strategy in StrategyName::ALL {
        let world = World::with_stock(STOCK).with_coupon("C", 2);
        let asked = with_coupon(request(Some("k"), 1, 2), "C");
        let answer = run(strategy.create(&world.replica(1), &CONTRACT, &asked));
        assert_eq!(answer.status, 201, "{strategy}");
        let total = answer.order.expect("taken").total;
        assert_eq!((total, world.used("C")), (Money(875), 1), "{strategy}");
        assert_eq!(captured_minor(&world), [875], "{strategy}");
    }
}

#[test]
fn a_coupon_that_is_used_up_is_refused_by_every_strategy_before_anything_is_charged() {
    for strategy in StrategyName::ALL {
        let world = World::with_stock(STOCK).with_coupon("C", 0);
        let asked = with_coupon(request(Some("k"), 1, 2), "C");
        let answer = run(strategy.create(&world.replica(1), &CONTRACT, &asked));
        assert_eq!(
            refused(answer),
            (422, Some(Problem::CouponUsed)),
            "{strategy}"
        );
        assert!(world.ledger.borrow().is_empty(), "{strategy}");
        assert_eq!(world.used("C"), 0, "{strategy}");
        assert!(
            world
                .db
                .borrow()
                .stock
                .values()
                .all(|columns| *columns == [STOCK, 0, 0]),
            "{strategy}"
        );
    }
}

#[test]
fn two_people_want_the_last_one_and_whoever_only_validates_sells_it_twice() {
    for (strategy, used) in [
        (StrategyName::NoDedup, 2),
        (StrategyName::UniqueKey, 2),
        (StrategyName::DebounceWindow, 2),
        (StrategyName::ResponseSnapshot, 2),
        (StrategyName::FingerprintAtomic, 2),
        (StrategyName::ClaimComplete, 1),
    ] {
        let world = World::with_stock(STOCK).with_coupon("A1", 1);
        let one = with_coupon(request(Some("one"), 1, 1), "A1");
        let other = OrderRequest {
            customer: Customer::User(UserId(2)),
            ..with_coupon(request(Some("other"), 2, 1), "A1")
        };
        // Both have validated, and wait for the gateway, if they come as far as that.
        world.gateway_stalled.set(true);
        let replicas = [world.replica(1), world.replica(2)];
        let mut first = pin!(strategy.create(&replicas[0], &CONTRACT, &one));
        let mut second = pin!(strategy.create(&replicas[1], &CONTRACT, &other));
        let mut early = None;
        for _ in 0..100 {
            assert_eq!(step(first.as_mut()), None);
            early = if early.is_none() {
                step(second.as_mut())
            } else {
                early
            };
        }
        world.gateway_stalled.set(false);
        assert_eq!(run(first).status, 201, "{strategy}");
        let second = early.unwrap_or_else(|| run(second));
        assert_eq!(world.used("A1"), used, "{strategy}");
        assert_eq!(
            world.orders(OrderState::Confirmed) as u64,
            used,
            "{strategy}"
        );
        if used == 1 {
            assert_eq!(refused(second), (422, Some(Problem::CouponUsed)));
            world.audit(STOCK);
        }
    }
}

#[test]
fn a_double_click_uses_a_coupon_once_and_the_twin_keeps_it() {
    let world = World::with_stock(STOCK).with_coupon("A1", 1);
    let asked = with_coupon(request(Some("k"), 1, 1), "A1");
    let answers = race(&world, [&asked, &asked]);
    let statuses = answers.map(|answer| answer.status);
    assert!(
        statuses.contains(&201) && !statuses.contains(&422),
        "{statuses:?}"
    );
    assert_eq!(
        create(&world.replica(3), &asked).status,
        201,
        "its own order again"
    );
    world.audit(STOCK);
    assert_eq!(world.used("A1"), 1);
}

#[test]
fn a_declined_order_gives_its_coupon_back() {
    let world = World::with_stock(STOCK).with_coupon("C", 1);
    world.replies.borrow_mut().push_back(Reply::Declined);
    let asked = with_coupon(request(Some("k"), 1, 2), "C");
    assert_eq!(create(&world.replica(1), &asked).status, 402);
    assert_eq!(world.used("C"), 0);
    world.audit(STOCK);
    let next = with_coupon(request(Some("l"), 2, 2), "C");
    assert_eq!(create(&world.replica(1), &next).status, 201);
    world.audit(STOCK);
}

#[test]
fn an_owner_that_died_holds_its_coupon_until_the_completer_ends_its_order() {
    for (reply, used) in [(None, 1), (Some(Reply::Declined), 0)] {
        let world = World::with_stock(STOCK).with_coupon("C", 1);
        world.gateway_stalled.set(true);
        let asked = with_coupon(request(Some("k"), 1, 2), "C");
        {
            let replica = world.replica(1);
            let mut dies = pin!(StrategyName::ClaimComplete.create(&replica, &CONTRACT, &asked));
            for _ in 0..100 {
                assert!(step(dies.as_mut()).is_none(), "the gateway does not answer");
            }
        }
        assert_eq!(world.used("C"), 1, "it is held");
        let other = with_coupon(request(Some("l"), 2, 2), "C");
        assert_eq!(
            refused(create(&world.replica(2), &other)),
            (422, Some(Problem::CouponUsed))
        );
        world.gateway_stalled.set(false);
        world.replies.borrow_mut().extend(reply);
        recover(&world);
        assert_eq!(world.used("C"), used);
        world.audit(STOCK);
    }
}

#[test]
fn a_used_up_coupon_is_remembered_only_if_the_contract_says_so() {
    for (contract, stored) in [(CONTRACT, true), (Contract::CHECKOUT_COM, false)] {
        let world = World::with_stock(STOCK).with_coupon("C", 0);
        let asked = with_coupon(request(Some("k"), 1, 2), "C");
        let first = create_under(&contract, &world.replica(1), &asked);
        assert_eq!(refused(first), (422, Some(Problem::CouponUsed)));
        world.db.borrow_mut().coupons.insert("C".into(), [1, 0]);
        let again = create_under(&contract, &world.replica(2), &asked);
        let expected = if stored { (422, true) } else { (201, false) };
        assert_eq!((again.status, again.replayed), expected);
        world.audit(STOCK);
    }
}
