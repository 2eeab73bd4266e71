//! `carts`: there until they are bought.

use protocol::Cart;

use super::claims;
use crate::play::Play;
use crate::shop::{CART, ELSEWHERE, SHOP};
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};

claims! {
    two_tabs_may_both_find_a_cart_and_the_second_delete_waits_for_the_first needs [RowLocks];
    a_cart_that_is_cleared_in_vain_is_still_there needs [Database];
    a_cart_is_cleared_for_one_shop_and_one_version needs [Database];
}

pub(super) fn find(cart: Cart) -> Statement {
    Statement::FindCart { tenant: SHOP, cart }
}

pub(super) fn clear(cart: Cart) -> Statement {
    Statement::ClearCart { tenant: SHOP, cart }
}

fn two_tabs_may_both_find_a_cart_and_the_second_delete_waits_for_the_first(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, find(CART), true);
    play.ok(b, find(CART), true);
    play.done(a, clear(CART));
    play.ok(a, find(CART), false);
    play.ok(b, find(CART), true);
    play.blocks(b, clear(CART));
    play.commit(a);
    play.goes_on(b, ());
    play.roll_back(b);
    assert_eq!(play.audit().cleared, [(SHOP, CART)]);
}

fn a_cart_that_is_cleared_in_vain_is_still_there(play: &mut Play<'_>) {
    let (a, look) = (play.begin(), play.begin());
    play.ok(a, find(CART), true);
    play.done(a, clear(CART));
    play.roll_back(a);
    play.ok(look, find(CART), true);
}

fn a_cart_is_cleared_for_one_shop_and_one_version(play: &mut Play<'_>) {
    let tx = play.begin();
    play.done(tx, clear(CART));
    play.commit(tx);
    let look = play.begin();
    play.ok(look, find(CART), false);
    play.ok(look, find(Cart { version: 2, ..CART }), true);
    let tenant = ELSEWHERE;
    play.ok(look, Statement::FindCart { tenant, cart: CART }, true);
}
