//! What READ COMMITTED prevents and what it does not, after hermitage's scripts (Martin Kleppmann, CC BY 4.0), on two rows of `stock`.
//!
//! A level that prevents more is no better here: strategies are written for this one, and must not hold by accident.

use protocol::Span;

use super::claims;
use super::orders::insert;
use super::stock::read;
use crate::call::Answer;
use crate::play::Play;
use crate::shop::{SHOP, customer, line};
use crate::statement::Statement;
use crate::twin::Need::RowLocks;
use crate::twin::Seat;

claims! {
    g0_two_writers_of_two_rows_do_not_mix needs [RowLocks];
    g1a_what_is_rolled_back_is_never_read needs [RowLocks];
    g1b_what_is_overwritten_before_the_commit_is_never_read needs [RowLocks];
    g1c_two_do_not_read_each_others_open_writes needs [RowLocks];
    otv_what_was_observed_does_not_vanish needs [RowLocks];
    pmp_a_row_may_appear_between_two_looks needs [RowLocks];
    p4_an_update_may_be_lost_between_a_look_and_a_blind_write needs [RowLocks];
    g_single_a_reader_may_see_one_row_before_and_one_after needs [RowLocks];
    g2_item_two_may_each_write_what_the_other_has_read needs [RowLocks];
}

fn write(sku: &str, on_hand: i64) -> Statement {
    Statement::WriteStock {
        tenant: SHOP,
        sku: line(sku, 1).sku,
        on_hand,
    }
}

/// What a transaction sees of both rows.
#[track_caller]
fn sees(play: &mut Play<'_>, seat: Seat, rows: [i64; 2]) {
    let lines = [line("burger", 1), line("pie", 1)];
    play.ok(seat, read(&lines), Some(rows.to_vec()));
}

fn g0_two_writers_of_two_rows_do_not_mix(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.done(a, write("burger", 11));
    play.blocks(b, write("burger", 12));
    play.done(a, write("pie", 21));
    play.commit(a);
    play.goes_on(b, ());
    let look = play.begin();
    sees(play, look, [11, 21]);
    play.done(b, write("pie", 22));
    play.commit(b);
    sees(play, look, [12, 22]);
}

fn g1a_what_is_rolled_back_is_never_read(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.done(a, write("burger", 101));
    sees(play, b, [10, 1]);
    play.roll_back(a);
    sees(play, b, [10, 1]);
}

fn g1b_what_is_overwritten_before_the_commit_is_never_read(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.done(a, write("burger", 101));
    sees(play, b, [10, 1]);
    play.done(a, write("burger", 11));
    play.commit(a);
    sees(play, b, [11, 1]);
}

fn g1c_two_do_not_read_each_others_open_writes(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.done(a, write("burger", 11));
    play.done(b, write("pie", 22));
    sees(play, a, [11, 1]);
    sees(play, b, [10, 22]);
    play.commit(a);
    play.commit(b);
}

fn otv_what_was_observed_does_not_vanish(play: &mut Play<'_>) {
    let (a, b, c) = (play.begin(), play.begin(), play.begin());
    play.done(a, write("burger", 11));
    play.done(a, write("pie", 19));
    play.blocks(b, write("burger", 12));
    play.commit(a);
    play.goes_on(b, ());
    sees(play, c, [11, 19]);
    play.done(b, write("pie", 18));
    sees(play, c, [11, 19]);
    play.commit(b);
    sees(play, c, [12, 18]);
}

fn pmp_a_row_may_appear_between_two_looks(play: &mut Play<'_>) {
    let look = Statement::FindRecentOrders {
        tenant: SHOP,
        customer: customer(3),
        within: Span::hours(1),
        limit: 9,
    };
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, look.clone(), Answer::Orders(Vec::new()));
    play.id(b, insert(None));
    play.commit(b);
    let seen = play.call(a, look);
    assert!(
        matches!(&seen, Ok(Answer::Orders(rows)) if rows.len() == 1),
        "{seen:?}"
    );
}

fn p4_an_update_may_be_lost_between_a_look_and_a_blind_write(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    sees(play, a, [10, 1]);
    sees(play, b, [10, 1]);
    play.done(a, write("burger", 9));
    play.blocks(b, write("burger", 9));
    play.commit(a);
    play.goes_on(b, ());
    play.commit(b);
    assert_eq!(
        play.audit().shelf(SHOP, "burger"),
        Some([9, 0]),
        "two were sold"
    );
}

fn g_single_a_reader_may_see_one_row_before_and_one_after(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, read(&[line("burger", 1)]), Some(vec![10]));
    play.done(b, write("burger", 12));
    play.done(b, write("pie", 18));
    play.commit(b);
    play.ok(a, read(&[line("pie", 1)]), Some(vec![18]));
}

fn g2_item_two_may_each_write_what_the_other_has_read(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    sees(play, a, [10, 1]);
    sees(play, b, [10, 1]);
    play.done(a, write("burger", 0));
    play.done(b, write("pie", 0));
    play.commit(a);
    play.commit(b);
    let look = play.begin();
    sees(play, look, [0, 0]);
}
