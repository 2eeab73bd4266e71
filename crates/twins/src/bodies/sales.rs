//! `sales`: counters that every order of a shop's SKU goes through.

use protocol::Line;

use super::claims;
use crate::play::Play;
use crate::shop::{ELSEWHERE, SHOP, line};
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};

claims! {
    what_was_sold_is_counted_for_each_shop_and_sku needs [Database];
    two_who_count_one_sku_wait_for_each_other_and_neither_is_lost needs [RowLocks];
}

pub(super) fn count(lines: &[Line]) -> Statement {
    let lines = lines.to_vec();
    Statement::IncrementSales {
        tenant: SHOP,
        lines,
    }
}

fn what_was_sold_is_counted_for_each_shop_and_sku(play: &mut Play<'_>) {
    let tx = play.begin();
    play.done(
        tx,
        count(&[line("burger", 2), line("pie", 1), line("burger", 3)]),
    );
    play.commit(tx);
    let audit = play.audit();
    assert_eq!(audit.sold(SHOP, "burger"), Some(5));
    assert_eq!(audit.sold(SHOP, "pie"), Some(1));
    assert_eq!(audit.sold(ELSEWHERE, "burger"), Some(0));
}

fn two_who_count_one_sku_wait_for_each_other_and_neither_is_lost(play: &mut Play<'_>) {
    let (a, b, c) = (play.begin(), play.begin(), play.begin());
    play.done(a, count(&[line("burger", 2)]));
    play.blocks(b, count(&[line("burger", 3)]));
    play.done(c, count(&[line("pie", 1)]));
    play.commit(a);
    play.goes_on(b, ());
    play.commit(b);
    play.roll_back(c);
    let audit = play.audit();
    assert_eq!(audit.sold(SHOP, "burger"), Some(5));
    assert_eq!(audit.sold(SHOP, "pie"), Some(0));
}
