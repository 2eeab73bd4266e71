//! Deadlocks: which transaction finds a cycle, when, and what becomes of the others.

use super::*;

const SECOND: u64 = 1_000_000;

/// A transaction for each of these keys, which it has locked.
fn holders<const N: usize>(keys: [&str; N]) -> (Script, [Tx; N]) {
    let mut script = Script::new();
    let transactions = keys.map(|key| {
        script.committed_key(key, claimed(1));
        let tx = script.db.begin();
        script.lock_key(tx, key).unwrap().unwrap();
        tx
    });
    (script, transactions)
}

impl Script {
    /// At this time, a transaction begins to wait for a key that another has locked. The circle that it closes.
    fn waits(&mut self, at_us: u64, tx: Tx, key: &str) -> (TaskId, Option<(u64, Tx)>) {
        self.db.at_hand.now_us = at_us;
        let task = self.lock_key(tx, key).unwrap_err();
        (task, self.db.at_hand.cycle.take())
    }

    fn breaks_deadlock(&mut self, at_us: u64, tx: Tx) -> bool {
        self.db.at_hand.now_us = at_us;
        self.db.breaks_deadlock(tx)
    }
}

#[test]
fn of_two_that_wait_for_each_other_the_first_notices_after_a_second_and_the_other_goes_on() {
    let (mut script, [a, b]) = holders(["x", "y"]);
    let (a_waits, none) = script.waits(100, a, "y");
    assert_eq!(none, None);
    let (b_waits, circle) = script.waits(300, b, "x");
    assert_eq!(circle, Some((SECOND + 100, a)));
    assert_eq!(script.db.open.released, [], "for a second nothing happens");
    assert!(script.breaks_deadlock(SECOND + 100, a));
    assert_eq!(script.db.open.released, [a_waits]);
    assert_eq!(
        script.lock_key(a, "y"),
        Ok(Err(StoreError::Conflict)),
        "SQLSTATE 40P01"
    );
    assert_eq!(script.lock_key(a, "y"), Ok(Err(StoreError::Aborted)));
    assert_eq!(script.db.open.released, [a_waits, b_waits]);
    assert!(script.lock_key(b, "x").unwrap().is_ok());
    assert_eq!(script.db.counts.deadlocks, 1);
}

#[test]
fn who_looked_around_before_the_circle_was_closed_does_not_look_again() {
    for (closed_at, found) in [(SECOND - 1, 0), (SECOND, 1)] {
        let (mut script, transactions) = holders(["x", "y"]);
        script.waits(0, transactions[0], "y");
        let (_, circle) = script.waits(closed_at, transactions[1], "x");
        let at_us = [SECOND, closed_at + SECOND][found];
        assert_eq!(circle, Some((at_us, transactions[found])));
    }
}

#[test]
fn who_waits_for_somebody_in_a_circle_is_not_in_it_and_is_not_undone() {
    let (mut script, [a, b, c, d]) = holders(["w", "x", "y", "z"]);
    script.waits(0, d, "w");
    script.waits(10, a, "x");
    script.waits(20, b, "y");
    let (_, circle) = script.waits(30, c, "w");
    assert_eq!(circle, Some((SECOND + 10, a)), "of a, b and c");
    let late = script.db.begin();
    let (_, none) = script.waits(40, late, "z");
    assert_eq!(none, None, "and its look along the others ends");
    assert!(!script.breaks_deadlock(SECOND, d));
    assert!(script.breaks_deadlock(SECOND + 10, a));
    assert!(script.lock_key(a, "x").unwrap().is_err());
    assert_eq!(script.db.open.released.len(), 3, "a, and who waited for it");
}

#[test]
fn a_circle_that_broke_in_the_meantime_is_none() {
    let (mut script, [a, b]) = holders(["x", "y"]);
    script.waits(0, a, "y");
    script.waits(10, b, "x");
    script.db.hang_up(b);
    assert!(!script.breaks_deadlock(SECOND, a));
    assert!(script.lock_key(a, "y").unwrap().is_ok());
    assert_eq!(script.db.counts.deadlocks, 0);
}

#[test]
fn another_transaction_in_the_place_of_one_that_waited_has_a_time_of_its_own() {
    let (mut script, [a, b]) = holders(["x", "y"]);
    script.waits(0, a, "y");
    script.waits(10, b, "x");
    script.db.hang_up(a);
    let next = script.db.begin();
    assert_eq!(next, a, "the same place");
    script.lock_key(b, "x").unwrap().unwrap();
    script.committed_key("z", claimed(1));
    script.lock_key(next, "z").unwrap().unwrap();
    let (waits, _) = script.waits(500, next, "y");
    let (_, circle) = script.waits(600, b, "z");
    assert_eq!(circle, Some((SECOND + 500, next)));
    assert!(
        !script.breaks_deadlock(SECOND, next),
        "the look of the first"
    );
    script.db.open.released.clear();
    assert!(script.breaks_deadlock(SECOND + 500, next));
    assert_eq!(
        script.db.open.released,
        [waits],
        "and not the task before it"
    );
}
