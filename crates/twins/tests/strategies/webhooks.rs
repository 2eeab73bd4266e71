//! What a webhook tells: it finishes an order that was not answered, once, and takes nothing back.

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

fn hear(world: &World<'_>, notice: &ChargeNotice) -> bool {
    let replica = world.replica(7);
    run(replica.hear(StrategyName::ClaimComplete, &CONTRACT, notice))
}

/// The charge that the gateway has for an order.
fn charged(world: &World<'_>, order: u64) -> u64 {
    let key = GatewayKey::of_order(Tenant(1), OrderId(order));
    let ledger = world.rows().ledger;
    let charge = ledger.iter().find(|charge| charge.key == key);
    charge.expect("the gateway has one").id.0
}

/// An order whose charge was captured without an answer.
fn waiting<'w>(base: &'w Base, asked: &OrderRequest) -> World<'w> {
    let world = base.open();
    world.script.reply([Reply::Unknown { captured: true }; 5]);
    assert_eq!(create(&world.replica(1), asked).status, 500);
    world.script.calm_down();
    world
}

#[test]
fn a_capture_that_is_told_late_confirms_the_order_and_a_second_telling_changes_nothing() {
    for key in [Some("k"), None] {
        let asked = request(key, 1, 2);
        let base = Base::with_stock(STOCK);
        let world = waiting(&base, &asked);
        let told = notice(1, charged(&world, 1), ChargeState::Captured);
        for _ in 0..2 {
            assert!(hear(&world, &told));
            world.audit();
            assert_eq!(world.orders(OrderState::Confirmed), 1);
        }
        // Out of order, and of another charge.
        assert!(hear(&world, &notice(1, 99, ChargeState::Declined)));
        assert_eq!(world.orders(OrderState::Confirmed), 1);
        let answer = create(&world.replica(2), &asked);
        assert_eq!((answer.status, answer.replayed), (201, true));
        world.audit();
    }
}

#[test]
fn a_refusal_that_is_told_late_gives_the_stock_back_and_stays() {
    let asked = request(Some("k"), 1, 2);
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.reply([Reply::Unknown { captured: false }; 5]);
    assert_eq!(create(&world.replica(1), &asked).status, 500);
    for _ in 0..2 {
        assert!(hear(&world, &notice(1, 5, ChargeState::Declined)));
        assert_eq!(world.orders(OrderState::Cancelled), 1);
        world.audit();
    }
    assert!(hear(&world, &notice(1, 5, ChargeState::Captured)));
    assert_eq!(world.orders(OrderState::Cancelled), 1);
    world.audit();
}

#[test]
fn what_the_database_could_not_take_is_to_be_told_again() {
    let asked = request(Some("k"), 1, 2);
    let base = Base::with_stock(STOCK);
    let world = waiting(&base, &asked);
    let told = notice(1, charged(&world, 1), ChargeState::Captured);
    (1..100).for_each(|number| world.script.mishap(number, Mishap::BeginUnavailable));
    assert!(!hear(&world, &told));
    world.script.calm_down();
    assert!(hear(&world, &told));
    world.audit();
    // What is not ours, and what we do not know, is taken and forgotten.
    let nobodys = ChargeNotice {
        order: None,
        ..told
    };
    assert!(hear(&world, &nobodys) && hear(&world, &notice(77, 3, ChargeState::Captured)));
    world.audit();
}

#[test]
fn an_owner_that_comes_back_after_the_webhook_answers_what_is_stored() {
    let asked = request(Some("k"), 1, 2);
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.stall_gateway(true);
    let owner = world.replica(1);
    let mut first = owner.create(StrategyName::ClaimComplete, &CONTRACT, &asked);
    first.stalls();
    world.script.stall_gateway(false);
    let mut heard = 0;
    let answer = std::iter::repeat_with(|| {
        if world.captured() == 1 {
            let told = notice(1, charged(&world, 1), ChargeState::Captured);
            let replica = world.replica(7);
            let mut hears = replica.hear(StrategyName::ClaimComplete, &CONTRACT, &told);
            // Where the owner is within a transaction, the webhook waits for its rows; it is then told again later.
            if let Some(is_taken) = hears.run_or_wait() {
                assert!(is_taken);
                assert_eq!(world.orders(OrderState::Confirmed), 1);
                heard += 1;
            }
        }
        first.step()
    });
    let answer = answer.take(500).flatten().next().expect("it ends");
    assert!(heard > 1, "once before the owner knew, and again");
    assert_eq!((answer.status, answer.replayed), (201, false));
    world.audit();
    assert_eq!(world.captured(), 1);
}

