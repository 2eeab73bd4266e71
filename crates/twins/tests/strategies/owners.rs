//! Owners that die, stall or are overtaken, and who ends their orders.

use super::*;

/// The answers of an owner whose charge takes long, and of a twin elsewhere that meets it there, under a lease of no length.
fn overtaken(world: &World<'_>, reply: Option<Reply>, contract: &Contract) -> [Response; 2] {
    let (slow, next) = (world.replica(1), world.replica(2));
    let asked = request(Some("k"), 1, 2);
    world.script.stall_gateway(true);
    let mut first = slow.create(StrategyName::ClaimComplete, contract, &asked);
    first.stalls();
    world.pass(Span(1));
    world.script.stall_gateway(false);
    // The twin asks as long as it may; after that, the first one's charge is through.
    world.script.reply([Reply::InUse; 5]);
    let twin = create_under(contract, &next, &asked);
    world.script.reply(reply);
    let first = run(first);
    [first, twin]
}

#[test]
fn one_round_of_the_completer_finishes_all_that_an_outage_left() {
    let base = Base::with_stock(100);
    let world = base.open();
    world.script.stall_gateway(true);
    for cart in 1..=50 {
        let dead = world.replica(1);
        let asked = request(None, cart, 1);
        let mut first = dead.create(StrategyName::ClaimComplete, &CONTRACT, &asked);
        first.stalls();
    }
    world.script.stall_gateway(false);
    world.pass(CONTRACT.lease + Span(1));
    maintain(&world, 9);
    world.audit();
    assert_eq!(world.orders(OrderState::Confirmed), 50);
}

#[test]
fn a_retry_takes_a_dead_owners_claim_over_and_finishes_its_order() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.stall_gateway(true);
    let asked = request(Some("k"), 1, 2);
    {
        let dead = world.replica(1);
        let mut first = dead.create(StrategyName::ClaimComplete, &CONTRACT, &asked);
        first.stalls();
    }
    world.script.stall_gateway(false);
    world.pass(CONTRACT.lease + Span(1));
    let answer = create(&world.replica(2), &asked);
    assert_eq!(
        (
            answer.status,
            answer.replayed,
            answer.order.map(|order| order.id.0)
        ),
        (201, false, Some(1))
    );
    world.audit();
    let (_, row) = world.only_key();
    assert_eq!(
        (row.state, row.owner, row.token.0),
        (KeyState::Completed, Owner(2), 2)
    );
}

#[test]
fn a_stalled_owner_is_fenced_and_says_what_the_next_one_answered() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    world.script.stall_gateway(true);
    let (stalled, next) = (world.replica(1), world.replica(2));
    let asked = request(Some("k"), 1, 2);
    let mut first = stalled.create(StrategyName::ClaimComplete, &CONTRACT, &asked);
    first.stalls();
    world.pass(CONTRACT.lease + Span(1));
    world.script.stall_gateway(false);
    let answer = create(&next, &asked);
    assert_eq!(answer.status, 201);
    // It had asked first, so its answer repeats nothing.
    assert_eq!(run(first), answer);
    world.audit();
    assert_eq!(world.only_key().1.owner, Owner(2));
}

#[test]
fn an_owner_without_a_lease_is_overtaken_and_ends_its_order_all_the_same() {
    let contract = Contract {
        lease: Span::ZERO,
        ..CONTRACT
    };
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let [first, twin] = overtaken(&world, None, &contract);
    assert_eq!(refused(twin), (409, Some(Problem::InProgress)));
    assert_eq!((first.status, first.replayed), (201, false));
    world.audit();
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let [first, twin] = overtaken(&world, Some(Reply::Declined), &contract);
    assert_eq!(refused(twin), (409, Some(Problem::InProgress)));
    assert_eq!(refused(first), (402, Some(Problem::PaymentDeclined)));
    world.audit();
    assert_eq!(
        world.only_key().1.token.0,
        3,
        "it took the claim back before it ended it"
    );
}

#[test]
fn who_never_reached_the_gateway_gives_nothing_up_that_somebody_took_over() {
    let contract = Contract {
        lease: Span::ZERO,
        ..CONTRACT
    };
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let [first, _] = overtaken(&world, Some(Reply::Unavailable), &contract);
    assert_eq!(refused(first), (409, Some(Problem::InProgress)));
    assert_eq!(world.orders(OrderState::Pending), 1);
    recover(&world);
    world.audit();
    assert_eq!(world.orders(OrderState::Confirmed), 1);
}

#[test]
fn a_twin_that_waits_for_who_overtook_it_gets_his_answer() {
    let contract = Contract {
        lease: Span::ZERO,
        ..Contract::REFERENCE_WAIT
    };
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let asked = request(Some("k"), 1, 2);
    world.script.reply([Reply::InUse; 12]);
    assert_eq!(
        create_under(&contract, &world.replica(1), &asked).status,
        201
    );
    world.audit();
}

#[test]
fn a_claim_without_an_order_is_taken_over_before_it_is_given_back() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    assert_eq!(
        create(&world.replica(1), &request(Some("k"), 1, 2)).status,
        201
    );
    // Left by an owner that died before it began an order, which the reference itself never does.
    world.rewrite_key(|record| {
        (record.state, record.order, record.response) = (KeyState::Claimed, None, None);
    });
    let (_, before) = world.only_key();
    world.pass(CONTRACT.lease + Span(1));
    maintain(&world, 9);
    let (_, after) = world.only_key();
    assert_eq!(after.state, KeyState::Released);
    // Who gives it back holds it, and its late owner does not any more.
    assert_eq!((after.owner, after.token.0), (Owner(9), before.token.0 + 1));
}
