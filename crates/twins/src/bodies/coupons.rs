//! `coupons`: as many orders as the limit says, and no more.

use super::claims;
use crate::play::Play;
use crate::shop::{ELSEWHERE, SHOP, coupon};
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};

claims! {
    a_coupon_is_used_as_often_as_its_limit_says_and_may_be_given_back needs [Database];
    a_guarded_use_waits_for_the_row_and_then_judges_what_was_committed needs [RowLocks];
    a_coupon_that_is_used_up_is_neither_waited_for_nor_locked needs [RowLocks];
    a_look_at_a_coupon_sees_what_is_committed_and_holds_nothing needs [RowLocks];
    who_only_counts_uses_goes_past_the_limit needs [RowLocks];
    a_coupon_that_nobody_knows_is_never_left needs [Database];
}

pub(super) fn redeem(code: &str) -> Statement {
    let coupon = coupon(code);
    Statement::RedeemCoupon {
        tenant: SHOP,
        coupon,
    }
}

fn check(code: &str) -> Statement {
    let coupon = coupon(code);
    Statement::CheckCoupon {
        tenant: SHOP,
        coupon,
    }
}

fn count(code: &str) -> Statement {
    let coupon = coupon(code);
    Statement::CountCoupon {
        tenant: SHOP,
        coupon,
    }
}

fn release(code: &str) -> Statement {
    let coupon = coupon(code);
    Statement::ReleaseCoupon {
        tenant: SHOP,
        coupon,
    }
}

fn a_coupon_is_used_as_often_as_its_limit_says_and_may_be_given_back(play: &mut Play<'_>) {
    let tx = play.begin();
    for left in [true, true, false] {
        play.ok(tx, redeem("C"), left);
    }
    play.done(tx, release("C"));
    play.ok(tx, redeem("C"), true);
    play.commit(tx);
    let audit = play.audit();
    assert_eq!(audit.used(SHOP, "C"), Some(2));
    assert_eq!(audit.used(ELSEWHERE, "C"), Some(0));
}

fn a_guarded_use_waits_for_the_row_and_then_judges_what_was_committed(play: &mut Play<'_>) {
    for (commits, left) in [(false, true), (true, false)] {
        let (a, b) = (play.begin(), play.begin());
        play.ok(a, redeem("A1"), true);
        play.blocks(b, redeem("A1"));
        play.end(a, commits);
        play.goes_on(b, left);
        play.roll_back(b);
    }
    assert_eq!(play.audit().used(SHOP, "A1"), Some(1));
}

fn a_coupon_that_is_used_up_is_neither_waited_for_nor_locked(play: &mut Play<'_>) {
    let tx = play.begin();
    play.ok(tx, redeem("A1"), true);
    play.commit(tx);
    let (a, b, c) = (play.begin(), play.begin(), play.begin());
    play.done(a, release("A1"));
    // The use that is being given back is not committed.
    play.ok(b, redeem("A1"), false);
    play.commit(a);
    play.ok(c, redeem("A1"), true);
}

fn a_look_at_a_coupon_sees_what_is_committed_and_holds_nothing(play: &mut Play<'_>) {
    let (a, look) = (play.begin(), play.begin());
    play.ok(a, redeem("A1"), true);
    play.ok(a, check("A1"), false);
    play.ok(look, check("A1"), true);
    play.commit(a);
    play.ok(look, check("A1"), false);
    let b = play.begin();
    play.done(b, release("A1"));
}

fn who_only_counts_uses_goes_past_the_limit(play: &mut Play<'_>) {
    let (a, b) = (play.begin(), play.begin());
    play.done(a, count("A1"));
    play.blocks(b, count("A1"));
    play.commit(a);
    play.goes_on(b, ());
    play.commit(b);
    assert_eq!(play.audit().used(SHOP, "A1"), Some(2));
}

fn a_coupon_that_nobody_knows_is_never_left(play: &mut Play<'_>) {
    let tx = play.begin();
    play.ok(tx, redeem("D"), false);
    play.ok(tx, check("D"), false);
}
