//! Transactions: what is counted, and places that are used again.

use super::*;

#[test]
fn every_statement_counts_once_and_so_do_begin_commit_and_rollback() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    script.insert_key(a, "k").unwrap().unwrap();
    script.insert_key(b, "k").unwrap_err();
    assert_eq!(script.db.counts.statements, 4);
    script.db.rollback(a);
    assert_eq!(script.db.counts.statements, 5);
    assert_eq!(script.insert_key(b, "k"), Ok(Ok(())));
    assert_eq!(script.db.counts.statements, 5, "it came before");
    script.commit(b);
    assert_eq!(script.db.counts.statements, 6);
    let c = script.db.begin();
    script.db.hang_up(c);
    assert_eq!(
        script.db.counts.statements, 7,
        "a lost connection says nothing"
    );
}

#[test]
fn nobody_waits_for_a_transaction_that_has_taken_the_place_of_an_ended_one() {
    let mut script = Script::new();
    script.committed_key("x", claimed(1));
    script.committed_key("y", claimed(1));
    let (holder, waiter) = (script.db.begin(), script.db.begin());
    script.lock_key(holder, "x").unwrap().unwrap();
    script.lock_key(waiter, "y").unwrap().unwrap();
    script.lock_key(waiter, "x").unwrap_err();
    script.commit(holder);
    let next = script.db.begin();
    assert_eq!(next, holder, "the same place");
    assert!(
        script.lock_key(next, "y").is_err(),
        "it waits, and nobody waits for it: no deadlock"
    );
    assert_eq!(script.db.counts.deadlocks, 0);
}

#[test]
fn what_was_let_go_of_is_rolled_back_at_the_end() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    script.insert_key(a, "k").unwrap().unwrap();
    script.db.abandon(a);
    script.db.hang_up_abandoned();
    assert_eq!(script.db.open_transactions(), 1);
    assert_eq!(script.insert_key(b, "k"), Ok(Ok(())));
}
