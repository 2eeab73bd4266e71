//! Locks: who waits for whom, in which order they go on, and what happens in a deadlock.

use orders::StoreError;
use protocol::{OrderState, Span};

use super::keys::{committed_claim, find, insert, lock, update};
use super::orders::{committed_order, update as update_order};
use super::stock::{read, reserve, sell};
use super::{carts, claims, coupons, sales};
use crate::call::{Answer, Told};
use crate::play::Play;
use crate::shop::{CART, claimed, line};
use crate::twin::Need::{DeadlockCheck, RowLocks, Time};
use crate::twin::Seat;

claims! {
    rows_of_different_keys_are_nobodys_hindrance needs [RowLocks];
    who_waits_for_a_row_longest_gets_it_first_and_the_next_waits_on needs [RowLocks];
    all_who_wait_for_an_insert_are_refused_when_it_commits needs [RowLocks];
    who_waited_for_a_process_that_died_goes_on needs [RowLocks];
    who_dies_while_it_waits_is_waited_for_by_nobody needs [RowLocks];
    a_statement_that_takes_rows_in_the_order_of_skus_waits_instead_of_deadlocking needs [RowLocks];
    of_two_that_wait_for_each_other_one_is_undone_and_the_other_goes_on needs [DeadlockCheck, Time];
    of_three_in_a_circle_one_is_undone_and_the_others_go_on needs [DeadlockCheck, Time];
    who_only_waits_for_somebody_in_a_circle_is_not_undone needs [DeadlockCheck, Time];
    a_wait_that_is_no_circle_is_not_ended_by_time needs [DeadlockCheck, Time];
    a_lock_stays_when_another_transaction_takes_the_place_of_one_that_ended needs [RowLocks];
}

/// Longer than any deadlock check takes to come.
const LONG: Span = Span::secs(5);

fn rows_of_different_keys_are_nobodys_hindrance(play: &mut Play<'_>) {
    committed_claim(play, "a");
    committed_claim(play, "b");
    let order = committed_order(play, None);
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, lock("a"), Some(claimed(1)));
    play.ok(b, lock("b"), Some(claimed(1)));
    play.ok(a, reserve(&[line("burger", 1)]), true);
    play.ok(b, reserve(&[line("pie", 1)]), true);
    play.ok(a, coupons::redeem("C"), true);
    play.ok(b, coupons::redeem("A1"), true);
    play.done(a, sales::count(&[line("burger", 1)]));
    play.done(b, sales::count(&[line("pie", 1)]));
    play.ok(
        a,
        update_order(order, OrderState::Pending, OrderState::Confirmed),
        1,
    );
    play.ok(b, carts::find(CART), true);
    play.done(b, carts::clear(CART));
    play.commit(a);
    play.commit(b);
}

fn who_waits_for_a_row_longest_gets_it_first_and_the_next_waits_on(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let [a, b, c] = [(); 3].map(|()| play.begin());
    play.ok(a, update("k", 1, 2), 1);
    play.blocks(b, lock("k"));
    play.blocks(c, lock("k"));
    play.commit(a);
    play.goes_on(b, Some(claimed(2)));
    play.still_blocked(c);
    play.ok(b, update("k", 2, 3), 1);
    play.commit(b);
    play.goes_on(c, Some(claimed(3)));
}

fn all_who_wait_for_an_insert_are_refused_when_it_commits(play: &mut Play<'_>) {
    let [a, b, c] = [(); 3].map(|()| play.begin());
    play.done(a, insert("k"));
    play.blocks(b, insert("k"));
    play.blocks(c, insert("k"));
    play.commit(a);
    for seat in [b, c] {
        let refused = StoreError::Unique(orders::ports::Constraint::Keys);
        play.goes_on_to_fail(seat, refused);
    }
}

fn who_waited_for_a_process_that_died_goes_on(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, update("k", 1, 2), 1);
    play.blocks(b, lock("k"));
    play.close(a);
    play.goes_on(b, Some(claimed(1)));
}

fn who_dies_while_it_waits_is_waited_for_by_nobody(play: &mut Play<'_>) {
    committed_claim(play, "k");
    committed_claim(play, "l");
    let [a, b, c] = [(); 3].map(|()| play.begin());
    play.ok(a, lock("k"), Some(claimed(1)));
    play.ok(b, lock("l"), Some(claimed(1)));
    play.blocks(b, lock("k"));
    play.blocks(c, lock("l"));
    play.close(b);
    play.goes_on(c, Some(claimed(1)));
    play.blocks(c, lock("k"));
    play.commit(a);
    play.goes_on(c, Some(claimed(1)));
}