#[test]
fn a_claim_that_is_another_orders_by_now_is_not_ended_by_a_late_webhook() {
    let asked = request(Some("k"), 1, 2);
    let base = Base::with_stock(STOCK);
    let world = waiting(&base, &asked);
    let told = notice(1, charged(&world, 1), ChargeState::Captured);
    let stand_for = |order| world.rewrite_key(|record| record.order = Some(OrderId(order)));
    stand_for(2);
    let before = world.rows();
    assert!(hear(&world, &told));
    assert_eq!(before, world.rows(), "nothing is written");
    stand_for(1);
    assert!(hear(&world, &told));
    world.audit();
}

#[test]
fn a_late_webhook_does_not_reopen_a_claim_or_an_order_that_has_ended() {
    let asked = request(Some("k"), 1, 2);
    for end_key in [true, false] {
        let base = Base::with_stock(STOCK);
        let world = waiting(&base, &asked);
        let told = notice(1, charged(&world, 1), ChargeState::Captured);
        // Half ended, as no transaction of ours leaves it: the other half alone must be enough.
        match end_key {
            true => world.rewrite_key(|record| record.state = KeyState::Released),
            false => world.cancel_first(),
        }
        let before = world.rows();
        assert!(hear(&world, &told));
        assert_eq!(before, world.rows(), "nothing is written");
    }
}

#[test]
fn a_webhook_that_orders_under_the_payments_key_makes_a_second_order_of_one_charge_and_no_third() {
    let asked = request(Some("k"), 1, 2);
    let base = Base::with_stock(STOCK);
    let world = waiting(&base, &asked);
    let told = notice(1, charged(&world, 1), ChargeState::Captured);
    let hears = |notice: &ChargeNotice| {
        let replica = world.replica(7);
        run(replica.hear(StrategyName::WebhookCreates, &CONTRACT, notice))
    };
    for _ in 0..2 {
        assert!(hears(&told));
        assert_eq!(world.orders(OrderState::Confirmed), 1);
        assert_eq!(world.orders(OrderState::Pending), 1);
    }
    recover(&world);
    assert_eq!(world.orders(OrderState::Confirmed), 2);
    assert_eq!(world.captured(), 1);
    // An order that is confirmed when its webhook comes is found, and a refusal has no order.
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
        let base = Base::with_stock(STOCK);
        let world = base.open();
        let replica = world.replica(1);
        let asked = request(Some("k"), 1, 2);
        world.script.stall_gateway(true);
        let mut slow = replica.create(StrategyName::ClaimComplete, &contract, &asked);
        slow.stalls();
        let refuse = |asked: &OrderRequest| refused(create_under(&contract, &replica, asked));
        assert_eq!(refuse(&asked), (409, Some(Problem::InProgress)));
        // The owner is not answered, but its order is cancelled, and the contract stores no refusal.
        let told = notice(1, 5, ChargeState::Declined);
        let other = world.replica(7);
        assert!(run(other.hear(
            StrategyName::ClaimComplete,
            &contract,
            &told
        )));
        assert_eq!(world.orders(OrderState::Cancelled), 1);
        world.script.stall_gateway(false);
        let again = create_under(&contract, &replica, &request(Some("k"), 1, quantity));
        assert_eq!(
            (again.status, again.replayed),
            (201, false),
            "{key_of_another_content}"
        );
        world.script.reply([Reply::Declined]);
        assert_ne!(run(slow).status, 201, "its order was cancelled");
        assert_eq!(world.orders(OrderState::Confirmed), 1);
        world.audit();
    }
}
