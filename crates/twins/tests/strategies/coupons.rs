//! Coupons and seats: so many orders may have one, and no more. A seat is a coupon with a limit of one.

use twins::Statement;

use super::*;

fn captured_minor(world: &World<'_>) -> Vec<i64> {
    let charges = world.rows().charges;
    charges.iter().map(|charge| charge.amount.minor()).collect()
}

#[test]
fn a_coupon_takes_its_amount_off_what_every_strategy_charges_and_counts_once() {
    for &strategy in StrategyName::ALL {
        let base = Base::with_coupons(STOCK, &[("C", 2)]);
        let world = base.open();
        let asked = with_coupon(request(Some("k"), 1, 2), "C");
        let answer = run(world.replica(1).create(strategy, &CONTRACT, &asked));
        assert_eq!(answer.status, 201, "{strategy}");
        let total = answer.order.expect("taken").total;
        assert_eq!((total, world.used("C")), (Money(875), 1), "{strategy}");
        assert_eq!(captured_minor(&world), [875], "{strategy}");
    }
}

#[test]
fn a_coupon_that_is_used_up_is_refused_by_every_strategy_before_anything_is_charged() {
    for &strategy in StrategyName::ALL {
        let base = Base::with_coupons(STOCK, &[("C", 0)]);
        let world = base.open();
        let asked = with_coupon(request(Some("k"), 1, 2), "C");
        let answer = run(world.replica(1).create(strategy, &CONTRACT, &asked));
        assert_eq!(
            refused(answer),
            (422, Some(Problem::CouponUsed)),
            "{strategy}"
        );
        assert!(world.rows().ledger.is_empty(), "{strategy}");
        assert_eq!(world.used("C"), 0, "{strategy}");
        let shelf = world.rows().shelf(world::SHOP, "A");
        assert_eq!(shelf, Some([STOCK.into(), 0]), "{strategy}");
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
        let base = Base::with_coupons(STOCK, &[("A1", 1)]);
        let world = base.open();
        let one = with_coupon(request(Some("one"), 1, 1), "A1");
        let other = OrderRequest {
            customer: Customer::User(UserId(2)),
            ..with_coupon(request(Some("other"), 2, 1), "A1")
        };
        // Both have validated, and wait for the gateway, if they come as far as that.
        world.script.stall_gateway(true);
        let replicas = [world.replica(1), world.replica(2)];
        let mut first = replicas[0].create(strategy, &CONTRACT, &one);
        let mut second = replicas[1].create(strategy, &CONTRACT, &other);
        let mut early = None;
        for _ in 0..100 {
            assert_eq!(first.step(), None);
            early = if early.is_none() {
                second.step()
            } else {
                early
            };
        }
        world.script.stall_gateway(false);
        assert_eq!(run(first).status, 201, "{strategy}");
        let second = early.unwrap_or_else(|| run(second));
        assert_eq!(world.used("A1"), used, "{strategy}");
        assert_eq!(
            world.orders(OrderState::Confirmed) as i64,
            used,
            "{strategy}"
        );
        if used == 1 {
            assert_eq!(refused(second), (422, Some(Problem::CouponUsed)));
            world.audit();
        }
    }
}

#[test]
fn a_double_click_uses_a_coupon_once_and_the_twin_keeps_it() {
    let base = Base::with_coupons(STOCK, &[("A1", 1)]);
    let world = base.open();
    let asked = with_coupon(request(Some("k"), 1, 1), "A1");
    let replicas = [world.replica(1), world.replica(2)];
    let answers = run_all(
        replicas
            .iter()
            .map(|replica| reference(replica, &CONTRACT, &asked))
            .collect(),
    );
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(
        statuses.contains(&201) && !statuses.contains(&422),
        "{statuses:?}"
    );
    assert_eq!(
        create(&world.replica(3), &asked).status,
        201,
        "its own order again"
    );
    world.audit();
    assert_eq!(world.used("A1"), 1);
}

#[test]
fn a_declined_order_gives_its_coupon_back() {
    let base = Base::with_coupons(STOCK, &[("C", 1)]);
    let world = base.open();
    world.script.reply([Reply::Declined]);
    let asked = with_coupon(request(Some("k"), 1, 2), "C");
    assert_eq!(create(&world.replica(1), &asked).status, 402);
    assert_eq!(world.used("C"), 0);
    world.audit();
    let next = with_coupon(request(Some("l"), 2, 2), "C");
    assert_eq!(create(&world.replica(1), &next).status, 201);
    world.audit();
}

#[test]
fn an_owner_that_died_holds_its_coupon_until_the_completer_ends_its_order() {
    for (reply, used) in [(None, 1), (Some(Reply::Declined), 0)] {
        let base = Base::with_coupons(STOCK, &[("C", 1)]);
        let world = base.open();
        world.script.stall_gateway(true);
        let asked = with_coupon(request(Some("k"), 1, 2), "C");
        let mut dies = reference(&world.replica(1), &CONTRACT, &asked);
        dies.stalls();
        drop(dies);
        assert_eq!(world.used("C"), 1, "it is held");
        let other = with_coupon(request(Some("l"), 2, 2), "C");
        assert_eq!(
            refused(create(&world.replica(2), &other)),
            (422, Some(Problem::CouponUsed))
        );
        world.script.stall_gateway(false);
        world.script.reply(reply);
        recover(&world);
        assert_eq!(world.used("C"), used);
        world.audit();
    }
}

#[test]
fn a_used_up_coupon_is_remembered_only_if_the_contract_says_so() {
    for (contract, stored) in [(CONTRACT, true), (Contract::CHECKOUT_COM, false)] {
        let base = Base::with_coupons(STOCK, &[("C", 1)]);
        let world = base.open();
        let asked = with_coupon(request(Some("k"), 1, 2), "C");
        let coupon = asked.content.coupon.clone().expect("it has one");
        let tenant = world::SHOP;
        world.write(Statement::CountCoupon {
            tenant,
            coupon: coupon.clone(),
        });
        let first = create_under(&contract, &world.replica(1), &asked);
        assert_eq!(refused(first), (422, Some(Problem::CouponUsed)));
        world.write(Statement::ReleaseCoupon { tenant, coupon });
        let again = create_under(&contract, &world.replica(2), &asked);
        let expected = if stored { (422, true) } else { (201, false) };
        assert_eq!((again.status, again.replayed), expected);
        world.audit();
    }
}
