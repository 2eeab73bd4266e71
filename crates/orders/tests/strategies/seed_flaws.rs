//! Where the seeds' strategies break: for each the interleaving, the outage or the death that its own text leaves open.

use orders::{KeyRecord, Metric, Token};
use protocol::{OrderId, Scope, ScopedKey, Time};

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
fn a_pair_on_both_sides_of_a_bucket_is_two_orders_by_cache_and_one_by_database_or_two_claims() {
    for (strategy, orders) in [
        (StrategyName::Fingerprint, 2),
        (StrategyName::FingerprintDb, 1),
        (StrategyName::FingerprintAtomic, 1),
    ] {
        let world = afternoon();
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
        let world = afternoon();
        world.lose_cache();
        assert_eq!(
            ask(strategy, &world, &by_key("k")).status,
            status,
            "{strategy}"
        );
    }
    let world = afternoon();
    world.lose_cache();
    let first = ask(StrategyName::FingerprintAtomic, &world, &by_key("k"));
    assert_eq!(
        ask(StrategyName::FingerprintAtomic, &world, &by_key("k")).order,
        first.order
    );
}

#[test]
fn a_cache_error_after_the_commit_is_answered_500_for_an_order_that_exists() {
    for strategy in [StrategyName::Fingerprint, StrategyName::FingerprintDb] {
        let world = afternoon();
        let replica = world.replica(1);
        let asked = by_key("k");
        let mut create = pin!(strategy.create(&replica, &CONTRACT, &asked));
        while made(&world).0 == 0 {
            assert_eq!(step(create.as_mut()), None);
        }
        world.lose_cache();
        assert_eq!(run(create).status, 500);
        world.flush();
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
fn an_atomic_fingerprint_lets_one_twin_work_and_tells_the_other() {
    let world = afternoon();
    let statuses = twins(StrategyName::FingerprintAtomic, &world).map(|answer| answer.status);
    assert_eq!(statuses, [201, 409]);
    assert_eq!(made(&world), (1, 1));
    assert_eq!(world.metric(Metric::Conflict), 1);
}

#[test]
fn an_atomic_fingerprint_that_the_cache_forgot_does_not_begin_its_window_anew() {
    let world = afternoon();
    let first = ask(StrategyName::FingerprintAtomic, &world, &by_key("k"));
    world.pass(Span::secs(299));
    world.flush();
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
    let world = afternoon();
    world.pass(Span::secs(200));
    let first = ask(StrategyName::FingerprintDb, &world, &by_key("k"));
    world.pass(Span::secs(299));
    world.flush();
    ask(StrategyName::FingerprintDb, &world, &by_key("k"));
    world.pass(Span::secs(2));
    let genuine = ask(StrategyName::FingerprintDb, &world, &by_key("k"));
    assert_eq!((genuine.status, genuine.order), (200, first.order));
}

#[test]
fn a_declined_atomic_fingerprint_frees_its_claim() {
    let world = afternoon();
    world.replies.borrow_mut().push_back(Reply::Declined);
    let statuses =
        [(); 2].map(|()| ask(StrategyName::FingerprintAtomic, &world, &by_key("k")).status);
    assert_eq!(statuses, [402, 201]);
}

fn token(key: &str, scope: Scope) -> ScopedKey {
    ScopedKey {
        key: IdempotencyKey::new(key).expect("a key"),
        tenant: if scope == Scope::OrderIdempotencies {
            Tenant(1)
        } else {
            Tenant(0)
        },
        scope,
    }
}

#[test]
fn the_loser_of_a_tokens_race_marks_the_winners_token_as_failed() {
    let world = afternoon();
    assert_eq!(
        twins(StrategyName::Token, &world).map(|answer| answer.status),
        [201, 500]
    );
    assert_eq!(world.orders(OrderState::Confirmed), 1);
    let row = world.db.borrow().keys[&token("k", Scope::OrderTokens)];
    assert_eq!((row.state, row.order), (KeyState::Failed, Some(OrderId(1))));
    let retry = ask(StrategyName::Token, &world, &by_key("k"));
    assert_eq!(
        (retry.status, retry.order.map(|order| order.id)),
        (200, Some(OrderId(1)))
    );
}

/// A record that was committed while its order was not.
fn plant(world: &World, key: ScopedKey) {
    let asked = by_key("k");
    let record = KeyRecord {
        state: KeyState::Claimed,
        owner: Owner(9),
        token: Token(1),
        lease_until: Time::MAX,
        expires_at: Time::MAX,
        fingerprint: orders::fingerprint(&asked),
        order: None,
        response: None,
    };
    world.db.borrow_mut().keys.insert(key, record);
}

#[test]
fn a_token_in_process_is_answered_with_success_and_no_order() {
    let world = afternoon();
    plant(&world, token("k", Scope::OrderTokens));
    let answer = ask(StrategyName::Token, &world, &by_key("k"));
    assert_eq!(
        (answer.status, answer.order, answer.problem),
        (200, None, None)
    );
    assert_eq!(made(&world), (0, 0));
}

#[test]
fn a_pending_record_of_seed_001_is_a_conflict_for_ever_and_no_run_of_it_leaves_one() {
    let world = afternoon();
    plant(&world, token("u1:k", Scope::OrderIdempotencies));
    for _ in 0..2 {
        world.pass(Span::hours(48));
        let answer = ask(StrategyName::OrderIdempotencies, &world, &by_key("k"));
        assert_eq!(refused(answer), (409, Some(Problem::InProgress)));
    }
    for polls in 0.. {
        let world = afternoon();
        let dead = world.replica(1);
        let asked = by_key("k");
        let mut create = pin!(StrategyName::OrderIdempotencies.create(&dead, &CONTRACT, &asked));
        let died = (0..polls).all(|_| step(create.as_mut()).is_none());
        assert!(
            world
                .db
                .borrow()
                .keys
                .values()
                .all(|row| row.state != KeyState::Claimed)
        );
        if !died {
            break;
        }
    }
}

#[test]
fn a_twin_of_seed_001_gets_the_generic_error_and_not_the_order() {
    let world = afternoon();
    let statuses = twins(StrategyName::OrderIdempotencies, &world).map(|answer| answer.status);
    assert_eq!(statuses, [201, 500]);
    assert_eq!(world.orders(OrderState::Confirmed), 1);
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
fn stored_orders_are_answered_to_another_content_and_where_keys_are_global_to_anybody() {
    for strategy in [
        StrategyName::Token,
        StrategyName::UniqueKey,
        StrategyName::OrderIdempotencies,
    ] {
        let world = afternoon();
        let first = ask(strategy, &world, &by_key("k"));
        assert_eq!(
            ask(strategy, &world, &request(Some("k"), 2, 3)).order,
            first.order,
            "{strategy}"
        );
        let stranger = OrderRequest {
            tenant: Tenant(2),
            customer: Customer::User(UserId(7)),
            ..by_key("k")
        };
        let global = strategy != StrategyName::OrderIdempotencies;
        assert_eq!(
            ask(strategy, &world, &stranger).order == first.order,
            global,
            "{strategy}"
        );
    }
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

#[test]
fn the_loser_of_a_unique_key_was_charged_before_the_index_refused_its_row() {
    let world = afternoon();
    assert_eq!(
        twins(StrategyName::UniqueKey, &world).map(|answer| answer.status),
        [201, 500]
    );
    assert_eq!(made(&world), (1, 2));
}

#[test]
fn a_basket_hashed_without_a_time_can_never_be_bought_again() {
    let world = afternoon();
    let first = ask(StrategyName::UniqueKey, &world, &request(None, 1, 1));
    world.pass(Span::hours(24 * 365));
    let next_year = ask(StrategyName::UniqueKey, &world, &request(None, 2, 1));
    assert_eq!((next_year.status, next_year.order), (201, first.order));
}

#[test]
fn the_loser_of_a_snapshot_undoes_its_rows_but_neither_its_charge_nor_its_message() {
    let world = afternoon();
    assert_eq!(
        twins(StrategyName::ResponseSnapshot, &world).map(|answer| answer.status),
        [201, 500]
    );
    assert_eq!(made(&world), (1, 2));
    assert_eq!(world.enqueued.borrow().len(), 2);
}

#[test]
fn an_expired_snapshot_is_not_found_and_still_in_the_way() {
    let world = afternoon();
    ask(StrategyName::ResponseSnapshot, &world, &by_key("k"));
    world.pass(CONTRACT.ttl);
    assert_eq!(
        ask(StrategyName::ResponseSnapshot, &world, &by_key("k")).status,
        500
    );
    assert_eq!(made(&world), (1, 2), "and charged for it");
}

#[test]
fn a_lock_that_ran_out_or_was_forgotten_lets_a_second_one_in() {
    for forgotten in [false, true] {
        let world = afternoon();
        let (here, there) = (world.replica(1), world.replica(2));
        let asked = by_key("k");
        world.gateway_stalled.set(true);
        let mut slow = pin!(StrategyName::DistributedLock.create(&here, &CONTRACT, &asked));
        assert!((0..20).all(|_| step(slow.as_mut()).is_none()));
        let early = run(StrategyName::DistributedLock.create(&there, &CONTRACT, &asked));
        assert_eq!(refused(early), (409, Some(Problem::InProgress)));
        if forgotten {
            world.flush();
        } else {
            world.pass(Span::secs(10));
        }
        world.gateway_stalled.set(false);
        let next = run(StrategyName::DistributedLock.create(&there, &CONTRACT, &asked));
        assert_eq!([next.status, run(slow).status], [201, 201]);
        assert_eq!(made(&world), (2, 2));
    }
}
