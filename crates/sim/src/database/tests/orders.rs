//! Orders, their items and charges, and carts.

use super::*;

#[test]
fn nulls_are_distinct_in_a_unique_index_and_equal_carts_are_not() {
    let mut script = Script::new();
    let tx = script.db.begin();
    assert!(script.insert_order(tx, None).unwrap().is_ok());
    assert!(script.insert_order(tx, None).unwrap().is_ok());
    assert!(script.insert_order(tx, Some(CART)).unwrap().is_ok());
    assert_eq!(
        script.insert_order(tx, Some(CART)),
        Ok(Err(StoreError::Unique(Constraint::OrdersCart)))
    );
}

#[test]
fn a_cancelled_order_gives_its_cart_free_when_the_cancellation_commits() {
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, Some(CART)).unwrap().unwrap();
    script.commit(a);
    let (b, c) = (script.db.begin(), script.db.begin());
    let cancel = |db: &mut Database, tx: Tx| {
        db.update_order(tx, order, OrderState::Pending, OrderState::Cancelled)
    };
    assert_eq!(script.run(b, cancel), Ok(Ok(1)));
    let waiting = script.insert_order(c, Some(CART)).unwrap_err();
    script.commit(b);
    assert_eq!(script.db.open.released, [waiting]);
    assert!(script.insert_order(c, Some(CART)).unwrap().is_ok());
}

#[test]
fn the_numbers_of_orders_do_not_go_back_when_an_insert_is_undone() {
    let mut script = Script::new();
    let a = script.db.begin();
    assert_eq!(script.insert_order(a, None), Ok(Ok(OrderId(1))));
    script.db.rollback(a);
    let b = script.db.begin();
    assert_eq!(script.insert_order(b, None), Ok(Ok(OrderId(2))));
    assert_eq!(
        script.run(b, |db, tx| db.find_order(tx, OrderId(1))),
        Ok(Ok(None))
    );
}

#[test]
fn a_recent_order_is_the_customers_own_committed_one() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    let order = script.insert_order(a, None).unwrap().unwrap();
    script.db.at_hand.now_us = 50;
    let recent = |who: u64, within: u64| {
        move |db: &mut Database, tx: Tx| {
            let customer = Customer::User(UserId(who));
            let found = db.find_recent_orders(tx, SHOP, customer, Span(within), 2)?;
            Ok(found.into_iter().map(|order| order.id).collect::<Vec<_>>())
        }
    };
    assert_eq!(
        script.run(b, recent(3, 90)),
        Ok(Ok(vec![])),
        "not committed"
    );
    script.commit(a);
    assert_eq!(script.run(b, recent(3, 90)), Ok(Ok(vec![order])));
    assert_eq!(
        script.run(b, recent(3, 50)),
        Ok(Ok(vec![])),
        "created_at > NOW() - within"
    );
    assert_eq!(
        script.run(b, recent(4, 90)),
        Ok(Ok(vec![])),
        "somebody else's"
    );
    let later: Vec<OrderId> = (0..3)
        .map(|_| script.insert_order(b, None).unwrap().unwrap())
        .collect();
    assert_eq!(
        script.run(b, recent(3, 90)),
        Ok(Ok(vec![later[2], later[1]])),
        "the latest first, and no more than the limit"
    );
}

#[test]
fn recent_orders_are_the_same_whenever_somebody_first_asks() {
    for asks_early in [false, true] {
        let mut script = Script::new();
        let recent = |db: &mut Database, tx: Tx| {
            let customer = Customer::User(UserId(3));
            let found = db.find_recent_orders(tx, SHOP, customer, Span(90), 9)?;
            Ok(found
                .into_iter()
                .map(|order| order.id.0)
                .collect::<Vec<_>>())
        };
        let reader = script.db.begin();
        if asks_early {
            assert_eq!(script.run(reader, recent), Ok(Ok(vec![])));
        }
        for keeps in [true, false, true, false] {
            let tx = script.db.begin();
            script.insert_order(tx, None).unwrap().unwrap();
            match keeps {
                true => script.commit(tx),
                false => script.db.rollback(tx),
            };
        }
        assert_eq!(script.run(reader, recent), Ok(Ok(vec![3, 1])));
    }
}

fn keyed(tenant: Tenant, index: KeyIndex) -> NewOrder {
    NewOrder {
        tenant,
        key: Some(IdempotencyKey::new("k").unwrap()),
        key_index: index,
        ..new_order(None)
    }
}