fn a_statement_that_takes_rows_in_the_order_of_skus_waits_instead_of_deadlocking(
    play: &mut Play<'_>,
) {
    let (pie, burger) = ([line("pie", 1)], [line("burger", 1)]);
    let both = [line("pie", 1), line("burger", 1)];
    let [a, b, c] = [(); 3].map(|()| play.begin());
    play.ok(a, sell(&burger), true);
    // It names the pie first, and has not locked it.
    play.blocks(b, reserve(&both));
    play.ok(c, sell(&pie), true);
    play.roll_back(c);
    play.ok(a, sell(&pie), true);
    play.roll_back(a);
    play.goes_on(b, true);
    play.ok(b, read(&both), Some(vec![0, 9]));
}

fn of_two_that_wait_for_each_other_one_is_undone_and_the_other_goes_on(play: &mut Play<'_>) {
    committed_claim(play, "x");
    committed_claim(play, "y");
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, update("x", 1, 2), 1);
    play.ok(b, update("y", 1, 2), 1);
    play.blocks(a, update("y", 1, 3));
    play.blocks(b, update("x", 1, 3));
    play.pass(LONG);
    // No database promises which one: here it is the first to run the deadlock check, which has waited longest.
    let told = [play.heard(a), play.heard(b)];
    let victim = told
        .iter()
        .position(|told| *told == Err(StoreError::Conflict.into()));
    let victim = victim.unwrap_or_else(|| panic!("SQLSTATE 40P01, not {told:?}"));
    assert_eq!(told[1 - victim], Ok(Answer::Count(1)));
    let (undone, other) = ([a, b][victim], [a, b][1 - victim]);
    play.fails(undone, find("x"), StoreError::Aborted);
    play.roll_back(undone);
    play.commit(other);
    let kept = play.audit().keys;
    let tokens: Vec<u32> = kept.iter().map(|(_, record)| record.token.0).collect();
    assert_eq!(
        tokens,
        [[3, 2], [2, 3]][victim],
        "those of the one that went on"
    );
}

fn of_three_in_a_circle_one_is_undone_and_the_others_go_on(play: &mut Play<'_>) {
    let texts = ["x", "y", "z"];
    let seats = texts.map(|text| {
        committed_claim(play, text);
        let tx = play.begin();
        play.ok(tx, lock(text), Some(claimed(1)));
        tx
    });
    for (place, seat) in seats.iter().enumerate() {
        play.blocks(*seat, lock(texts[(place + 1) % 3]));
    }
    play.pass(LONG);
    let told = unwind(play, &seats);
    let undone = told.iter().filter(|(_, told)| told.is_err());
    assert_eq!(undone.count(), 1, "{told:?}");
}

/// Lets transactions that waited end one after another, whichever goes on first; what each came to.
fn unwind(play: &mut Play<'_>, seats: &[Seat]) -> Vec<(Seat, Told)> {
    let (mut left, mut ended) = (seats.to_vec(), Vec::new());
    while !left.is_empty() {
        let told = left
            .iter()
            .find_map(|seat| Some((*seat, play.heard_by_now(*seat)?)));
        let (seat, told) = told.expect("one of them goes on");
        match &told {
            Ok(_) => play.commit(seat),
            Err(failure) => {
                assert_eq!(*failure, StoreError::Conflict.into());
                play.roll_back(seat);
            }
        }
        left.retain(|other| *other != seat);
        ended.push((seat, told));
    }
    ended
}

fn who_only_waits_for_somebody_in_a_circle_is_not_undone(play: &mut Play<'_>) {
    committed_claim(play, "w");
    committed_claim(play, "x");
    let [late, a, b] = [(); 3].map(|()| play.begin());
    play.ok(a, lock("w"), Some(claimed(1)));
    play.ok(b, lock("x"), Some(claimed(1)));
    play.blocks(late, lock("w"));
    play.blocks(a, lock("x"));
    play.blocks(b, lock("w"));
    play.pass(LONG);
    let told = unwind(play, &[a, b, late]);
    assert!(
        told.contains(&(late, Ok(Some(claimed(1)).into()))),
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|(_, told)| told.is_err()).count(), 1);
}

fn a_wait_that_is_no_circle_is_not_ended_by_time(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, lock("k"), Some(claimed(1)));
    play.blocks(b, lock("k"));
    play.pass(LONG);
    play.still_blocked(b);
    play.commit(a);
    play.goes_on(b, Some(claimed(1)));
}

fn a_lock_stays_when_another_transaction_takes_the_place_of_one_that_ended(play: &mut Play<'_>) {
    committed_claim(play, "x");
    committed_claim(play, "y");
    let (holder, waiter) = (play.begin(), play.begin());
    play.ok(holder, lock("x"), Some(claimed(1)));
    play.ok(waiter, lock("y"), Some(claimed(1)));
    play.blocks(waiter, lock("x"));
    play.commit(holder);
    play.goes_on(waiter, Some(claimed(1)));
    play.begin_on(holder);
    play.blocks(holder, lock("y"));
    play.commit(waiter);
    play.goes_on(holder, Some(claimed(1)));
}
