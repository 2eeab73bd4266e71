//! `idempotency_keys`: inserts that wait, locks, fenced updates.

use orders::ports::Constraint;
use orders::{KeyState, StoreError, Token};

use super::claims;
use crate::call::{Answer, Call};
use crate::play::Play;
use crate::shop::{answered, claimed, key};
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};

claims! {
    a_second_insert_of_a_key_waits_and_is_refused_if_the_first_commits needs [RowLocks];
    a_second_insert_of_a_key_waits_and_goes_in_if_the_first_is_undone needs [RowLocks];
    a_key_is_another_in_another_shop_and_in_another_scope needs [Database];
    a_lock_returns_the_row_and_others_wait_for_it_and_see_what_was_committed needs [RowLocks];
    a_stale_token_updates_no_row needs [Database];
    a_plain_look_at_a_key_sees_what_is_committed_and_never_waits needs [RowLocks];
    a_bare_state_is_written_whoever_owns_the_key needs [RowLocks];
    an_update_skips_what_does_not_match_as_committed_and_locks_what_it_waited_for needs [RowLocks];
    an_update_that_waited_for_a_rollback_hits_the_row_as_it_was needs [RowLocks];
    an_insert_does_not_wait_for_who_only_locks_the_row needs [RowLocks];
    an_insert_waits_for_a_delete_and_goes_in_if_it_commits needs [RowLocks];
    a_key_may_be_deleted_and_inserted_again_in_one_transaction needs [RowLocks];
}

pub(super) fn insert(text: &str) -> Statement {
    Statement::InsertKey {
        key: key(text),
        record: claimed(1),
    }
}

pub(super) fn lock(text: &str) -> Statement {
    Statement::LockKey { key: key(text) }
}

pub(super) fn find(text: &str) -> Statement {
    Statement::FindKey { key: key(text) }
}

/// From a token to another one.
pub(super) fn update(text: &str, held: u32, to: u32) -> Statement {
    Statement::UpdateKey {
        key: key(text),
        held: Token(held),
        record: claimed(to),
    }
}

fn set(text: &str, state: KeyState) -> Statement {
    Statement::SetKeyState {
        key: key(text),
        state,
    }
}

pub(super) fn delete_expired() -> Statement {
    Statement::DeleteExpiredKeys {
        before: protocol::Time(2_000),
        limit: 10,
    }
}

const REFUSED: StoreError = StoreError::Unique(Constraint::Keys);

/// A claim with token 1 that is committed.
pub(super) fn committed_claim(play: &mut Play<'_>, text: &str) {
    let tx = play.begin();
    play.done(tx, insert(text));
    play.commit(tx);
}

/// An answer that is committed, and has expired.
pub(super) fn committed_answer(play: &mut Play<'_>, text: &str) {
    let tx = play.begin();
    let (key, record) = (key(text), answered(1_000));
    play.done(tx, Statement::InsertKey { key, record });
    play.commit(tx);
}

fn a_second_insert_of_a_key_waits_and_is_refused_if_the_first_commits(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.done(a, insert("k"));
    play.blocks(b, insert("k"));
    play.commit(a);
    play.goes_on_to_fail(b, REFUSED);
    play.roll_back(b);
    assert_eq!(play.audit().keys, [(key("k"), claimed(1))]);
}

fn a_second_insert_of_a_key_waits_and_goes_in_if_the_first_is_undone(play: &mut Play<'_>) {
    for (text, undo) in [
        ("a", Some(Call::Rollback)),
        ("b", Some(Call::HangUp)),
        ("c", None),
    ] {
        let (a, b) = (play.begin(), play.begin());
        play.done(a, insert(text));
        play.blocks(b, insert(text));
        match undo {
            Some(undo) => play.done(a, undo),
            // The process dies.
            None => play.close(a),
        }
        play.goes_on(b, ());
        play.commit(b);
    }
    assert_eq!(play.audit().keys.len(), 3);
}

fn a_key_is_another_in_another_shop_and_in_another_scope(play: &mut Play<'_>) {
    let tx = play.begin();
    play.done(tx, insert("k"));
    let elsewhere = protocol::ScopedKey {
        tenant: crate::shop::ELSEWHERE,
        ..key("k")
    };
    let other_scope = protocol::ScopedKey {
        scope: protocol::Scope::OrderTokens,
        ..key("k")
    };
    for key in [elsewhere, other_scope] {
        let record = claimed(1);
        play.done(tx, Statement::InsertKey { key, record });
    }
    play.fails(tx, insert("k"), REFUSED);
}

fn a_lock_returns_the_row_and_others_wait_for_it_and_see_what_was_committed(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b, c) = (play.begin(), play.begin(), play.begin());
    play.ok(a, lock("k"), Some(claimed(1)));
    play.ok(a, lock("k"), Some(claimed(1)));
    play.blocks(b, lock("k"));
    play.ok(c, find("k"), Some(claimed(1)));
    play.ok(a, update("k", 1, 2), 1);
    play.commit(a);
    play.goes_on(b, Some(claimed(2)));
    play.ok(c, lock("none"), Answer::Key(None));
}

