//! Keys: inserts that wait, fenced updates, deletes and take-overs.

use super::*;

#[test]
fn a_second_insert_of_a_key_waits_and_fails_if_the_first_commits() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    script.insert_key(a, "k").unwrap().unwrap();
    let waiting = script.insert_key(b, "k").unwrap_err();
    script.commit(a);
    assert_eq!(script.db.open.released, [waiting]);
    assert_eq!(
        script.insert_key(b, "k"),
        Ok(Err(StoreError::Unique(Constraint::Keys)))
    );
}

#[test]
fn a_second_insert_of_a_key_succeeds_if_the_first_rolls_back() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    script.insert_key(a, "k").unwrap().unwrap();
    let waiting = script.insert_key(b, "k").unwrap_err();
    script.db.rollback(a);
    assert_eq!(script.db.open.released, [waiting]);
    assert_eq!(script.insert_key(b, "k"), Ok(Ok(())));
}

#[test]
fn a_stale_token_updates_no_row() {
    let mut script = Script::new();
    script.committed_key("k", claimed(2));
    let tx = script.db.begin();
    assert_eq!(
        script.run(tx, |db, tx| db.update_key(
            tx,
            &scoped("k"),
            Token(1),
            claimed(9)
        )),
        Ok(Ok(0))
    );
    assert_eq!(
        script.run(tx, |db, tx| db.update_key(
            tx,
            &scoped("k"),
            Token(2),
            claimed(9)
        )),
        Ok(Ok(1))
    );
}

#[test]
fn a_plain_look_at_a_key_sees_what_is_committed_and_never_waits() {
    let mut script = Script::new();
    let (a, look) = (script.db.begin(), script.db.begin());
    let find = |db: &mut Database, tx: Tx| {
        let found = db.find_key(tx, &scoped("k"))?;
        Ok(found.map(|record| record.state))
    };
    script.insert_key(a, "k").unwrap().unwrap();
    assert_eq!(script.run(look, find), Ok(Ok(None)));
    assert_eq!(script.run(a, find), Ok(Ok(Some(KeyState::Claimed))));
    script.commit(a);
    let b = script.db.begin();
    let fail = |db: &mut Database, tx: Tx| db.set_key_state(tx, &scoped("k"), KeyState::Failed);
    assert_eq!(script.run(b, fail), Ok(Ok(1)));
    assert_eq!(script.run(look, find), Ok(Ok(Some(KeyState::Claimed))));
    let waiting = script.run(look, fail).unwrap_err();
    script.commit(b);
    assert_eq!(script.db.open.released, [waiting]);
    assert_eq!(script.run(look, fail), Ok(Ok(1)));
    script.db.rollback(look);
    let c = script.db.begin();
    assert_eq!(script.run(c, find), Ok(Ok(Some(KeyState::Failed))));
    let other = |db: &mut Database, tx: Tx| db.set_key_state(tx, &scoped("l"), KeyState::Failed);
    assert_eq!(script.run(c, other), Ok(Ok(0)));
}

#[test]
fn an_update_skips_a_row_that_does_not_match_as_committed_without_waiting_for_its_writer() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.update_key(a, "k", 1, claimed(2)), Ok(Ok(1)));
    assert_eq!(
        script.update_key(b, "k", 2, claimed(3)),
        Ok(Ok(0)),
        "token 2 is not committed"
    );
    let waiting = script.update_key(b, "k", 1, claimed(3)).unwrap_err();
    script.commit(a);
    assert_eq!(script.db.open.released, [waiting]);
    assert_eq!(
        script.update_key(b, "k", 1, claimed(3)),
        Ok(Ok(0)),
        "of the row that it waited for it looks at the newest version"
    );
    let c = script.db.begin();
    assert!(
        script.lock_key(c, "k").is_err(),
        "what was waited for is locked, although it did not match"
    );
}

#[test]
fn an_update_that_waited_for_a_rollback_hits_the_row_as_it_was() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let (a, b) = (script.db.begin(), script.db.begin());
    script.update_key(a, "k", 1, claimed(2)).unwrap().unwrap();
    script.update_key(b, "k", 1, claimed(3)).unwrap_err();
    script.db.rollback(a);
    assert_eq!(script.update_key(b, "k", 1, claimed(3)), Ok(Ok(1)));
}

