//! Where the seeds' strategies break: for each the interleaving, the outage or the death that its own text leaves open.

mod caches;
mod records;

use protocol::OrderId;

use super::seeds::{afternoon, ask, by_key};
use super::*;

/// Two requests on two replicas, a step of one and a step of the other.
fn in_step(strategy: StrategyName, world: &World, [one, two]: [&OrderRequest; 2]) -> [Response; 2] {
    let (here, there) = (world.replica(1), world.replica(2));
    let mut first = pin!(strategy.create(&here, &CONTRACT, one));
    let mut second = pin!(strategy.create(&there, &CONTRACT, two));
    let mut answers = [None; 2];
    while answers.contains(&None) {
        answers[0] = answers[0].or_else(|| step(first.as_mut()));
        answers[1] = answers[1].or_else(|| step(second.as_mut()));
    }
    answers.map(|answer| answer.expect("both are answered"))
}

fn twins(strategy: StrategyName, world: &World) -> [Response; 2] {
    in_step(strategy, world, [&by_key("k"), &by_key("k")])
}

/// Orders and charges.
fn made(world: &World) -> (usize, usize) {
    (world.orders(OrderState::Confirmed), world.captured())
}

/// Runs a request on a replica that dies as soon as the world looks so.
fn die_when(strategy: StrategyName, world: &World, asked: &OrderRequest, when: impl Fn() -> bool) {
    let dead = world.replica(1);
    let mut request = pin!(strategy.create(&dead, &CONTRACT, asked));
    while !when() {
        assert_eq!(step(request.as_mut()), None, "it dies before it ends");
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
        let world = afternoon();
        let (here, there) = (world.replica(1), world.replica(2));
        let asked = by_key("k");
        world.gateway_stalled.set(true);
        let mut first = pin!(strategy.create(&here, &CONTRACT, &asked));
        let mut second = pin!(strategy.create(&there, &CONTRACT, &asked));
        for _ in 0..20 {
            assert!(step(first.as_mut()).is_none() && step(second.as_mut()).is_none());
        }
        world.gateway_stalled.set(false);
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
    let world = afternoon();
    let replica = world.replica(1);
    let somebody = request(None, 1, 1);
    let else_ = OrderRequest {
        customer: Customer::User(UserId(2)),
        ..request(None, 2, 1)
    };
    let create = |asked| StrategyName::ProcessCounter.create(&replica, &CONTRACT, asked);
    let mut first = pin!(create(&somebody));
    assert_eq!(step(first.as_mut()), None);
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
        run(StrategyName::ProcessCounter.create(&restarted, &CONTRACT, &else_)).status,
        201
    );
}

#[test]
fn an_exception_leaves_the_process_counter_incremented() {
    let world = afternoon();
    world.trouble(1, Trouble::CommitConflict);
    let replica = world.replica(1);
    let asked = by_key("k");
    let create = || run(StrategyName::ProcessCounter.create(&replica, &CONTRACT, &asked));
    assert_eq!(create().status, 500);
    assert_eq!(refused(create()), (409, Some(Problem::Duplicate)));
}

#[test]
fn a_cancelled_order_is_still_answered_as_already_placed() {
    for strategy in [StrategyName::FingerprintDb, StrategyName::DebounceWindow] {
        let world = afternoon();
        ask(strategy, &world, &by_key("k"));
        world.db.borrow_mut().orders[0].state = OrderState::Cancelled;
        world.flush();
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
        let world = World::with_stock(1);
        world.pass(Span::secs(1_200));
        let replica = world.replica(1);
        let mut first = pin!(strategy.create(&replica, &CONTRACT, &buyers[0]));
        while world.captured() == 0 {
            assert!(step(first.as_mut()).is_none());
        }
        // It has looked and paid. The other one comes and goes.
        assert_eq!(ask(strategy, &world, &buyers[1]).status, 201, "{strategy}");
        while step(first.as_mut()).is_none() {}
        let db = world.db.borrow();
        assert!(
            db.stock.values().all(|columns| columns[0] == left),
            "{strategy}: {:?}",
            db.stock
        );
        drop(db);
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
    let world = afternoon();
    let asked = by_key("k");
    let dead = world.replica(1);
    {
        let mut create = pin!(StrategyName::UnguardedDecrement.create(&dead, &CONTRACT, &asked));
        while world
            .db
            .borrow()
            .stock
            .values()
            .any(|columns| columns[0] == STOCK)
        {
            assert!(step(create.as_mut()).is_none());
        }
    }
    let db = world.db.borrow();
    assert!(db.stock.values().all(|columns| columns[0] == STOCK - 1));
    assert!(db.orders.is_empty() && db.keys.is_empty());
}

#[test]
fn an_order_without_its_items_is_not_recognized_and_stays_so() {
    let world = afternoon();
    let asked = by_key("k");
    let orders = || world.db.borrow().orders.len();
    die_when(StrategyName::DebounceWindow, &world, &asked, || {
        orders() == 1
    });
    assert_eq!(world.db.borrow().orders[0].items, 0);
    assert_eq!(
        ask(StrategyName::DebounceWindow, &world, &asked).status,
        201
    );
    assert_eq!(made(&world), (2, 2));
}

#[test]
fn a_retry_half_a_minute_later_is_a_second_order_of_the_debounced_shop() {
    let world = afternoon();
    ask(StrategyName::DebounceWindow, &world, &by_key("k"));
    world.pass(Span::secs(30));
    assert_eq!(
        ask(StrategyName::DebounceWindow, &world, &by_key("k")).status,
        201
    );
    assert_eq!(made(&world), (2, 2));
}
