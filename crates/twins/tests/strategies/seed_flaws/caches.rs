//! What rests on a cache: fingerprints and a lock that run out, are forgotten, or cannot be asked.

use orders::Metric;

use super::super::seeds::{ask, by_key};
use super::super::*;
use super::{made, twins};

#[test]
fn a_pair_on_both_sides_of_a_bucket_is_two_orders_by_cache_and_one_by_database_or_two_claims() {
    for (strategy, orders) in [
        (StrategyName::Fingerprint, 2),
        (StrategyName::FingerprintDb, 1),
        (StrategyName::FingerprintAtomic, 1),
    ] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        world.pass(Span::secs(299));
        ask(strategy, &world, &by_key("k"));
        world.pass(Span::secs(2));
        ask(strategy, &world, &by_key("k"));
        assert_eq!(made(&world), (orders, orders), "{strategy}");
    }
}

#[test]
fn a_cache_that_is_down_fails_every_order_but_not_where_the_database_takes_over() {
    for (strategy, status) in [
        (StrategyName::Fingerprint, 500),
        (StrategyName::FingerprintDb, 500),
        (StrategyName::FingerprintAtomic, 201),
        (StrategyName::DistributedLock, 503),
    ] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        world.script.lose_cache();
        assert_eq!(
            ask(strategy, &world, &by_key("k")).status,
            status,
            "{strategy}"
        );
    }
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    world.script.lose_cache();
    let first = ask(StrategyName::FingerprintAtomic, &world, &by_key("k"));
    assert_eq!(
        ask(StrategyName::FingerprintAtomic, &world, &by_key("k")).order,
        first.order
    );
}

#[test]
fn a_cache_error_after_the_commit_is_answered_500_for_an_order_that_exists() {
    for strategy in [StrategyName::Fingerprint, StrategyName::FingerprintDb] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        let replica = world.replica(1);
        let asked = by_key("k");
        let mut create = replica.create(strategy, &CONTRACT, &asked);
        while made(&world).0 == 0 {
            assert_eq!(create.step(), None);
        }
        world.script.lose_cache();
        assert_eq!(run(create).status, 500);
        world.script.flush_cache();
        ask(strategy, &world, &asked);
        let orders = if strategy == StrategyName::Fingerprint {
            2
        } else {
            1
        };
        assert_eq!(made(&world), (orders, orders), "{strategy}");
    }
}

#[test]
fn an_atomic_fingerprint_lets_one_twin_work_and_tells_the_other() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let statuses = twins(StrategyName::FingerprintAtomic, &world).map(|answer| answer.status);
    assert_eq!(statuses, [201, 409]);
    assert_eq!(made(&world), (1, 1));
    assert_eq!(world.metric(Metric::Conflict), 1);
}

#[test]
fn an_atomic_fingerprint_that_the_cache_forgot_does_not_begin_its_window_anew() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let first = ask(StrategyName::FingerprintAtomic, &world, &by_key("k"));
    world.pass(Span::secs(299));
    world.script.flush_cache();
    let second = ask(StrategyName::FingerprintAtomic, &world, &by_key("k"));
    assert_eq!(second.order, first.order);
    world.pass(Span::secs(2));
    assert_eq!(
        ask(StrategyName::FingerprintAtomic, &world, &by_key("k")).status,
        201
    );
}

#[test]
fn a_database_hit_of_the_seed_is_cached_again_for_the_next_bucket() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    world.pass(Span::secs(200));
    let first = ask(StrategyName::FingerprintDb, &world, &by_key("k"));
    world.pass(Span::secs(299));
    world.script.flush_cache();
    ask(StrategyName::FingerprintDb, &world, &by_key("k"));
    world.pass(Span::secs(2));
    let genuine = ask(StrategyName::FingerprintDb, &world, &by_key("k"));
    assert_eq!((genuine.status, genuine.order), (200, first.order));
}

#[test]
fn a_declined_atomic_fingerprint_frees_its_claim() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    world.script.reply([Reply::Declined]);
    let statuses =
        [(); 2].map(|()| ask(StrategyName::FingerprintAtomic, &world, &by_key("k")).status);
    assert_eq!(statuses, [402, 201]);
}

#[test]
fn a_lock_that_ran_out_or_was_forgotten_lets_a_second_one_in() {
    for forgotten in [false, true] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        let (here, there) = (world.replica(1), world.replica(2));
        let asked = by_key("k");
        world.script.stall_gateway(true);
        let mut slow = here.create(StrategyName::DistributedLock, &CONTRACT, &asked);
        slow.stalls();
        let early = run(there.create(StrategyName::DistributedLock, &CONTRACT, &asked));
        assert_eq!(refused(early), (409, Some(Problem::InProgress)));
        if forgotten {
            world.script.flush_cache();
        } else {
            world.pass(Span::secs(10));
        }
        world.script.stall_gateway(false);
        let next = run(there.create(StrategyName::DistributedLock, &CONTRACT, &asked));
        assert_eq!([next.status, run(slow).status], [201, 201]);
        assert_eq!(made(&world), (2, 2));
    }
}
