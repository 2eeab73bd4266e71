//! `stock`: guards, what is locked by whom, and the log of what left.

use protocol::Line;

use super::claims;
use super::orders::committed_order;
use crate::call::Answer;
use crate::play::Play;
use crate::shop::{ELSEWHERE, SHOP, line};
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};

claims! {
    a_reservation_is_taken_from_the_shelf_and_sold_or_given_back needs [Database];
    stock_is_taken_for_all_lines_or_for_none needs [Database];
    split_lines_of_one_sku_are_added_up_before_the_guard_looks needs [Database];
    a_sku_without_a_row_is_not_on_hand needs [Database];
    every_shop_has_a_shelf_of_its_own needs [Database];
    a_guarded_update_waits_for_the_row_and_then_judges_what_was_committed needs [RowLocks];
    a_reservation_that_is_rolled_back_is_on_the_shelf_again needs [RowLocks];
    stock_that_is_not_enough_as_committed_is_neither_waited_for_nor_locked needs [RowLocks];
    a_row_that_was_short_when_the_statement_began_stays_so_while_it_waits_for_another needs [RowLocks];
    who_only_reads_stock_sees_what_is_committed_and_never_waits needs [RowLocks];
    a_sale_without_a_guard_goes_below_zero_and_waits_for_the_row needs [RowLocks];
    what_is_written_to_the_shelf_is_there_whatever_was needs [RowLocks];
    the_log_of_what_left_has_a_row_for_every_line_that_was_committed needs [RowLocks];
}

pub(super) fn reserve(lines: &[Line]) -> Statement {
    let lines = lines.to_vec();
    Statement::ReserveStock {
        tenant: SHOP,
        lines,
    }
}

pub(super) fn settle(lines: &[Line]) -> Statement {
    let lines = lines.to_vec();
    Statement::SettleStock {
        tenant: SHOP,
        lines,
    }
}

fn release(lines: &[Line]) -> Statement {
    let lines = lines.to_vec();
    Statement::ReleaseStock {
        tenant: SHOP,
        lines,
    }
}

pub(super) fn sell(lines: &[Line]) -> Statement {
    let lines = lines.to_vec();
    Statement::SellStock {
        tenant: SHOP,
        lines,
    }
}

fn take(lines: &[Line]) -> Statement {
    let lines = lines.to_vec();
    Statement::TakeStock {
        tenant: SHOP,
        lines,
    }
}

pub(super) fn read(lines: &[Line]) -> Statement {
    let lines = lines.to_vec();
    Statement::ReadStock {
        tenant: SHOP,
        lines,
    }
}

#[track_caller]
fn shelves(play: &mut Play<'_>, burger: [i64; 2], pie: [i64; 2]) {
    let audit = play.audit();
    let found = [audit.shelf(SHOP, "burger"), audit.shelf(SHOP, "pie")];
    assert_eq!(found, [Some(burger), Some(pie)], "on hand, and reserved");
}

/// A statement that does what it is to do, in a transaction of its own.
fn committed(play: &mut Play<'_>, statement: Statement, answer: Answer) {
    let tx = play.begin();
    play.ok(tx, statement, answer);
    play.commit(tx);
}

fn a_reservation_is_taken_from_the_shelf_and_sold_or_given_back(play: &mut Play<'_>) {
    let burgers = [line("burger", 3)];
    committed(play, reserve(&burgers), Answer::Did(true));
    shelves(play, [7, 3], [1, 0]);
    committed(play, settle(&[line("burger", 1)]), Answer::Nothing);
    shelves(play, [7, 2], [1, 0]);
    committed(play, release(&[line("burger", 2)]), Answer::Nothing);
    shelves(play, [9, 0], [1, 0]);
    committed(
        play,
        sell(&[line("burger", 4), line("pie", 1)]),
        Answer::Did(true),
    );
    shelves(play, [5, 0], [0, 0]);
}

fn stock_is_taken_for_all_lines_or_for_none(play: &mut Play<'_>) {
    let cart = [line("burger", 2), line("pie", 2)];
    committed(play, reserve(&cart), Answer::Did(false));
    committed(play, sell(&cart), Answer::Did(false));
    shelves(play, [10, 0], [1, 0]);
}

fn split_lines_of_one_sku_are_added_up_before_the_guard_looks(play: &mut Play<'_>) {
    committed(
        play,
        reserve(&[line("burger", 6), line("burger", 6)]),
        Answer::Did(false),
    );
    committed(
        play,
        reserve(&[line("burger", 6), line("burger", 4)]),
        Answer::Did(true),
    );
    shelves(play, [0, 10], [1, 0]);
}

fn a_sku_without_a_row_is_not_on_hand(play: &mut Play<'_>) {
    let tx = play.begin();
    let lines = [line("burger", 1), line("caviar", 1)];
    play.ok(tx, reserve(&lines), false);
    play.ok(tx, read(&lines), Answer::OnHand(None));
    play.commit(tx);
    shelves(play, [10, 0], [1, 0]);
}

