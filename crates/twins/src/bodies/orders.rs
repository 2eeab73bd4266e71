//! `orders`: the unique indexes, by their names, and the states.

use orders::ports::Constraint;
use orders::{KeyIndex, NewOrder, StoreError};
use protocol::{Cart, Order, OrderId, OrderState, Tenant};

use super::claims;
use crate::call::Answer;
use crate::play::Play;
use crate::shop::{CART, ELSEWHERE, SHOP, keyed, new_order};
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};

use OrderState::{Cancelled, Confirmed, Pending};

claims! {
    nulls_are_distinct_in_a_unique_index_and_equal_carts_are_not needs [Database];
    a_cart_is_another_in_another_shop_and_in_another_version needs [Database];
    a_second_order_of_a_cart_waits_and_is_refused_only_if_the_first_commits needs [RowLocks];
    a_cancelled_order_gives_its_cart_free_when_the_cancellation_commits needs [RowLocks];
    who_cancels_an_order_may_take_its_cart_again_at_once needs [RowLocks];
    an_order_keeps_its_cart_when_it_is_cancelled needs [Database];
    a_unique_key_waits_for_a_twin_of_any_shop_and_is_refused_only_if_that_commits needs [RowLocks];
    a_key_in_another_index_stands_in_nobodys_way needs [Database];
    the_numbers_of_orders_do_not_go_back_when_an_insert_is_undone needs [Database];
    an_update_of_an_order_hits_it_only_in_the_state_that_was_looked_for needs [Database];
    an_update_of_an_order_judges_anew_what_it_waited_for needs [RowLocks];
}

pub(super) fn insert(natural_key: Option<Cart>) -> Statement {
    let new = new_order(natural_key);
    Statement::InsertOrder { new }
}

pub(super) fn insert_keyed(tenant: Tenant, index: KeyIndex) -> Statement {
    let new = keyed(tenant, index);
    Statement::InsertOrder { new }
}

pub(super) fn update(order: OrderId, from: OrderState, to: OrderState) -> Statement {
    Statement::UpdateOrder { order, from, to }
}

pub(super) fn by_cart() -> Statement {
    Statement::FindOrderByCart {
        tenant: SHOP,
        cart: CART,
    }
}

/// An order that is committed.
pub(super) fn committed_order(play: &mut Play<'_>, natural_key: Option<Cart>) -> OrderId {
    let tx = play.begin();
    let order = play.id(tx, insert(natural_key));
    play.commit(tx);
    order
}

const CART_IS_TAKEN: StoreError = StoreError::Unique(Constraint::OrdersCart);
const KEY_IS_TAKEN: StoreError = StoreError::Unique(Constraint::OrdersKey);

pub(super) fn shown(id: OrderId, state: OrderState) -> Order {
    Order {
        id,
        state,
        total: new_order(None).total,
    }
}

fn nulls_are_distinct_in_a_unique_index_and_equal_carts_are_not(play: &mut Play<'_>) {
    let tx = play.begin();
    play.id(tx, insert(None));
    play.id(tx, insert(None));
    play.id(tx, insert(Some(CART)));
    play.fails(tx, insert(Some(CART)), CART_IS_TAKEN);
}

fn a_cart_is_another_in_another_shop_and_in_another_version(play: &mut Play<'_>) {
    let tx = play.begin();
    play.id(tx, insert(Some(CART)));
    play.id(tx, insert(Some(Cart { version: 2, ..CART })));
    let tenant = ELSEWHERE;
    let new = NewOrder {
        tenant,
        ..new_order(Some(CART))
    };
    play.id(tx, Statement::InsertOrder { new });
}

fn a_second_order_of_a_cart_waits_and_is_refused_only_if_the_first_commits(play: &mut Play<'_>) {
    for commits in [false, true] {
        let (a, b) = (play.begin(), play.begin());
        play.id(a, insert(Some(CART)));
        play.blocks(b, insert(Some(CART)));
        play.end(a, commits);
        match commits {
            true => play.goes_on_to_fail(b, CART_IS_TAKEN),
            false => assert!(matches!(play.heard(b), Ok(Answer::Id(_)))),
        }
        play.roll_back(b);
    }
    assert_eq!(play.audit().orders.len(), 1);
}

fn a_cancelled_order_gives_its_cart_free_when_the_cancellation_commits(play: &mut Play<'_>) {
    let order = committed_order(play, Some(CART));
    for commits in [false, true] {
        let (a, b) = (play.begin(), play.begin());
        play.ok(a, update(order, Pending, Cancelled), 1);
        play.blocks(b, insert(Some(CART)));
        play.end(a, commits);
        match commits {
            true => assert!(matches!(play.heard(b), Ok(Answer::Id(_)))),
            false => play.goes_on_to_fail(b, CART_IS_TAKEN),
        }
        play.roll_back(b);
    }
}

