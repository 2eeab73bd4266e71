//! `orders`: the unique indexes, by their names; states; and how orders are found.

use orders::ports::Constraint;
use orders::{KeyIndex, NewOrder, OrderRow, StoreError};
use protocol::{Cart, Customer, Order, OrderId, OrderState, Span, Tenant};

use super::claims;
use crate::call::Answer;
use crate::play::Play;
use crate::shop::{CART, ELSEWHERE, SHOP, customer, keyed, new_order, text_key};
use crate::statement::Statement;
use crate::twin::Need::{self, Database, RowLocks};
use crate::twin::Seat;

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
    an_order_is_found_as_it_was_inserted_by_its_number_and_by_its_cart needs [Database];
    a_reader_sees_the_committed_state_of_an_order_that_somebody_is_changing needs [RowLocks];
    orders_are_found_by_a_key_that_an_index_has_within_a_shop_or_in_all needs [RowLocks];
    a_recent_order_is_the_customers_own_committed_one needs [RowLocks, Need::Time];
    recent_orders_are_the_latest_ones_whatever_became_of_those_between needs [Need::Time];
}

pub(super) fn insert(natural_key: Option<Cart>) -> Statement {
    let new = new_order(natural_key);
    Statement::InsertOrder { new }
}

fn insert_keyed(tenant: Tenant, index: KeyIndex) -> Statement {
    let new = keyed(tenant, index);
    Statement::InsertOrder { new }
}

pub(super) fn update(order: OrderId, from: OrderState, to: OrderState) -> Statement {
    Statement::UpdateOrder { order, from, to }
}

fn by_cart() -> Statement {
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

fn shown(id: OrderId, state: OrderState) -> Order {
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

fn an_order_is_found_as_it_was_inserted_by_its_number_and_by_its_cart(play: &mut Play<'_>) {
    let order = committed_order(play, Some(CART));
    let row = OrderRow {
        id: order,
        new: new_order(Some(CART)),
        state: Pending,
        items: 0,
    };
    let look = play.begin();
    play.ok(look, Statement::FindOrder { order }, Some(row));
    play.ok(look, by_cart(), Some(shown(order, Pending)));
    let tenant = ELSEWHERE;
    play.ok(
        look,
        Statement::FindOrderByCart { tenant, cart: CART },
        Answer::Order(None),
    );
}

fn a_reader_sees_the_committed_state_of_an_order_that_somebody_is_changing(play: &mut Play<'_>) {
    let order = committed_order(play, Some(CART));
    let (a, look) = (play.begin(), play.begin());
    play.ok(a, update(order, Pending, Confirmed), 1);
    play.ok(look, by_cart(), Some(shown(order, Pending)));
    play.ok(a, by_cart(), Some(shown(order, Confirmed)));
    play.commit(a);
    play.ok(look, by_cart(), Some(shown(order, Confirmed)));
}

fn orders_are_found_by_a_key_that_an_index_has_within_a_shop_or_in_all(play: &mut Play<'_>) {
    let find = |tenant| Statement::FindOrderByKey {
        tenant,
        key: text_key("k"),
    };
    let (a, look) = (play.begin(), play.begin());
    play.id(a, insert_keyed(SHOP, KeyIndex::None));
    let elsewhere = play.id(a, insert_keyed(ELSEWHERE, KeyIndex::Plain));
    play.ok(look, find(None), Answer::Order(None));
    play.commit(a);
    play.ok(look, find(None), Some(shown(elsewhere, Pending)));
    play.ok(look, find(Some(ELSEWHERE)), Some(shown(elsewhere, Pending)));
    play.ok(look, find(Some(SHOP)), Answer::Order(None));
    let undone = play.begin();
    play.id(undone, insert_keyed(SHOP, KeyIndex::Plain));
    play.roll_back(undone);
    play.ok(look, find(Some(SHOP)), Answer::Order(None));
}

/// The orders of a customer within a span of time before now.
#[track_caller]
fn recent(play: &mut Play<'_>, seat: Seat, who: Customer, within: u64) -> Vec<OrderId> {
    let call = Statement::FindRecentOrders {
        tenant: SHOP,
        customer: who,
        within: Span::secs(within),
        limit: 2,
    };
    match play.call(seat, call) {
        Ok(Answer::Orders(orders)) => orders.iter().map(|order| order.id).collect(),
        other => panic!("orders are found, not {other:?}"),
    }
}

/// The age of an order is the database's affair: `created_at` is when it was inserted by the database's clock, whatever a replica's says.
fn a_recent_order_is_the_customers_own_committed_one(play: &mut Play<'_>) {
    let a = play.begin();
    let order = play.id(a, insert(None));
    let guests = NewOrder {
        customer: Customer::Guest,
        ..new_order(None)
    };
    play.id(a, Statement::InsertOrder { new: guests });
    let look = play.begin();
    assert_eq!(recent(play, look, customer(3), 90), []);
    play.commit(a);
    assert_eq!(recent(play, look, customer(3), 90), [order]);
    play.roll_back(look);
    play.pass(Span::secs(60));
    let look = play.begin();
    assert_eq!(recent(play, look, customer(3), 90), [order]);
    assert_eq!(recent(play, look, customer(3), 30), []);
    assert_eq!(recent(play, look, customer(4), 90), []);
    assert_eq!(recent(play, look, Customer::Guest, 90), []);
}

fn recent_orders_are_the_latest_ones_whatever_became_of_those_between(play: &mut Play<'_>) {
    for asks_early in [false, true] {
        if asks_early {
            let look = play.begin();
            recent(play, look, customer(3), 90);
            play.roll_back(look);
        }
        let mut kept = Vec::new();
        for keeps in [true, false, true, false, true] {
            let tx = play.begin();
            let order = play.id(tx, insert(None));
            kept.extend(keeps.then_some(order));
            play.end(tx, keeps);
            play.pass(Span::secs(1));
        }
        let look = play.begin();
        assert_eq!(recent(play, look, customer(3), 90), [kept[2], kept[1]]);
        // Whatever their states are.
        play.ok(look, update(kept[2], Pending, Cancelled), 1);
        assert_eq!(recent(play, look, customer(3), 90), [kept[2], kept[1]]);
        play.roll_back(look);
    }
}
