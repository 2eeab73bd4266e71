//! What the seeds' strategies promise, one request after another.

use orders::Metric;
use protocol::Button;

use super::*;

/// A strategy on a replica of its own.
pub fn ask(strategy: StrategyName, world: &World<'_>, asked: &OrderRequest) -> Response {
    run(world.replica(1).create(strategy, &CONTRACT, asked))
}

pub fn by_key(key: &str) -> OrderRequest {
    request(Some(key), 1, 1)
}

#[test]
fn a_retry_gets_the_first_order_with_the_status_that_its_seed_says() {
    for (strategy, status) in [
        (StrategyName::CheckThenInsert, 201),
        (StrategyName::Fingerprint, 200),
        (StrategyName::FingerprintDb, 200),
        (StrategyName::FingerprintAtomic, 200),
        (StrategyName::Token, 200),
        (StrategyName::DebounceWindow, 200),
        (StrategyName::UniqueKey, 201),
        (StrategyName::OrderIdempotencies, 201),
        (StrategyName::UnguardedDecrement, 201),
        (StrategyName::ReadModifyWrite, 201),
        (StrategyName::ResponseSnapshot, 201),
        (StrategyName::DistributedLock, 201),
    ] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        let first = ask(strategy, &world, &by_key("k"));
        assert_eq!((first.status, first.replayed), (201, false), "{strategy}");
        world.pass(Span::secs(5));
        let second = ask(strategy, &world, &by_key("k"));
        assert_eq!(
            (second.status, second.replayed),
            (status, true),
            "{strategy}"
        );
        assert_eq!(second.order, first.order, "{strategy}");
        assert_eq!(
            (world.orders(OrderState::Confirmed), world.captured()),
            (1, 1),
            "{strategy}"
        );
        assert_eq!(
            (world.metric(Metric::Hit), world.metric(Metric::Miss)),
            (1, 1),
            "{strategy}"
        );
    }
}

#[test]
fn only_the_client_differs_from_no_dedup_where_the_button_is_disabled() {
    assert_eq!(
        StrategyName::ClientDisable.button(),
        Button::DisabledWhileSubmitting
    );
    assert_eq!(
        StrategyName::DebounceWindow.button(),
        Button::Debounced(Span::millis(500))
    );
    assert_eq!(StrategyName::NoDedup.button(), Button::Plain);
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    for _ in 0..2 {
        assert_eq!(
            ask(StrategyName::ClientDisable, &world, &by_key("k")).status,
            201
        );
    }
    assert_eq!(world.captured(), 2);
}

#[test]
fn recent_check_refuses_any_second_order_within_thirty_seconds_but_knows_no_guests() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let create = |asked: &OrderRequest| ask(StrategyName::RecentCheck, &world, asked);
    assert_eq!(create(&request(None, 1, 1)).status, 201);
    assert_eq!(
        refused(create(&request(None, 2, 3))),
        (409, Some(Problem::Duplicate)),
        "another cart: a false merge"
    );
    world.pass(Span::secs(31));
    assert_eq!(
        create(&request(None, 1, 1)).status,
        201,
        "a late retry: a duplicate"
    );
    let guest = OrderRequest {
        customer: Customer::Guest,
        ..request(None, 3, 1)
    };
    assert_eq!([create(&guest).status, create(&guest).status], [201, 201]);
}

#[test]
fn check_then_insert_looks_by_key_and_without_one_for_a_recent_order() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let create = |asked: &OrderRequest| ask(StrategyName::CheckThenInsert, &world, asked);
    let first = create(&by_key("k"));
    world.pass(Span::secs(3_600));
    assert_eq!(create(&by_key("k")).order, first.order, "a key is for ever");
    let second = create(&by_key("other"));
    assert_ne!(second.order, first.order);
    assert_eq!(create(&request(None, 7, 1)).order, second.order);
    let elsewhere = OrderRequest {
        tenant: Tenant(2),
        ..by_key("k")
    };
    assert_ne!(create(&elsewhere).order, first.order, "another shop's key");
}

