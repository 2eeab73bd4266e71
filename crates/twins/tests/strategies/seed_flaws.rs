//! Where the seeds' strategies break: for each the interleaving, the outage or the death that its own text leaves open.

mod caches;
mod records;

use protocol::OrderId;

use super::seeds::{ask, by_key};
use super::*;

/// Two requests on two replicas, a step of one and a step of the other.
fn in_step(
    strategy: StrategyName,
    world: &World<'_>,
    [one, two]: [&OrderRequest; 2],
) -> [Response; 2] {
    let first = world.replica(1).create(strategy, &CONTRACT, one);
    let second = world.replica(2).create(strategy, &CONTRACT, two);
    let answers = run_all(vec![first, second]);
    answers.try_into().expect("both are answered")
}

fn twins(strategy: StrategyName, world: &World<'_>) -> [Response; 2] {
    in_step(strategy, world, [&by_key("k"), &by_key("k")])
}

/// Orders and charges.
fn made(world: &World<'_>) -> (usize, usize) {
    (world.orders(OrderState::Confirmed), world.captured())
}

/// Runs a request on a replica that dies as soon as the world looks so.
fn die_when(
    strategy: StrategyName,
    world: &World<'_>,
    asked: &OrderRequest,
    when: impl Fn() -> bool,
) {
    let dead = world.replica(1);
    let mut request = dead.create(strategy, &CONTRACT, asked);
    while !when() {
        assert_eq!(request.step(), None, "it dies before it ends");
    }
}

#[test]
fn twins_that_look_before_either_inserts_are_two_orders() {
    for strategy in [
        StrategyName::RecentCheck,
        StrategyName::CheckThenInsert,
        StrategyName::Fingerprint,
        StrategyName::FingerprintDb,
    ] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        let (here, there) = (world.replica(1), world.replica(2));
        let asked = by_key("k");
        world.script.stall_gateway(true);
        let mut first = here.create(strategy, &CONTRACT, &asked);
        let mut second = there.create(strategy, &CONTRACT, &asked);
        for _ in 0..100 {
            assert!(first.step().is_none() && second.step().is_none());
        }
        world.script.stall_gateway(false);
        assert_eq!(
            [run(first).status, run(second).status],
            [201, 201],
            "{strategy}"
        );
        assert_eq!(made(&world), (2, 2), "{strategy}");
    }
}

#[test]
fn a_process_counter_never_comes_back_from_the_first_overlap_of_two_users() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let replica = world.replica(1);
    let somebody = request(None, 1, 1);
    let else_ = OrderRequest {
        customer: Customer::User(UserId(2)),
        ..request(None, 2, 1)
    };
    let create = |asked| replica.create(StrategyName::ProcessCounter, &CONTRACT, asked);
    let mut first = create(&somebody);
    assert_eq!(first.step(), None);
    assert_eq!(
        refused(run(create(&else_))),
        (409, Some(Problem::Duplicate))
    );
    assert_eq!(run(first).status, 201);
    for _ in 0..3 {
        assert_eq!(
            refused(run(create(&else_))),
            (409, Some(Problem::Duplicate))
        );
    }
    let restarted = world.replica(1);
    assert_eq!(
        run(restarted.create(StrategyName::ProcessCounter, &CONTRACT, &else_)).status,
        201
    );
}

#[test]
fn an_exception_leaves_the_process_counter_incremented() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    world.script.mishap(1, Mishap::CommitConflict);
    let replica = world.replica(1);
    let asked = by_key("k");
    let create = || run(replica.create(StrategyName::ProcessCounter, &CONTRACT, &asked));
    assert_eq!(create().status, 500);
    assert_eq!(refused(create()), (409, Some(Problem::Duplicate)));
}

#[test]
fn a_cancelled_order_is_still_answered_as_already_placed() {
    for strategy in [StrategyName::FingerprintDb, StrategyName::DebounceWindow] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        ask(strategy, &world, &by_key("k"));
        world.cancel_first();
        world.script.flush_cache();
        let again = ask(strategy, &world, &by_key("k"));
        assert_eq!(
            (again.status, again.order.map(|order| order.id)),
            (200, Some(OrderId(1)))
        );
    }
}

#[test]
fn two_who_have_seen_the_last_unit_both_take_it_where_the_decrement_has_no_guard() {
    let buyers = [request(Some("a"), 1, 1), request(Some("b"), 2, 1)];
    for (strategy, left) in [
        (StrategyName::UnguardedDecrement, -1),
        (StrategyName::ReadModifyWrite, 0),
    ] {
        let base = Base::with_stock(1);
        let world = base.open();
        world.pass(Span::secs(1_200));
        let replica = world.replica(1);
        let mut first = replica.create(strategy, &CONTRACT, &buyers[0]);
        while world.captured() == 0 {
            assert!(first.step().is_none());
        }
        // It has looked and paid. The other one comes and goes.
        assert_eq!(ask(strategy, &world, &buyers[1]).status, 201, "{strategy}");
        assert_eq!(run(first).status, 201, "{strategy}");
        assert_eq!(world.on_hand(), left, "{strategy}");
        assert_eq!(world.captured(), 2);
        let late = ask(strategy, &world, &request(Some("c"), 3, 1));
        assert_eq!(
            refused(late),
            (409, Some(Problem::OutOfStock)),
            "{strategy}"
        );
    }
}

#[test]
fn who_dies_between_the_stock_and_the_order_leaves_the_decrement_alone() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let left = Some([i64::from(STOCK) - 1, 0]);
    let asked = by_key("k");
    die_when(StrategyName::UnguardedDecrement, &world, &asked, || {
        let rows = world.rows();
        ["A", "B"]
            .iter()
            .all(|sku| rows.shelf(world::SHOP, sku) == left)
    });
    let rows = world.rows();
    assert!(
        ["A", "B"]
            .iter()
            .all(|sku| rows.shelf(world::SHOP, sku) == left)
    );
    assert!(rows.orders.is_empty() && rows.keys.is_empty());
}

#[test]
fn an_order_without_its_items_is_not_recognized_and_stays_so() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let asked = by_key("k");
    let orders = || world.rows().orders.len();
    die_when(StrategyName::DebounceWindow, &world, &asked, || {
        orders() == 1
    });
    assert_eq!(world.rows().orders[0].items, 0);
    assert_eq!(
        ask(StrategyName::DebounceWindow, &world, &asked).status,
        201
    );
    assert_eq!(made(&world), (2, 2));
}

#[test]
fn a_retry_half_a_minute_later_is_a_second_order_of_the_debounced_shop() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    ask(StrategyName::DebounceWindow, &world, &by_key("k"));
    world.pass(Span::secs(30));
    assert_eq!(
        ask(StrategyName::DebounceWindow, &world, &by_key("k")).status,
        201
    );
    assert_eq!(made(&world), (2, 2));
}
