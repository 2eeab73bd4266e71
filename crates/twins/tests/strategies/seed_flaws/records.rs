//! What rests on a row with a key: tokens, records of requests, unique keys and snapshots, whose losers and leftovers tell on them.

use orders::{KeyRecord, Token};
use protocol::{OrderId, Scope, ScopedKey, Time};

use twins::Statement;

use super::super::seeds::{ask, by_key};
use super::super::*;
use super::{made, twins};

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
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    assert_eq!(
        twins(StrategyName::Token, &world).map(|answer| answer.status),
        [201, 500]
    );
    assert_eq!(world.orders(OrderState::Confirmed), 1);
    let (key, row) = world.only_key();
    assert_eq!(key, token("k", Scope::OrderTokens));
    assert_eq!((row.state, row.order), (KeyState::Failed, Some(OrderId(1))));
    let retry = ask(StrategyName::Token, &world, &by_key("k"));
    assert_eq!(
        (retry.status, retry.order.map(|order| order.id)),
        (200, Some(OrderId(1)))
    );
}

/// A record that was committed while its order was not.
fn plant(world: &World<'_>, key: ScopedKey) {
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
    world.write(Statement::InsertKey { key, record });
}

#[test]
fn a_token_in_process_is_answered_with_success_and_no_order() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
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
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    plant(&world, token("u1:k", Scope::OrderIdempotencies));
    for _ in 0..2 {
        world.pass(Span::hours(48));
        let answer = ask(StrategyName::OrderIdempotencies, &world, &by_key("k"));
        assert_eq!(refused(answer), (409, Some(Problem::InProgress)));
    }
    for polls in 0.. {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
        let dead = world.replica(1);
        let asked = by_key("k");
        let mut create = dead.create(StrategyName::OrderIdempotencies, &CONTRACT, &asked);
        let died = (0..polls).all(|_| create.step().is_none());
        assert!(
            world
                .rows()
                .keys
                .iter()
                .all(|(_, row)| row.state != KeyState::Claimed)
        );
        if !died {
            break;
        }
    }
}

#[test]
fn a_twin_of_seed_001_gets_the_generic_error_and_not_the_order() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let statuses = twins(StrategyName::OrderIdempotencies, &world).map(|answer| answer.status);
    assert_eq!(statuses, [201, 500]);
    assert_eq!(world.orders(OrderState::Confirmed), 1);
}

#[test]
fn the_loser_of_a_unique_key_was_charged_before_the_index_refused_its_row() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    assert_eq!(
        twins(StrategyName::UniqueKey, &world).map(|answer| answer.status),
        [201, 500]
    );
    assert_eq!(made(&world), (1, 2));
}

#[test]
fn a_basket_hashed_without_a_time_can_never_be_bought_again() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    let first = ask(StrategyName::UniqueKey, &world, &request(None, 1, 1));
    world.pass(Span::hours(24 * 365));
    let next_year = ask(StrategyName::UniqueKey, &world, &request(None, 2, 1));
    assert_eq!((next_year.status, next_year.order), (201, first.order));
}

#[test]
fn stored_orders_are_answered_to_another_content_and_where_keys_are_global_to_anybody() {
    for strategy in [
        StrategyName::Token,
        StrategyName::UniqueKey,
        StrategyName::OrderIdempotencies,
    ] {
        let base = Base::with_stock(STOCK);
        let world = base.afternoon();
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
fn the_loser_of_a_snapshot_undoes_its_rows_but_neither_its_charge_nor_its_message() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    assert_eq!(
        twins(StrategyName::ResponseSnapshot, &world).map(|answer| answer.status),
        [201, 500]
    );
    assert_eq!(made(&world), (1, 2));
    assert_eq!(world.rows().notifications.len(), 2);
}

#[test]
fn an_expired_snapshot_is_not_found_and_still_in_the_way() {
    let base = Base::with_stock(STOCK);
    let world = base.afternoon();
    ask(StrategyName::ResponseSnapshot, &world, &by_key("k"));
    world.pass(CONTRACT.ttl);
    assert_eq!(
        ask(StrategyName::ResponseSnapshot, &world, &by_key("k")).status,
        500
    );
    assert_eq!(made(&world), (1, 2), "and charged for it");
}
