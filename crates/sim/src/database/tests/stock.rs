//! Stock: guards, and what is locked by whom.

use super::*;

#[test]
fn a_guarded_update_waits_for_the_row_and_then_judges_what_was_committed() {
    let mut script = Script::new();
    let (a, b) = (script.db.begin(), script.db.begin());
    assert_eq!(
        script.stock(a, StockChange::Sell, &[line("pie", 1)]),
        Ok(Ok(true))
    );
    let waiting = script
        .stock(b, StockChange::Sell, &[line("pie", 1)])
        .unwrap_err();
    script.commit(a);
    assert_eq!(script.db.open.released, [waiting]);
    assert_eq!(
        script.stock(b, StockChange::Sell, &[line("pie", 1)]),
        Ok(Ok(false)),
        "sold out, not oversold"
    );
}

#[test]
fn stock_is_taken_for_all_lines_or_for_none() {
    let mut script = Script::new();
    let tx = script.db.begin();
    let cart = [line("burger", 2), line("pie", 2)];
    assert_eq!(script.stock(tx, StockChange::Reserve, &cart), Ok(Ok(false)));
    script.commit(tx);
    assert_eq!((script.on_hand(0), script.on_hand(1)), ((10, 0), (1, 0)));
}

#[test]
fn split_lines_of_one_sku_are_added_up_before_the_guard_looks() {
    let mut script = Script::new();
    let tx = script.db.begin();
    let split = [line("burger", 6), line("burger", 6)];
    assert_eq!(
        script.stock(tx, StockChange::Reserve, &split),
        Ok(Ok(false))
    );
    let fits = [line("burger", 6), line("burger", 4)];
    assert_eq!(script.stock(tx, StockChange::Reserve, &fits), Ok(Ok(true)));
    assert_eq!(script.on_hand(0), (0, 10));
}

#[test]
fn stock_that_is_not_enough_as_committed_is_neither_waited_for_nor_locked() {
    let mut script = Script::new();
    let pie = [line("pie", 1)];
    let (a, b) = (script.db.begin(), script.db.begin());
    script
        .stock(a, StockChange::Reserve, &pie)
        .unwrap()
        .unwrap();
    script.commit(a);
    let a = script.db.begin();
    script
        .stock(a, StockChange::Release, &pie)
        .unwrap()
        .unwrap();
    assert_eq!(
        script.stock(b, StockChange::Reserve, &pie),
        Ok(Ok(false)),
        "the unit that is being released is not committed"
    );
    script.commit(a);
    let both = [line("burger", 1), line("pie", 2)];
    assert_eq!(script.stock(b, StockChange::Sell, &both), Ok(Ok(false)));
    let c = script.db.begin();
    assert_eq!(
        script.stock(c, StockChange::Sell, &pie),
        Ok(Ok(true)),
        "the pie was too short to be locked"
    );
    assert!(
        script.stock(c, StockChange::Sell, &both[..1]).is_err(),
        "the burger was not"
    );
}

#[test]
fn a_row_that_was_short_when_the_statement_began_stays_so_while_it_waits_for_another() {
    let mut script = Script::new();
    let both = [line("burger", 1), line("pie", 1)];
    let (a, b) = (script.db.begin(), script.db.begin());
    script
        .stock(a, StockChange::Reserve, &both)
        .unwrap()
        .unwrap();
    script.commit(a);
    let a = script.db.begin();
    script
        .stock(a, StockChange::Release, &both)
        .unwrap()
        .unwrap();
    script.stock(b, StockChange::Reserve, &both).unwrap_err();
    script.commit(a);
    assert_eq!(script.stock(b, StockChange::Reserve, &both), Ok(Ok(false)));
    assert_eq!(
        script.stock(b, StockChange::Reserve, &both),
        Ok(Ok(true)),
        "the next statement looks again"
    );
}
