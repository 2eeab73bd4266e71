//! One thing goes wrong: gateway, database, stock, or an owner that dies.

use twins::Statement;

use super::*;

#[test]
fn a_declined_charge_gives_the_stock_back_and_is_repeated_only_if_the_contract_stores_it() {
    for (contract, again) in [(CONTRACT, 402), (Contract::CHECKOUT_COM, 201)] {
        let base = Base::with_stock(STOCK);
        let world = base.open();
        world.script.reply([Reply::Declined]);
        let replica = world.replica(1);
        let asked = request(Some("k"), 1, 2);
        assert_eq!(
            refused(create_under(&contract, &replica, &asked)),
            (402, Some(Problem::PaymentDeclined))
        );
        world.audit();
        assert_eq!(create_under(&contract, &replica, &asked).status, again);
        assert_eq!(
            create_under(&contract, &world.replica(2), &asked).status,
            again
        );
        world.audit();
    }
}

#[test]
fn short_stock_is_refused_whole_and_stored_only_if_the_contract_says_so() {
    for (contract, stored) in [(Contract::CHECKOUT_COM, false), (CONTRACT, true)] {
        let base = Base::with_stock(3);
        let world = base.open();
        let replica = world.replica(1);
        let asked = request(Some("k"), 1, 4);
        assert_eq!(
            refused(create_under(&contract, &replica, &asked)),
            (409, Some(Problem::OutOfStock))
        );
        world.audit();
        for sku in ["A", "B"] {
            world.write(Statement::WriteStock {
                tenant: world::SHOP,
                sku: Sku(sku.into()),
                on_hand: 10,
            });
        }
        let again = create_under(&contract, &world.replica(2), &asked);
        assert_eq!(
            (again.status, again.replayed),
            if stored { (409, true) } else { (201, false) }
        );
        world.audit_of(10);
    }
}

#[test]
fn what_is_invalid_is_refused_before_anything_is_claimed() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let replica = world.replica(1);
    assert_eq!(
        refused(create(&replica, &request(Some("k"), 1, 0))),
        (400, Some(Problem::Invalid))
    );
    assert_eq!(
        refused(create_under(
            &Contract::IETF_07,
            &replica,
            &request(None, 1, 1)
        )),
        (400, Some(Problem::KeyMissing))
    );
    assert_eq!(
        create(&replica, &request(Some("k"), 1, 1)).status,
        201,
        "the corrected retry is free"
    );
}

#[test]
fn a_gateway_that_was_never_reached_leaves_nothing_and_the_retry_is_free() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.reply([Reply::Unavailable; 5]);
    let replica = world.replica(1);
    let asked = request(Some("k"), 1, 2);
    assert_eq!(
        refused(create(&replica, &asked)),
        (503, Some(Problem::Unavailable))
    );
    world.audit();
    assert_eq!(create(&replica, &asked).status, 201);
    world.audit();
}

#[test]
fn an_unknown_charge_is_asked_again_with_the_same_key_and_never_recorded_as_failed() {
    for captured in [false, true] {
        let base = Base::with_stock(STOCK);
        let world = base.open();
        world
            .script
            .reply([Reply::Unknown { captured }, Reply::InUse]);
        assert_eq!(
            create(&world.replica(1), &request(Some("k"), 1, 2)).status,
            201
        );
        world.audit();

        let base = Base::with_stock(STOCK);
        let world = base.open();
        world.script.reply([
            Reply::Unknown { captured },
            Reply::Unavailable,
            Reply::InUse,
            Reply::Unavailable,
            Reply::InUse,
        ]);
        let asked = request(Some("k"), 1, 2);
        let here = world.replica(1);
        assert_eq!(
            refused(create(&here, &asked)),
            (500, Some(Problem::OutcomeUnknown))
        );
        assert_eq!(
            refused(create(&here, &asked)),
            (409, Some(Problem::InProgress)),
            "the claim stands"
        );
        recover(&world);
        world.audit();
        let answer = create(&here, &asked);
        assert_eq!((answer.status, answer.replayed), (201, true));
    }
}

#[test]
fn an_unreachable_gateway_is_no_reason_to_cancel_somebody_elses_order() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.reply([Reply::Unknown { captured: true }; 5]);
    let asked = request(Some("k"), 1, 2);
    assert_eq!(create(&world.replica(1), &asked).status, 500);
    world.pass(CONTRACT.lease + Span(1));
    world.script.reply([Reply::Unavailable; 5]);
    assert_eq!(
        refused(create(&world.replica(2), &asked)),
        (500, Some(Problem::OutcomeUnknown))
    );
    assert_eq!(world.orders(OrderState::Pending), 1);
    recover(&world);
    world.audit();
    assert_eq!(world.captured(), 1);
}

#[test]
fn what_a_lost_acknowledgement_meant_is_looked_up_never_guessed() {
    let troubles = [
        Mishap::BeginUnavailable,
        Mishap::CommitConflict,
        Mishap::CommitUnknown { applied: true },
        Mishap::CommitUnknown { applied: false },
    ];
    for trouble in troubles {
        for transaction in 1..=2 {
            let base = Base::with_stock(STOCK);
            let world = base.open();
            world.script.mishap(transaction, trouble);
            let answer = create(&world.replica(1), &request(Some("k"), 1, 2));
            assert_eq!(
                (answer.status, answer.replayed),
                (201, false),
                "{trouble:?} in transaction {transaction}"
            );
            world.audit();
        }
    }
}

#[test]
fn a_database_that_stays_away_is_unavailable_before_the_claim_and_unknown_after_the_charge() {
    for (healthy, expected) in [
        (0, (503, Some(Problem::Unavailable))),
        (1, (500, Some(Problem::OutcomeUnknown))),
    ] {
        let base = Base::with_stock(STOCK);
        let world = base.open();
        for transaction in healthy + 1..=healthy + 8 {
            world.script.mishap(transaction, Mishap::BeginUnavailable);
        }
        assert_eq!(
            refused(create(&world.replica(1), &request(Some("k"), 1, 2))),
            expected
        );
        recover(&world);
        world.audit();
    }
}
