//! What a webhook tells: it finishes what nobody was answered about, once, and takes nothing back.

use protocol::{ChargeId, ChargeNotice, ChargeState, GatewayKey, OrderId};

use super::*;

fn notice(order: u64, charge: u64, state: ChargeState) -> ChargeNotice {
    let tenant = Tenant(1);
    ChargeNotice {
        id: ChargeId(charge),
        key: GatewayKey::of_order(tenant, OrderId(order)),
        tenant,
        order: Some(OrderId(order)),
        amount: Money(1_000),
        state,
    }
}

fn hear(world: &World, notice: &ChargeNotice) -> bool {
    run(StrategyName::ClaimComplete.hear(&world.replica(7), &CONTRACT, notice))
}

/// The charge that the gateway has for an order.
fn charged(world: &World, order: u64) -> u64 {
    let key = GatewayKey::of_order(Tenant(1), OrderId(order));
    world.ledger.borrow()[&key].id.0
}

/// An order whose charge was captured while nobody heard of it.
fn waiting(asked: &OrderRequest) -> World {
    let world = World::with_stock(STOCK);
    world
        .replies
        .borrow_mut()
        .extend([Reply::Unknown { captured: true }; 5]);
    assert_eq!(create(&world.replica(1), asked).status, 500);
    world.replies.borrow_mut().clear();
    world
}

#[test]
fn a_capture_that_is_told_late_confirms_the_order_and_a_second_telling_changes_nothing() {
    for key in [Some("k"), None] {
        let asked = request(key, 1, 2);
        let world = waiting(&asked);
        let told = notice(1, charged(&world, 1), ChargeState::Captured);
        for _ in 0..2 {
            assert!(hear(&world, &told));
            world.audit(STOCK);
            assert_eq!(world.orders(OrderState::Confirmed), 1);
        }
        // Out of order, and of another charge.
        assert!(hear(&world, &notice(1, 99, ChargeState::Declined)));
        assert_eq!(world.orders(OrderState::Confirmed), 1);
        let answer = create(&world.replica(2), &asked);
        assert_eq!((answer.status, answer.replayed), (201, true));
        world.audit(STOCK);
    }
}

#[test]
fn a_refusal_that_is_told_late_gives_the_stock_back_and_stays() {
    let asked = request(Some("k"), 1, 2);
    let world = World::with_stock(STOCK);
    world
        .replies
        .borrow_mut()
        .extend([Reply::Unknown { captured: false }; 5]);
    assert_eq!(create(&world.replica(1), &asked).status, 500);
    for _ in 0..2 {
        assert!(hear(&world, &notice(1, 5, ChargeState::Declined)));
        assert_eq!(world.orders(OrderState::Cancelled), 1);
        world.audit(STOCK);
    }
    assert!(hear(&world, &notice(1, 5, ChargeState::Captured)));
    assert_eq!(world.orders(OrderState::Cancelled), 1);
    world.audit(STOCK);
}

#[test]
fn what_the_database_could_not_take_is_to_be_told_again() {
    let asked = request(Some("k"), 1, 2);
    let world = waiting(&asked);
    let told = notice(1, charged(&world, 1), ChargeState::Captured);
    (1..100).for_each(|number| world.trouble(number, Trouble::BeginUnavailable));
    assert!(!hear(&world, &told));
    world.troubles.borrow_mut().clear();
    assert!(hear(&world, &told));
    world.audit(STOCK);
    // What is not ours, and what we do not know, is taken and forgotten.
    let nobodys = ChargeNotice {
        order: None,
        ..told
    };
    assert!(hear(&world, &nobodys) && hear(&world, &notice(77, 3, ChargeState::Captured)));
    world.audit(STOCK);
}

#[test]
fn an_owner_that_comes_back_after_the_webhook_answers_what_is_stored() {
    let asked = request(Some("k"), 1, 2);
    let world = World::with_stock(STOCK);
    world.gateway_stalled.set(true);
    let owner = world.replica(1);
    let mut first = pin!(StrategyName::ClaimComplete.create(&owner, &CONTRACT, &asked));
    assert!((0..50).all(|_| step(first.as_mut()).is_none()));
    world.gateway_stalled.set(false);
    let answer = std::iter::repeat_with(|| {
        if world.captured() == 1 {
            let told = notice(1, charged(&world, 1), ChargeState::Captured);
            assert!(hear(&world, &told));
            assert_eq!(world.orders(OrderState::Confirmed), 1);
        }
        step(first.as_mut())
    });
    let answer = answer.take(500).flatten().next().expect("it ends");
    assert_eq!((answer.status, answer.replayed), (201, false));
    world.audit(STOCK);
    assert_eq!(world.captured(), 1);
}

