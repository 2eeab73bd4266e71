//! Claims and answers that are due: found once each, without those that others have locked.

use orders::{KeyRecord, KeyState};
use protocol::Time;

use super::claims;
use super::keys::{committed_answer, committed_claim, delete_expired, insert, lock, update};
use crate::call::Answer;
use crate::play::Play;
use crate::shop::{answered, claimed, key};
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};
use crate::twin::Seat;

claims! {
    overdue_claims_are_found_once_each_and_locked_ones_are_skipped needs [RowLocks];
    at_the_end_of_its_lease_a_claim_is_not_overdue_and_with_the_next_tick_it_is needs [Database];
    no_more_claims_are_found_than_were_asked_for needs [Database];
    what_is_done_or_given_back_is_not_overdue needs [Database];
    who_found_a_claim_finds_it_again_and_others_wait_for_it needs [RowLocks];
    expired_answers_are_deleted_and_claims_are_not needs [Database];
    expired_answers_that_others_have_locked_are_skipped needs [RowLocks];
    an_answer_that_was_extended_has_not_expired needs [Database];
    a_claim_that_was_written_twice_is_found_once needs [RowLocks];
}

fn overdue(now: u64, limit: usize) -> Statement {
    Statement::LockOverdueClaims {
        now: Time(now),
        limit,
    }
}

/// The keys that are overdue at 101, in the order of their texts: no database promises which is first.
#[track_caller]
fn found(play: &mut Play<'_>, seat: Seat, limit: usize) -> Vec<String> {
    match play.call(seat, overdue(101, limit)) {
        Ok(Answer::Keys(rows)) => {
            let mut texts: Vec<_> = rows.iter().map(|(key, _)| key.key.to_string()).collect();
            texts.sort();
            texts
        }
        other => panic!("keys are found, not {other:?}"),
    }
}

fn overdue_claims_are_found_once_each_and_locked_ones_are_skipped(play: &mut Play<'_>) {
    for text in ["a", "b", "c"] {
        committed_claim(play, text);
    }
    let (holder, x, y) = (play.begin(), play.begin(), play.begin());
    play.ok(holder, lock("b"), Some(claimed(1)));
    assert_eq!(found(play, x, 10), ["a", "c"]);
    assert_eq!(found(play, y, 10), [""; 0]);
    play.roll_back(x);
    play.roll_back(holder);
    assert_eq!(found(play, y, 10), ["a", "b", "c"]);
}

fn at_the_end_of_its_lease_a_claim_is_not_overdue_and_with_the_next_tick_it_is(
    play: &mut Play<'_>,
) {
    committed_claim(play, "k");
    let tx = play.begin();
    play.ok(tx, overdue(100, 10), Answer::Keys(Vec::new()));
    play.ok(tx, overdue(101, 10), vec![(key("k"), claimed(1))]);
}

fn no_more_claims_are_found_than_were_asked_for(play: &mut Play<'_>) {
    for text in ["a", "b", "c"] {
        committed_claim(play, text);
    }
    let tx = play.begin();
    assert_eq!(found(play, tx, 2).len(), 2);
    assert_eq!(found(play, tx, 0).len(), 0);
}

fn what_is_done_or_given_back_is_not_overdue(play: &mut Play<'_>) {
    for (text, state) in [
        ("a", KeyState::Completed),
        ("b", KeyState::Released),
        ("c", KeyState::Failed),
    ] {
        let tx = play.begin();
        let record = KeyRecord {
            state,
            ..claimed(1)
        };
        play.done(
            tx,
            Statement::InsertKey {
                key: key(text),
                record,
            },
        );
        play.commit(tx);
    }
    let tx = play.begin();
    assert_eq!(found(play, tx, 10), [""; 0]);
}

fn who_found_a_claim_finds_it_again_and_others_wait_for_it(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b) = (play.begin(), play.begin());
    assert_eq!(found(play, a, 10), ["k"]);
    assert_eq!(found(play, a, 10), ["k"]);
    play.blocks(b, update("k", 1, 2));
    play.ok(a, update("k", 1, 3), 1);
    play.commit(a);
    play.goes_on(b, 0);
}

fn expired_answers_are_deleted_and_claims_are_not(play: &mut Play<'_>) {
    committed_answer(play, "done");
    committed_claim(play, "open");
    let tx = play.begin();
    let before = |at| Statement::DeleteExpiredKeys {
        before: Time(at),
        limit: 10,
    };
    play.ok(tx, before(1_000), 0);
    play.ok(tx, before(1_001), 1);
    play.commit(tx);
    assert_eq!(play.audit().keys, [(key("open"), claimed(1))]);
    let again = play.begin();
    play.done(again, insert("done"));
}

fn expired_answers_that_others_have_locked_are_skipped(play: &mut Play<'_>) {
    committed_answer(play, "a");
    committed_answer(play, "b");
    let (holder, tx) = (play.begin(), play.begin());
    play.ok(holder, lock("a"), Some(answered(1_000)));
    play.ok(tx, delete_expired(), 1);
    play.commit(tx);
    play.roll_back(holder);
    assert_eq!(play.audit().keys, [(key("a"), answered(1_000))]);
}

fn an_answer_that_was_extended_has_not_expired(play: &mut Play<'_>) {
    committed_answer(play, "k");
    let (tx, reaper) = (play.begin(), play.begin());
    let longer = Statement::UpdateKey {
        key: key("k"),
        held: answered(0).token,
        record: answered(9_000),
    };
    play.ok(tx, longer, 1);
    play.commit(tx);
    play.ok(reaper, delete_expired(), 0);
}

fn a_claim_that_was_written_twice_is_found_once(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let again = play.begin();
    play.ok(again, update("k", 1, 1), 1);
    play.commit(again);
    let (a, b) = (play.begin(), play.begin());
    assert_eq!(found(play, a, 10), ["k"]);
    assert_eq!(found(play, b, 10), [""; 0]);
    play.roll_back(a);
    assert_eq!(found(play, b, 10), ["k"]);
}
