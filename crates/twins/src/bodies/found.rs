//! How orders are found: by number, cart and key, and the recent ones of a customer.

use orders::{KeyIndex, NewOrder, OrderRow};
use protocol::{Customer, OrderId, Span};

use protocol::OrderState::{Cancelled, Confirmed, Pending};

use super::claims;
use super::orders::{by_cart, committed_order, insert, insert_keyed, shown, update};
use crate::call::Answer;
use crate::play::Play;
use crate::shop::{CART, ELSEWHERE, SHOP, customer, new_order, text_key};
use crate::statement::Statement;
use crate::twin::Need::{self, Database, RowLocks};
use crate::twin::Seat;

claims! {
    an_order_is_found_as_it_was_inserted_by_its_number_and_by_its_cart needs [Database];
    a_reader_sees_the_committed_state_of_an_order_that_somebody_is_changing needs [RowLocks];
    orders_are_found_by_a_key_that_an_index_has_within_a_shop_or_in_all needs [RowLocks];
    a_recent_order_is_the_customers_own_committed_one needs [RowLocks, Need::Time];
    recent_orders_are_the_latest_ones_whatever_became_of_those_between needs [Need::Time];
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
