//! `order_items`: seen when they are committed, and undone with their transaction.

use protocol::OrderId;

use super::claims;
use super::orders::{committed_order, insert};
use crate::call::Answer;
use crate::play::Play;
use crate::shop::content;
use crate::statement::Statement;
use crate::twin::Need::RowLocks;

claims! {
    items_inserted_one_by_one_are_seen_one_by_one_and_by_others_when_they_are_committed needs [RowLocks];
    items_inserted_at_once_are_seen_by_others_when_they_are_committed needs [RowLocks];
    nobody_waits_for_an_insert_of_items needs [RowLocks];
}

fn find(order: OrderId) -> Statement {
    Statement::FindItems { order }
}

pub(super) fn insert_all(order: OrderId) -> Statement {
    let content = content();
    Statement::InsertItems { order, content }
}

fn insert_one(order: OrderId, place: usize) -> Statement {
    let line = content().lines[place].clone();
    Statement::InsertItem { order, line }
}

fn items_inserted_one_by_one_are_seen_one_by_one_and_by_others_when_they_are_committed(
    play: &mut Play<'_>,
) {
    let lines = content().lines.clone();
    let (a, look) = (play.begin(), play.begin());
    let order = play.id(a, insert(None));
    for place in [0, 1] {
        play.ok(a, find(order), lines[..place].to_vec());
        play.done(a, insert_one(order, place));
        play.ok(look, find(order), Answer::Lines(Vec::new()));
    }
    play.commit(a);
    play.ok(look, find(order), lines);
    assert_eq!(play.audit().orders[0].items, 2);
}

fn items_inserted_at_once_are_seen_by_others_when_they_are_committed(play: &mut Play<'_>) {
    let order = committed_order(play, None);
    for commits in [false, true] {
        let (a, look) = (play.begin(), play.begin());
        play.done(a, insert_all(order));
        play.ok(a, find(order), content().lines.clone());
        play.ok(look, find(order), Answer::Lines(Vec::new()));
        play.end(a, commits);
        let seen = if commits {
            content().lines.clone()
        } else {
            Vec::new()
        };
        play.ok(look, find(order), seen);
    }
}

fn nobody_waits_for_an_insert_of_items(play: &mut Play<'_>) {
    let order = committed_order(play, None);
    let (a, b) = (play.begin(), play.begin());
    play.done(a, insert_one(order, 0));
    play.done(b, insert_one(order, 1));
    play.roll_back(a);
    play.commit(b);
    assert_eq!(play.audit().orders[0].items, 1);
}
