//! What is recorded of key records: what was committed, once for every transaction, and whose it was.

use history::RecordState::{Absent, Completed, Failed, InProgress};
use history::{HostRef, KeyRef, RecordState};

use super::super::changes::Committer;
use super::*;

impl Script {
    /// Who commits next, and when.
    fn at(&mut self, now_us: u64, committer: u32) {
        self.db.at_hand.now_us = now_us;
        self.db.at_hand.committer = Committer {
            owner: Owner(u64::from(committer)),
            for_holder: false,
        };
    }

    /// The changes so far: when, from where to where, by whom with which token.
    fn changes(&self) -> Vec<(u64, RecordState, RecordState, u32, u32)> {
        let log = self.db.changes.iter();
        log.map(|(t_us, how)| (t_us, how.from, how.to, how.owner, how.token))
            .collect()
    }
}

#[test]
fn a_record_that_a_transaction_writes_twice_changes_once_when_it_commits() {
    let mut script = Script::new();
    let tx = script.db.begin();
    script.insert_key(tx, "k").unwrap().unwrap();
    script
        .update_key(tx, "k", 1, answered(1_000))
        .unwrap()
        .unwrap();
    assert_eq!(script.changes(), []);
    script.at(7, 5);
    script.commit(tx);
    assert_eq!(script.changes(), [(7, Absent, Completed, 5, 9)]);
}

#[test]
fn what_is_rolled_back_or_only_locked_is_no_change() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let before = script.changes();
    let tx = script.db.begin();
    script.lock_key(tx, "k").unwrap().unwrap();
    script.update_key(tx, "k", 1, claimed(2)).unwrap().unwrap();
    script.db.rollback(tx);
    let tx = script.db.begin();
    script.lock_key(tx, "k").unwrap().unwrap();
    script.commit(tx);
    assert_eq!(script.changes(), before);
    let tx = script.db.begin();
    script.update_key(tx, "k", 1, claimed(2)).unwrap().unwrap();
    script.commit(tx);
    let last = *script.changes().last().unwrap();
    assert_eq!(
        last,
        (0, InProgress, InProgress, 0, 2),
        "a take-over is one"
    );
}

#[test]
fn a_bare_state_and_a_deletion_are_whoever_commits_them_and_under_no_token() {
    let mut script = Script::new();
    script.committed_key("k", answered(1_000));
    script.at(3, 4);
    for _ in 0..2 {
        let tx = script.db.begin();
        let set = |db: &mut Database, tx| db.set_key_state(tx, &scoped("k"), KeyState::Failed);
        assert_eq!(script.run(tx, set), Ok(Ok(1)));
        script.commit(tx);
    }
    script.at(5, 6);
    let tx = script.db.begin();
    assert_eq!(script.delete_expired(tx), Ok(Ok(1)));
    script.commit(tx);
    assert_eq!(
        script.changes()[1..],
        [(3, Completed, Failed, 4, 0), (5, Failed, Absent, 6, 0)],
        "failed again is no change"
    );
}

#[test]
fn who_takes_a_claim_over_and_ends_it_in_one_transaction_did_both() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    script.at(7, 5);
    let tx = script.db.begin();
    let ended = KeyRecord {
        token: Token(2),
        ..answered(1_000)
    };
    script.update_key(tx, "k", 1, ended).unwrap().unwrap();
    script.commit(tx);
    assert_eq!(
        script.changes()[1..],
        [
            (7, InProgress, InProgress, 5, 2),
            (7, InProgress, Completed, 5, 2)
        ]
    );
}

#[test]
fn who_acts_for_the_holder_is_not_taken_for_another() {
    let mut script = Script::new();
    for (held, for_holder) in [(0, false), (1, true)] {
        let tx = script.db.begin();
        match held {
            0 => script.insert_key(tx, "k").unwrap().unwrap(),
            _ => assert_eq!(script.update_key(tx, "k", held, answered(9)), Ok(Ok(1))),
        }
        script.at(0, 1 + held);
        script.db.at_hand.committer.for_holder = for_holder;
        script.commit(tx);
    }
    let by: Vec<_> = script.changes().iter().map(|change| change.3).collect();
    assert_eq!(by, [1, 1]);
}

#[test]
fn a_key_that_is_given_back_is_absent_and_may_be_claimed_again() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let released = KeyRecord {
        state: KeyState::Released,
        ..claimed(1)
    };
    for (held, record) in [(1, released), (1, claimed(2))] {
        let tx = script.db.begin();
        script.update_key(tx, "k", held, record).unwrap().unwrap();
        script.commit(tx);
    }
    let states: Vec<_> = script.changes().iter().map(|c| (c.1, c.2)).collect();
    let expected = [
        (Absent, InProgress),
        (InProgress, Absent),
        (Absent, InProgress),
    ];
    assert_eq!(states, expected);
}

#[test]
fn a_row_that_is_deleted_and_inserted_again_in_one_transaction_changes_once() {
    let mut script = Script::new();
    script.committed_key("k", answered(1_000));
    let tx = script.db.begin();
    script.delete_expired(tx).unwrap().unwrap();
    script.insert_key(tx, "k").unwrap().unwrap();
    script.commit(tx);
    let states: Vec<_> = script.changes().iter().map(|c| (c.1, c.2)).collect();
    assert_eq!(states, [(Absent, Completed), (Completed, InProgress)]);
}

#[test]
fn a_place_that_another_key_has_now_is_named_after_who_had_it_then() {
    let mut script = Script::new();
    for key in ["a", "b"] {
        script.committed_key(key, answered(1_000));
        let tx = script.db.begin();
        assert_eq!(script.delete_expired(tx), Ok(Ok(1)));
        script.commit(tx);
    }
    script.committed_key("c", claimed(1));
    assert_eq!(script.db.keys.slots.len(), 1, "one place for all of them");
    let number = |key: &ScopedKey| KeyRef::new(u32::from(key.key.as_str().as_bytes()[0]));
    let rows = vec![Some(number(&scoped("c")))];
    let hosts = [HostRef::new(0), HostRef::new(1)];
    let named = std::mem::take(&mut script.db.changes).named(rows, number, &hosts);
    let keys: Vec<_> = named
        .iter()
        .map(|change| change.key.index() as u8)
        .collect();
    assert_eq!(keys, *b"aabbc");
    assert_eq!(named[0].owner, Some(hosts[0]));
}