fn a_stale_token_updates_no_row(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let tx = play.begin();
    play.ok(tx, update("k", 2, 9), 0);
    play.ok(tx, update("k", 1, 9), 1);
    play.ok(tx, update("k", 1, 5), 0);
    play.ok(tx, update("none", 1, 5), 0);
    play.commit(tx);
    assert_eq!(play.audit().keys, [(key("k"), claimed(9))]);
}

fn a_plain_look_at_a_key_sees_what_is_committed_and_never_waits(play: &mut Play<'_>) {
    let (a, look) = (play.begin(), play.begin());
    play.done(a, insert("k"));
    play.ok(look, find("k"), Answer::Key(None));
    play.ok(a, find("k"), Some(claimed(1)));
    play.commit(a);
    play.ok(look, find("k"), Some(claimed(1)));
    let b = play.begin();
    play.ok(b, update("k", 1, 2), 1);
    play.ok(look, find("k"), Some(claimed(1)));
    play.ok(b, find("k"), Some(claimed(2)));
    play.roll_back(b);
    play.ok(look, find("k"), Some(claimed(1)));
}

fn a_bare_state_is_written_whoever_owns_the_key(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let failed = orders::KeyRecord {
        state: KeyState::Failed,
        ..claimed(1)
    };
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, set("k", KeyState::Failed), 1);
    play.ok(b, find("k"), Some(claimed(1)));
    play.blocks(b, set("k", KeyState::Failed));
    play.commit(a);
    play.goes_on(b, 1);
    play.roll_back(b);
    let c = play.begin();
    play.ok(c, find("k"), Some(failed));
    play.ok(c, set("none", KeyState::Failed), 0);
}

fn an_update_skips_what_does_not_match_as_committed_and_locks_what_it_waited_for(
    play: &mut Play<'_>,
) {
    committed_claim(play, "k");
    let (a, b, c) = (play.begin(), play.begin(), play.begin());
    play.ok(a, update("k", 1, 2), 1);
    // Token 2 is not committed.
    play.ok(b, update("k", 2, 3), 0);
    play.blocks(b, update("k", 1, 3));
    play.commit(a);
    // Of the row that it waited for it looks at the newest version.
    play.goes_on(b, 0);
    play.blocks(c, lock("k"));
    play.commit(b);
    play.goes_on(c, Some(claimed(2)));
}

fn an_update_that_waited_for_a_rollback_hits_the_row_as_it_was(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b) = (play.begin(), play.begin());
    play.ok(a, update("k", 1, 2), 1);
    play.blocks(b, update("k", 1, 3));
    play.roll_back(a);
    play.goes_on(b, 1);
    play.commit(b);
    assert_eq!(play.audit().keys, [(key("k"), claimed(3))]);
}

fn an_insert_does_not_wait_for_who_only_locks_the_row(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b, c) = (play.begin(), play.begin(), play.begin());
    play.ok(a, lock("k"), Some(claimed(1)));
    play.fails(b, insert("k"), REFUSED);
    play.ok(a, update("k", 1, 2), 1);
    play.blocks(c, insert("k"));
    play.commit(a);
    play.goes_on_to_fail(c, REFUSED);
}

fn an_insert_waits_for_a_delete_and_goes_in_if_it_commits(play: &mut Play<'_>) {
    for commits in [true, false] {
        committed_answer(play, "k");
        let (a, b) = (play.begin(), play.begin());
        play.ok(a, delete_expired(), 1);
        play.blocks(b, insert("k"));
        play.end(a, commits);
        match commits {
            true => play.goes_on(b, ()),
            false => play.goes_on_to_fail(b, REFUSED),
        }
        play.roll_back(b);
    }
}

fn a_key_may_be_deleted_and_inserted_again_in_one_transaction(play: &mut Play<'_>) {
    for commits in [false, true] {
        if !commits {
            committed_answer(play, "k");
        }
        let (a, b) = (play.begin(), play.begin());
        play.ok(a, delete_expired(), 1);
        play.ok(a, find("k"), Answer::Key(None));
        play.done(a, insert("k"));
        play.ok(a, lock("k"), Some(claimed(1)));
        // Others see the row as it was.
        play.ok(b, update("k", 1, 2), 0);
        play.ok(b, find("k"), Some(answered(1_000)));
        play.end(a, commits);
        let kept = if commits { claimed(1) } else { answered(1_000) };
        play.ok(b, lock("k"), Some(kept));
        play.roll_back(b);
    }
    let tx = play.begin();
    play.fails(tx, insert("k"), REFUSED);
}
