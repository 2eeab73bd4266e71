//! Clicks, tabs and replicas: what a repetition is answered when nothing goes wrong.

use orders::Ports;

use super::*;

#[test]
fn a_repetition_gets_the_first_answer_on_this_replica_and_on_any_other() {
    for key in [Some("k"), None] {
        let base = Base::with_stock(STOCK);
        let world = base.open();
        let first = world.replica(1);
        let answer = create(&first, &request(key, 1, 2));
        assert_eq!((answer.status, answer.replayed), (201, false));
        assert_eq!(create(&first, &request(key, 1, 2)), answer.replay());
        assert_eq!(
            create(&world.replica(2), &request(key, 1, 2)),
            answer.replay()
        );
        world.audit();
        assert_eq!(world.orders(OrderState::Confirmed), 1);
    }
}

#[test]
fn a_double_click_is_answered_in_progress_while_the_first_is_at_the_gateway() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.stall_gateway(true);
    let (here, elsewhere) = (world.replica(1), world.replica(2));
    let request = request(Some("k"), 1, 2);
    let mut first = here.create(StrategyName::ClaimComplete, &CONTRACT, &request);
    first.stalls();
    for replica in [&here, &elsewhere] {
        assert_eq!(
            refused(create(replica, &request)),
            (409, Some(Problem::InProgress))
        );
        let accepted = Contract {
            in_flight: InFlightPolicy::Accepted,
            ..CONTRACT
        };
        assert_eq!(
            refused(create_under(&accepted, replica, &request)),
            (202, Some(Problem::InProgress))
        );
    }
    world.script.stall_gateway(false);
    assert_eq!(run(first).status, 201);
    world.audit();
}

#[test]
fn a_double_click_is_not_told_in_progress_of_what_another_replica_has_finished() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let (here, elsewhere) = (world.replica(1), world.replica(2));
    let request = request(Some("k"), 1, 2);
    // It holds the claim table of its replica, and has not yet reached the database.
    let mut slow = here.create(StrategyName::ClaimComplete, &CONTRACT, &request);
    assert_eq!(slow.step(), None);
    let answer = create(&elsewhere, &request);
    assert_eq!(answer.status, 201);
    assert_eq!(create(&here, &request), answer.replay());
    assert_eq!(run(slow), answer.replay());
    world.audit();
}

#[test]
fn a_repetition_of_what_another_replica_has_finished_is_not_refused_because_this_one_is_asked_for_something_else()
 {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let (here, elsewhere) = (world.replica(1), world.replica(2));
    let (asked, other) = (request(Some("k"), 1, 2), request(Some("k"), 2, 1));
    // It holds the claim table of its replica with another content, and has not yet reached the database.
    let mut slow = here.create(StrategyName::ClaimComplete, &CONTRACT, &other);
    assert_eq!(slow.step(), None);
    // No request has finished: the key is in use with another content.
    assert_eq!(
        refused(create(&here, &asked)),
        (422, Some(Problem::KeyReused))
    );
    let answer = create(&elsewhere, &asked);
    assert_eq!(answer.status, 201);
    assert_eq!(create(&here, &asked), answer.replay());
    assert_eq!(refused(run(slow)), (422, Some(Problem::KeyReused)));
    world.audit();
}

#[test]
fn a_patient_double_click_gets_the_answer_or_in_progress_when_its_patience_ends() {
    let patient = Contract {
        in_flight: InFlightPolicy::Wait {
            span_max: Span::secs(2),
        },
        ..CONTRACT
    };
    let request = request(Some("k"), 1, 2);
    for other in [1, 2] {
        let base = Base::with_stock(STOCK);
        let world = base.open();
        world.script.stall_gateway(true);
        let (here, elsewhere) = (world.replica(1), world.replica(2));
        let twin = if other == 1 { &here } else { &elsewhere };
        let mut first = here.create(StrategyName::ClaimComplete, &patient, &request);
        first.stalls();
        let since_us = world.now_us();
        assert_eq!(
            refused(create_under(&patient, twin, &request)),
            (409, Some(Problem::InProgress))
        );
        assert_eq!(
            world.now_us() - since_us,
            2_000_000,
            "patience is spent, not overspent"
        );
        let mut second = twin.create(StrategyName::ClaimComplete, &patient, &request);
        assert_eq!(second.step(), None);
        world.script.stall_gateway(false);
        let answer = run(first);
        assert_eq!(run(second), answer.replay());
    }
}