#[test]
fn a_unique_key_waits_for_a_twin_and_is_refused_only_if_that_commits() {
    for commits in [false, true] {
        let mut script = Script::new();
        let (a, b) = (script.db.begin(), script.db.begin());
        let insert = |db: &mut Database, tx: Tx| {
            db.insert_order(tx, &mut Some(keyed(SHOP, KeyIndex::Unique)))
        };
        script.run(a, insert).unwrap().unwrap();
        // Another shop's order with the same key waits as well.
        let elsewhere = |db: &mut Database, tx: Tx| {
            db.insert_order(tx, &mut Some(keyed(Tenant(7), KeyIndex::Unique)))
        };
        let waiting = script.run(b, elsewhere).unwrap_err();
        if commits {
            script.commit(a);
        } else {
            script.db.rollback(a);
        }
        assert_eq!(script.db.open.released, [waiting]);
        let outcome = script.run(b, elsewhere).unwrap();
        assert_eq!(
            outcome.err(),
            commits.then_some(StoreError::Unique(Constraint::OrdersKey))
        );
    }
}

#[test]
fn orders_are_found_by_a_key_that_an_index_has_within_a_shop_or_in_all() {
    let mut script = Script::new();
    let (a, look) = (script.db.begin(), script.db.begin());
    let find = |tenant: Option<Tenant>| {
        move |db: &mut Database, tx: Tx| {
            let found = db.find_order_by_key(tx, tenant, &IdempotencyKey::new("k").unwrap())?;
            Ok(found.map(|order| order.id.0))
        }
    };
    for (tenant, index) in [
        (SHOP, KeyIndex::None),
        (Tenant(7), KeyIndex::Plain),
        (SHOP, KeyIndex::Plain),
        (SHOP, KeyIndex::Plain),
    ] {
        let insert =
            |db: &mut Database, tx: Tx| db.insert_order(tx, &mut Some(keyed(tenant, index)));
        script.run(a, insert).unwrap().unwrap();
    }
    assert_eq!(script.run(look, find(None)), Ok(Ok(None)), "a dirty read");
    script.commit(a);
    assert_eq!(script.run(look, find(None)), Ok(Ok(Some(2))));
    assert_eq!(script.run(look, find(Some(SHOP))), Ok(Ok(Some(3))));
    assert_eq!(script.run(look, find(Some(Tenant(9)))), Ok(Ok(None)));
    let undone = script.db.begin();
    let insert = |db: &mut Database, tx: Tx| {
        db.insert_order(tx, &mut Some(keyed(Tenant(9), KeyIndex::Plain)))
    };
    script.run(undone, insert).unwrap().unwrap();
    script.db.rollback(undone);
    assert_eq!(script.run(look, find(Some(Tenant(9)))), Ok(Ok(None)));
}

#[test]
fn items_inserted_one_by_one_are_seen_one_by_one() {
    let mut script = Script::new();
    let (a, look) = (script.db.begin(), script.db.begin());
    let order = script.insert_order(a, None).unwrap().unwrap();
    let count = move |db: &mut Database, tx: Tx| Ok(db.find_items(tx, order)?.len());
    assert_eq!(script.run(a, count), Ok(Ok(0)));
    script
        .run(a, |db, tx| db.insert_item(tx, order))
        .unwrap()
        .unwrap();
    assert_eq!(script.run(a, count), Ok(Ok(1)));
    assert_eq!(script.run(look, count), Ok(Ok(0)), "a dirty read");
    script.commit(a);
    assert_eq!(script.run(look, count), Ok(Ok(1)));
}

#[test]
fn two_tabs_may_both_find_a_cart_and_only_one_delete_hits_it() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    let find = |db: &mut Database, tx: Tx| db.find_cart(tx, SHOP, CART);
    let clear = |db: &mut Database, tx: Tx| db.clear_cart(tx, SHOP, CART);
    assert_eq!(script.run(a, find), Ok(Ok(true)));
    assert_eq!(script.run(b, find), Ok(Ok(true)));
    script.run(a, clear).unwrap().unwrap();
    assert_eq!(script.run(a, find), Ok(Ok(false)));
    assert_eq!(script.run(b, find), Ok(Ok(true)), "a dirty read");
    let waiting = script.run(b, clear).unwrap_err();
    script.commit(a);
    assert_eq!(script.db.open.released, [waiting]);
    assert_eq!(script.run(b, clear), Ok(Ok(())));
    script.db.rollback(b);
    let c = script.db.begin();
    assert_eq!(script.run(c, find), Ok(Ok(false)));
    let other = Cart { id: 8, version: 1 };
    script
        .run(c, |db, tx| db.clear_cart(tx, SHOP, other))
        .unwrap()
        .unwrap();
    script.db.rollback(c);
    let d = script.db.begin();
    assert_eq!(
        script.run(d, |db, tx| db.find_cart(tx, SHOP, other)),
        Ok(Ok(true))
    );
}