#[test]
fn an_insert_does_not_wait_for_who_only_locks_the_row() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let (a, b, c) = (script.db.begin(), script.db.begin(), script.db.begin());
    script.lock_key(a, "k").unwrap().unwrap();
    let refused = Ok(Err(StoreError::Unique(Constraint::Keys)));
    assert_eq!(script.insert_key(b, "k"), refused);
    script.update_key(a, "k", 1, claimed(2)).unwrap().unwrap();
    let waiting = script.insert_key(c, "k").unwrap_err();
    script.commit(a);
    assert_eq!(script.db.open.released, [waiting]);
    assert_eq!(script.insert_key(c, "k"), refused);
}

#[test]
fn an_insert_waits_for_a_delete_and_succeeds_if_it_commits() {
    let mut script = Script::new();
    script.committed_key("k", answered(1_000));
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.delete_expired(a), Ok(Ok(1)));
    script.insert_key(b, "k").unwrap_err();
    script.commit(a);
    assert_eq!(script.insert_key(b, "k"), Ok(Ok(())));
}

#[test]
fn a_key_may_be_deleted_and_inserted_again_in_one_transaction() {
    for commits in [true, false] {
        let mut script = Script::new();
        script.committed_key("k", answered(1_000));
        let (a, b) = (script.db.begin(), script.db.begin());
        assert_eq!(script.delete_expired(a), Ok(Ok(1)));
        assert_eq!(script.insert_key(a, "k"), Ok(Ok(())));
        assert_eq!(script.lock_key(a, "k"), Ok(Ok(Some(claimed(1)))));
        assert_eq!(
            script.insert_key(a, "k").unwrap(),
            Err(StoreError::Unique(Constraint::Keys)),
            "but not twice"
        );
        script.db.rollback(a);
        let a = script.db.begin();
        script.delete_expired(a).unwrap().unwrap();
        script.insert_key(a, "k").unwrap().unwrap();
        assert_eq!(
            script.update_key(b, "k", 1, claimed(2)),
            Ok(Ok(0)),
            "others see the row as it was"
        );
        let kept = if commits {
            script.commit(a);
            claimed(1)
        } else {
            script.db.rollback(a);
            answered(1_000)
        };
        assert_eq!(script.lock_key(b, "k"), Ok(Ok(Some(kept))));
        script.commit(b);
        let c = script.db.begin();
        let overdue = if commits { vec!["k"] } else { vec![] };
        assert_eq!(
            script.overdue(c, 101, 10),
            overdue,
            "and it is in its queue"
        );
    }
}

#[test]
fn a_key_that_was_inserted_again_may_be_deleted_again() {
    let mut script = Script::new();
    script.committed_key("k", answered(1_000));
    let tx = script.db.begin();
    script.delete_expired(tx).unwrap().unwrap();
    script.insert_key(tx, "k").unwrap().unwrap();
    let row = script.db.keys.find(&scoped("k")).unwrap();
    let slot = &mut script.db.keys.slots[row as usize];
    slot.deleted = true;
    let before = slot.record.state;
    script
        .db
        .log(tx, super::super::undo::Undo::DeleteKey(row, before));
    script.commit(tx);
    assert_eq!(script.db.keys.find(&scoped("k")), None);
    let look = script.db.begin();
    assert_eq!(script.insert_key(look, "k"), Ok(Ok(())));
}

#[test]
fn a_take_over_counts_when_it_is_committed_whoever_had_the_claim() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let a = script.db.begin();
    script.update_key(a, "k", 1, claimed(2)).unwrap().unwrap();
    script.db.rollback(a);
    assert_eq!(script.db.counts.takeovers, 0, "it did not happen");
    let b = script.db.begin();
    script.update_key(b, "k", 1, claimed(2)).unwrap().unwrap();
    script.update_key(b, "k", 2, claimed(2)).unwrap().unwrap();
    script.commit(b);
    assert_eq!(
        script.db.counts.takeovers, 1,
        "from itself: a replica may have left its own claim"
    );
    let c = script.db.begin();
    script
        .update_key(
            c,
            "k",
            2,
            KeyRecord {
                state: KeyState::Released,
                ..claimed(2)
            },
        )
        .unwrap()
        .unwrap();
    script.commit(c);
    let d = script.db.begin();
    script.update_key(d, "k", 2, claimed(3)).unwrap().unwrap();
    script.commit(d);
    assert_eq!(
        script.db.counts.takeovers, 1,
        "what was given back is nobody's"
    );
}