#[test]
fn process_counter_lets_one_after_another_through_and_so_misses_every_late_duplicate() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let replica = world.replica(1);
    for _ in 0..3 {
        let asked = request(None, 1, 1);
        let create = replica.create(StrategyName::ProcessCounter, &CONTRACT, &asked);
        assert_eq!(run(create).status, 201);
    }
}

#[test]
fn the_windows_of_seed_002_end_when_it_says() {
    for (strategy, window_secs) in [
        (StrategyName::Fingerprint, 300),
        (StrategyName::FingerprintAtomic, 300),
        (StrategyName::DebounceWindow, 30),
    ] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        let first = ask(strategy, &world, &by_key("k"));
        world.pass(Span::secs(window_secs - 1));
        assert_eq!(
            ask(strategy, &world, &by_key("k")).order,
            first.order,
            "{strategy}"
        );
        world.pass(Span::secs(2));
        assert_eq!(
            ask(strategy, &world, &by_key("k")).status,
            201,
            "{strategy}"
        );
    }
}

#[test]
fn a_key_in_the_header_comes_before_one_in_the_body_and_that_before_a_hash_of_the_content() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let in_body = |key: &str| Some(Box::new(IdempotencyKey::new(key).expect("a key")));
    let create = |asked: &OrderRequest| ask(StrategyName::UniqueKey, &world, asked).order;
    let header = create(&OrderRequest {
        body_key: in_body("b"),
        ..by_key("h")
    });
    let body = create(&OrderRequest {
        body_key: in_body("b"),
        ..request(None, 1, 1)
    });
    let auto = create(&request(None, 1, 1));
    assert!(header != body && body != auto && header != auto);
    assert_eq!(create(&by_key("h")), header);
    assert_eq!(create(&by_key("b")), body, "one column for both");
    let sources = [Metric::HeaderKey, Metric::BodyKey, Metric::AutoKey];
    assert_eq!(sources.map(|source| world.metric(source)), [3, 1, 1]);
}

#[test]
fn a_missing_key_is_an_exception_in_one_seed_and_a_refusal_in_the_others() {
    for (strategy, status) in [
        (StrategyName::Token, 500),
        (StrategyName::OrderIdempotencies, 400),
        (StrategyName::ResponseSnapshot, 400),
    ] {
        assert!(strategy.brings_client_key());
        let base = Base::with_stock(STOCK);
        let answer = ask(strategy, &base.afternoon(), &request(None, 1, 1));
        assert_eq!(
            refused(answer),
            (status, Some(Problem::KeyMissing)),
            "{strategy}"
        );
    }
}

#[test]
fn another_content_under_a_snapshots_key_is_a_conflict() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    assert_eq!(
        ask(StrategyName::ResponseSnapshot, &world, &by_key("k")).status,
        201
    );
    let other = request(Some("k"), 1, 2);
    assert_eq!(
        refused(ask(StrategyName::ResponseSnapshot, &world, &other)),
        (409, Some(Problem::KeyReused))
    );
    assert_eq!(world.metric(Metric::Conflict), 1);
}

#[test]
fn seed_001_takes_stock_cart_sales_and_log_along_or_nothing() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let short = request(Some("k"), 1, 11);
    let strategy = StrategyName::OrderIdempotencies;
    assert_eq!(
        refused(ask(strategy, &world, &short)),
        (409, Some(Problem::OutOfStock))
    );
    assert!(world.rows().keys.is_empty() && world.rows().moves.is_empty());
    assert_eq!(world.captured(), 0);
    assert_eq!(
        ask(strategy, &world, &by_key("k")).status,
        201,
        "not remembered"
    );
    world.audit();
    let rows = world.rows();
    assert_eq!((rows.moves.len(), rows.cleared.len()), (2, 1));
}

#[test]
fn a_bought_cart_is_empty_for_a_second_key_of_seed_001() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let strategy = StrategyName::OrderIdempotencies;
    assert_eq!(ask(strategy, &world, &by_key("tab-1")).status, 201);
    assert_eq!(
        refused(ask(strategy, &world, &by_key("tab-2"))),
        (400, Some(Problem::Invalid))
    );
}