#[test]
fn a_charge_of_an_order_is_unique_and_waits_like_any_other() {
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, None).unwrap().unwrap();
    script.commit(a);
    let charge = ::orders::ChargeRow {
        id: protocol::ChargeId(5),
        order,
        amount: Money(100),
    };
    let insert = |db: &mut Database, tx: Tx| db.insert_charge(tx, charge);
    let (b, c) = (script.db.begin(), script.db.begin());
    script.run(b, insert).unwrap().unwrap();
    let waiting = script.run(c, insert).unwrap_err();
    script.db.rollback(b);
    assert_eq!(script.db.open.released, [waiting]);
    assert_eq!(script.run(c, insert), Ok(Ok(())));
    script.commit(c);
    let d = script.db.begin();
    assert_eq!(
        script.run(d, insert),
        Ok(Err(StoreError::Unique(Constraint::ChargesOrder)))
    );
}

#[test]
fn an_update_of_an_order_skips_a_state_that_is_not_committed_and_judges_anew_what_it_waited_for() {
    use OrderState::{Cancelled, Confirmed, Pending};
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, None).unwrap().unwrap();
    script.commit(a);
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.update_order(a, order, Pending, Confirmed), Ok(Ok(1)));
    assert_eq!(
        script.update_order(b, order, Confirmed, Cancelled),
        Ok(Ok(0))
    );
    assert!(script.update_order(b, order, Pending, Cancelled).is_err());
    script.commit(a);
    assert_eq!(script.update_order(b, order, Pending, Cancelled), Ok(Ok(0)));
    let c = script.db.begin();
    assert!(
        script.update_order(c, order, Confirmed, Cancelled).is_err(),
        "what was waited for is locked"
    );
}

#[test]
fn who_cancels_an_order_may_take_its_cart_again_at_once() {
    use OrderState::{Cancelled, Pending};
    for commits in [true, false] {
        let mut script = Script::new();
        let a = script.db.begin();
        let old = script.insert_order(a, Some(CART)).unwrap().unwrap();
        script.commit(a);
        let (a, b) = (script.db.begin(), script.db.begin());
        assert_eq!(script.update_order(a, old, Pending, Cancelled), Ok(Ok(1)));
        let new = script.insert_order(a, Some(CART)).unwrap().unwrap();
        let by_cart = |db: &mut Database, tx: Tx| {
            let found = db.find_order_by_cart(tx, SHOP, CART)?;
            Ok(found.map(|order| order.id))
        };
        assert_eq!(script.run(a, by_cart), Ok(Ok(Some(new))));
        assert_eq!(script.run(b, by_cart), Ok(Ok(Some(old))));
        assert!(script.insert_order(b, Some(CART)).is_err());
        let left = if commits {
            script.commit(a);
            new
        } else {
            script.db.rollback(a);
            old
        };
        assert_eq!(script.run(b, by_cart), Ok(Ok(Some(left))));
        assert_eq!(
            script.insert_order(b, Some(CART)),
            Ok(Err(StoreError::Unique(Constraint::OrdersCart)))
        );
    }
}

#[test]
fn an_order_keeps_its_cart_when_it_is_cancelled() {
    use OrderState::{Cancelled, Confirmed, Pending};
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, Some(CART)).unwrap().unwrap();
    script
        .update_order(a, order, Pending, Confirmed)
        .unwrap()
        .unwrap();
    script
        .update_order(a, order, Confirmed, Cancelled)
        .unwrap()
        .unwrap();
    script.commit(a);
    let b = script.db.begin();
    let found = script.run(b, |db, tx| db.find_order(tx, order));
    assert_eq!(
        found.unwrap().unwrap().unwrap().new.natural_key,
        Some(CART),
        "only the index forgets it"
    );
    assert!(script.insert_order(b, Some(CART)).unwrap().is_ok());
}

#[test]
fn items_are_seen_by_others_when_they_are_committed_and_a_rollback_takes_only_its_own() {
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, None).unwrap().unwrap();
    script.commit(a);
    let insert = |db: &mut Database, tx: Tx| db.insert_items(tx, order);
    let (a, b) = (script.db.begin(), script.db.begin());
    script.run(a, insert).unwrap().unwrap();
    assert!(script.has_items(a, order));
    assert!(!script.has_items(b, order), "a dirty read");
    script.commit(a);
    assert!(script.has_items(b, order));
    script.run(b, insert).unwrap().unwrap();
    script.db.rollback(b);
    let c = script.db.begin();
    assert!(script.has_items(c, order), "they were there before");
}