fn every_shop_has_a_shelf_of_its_own(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, reserve(&[line("pie", 1)]), true);
    let elsewhere = Statement::SellStock {
        tenant: ELSEWHERE,
        lines: vec![line("pie", 1)],
    };
    play.ok(b, elsewhere, true);
    play.commit(b);
    play.roll_back(a);
    assert_eq!(play.audit().shelf(ELSEWHERE, "pie"), Some([0, 0]));
    shelves(play, [10, 0], [1, 0]);
}

fn a_guarded_update_waits_for_the_row_and_then_judges_what_was_committed(play: &mut Play<'_>) {
    let pie = [line("pie", 1)];
    for (commits, left) in [(false, true), (true, false)] {
        let (a, b) = (play.begin(), play.begin());
        play.ok(a, sell(&pie), true);
        play.blocks(b, sell(&pie));
        play.end(a, commits);
        play.goes_on(b, left);
        play.roll_back(b);
    }
    shelves(play, [10, 0], [0, 0]);
}

fn a_reservation_that_is_rolled_back_is_on_the_shelf_again(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, reserve(&[line("burger", 10)]), true);
    play.ok(a, settle(&[line("burger", 4)]), ());
    play.ok(a, read(&[line("burger", 1)]), Some(vec![0]));
    shelves(play, [10, 0], [1, 0]);
    play.blocks(b, reserve(&[line("burger", 7)]));
    play.roll_back(a);
    play.goes_on(b, true);
    play.commit(b);
    shelves(play, [3, 7], [1, 0]);
}

fn stock_that_is_not_enough_as_committed_is_neither_waited_for_nor_locked(play: &mut Play<'_>) {
    let pie = [line("pie", 1)];
    committed(play, reserve(&pie), Answer::Did(true));
    let (a, b) = (play.begin(), play.begin());
    play.done(a, release(&pie));
    // The unit that is being given back is not committed.
    play.ok(b, reserve(&pie), false);
    play.commit(a);
    let both = [line("burger", 1), line("pie", 2)];
    play.ok(b, sell(&both), false);
    let c = play.begin();
    // The pie was too short to be locked; the burger was not.
    play.ok(c, sell(&pie), true);
    play.blocks(c, sell(&both[..1]));
}

fn a_row_that_was_short_when_the_statement_began_stays_so_while_it_waits_for_another(
    play: &mut Play<'_>,
) {
    let both = [line("burger", 1), line("pie", 1)];
    committed(play, reserve(&both), Answer::Did(true));
    let (a, b) = (play.begin(), play.begin());
    play.done(a, release(&both));
    play.blocks(b, reserve(&both));
    play.commit(a);
    play.goes_on(b, false);
    // The next statement looks again.
    play.ok(b, reserve(&both), true);
}

fn who_only_reads_stock_sees_what_is_committed_and_never_waits(play: &mut Play<'_>) {
    let lines = [line("pie", 1), line("burger", 1)];
    let (a, look) = (play.begin(), play.begin());
    play.ok(a, reserve(&lines), true);
    play.ok(a, read(&lines), Some(vec![0, 9]));
    play.ok(look, read(&lines), Some(vec![1, 10]));
    play.commit(a);
    play.ok(look, read(&lines), Some(vec![0, 9]));
}

fn a_sale_without_a_guard_goes_below_zero_and_waits_for_the_row(play: &mut Play<'_>) {
    let pie = [line("pie", 1)];
    let (a, b) = (play.begin(), play.begin());
    play.done(a, take(&pie));
    play.blocks(b, take(&pie));
    play.commit(a);
    play.goes_on(b, ());
    play.commit(b);
    shelves(play, [10, 0], [-1, 0]);
}

fn what_is_written_to_the_shelf_is_there_whatever_was(play: &mut Play<'_>) {
    let write = |on_hand| Statement::WriteStock {
        tenant: SHOP,
        sku: line("pie", 1).sku,
        on_hand,
    };
    let (a, b) = (play.begin(), play.begin());
    play.done(a, write(30));
    play.blocks(b, write(40));
    play.commit(a);
    play.goes_on(b, ());
    play.ok(b, read(&[line("pie", 1)]), Some(vec![40]));
    play.roll_back(b);
    shelves(play, [10, 0], [30, 0]);
}

fn the_log_of_what_left_has_a_row_for_every_line_that_was_committed(play: &mut Play<'_>) {
    let order = committed_order(play, None);
    let log = |lines: &[Line]| Statement::InsertInventoryLog {
        order,
        lines: lines.to_vec(),
    };
    let (a, b) = (play.begin(), play.begin());
    play.done(a, log(&[line("burger", 2), line("pie", 1)]));
    play.done(b, log(&[line("burger", 5)]));
    assert_eq!(play.audit().moves, []);
    play.commit(a);
    play.roll_back(b);
    let rows =
        [("burger", 2), ("pie", 1)].map(|(sku, quantity)| (order, line(sku, 1).sku, quantity));
    assert_eq!(play.audit().moves, rows);
}
