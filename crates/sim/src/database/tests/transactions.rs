//! Transactions: what others see, who waits for whom, what an end leaves behind.

use super::*;

#[test]
fn an_uncommitted_insert_is_invisible_and_a_committed_one_is_seen_by_the_next_statement() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(script.insert_key(a, "k"), Ok(Ok(())));
    assert_eq!(script.lock_key(b, "k"), Ok(Ok(None)));
    script.commit(a);
    assert_eq!(
        script.lock_key(b, "k"),
        Ok(Ok(Some(claimed(1)))),
        "READ COMMITTED: every statement looks again"
    );
}

#[test]
fn an_error_aborts_the_transaction_which_then_answers_nothing_else_and_cannot_commit() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let tx = script.db.begin();
    script
        .stock(tx, StockChange::Reserve, &[line("burger", 4)])
        .unwrap()
        .unwrap();
    assert_eq!(
        script.insert_key(tx, "k"),
        Ok(Err(StoreError::Unique(Constraint::Keys)))
    );
    assert_eq!(
        script.lock_key(tx, "k"),
        Ok(Err(StoreError::Aborted)),
        "SQLSTATE 25P02"
    );
    assert_eq!(script.on_hand(0), (10, 0), "it was undone at once");
    assert_eq!(
        script.db.commit(tx),
        CommitTag::RolledBack,
        "COMMIT of an aborted transaction is a ROLLBACK, and no error"
    );
}

#[test]
fn a_rollback_takes_back_everything_in_reverse() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let tx = script.db.begin();
    let order = script.insert_order(tx, Some(CART)).unwrap().unwrap();
    for change in [StockChange::Reserve, StockChange::Settle, StockChange::Sell] {
        script
            .stock(tx, change, &[line("burger", 3)])
            .unwrap()
            .unwrap();
    }
    script
        .run(tx, |db, tx| {
            db.increment_sales(tx, SHOP, &[line("burger", 3)])
        })
        .unwrap()
        .unwrap();
    script
        .run(tx, |db, tx| {
            db.update_key(tx, &scoped("k"), Token(1), claimed(2))
        })
        .unwrap()
        .unwrap();
    script
        .run(tx, |db, tx| {
            db.update_key(tx, &scoped("k"), Token(2), claimed(3))
        })
        .unwrap()
        .unwrap();
    script.db.rollback(tx);
    let look = script.db.begin();
    assert_eq!(script.on_hand(0), (10, 0));
    assert_eq!(script.db.sales.slots[0], (0, None));
    assert_eq!(script.lock_key(look, "k"), Ok(Ok(Some(claimed(1)))));
    assert_eq!(
        script.run(look, |db, tx| db.find_order(tx, order)),
        Ok(Ok(None))
    );
    assert!(
        script.insert_order(look, Some(CART)).unwrap().is_ok(),
        "the unique index forgot it too"
    );
}

#[test]
fn a_reader_sees_the_committed_state_of_a_row_that_somebody_is_changing() {
    let mut script = Script::new();
    let a = script.db.begin();
    let order = script.insert_order(a, Some(CART)).unwrap().unwrap();
    script.commit(a);
    let (b, c) = (script.db.begin(), script.db.begin());
    let confirm = |db: &mut Database, tx: Tx| {
        db.update_order(tx, order, OrderState::Pending, OrderState::Confirmed)
    };
    script.run(b, confirm).unwrap().unwrap();
    let seen = script
        .run(c, |db, tx| db.find_order_by_cart(tx, SHOP, CART))
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(seen.state, OrderState::Pending);
    script.commit(b);
    let seen = script
        .run(c, |db, tx| db.find_order_by_cart(tx, SHOP, CART))
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(seen.state, OrderState::Confirmed);
}

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