#[test]
fn a_key_with_another_content_is_refused_in_flight_and_when_done() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.stall_gateway(true);
    let (here, elsewhere) = (world.replica(1), world.replica(2));
    let asked = request(Some("k"), 1, 2);
    let mut first = here.create(StrategyName::ClaimComplete, &CONTRACT, &asked);
    first.stalls();
    let other = request(Some("k"), 2, 1);
    assert_eq!(
        refused(create(&elsewhere, &other)),
        (422, Some(Problem::KeyReused))
    );
    world.script.stall_gateway(false);
    assert_eq!(run(first).status, 201);
    for replica in [&here, &elsewhere] {
        assert_eq!(
            refused(create_under(&Contract::SEED_004, replica, &other)),
            (409, Some(Problem::KeyReused))
        );
    }
    world.audit();
}

#[test]
fn two_tabs_with_two_keys_and_one_cart_are_one_order_and_each_key_keeps_it() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let answer = create(&world.replica(1), &request(Some("tab-1"), 1, 2));
    let second = world.replica(2);
    assert_eq!(
        create(&second, &request(Some("tab-2"), 1, 2)),
        answer.replay()
    );
    assert_eq!(create(&second, &request(None, 1, 2)), answer.replay());
    // The second key is spent: with another cart it is a mismatch, not another order.
    assert_eq!(
        refused(create(&world.replica(3), &request(Some("tab-2"), 2, 1))),
        (422, Some(Problem::KeyReused))
    );
    // The same version of the cart with other lines is not handed out.
    assert_eq!(
        refused(create(&second, &request(Some("tab-3"), 1, 9))),
        (409, Some(Problem::Duplicate))
    );
    world.audit();
    assert_eq!(world.orders(OrderState::Confirmed), 1);
}

#[test]
fn the_second_tab_is_in_progress_while_the_first_one_is() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.stall_gateway(true);
    let replica = world.replica(1);
    let asked = request(Some("tab-1"), 1, 2);
    let mut first = replica.create(StrategyName::ClaimComplete, &CONTRACT, &asked);
    first.stalls();
    assert_eq!(
        refused(create(&replica, &request(Some("tab-2"), 1, 2))),
        (409, Some(Problem::InProgress))
    );
}

/// A later version of the cart, under a key of its own.
fn edited(key: Option<&str>, quantity: u32) -> OrderRequest {
    let first = request(key, 1, quantity);
    OrderRequest {
        cart: Cart {
            version: 2,
            ..first.cart
        },
        ..first
    }
}

#[test]
fn a_cart_is_sold_once_whatever_its_version_and_the_keys_that_come_with_it() {
    for key in [Some("other"), None] {
        let base = Base::with_stock(STOCK);
        let world = base.open();
        assert_eq!(
            create(&world.replica(1), &request(Some("k"), 1, 2)).status,
            201
        );
        let refusal = refused(create(&world.replica(2), &edited(key, 1)));
        assert_eq!(refusal, (409, Some(Problem::Duplicate)));
        world.audit();
    }
    // Who was refused may edit the cart and ask again.
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.reply([Reply::Declined]);
    assert_eq!(create(&world.replica(1), &request(None, 1, 2)).status, 402);
    assert_eq!(create(&world.replica(2), &edited(None, 1)).status, 201);
    world.audit();
}

#[test]
fn without_a_natural_key_a_cart_is_sold_as_often_as_it_is_asked_for_and_a_key_is_required() {
    let contract = Contract {
        natural_key: false,
        ..CONTRACT
    };
    let base = Base::with_stock(STOCK);
    let world = base.open();
    for key in ["k", "other", "k"] {
        let answer = create_under(&contract, &world.replica(1), &request(Some(key), 1, 2));
        assert_eq!(answer.status, 201);
    }
    assert_eq!(world.orders(OrderState::Confirmed), 2);
    let keyless = create_under(&contract, &world.replica(1), &request(None, 1, 2));
    assert_eq!(refused(keyless), (400, Some(Problem::KeyMissing)));
    world.audit();
}

#[test]
fn without_a_claim_table_the_database_alone_answers() {
    let contract = Contract {
        claim_table: false,
        ..CONTRACT
    };
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let replica = world.replica(1);
    for replayed in [false, true] {
        let answer = create_under(&contract, &replica, &request(Some("k"), 1, 2));
        assert_eq!((answer.status, answer.replayed), (201, replayed));
        let remembers = async |ports: world::TriedPorts<'_>| !ports.process().claims.is_empty();
        assert!(!replica.does(remembers).run());
    }
    world.audit();
}