#[test]
fn a_claim_that_is_another_orders_by_now_is_not_ended_by_a_late_webhook() {
    let asked = request(Some("k"), 1, 2);
    let world = waiting(&asked);
    let told = notice(1, charged(&world, 1), ChargeState::Captured);
    let stand_for = |order| {
        let mut db = world.db.borrow_mut();
        let record = db.keys.values_mut().next().expect("one key");
        record.order = Some(OrderId(order));
    };
    stand_for(2);
    let before = world.db.borrow().clone();
    assert!(hear(&world, &told));
    assert!(before == *world.db.borrow(), "nothing is written");
    stand_for(1);
    assert!(hear(&world, &told));
    world.audit(STOCK);
}

#[test]
fn a_late_webhook_does_not_reopen_a_claim_or_an_order_that_has_ended() {
    let asked = request(Some("k"), 1, 2);
    for end_key in [true, false] {
        let world = waiting(&asked);
        let told = notice(1, charged(&world, 1), ChargeState::Captured);
        // Half ended, as no transaction of ours leaves it: the other half alone must be enough.
        {
            let mut db = world.db.borrow_mut();
            if end_key {
                db.keys.values_mut().next().expect("one key").state = KeyState::Released;
            } else {
                db.orders[0].state = OrderState::Cancelled;
            }
        }
        let before = world.db.borrow().clone();
        assert!(hear(&world, &told));
        assert!(before == *world.db.borrow(), "nothing is written");
    }
}

#[test]
fn a_webhook_that_orders_under_the_payments_key_makes_a_second_order_of_one_charge_and_no_third() {
    let asked = request(Some("k"), 1, 2);
    let world = waiting(&asked);
    let told = notice(1, charged(&world, 1), ChargeState::Captured);
    let hears = |notice: &ChargeNotice| {
        run(StrategyName::WebhookCreates.hear(&world.replica(7), &CONTRACT, notice))
    };
    for _ in 0..2 {
        assert!(hears(&told));
        assert_eq!(world.orders(OrderState::Confirmed), 1);
        assert_eq!(world.orders(OrderState::Pending), 1);
    }
    recover(&world);
    assert_eq!(world.orders(OrderState::Confirmed), 2);
    assert_eq!(world.captured(), 1);
    // An order that is confirmed when its webhook comes is found, and a refusal is nobody's order.
    let second = request(Some("l"), 2, 2);
    assert_eq!(create(&world.replica(1), &second).status, 201);
    assert!(hears(&notice(3, charged(&world, 3), ChargeState::Captured)));
    assert!(hears(&notice(1, 99, ChargeState::Declined)));
    assert_eq!(world.orders(OrderState::Confirmed), 3);
}

#[test]
fn a_claim_that_a_webhook_gave_back_is_free_although_its_owner_still_waits() {
    let contract = Contract::CHECKOUT_COM;
    for (quantity, key_of_another_content) in [(2, false), (1, true)] {
        let world = World::with_stock(STOCK);
        let replica = world.replica(1);
        let asked = request(Some("k"), 1, 2);
        world.gateway_stalled.set(true);
        let mut slow = pin!(StrategyName::ClaimComplete.create(&replica, &contract, &asked));
        (0..100).for_each(|_| assert!(step(slow.as_mut()).is_none()));
        let refuse = |asked: &OrderRequest| refused(create_under(&contract, &replica, asked));
        assert_eq!(refuse(&asked), (409, Some(Problem::InProgress)));
        // The owner is not answered, but its order is cancelled, and the contract stores no refusal.
        let told = notice(1, 5, ChargeState::Declined);
        let other = world.replica(7);
        assert!(run(
            StrategyName::ClaimComplete.hear(&other, &contract, &told)
        ));
        assert_eq!(world.orders(OrderState::Cancelled), 1);
        world.gateway_stalled.set(false);
        let again = create_under(&contract, &replica, &request(Some("k"), 1, quantity));
        assert_eq!(
            (again.status, again.replayed),
            (201, false),
            "{key_of_another_content}"
        );
        world.replies.borrow_mut().push_back(Reply::Declined);
        assert_ne!(run(slow).status, 201, "its order was cancelled");
        assert_eq!(world.orders(OrderState::Confirmed), 1);
        world.audit(STOCK);
    }
}
