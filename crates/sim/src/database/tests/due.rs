//! Claims and answers that are due: found once, in order, without those that others have locked.

use super::*;

#[test]
fn overdue_claims_are_found_once_each_and_locked_ones_are_skipped() {
    let mut script = Script::new();
    for key in ["a", "b", "c"] {
        script.committed_key(key, claimed(1));
    }
    let (holder, x, y) = (script.db.begin(), script.db.begin(), script.db.begin());
    script.lock_key(holder, "b").unwrap().unwrap();
    let found = |ran: Ran<Vec<(ScopedKey, KeyRecord)>>| {
        ran.unwrap()
            .unwrap()
            .into_iter()
            .map(|(key, _)| key.key.to_string())
            .collect::<Vec<_>>()
    };
    let overdue =
        |now: u64| move |db: &mut Database, tx: Tx| db.lock_overdue_claims(tx, Time(now), 10);
    assert_eq!(
        found(script.run(x, overdue(100))),
        [""; 0],
        "at the end of the lease it still holds"
    );
    assert_eq!(found(script.run(x, overdue(101))), ["a", "c"]);
    assert_eq!(found(script.run(y, overdue(101))), [""; 0]);
    script.db.rollback(x);
    script.db.rollback(holder);
    assert_eq!(found(script.run(y, overdue(101))), ["a", "b", "c"]);
}

#[test]
fn expired_answers_are_deleted_and_claims_are_not() {
    let mut script = Script::new();
    script.committed_key(
        "done",
        KeyRecord {
            state: KeyState::Completed,
            ..claimed(1)
        },
    );
    script.committed_key("open", claimed(1));
    let tx = script.db.begin();
    assert_eq!(
        script.run(tx, |db, tx| db.delete_expired_keys(tx, Time(1_000), 10)),
        Ok(Ok(0)),
        "not yet"
    );
    assert_eq!(
        script.run(tx, |db, tx| db.delete_expired_keys(tx, Time(1_001), 10)),
        Ok(Ok(1))
    );
    script.commit(tx);
    let look = script.db.begin();
    assert_eq!(script.lock_key(look, "done"), Ok(Ok(None)));
    assert!(script.lock_key(look, "open").unwrap().unwrap().is_some());
    assert_eq!(script.insert_key(look, "done"), Ok(Ok(())));
}

#[test]
fn overdue_claims_are_found_whatever_the_clocks_say_of_the_others() {
    let mut script = Script::new();
    let until = |lease_until: u64| KeyRecord {
        lease_until: Time(lease_until),
        ..claimed(1)
    };
    // A minute, and a day, ahead of the others.
    script.committed_key("minute", until(60_000_000));
    script.committed_key("day", until(86_400_000_000));
    script.committed_key("late", until(300));
    script.committed_key("early", until(200));
    let tx = script.db.begin();
    assert_eq!(script.overdue(tx, 250, 10), ["early"]);
    assert_eq!(
        script.overdue(tx, 1_000, 1),
        ["early"],
        "what is one's own is not skipped; who is due first comes first"
    );
    assert_eq!(script.overdue(tx, 1_000, 10), ["early", "late"]);
    assert_eq!(
        script.overdue(tx, 61_000_000, 10),
        ["early", "late", "minute"]
    );
}

#[test]
fn a_claim_that_was_written_twice_is_found_once() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let again = script.db.begin();
    script
        .update_key(again, "k", 1, claimed(1))
        .unwrap()
        .unwrap();
    script.commit(again);
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.overdue(a, 101, 10), ["k"]);
    assert!(script.overdue(b, 101, 10).is_empty());
    script.db.rollback(a);
    assert_eq!(script.overdue(b, 101, 10), ["k"]);
}