fn who_cancels_an_order_may_take_its_cart_again_at_once(play: &mut Play<'_>) {
    let old = committed_order(play, Some(CART));
    for commits in [false, true] {
        let (a, b) = (play.begin(), play.begin());
        play.ok(a, update(old, Pending, Cancelled), 1);
        let new = play.id(a, insert(Some(CART)));
        play.ok(a, by_cart(), Some(shown(new, Pending)));
        play.ok(b, by_cart(), Some(shown(old, Pending)));
        play.blocks(b, insert(Some(CART)));
        play.end(a, commits);
        play.goes_on_to_fail(b, CART_IS_TAKEN);
        play.roll_back(b);
        let left = if commits { new } else { old };
        let look = play.begin();
        play.ok(look, by_cart(), Some(shown(left, Pending)));
        play.roll_back(look);
    }
}

fn an_order_keeps_its_cart_when_it_is_cancelled(play: &mut Play<'_>) {
    let tx = play.begin();
    let order = play.id(tx, insert(Some(CART)));
    play.ok(tx, update(order, Pending, Confirmed), 1);
    play.ok(tx, update(order, Confirmed, Cancelled), 1);
    play.commit(tx);
    let rows = play.audit().orders;
    assert_eq!(
        rows[0].new.natural_key,
        Some(CART),
        "only the index forgets it"
    );
    let look = play.begin();
    play.ok(look, by_cart(), Answer::Order(None));
    play.id(look, insert(Some(CART)));
}

fn a_unique_key_waits_for_a_twin_of_any_shop_and_is_refused_only_if_that_commits(
    play: &mut Play<'_>,
) {
    for commits in [false, true] {
        let (a, b) = (play.begin(), play.begin());
        play.id(a, insert_keyed(SHOP, KeyIndex::Unique));
        play.blocks(b, insert_keyed(ELSEWHERE, KeyIndex::Unique));
        play.end(a, commits);
        match commits {
            true => play.goes_on_to_fail(b, KEY_IS_TAKEN),
            false => assert!(matches!(play.heard(b), Ok(Answer::Id(_)))),
        }
        play.roll_back(b);
    }
    // An order that is cancelled keeps its key.
    let tx = play.begin();
    let order = play.audit().orders[0].id;
    play.ok(tx, update(order, Pending, Cancelled), 1);
    play.fails(tx, insert_keyed(SHOP, KeyIndex::Unique), KEY_IS_TAKEN);
}

fn a_key_in_another_index_stands_in_nobodys_way(play: &mut Play<'_>) {
    let tx = play.begin();
    for index in [
        KeyIndex::None,
        KeyIndex::Plain,
        KeyIndex::Plain,
        KeyIndex::Unique,
        KeyIndex::Plain,
    ] {
        play.id(tx, insert_keyed(SHOP, index));
    }
    let no_key = NewOrder {
        key: None,
        key_index: KeyIndex::Unique,
        ..new_order(None)
    };
    for new in [no_key.clone(), no_key] {
        play.id(tx, Statement::InsertOrder { new });
    }
}

fn the_numbers_of_orders_do_not_go_back_when_an_insert_is_undone(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    let first = play.id(a, insert(None));
    play.roll_back(a);
    let second = play.id(b, insert(None));
    assert!(second > first, "{second} after {first}");
    play.ok(b, Statement::FindOrder { order: first }, Answer::Row(None));
}

fn an_update_of_an_order_hits_it_only_in_the_state_that_was_looked_for(play: &mut Play<'_>) {
    let order = committed_order(play, None);
    let tx = play.begin();
    play.ok(tx, update(order, Confirmed, Cancelled), 0);
    play.ok(tx, update(order, Pending, Confirmed), 1);
    play.ok(tx, update(order, Pending, Confirmed), 0);
    play.ok(tx, update(OrderId(order.0 + 9), Pending, Confirmed), 0);
    play.commit(tx);
    assert_eq!(play.audit().orders_in(Confirmed), 1);
}

fn an_update_of_an_order_judges_anew_what_it_waited_for(play: &mut Play<'_>) {
    let order = committed_order(play, None);
    let (a, b, c) = (play.begin(), play.begin(), play.begin());
    play.ok(a, update(order, Pending, Confirmed), 1);
    // The new state is not committed.
    play.ok(b, update(order, Confirmed, Cancelled), 0);
    play.blocks(b, update(order, Pending, Cancelled));
    play.commit(a);
    play.goes_on(b, 0);
    // What was waited for is locked.
    play.blocks(c, update(order, Confirmed, Cancelled));
    play.commit(b);
    play.goes_on(c, 1);
}
