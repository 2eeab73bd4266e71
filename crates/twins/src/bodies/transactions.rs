//! Transactions: what is undone and when, the aborted state, and statements that are a transaction of their own.

use orders::ports::Constraint;
use orders::{CommitTag, StoreError};
use protocol::OrderState::{Confirmed, Pending};

use super::keys::{committed_claim, find, insert, lock, update};
use super::orders::{committed_order, insert as insert_order, update as update_order};
use super::{carts, charges, claims, coupons, items, outbox, sales, stock};
use crate::audit::Audit;
use crate::call::{Answer, Call};
use crate::play::Play;
use crate::shop::{CART, SHOP, claimed, line};
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};
use crate::twin::Seat;

claims! {
    a_commit_keeps_everything_and_a_rollback_or_a_lost_connection_nothing needs [Database];
    an_error_aborts_the_transaction_which_then_answers_nothing_else_and_cannot_commit needs [Database];
    what_an_aborted_transaction_held_is_free_at_once needs [RowLocks];
    a_transaction_has_one_time_and_a_later_one_is_not_earlier needs [Database];
    a_statement_in_autocommit_is_committed_and_holds_no_lock needs [RowLocks];
    a_statement_in_autocommit_waits_as_any_other_does needs [RowLocks];
    an_error_in_autocommit_aborts_nothing_but_its_statement needs [Database];
    the_end_of_autocommit_undoes_nothing needs [Database];
}

const REFUSED: StoreError = StoreError::Unique(Constraint::Keys);

/// Something in every table.
fn write_everything(play: &mut Play<'_>, tx: Seat) {
    let order = play.id(tx, insert_order(Some(CART)));
    let lines = [line("burger", 3)];
    play.ok(tx, update("k", 1, 2), 1);
    play.ok(tx, update("k", 2, 3), 1);
    play.done(tx, insert("l"));
    play.done(tx, items::insert_all(order));
    play.ok(tx, update_order(order, Pending, Confirmed), 1);
    play.ok(tx, stock::reserve(&lines), true);
    play.done(tx, stock::settle(&lines));
    play.ok(tx, stock::sell(&lines), true);
    play.done(tx, sales::count(&lines));
    play.ok(tx, coupons::redeem("C"), true);
    play.ok(tx, carts::find(CART), true);
    play.done(tx, carts::clear(CART));
    play.done(tx, charges::insert(5, order));
    play.done(tx, outbox::notify(order));
    let lines = lines.to_vec();
    play.done(tx, Statement::InsertInventoryLog { order, lines });
}

/// That everything is as it was, which includes that the indexes have forgotten.
fn everything_is_as_it_was(play: &mut Play<'_>, before: &Audit) {
    assert_eq!(play.audit(), *before);
    let tx = play.begin();
    play.ok(tx, lock("k"), Some(claimed(1)));
    play.done(tx, insert("l"));
    play.id(tx, insert_order(Some(CART)));
    play.roll_back(tx);
}

fn a_commit_keeps_everything_and_a_rollback_or_a_lost_connection_nothing(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let before = play.audit();
    for undo in [Some(Call::Rollback), Some(Call::HangUp), None] {
        let tx = play.begin();
        write_everything(play, tx);
        match undo {
            Some(undo) => play.done(tx, undo),
            None => play.close(tx),
        }
        everything_is_as_it_was(play, &before);
    }
    let tx = play.begin();
    write_everything(play, tx);
    assert_eq!(play.audit(), before, "nothing is seen before the commit");
    play.commit(tx);
    let after = play.audit();
    let rows = [
        after.keys.len(),
        after.orders.len(),
        after.charges.len(),
        after.notifications.len(),
    ];
    assert_eq!(rows, [2, 1, 1, 1]);
    assert_eq!((after.cleared.len(), after.moves.len()), (1, 1));
    assert_eq!(
        (after.orders[0].items, after.orders[0].state),
        (2, Confirmed)
    );
    assert_eq!(after.shelf(SHOP, "burger"), Some([4, 0]));
    assert_eq!(
        (after.sold(SHOP, "burger"), after.used(SHOP, "C")),
        (Some(3), Some(1))
    );
}

fn an_error_aborts_the_transaction_which_then_answers_nothing_else_and_cannot_commit(
    play: &mut Play<'_>,
) {
    committed_claim(play, "k");
    let before = play.audit();
    let tx = play.begin();
    play.ok(tx, stock::reserve(&[line("burger", 4)]), true);
    play.fails(tx, insert("k"), REFUSED);
    // SQLSTATE 25P02.
    play.fails(tx, find("k"), StoreError::Aborted);
    play.fails(tx, insert("l"), StoreError::Aborted);
    // COMMIT of an aborted transaction is a ROLLBACK, and no error.
    play.ok(tx, Call::Commit, CommitTag::RolledBack);
    assert_eq!(play.audit(), before);
    // The connection is as good as new.
    play.begin_on(tx);
    play.fails(tx, insert("k"), REFUSED);
    play.roll_back(tx);
    play.begin_on(tx);
    play.done(tx, insert("l"));
    play.commit(tx);
}

fn what_an_aborted_transaction_held_is_free_at_once(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b) = (play.begin(), play.begin());
    play.done(a, insert("l"));
    play.blocks(b, insert("l"));
    play.fails(a, insert("k"), REFUSED);
    play.goes_on(b, ());
}

fn a_transaction_has_one_time_and_a_later_one_is_not_earlier(play: &mut Play<'_>) {
    let a = play.begin();
    let began = play.now(a);
    play.done(a, insert("k"));
    assert_eq!(play.now(a), began);
    play.commit(a);
    let b = play.begin();
    assert!(play.now(b) >= began);
}

fn a_statement_in_autocommit_is_committed_and_holds_no_lock(play: &mut Play<'_>) {
    let (a, b) = (play.autocommit(), play.begin());
    play.done(a, insert("k"));
    play.ok(b, find("k"), Some(claimed(1)));
    play.ok(a, lock("k"), Some(claimed(1)));
    play.ok(b, update("k", 1, 2), 1);
    play.commit(b);
    play.ok(a, find("k"), Some(claimed(2)));
}

fn a_statement_in_autocommit_waits_as_any_other_does(play: &mut Play<'_>) {
    let (a, b) = (play.autocommit(), play.begin());
    play.done(b, insert("k"));
    play.blocks(a, insert("k"));
    play.roll_back(b);
    play.goes_on(a, ());
    assert_eq!(play.audit().keys.len(), 1);
}

fn an_error_in_autocommit_aborts_nothing_but_its_statement(play: &mut Play<'_>) {
    let a = play.autocommit();
    play.done(a, insert("k"));
    play.fails(a, insert("k"), REFUSED);
    play.done(a, insert("l"));
    assert_eq!(play.audit().keys.len(), 2);
}

fn the_end_of_autocommit_undoes_nothing(play: &mut Play<'_>) {
    let order = committed_order(play, None);
    for end in [Call::HangUp, Call::Rollback, Call::Commit] {
        let a = play.autocommit();
        play.done(a, outbox::notify(order));
        let answer = match end {
            Call::Commit => Answer::Tag(CommitTag::Committed),
            _ => Answer::Nothing,
        };
        play.ok(a, end, answer);
    }
    let a = play.autocommit();
    play.done(a, outbox::notify(order));
    play.close(a);
    assert_eq!(play.audit().notifications.len(), 4);
}
