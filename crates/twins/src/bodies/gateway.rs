//! The payment gateway: the same key is the same charge, whatever its caller heard.

use orders::GatewayError;
use protocol::{
    ChargeAnswer, ChargeId, ChargeRequest, ChargeState, GatewayKey, Money, OrderId, Span,
};

use super::claims;
use crate::call::{Answer, Call};
use crate::play::Play;
use crate::shop::{GATEWAY_KEY_TTL, SHOP};
use crate::twin::Need::{self, Gateway, SlowGateway, Time};
use crate::twin::Seat;
use crate::twin::Trouble::{
    self, DeclineCharge, GatewayTimeoutAfter, GatewayTimeoutBefore, GatewayUnavailable,
};

use ChargeState::{Captured, Declined, Refunded};

claims! {
    the_same_key_is_the_same_charge needs [Gateway];
    another_amount_under_the_same_key_is_refused_and_captures_nothing needs [Gateway];
    a_key_that_is_in_use_is_told_so_until_its_charge_has_ended needs [SlowGateway];
    a_declined_charge_is_an_answer_and_stays_declined needs [Gateway, Need::Trouble(DeclineCharge)];
    a_gateway_that_is_away_has_done_nothing needs [Gateway, Need::Trouble(GatewayUnavailable)];
    a_request_that_does_not_arrive_is_unknown_and_the_retry_is_the_first needs [Gateway, Need::Trouble(GatewayTimeoutBefore)];
    a_request_whose_answer_is_lost_is_unknown_and_the_retry_is_told_of_its_charge needs [Gateway, Need::Trouble(GatewayTimeoutAfter)];
    refunding_twice_is_refunding_once needs [Gateway];
    what_was_never_captured_cannot_be_refunded needs [Gateway];
    a_key_that_the_gateway_has_forgotten_is_another_charge needs [Gateway, Time];
}

fn charge_of(order: u64, amount: i64) -> Call {
    let order = OrderId(order);
    Call::Charge(ChargeRequest {
        key: GatewayKey::of_order(SHOP, order),
        tenant: SHOP,
        order: Some(order),
        amount: Money(amount),
    })
}

/// A charge of order 7 is asked for, and answered.
#[track_caller]
fn charge(play: &mut Play<'_>, seat: Seat) -> ChargeAnswer {
    answer(play.call(seat, charge_of(7, 100)))
}

#[track_caller]
fn answer(told: crate::call::Told) -> ChargeAnswer {
    match told {
        Ok(Answer::Charge(answer)) => answer,
        other => panic!("a charge is answered, not {other:?}"),
    }
}

/// The amounts that the gateway has, and where each stands.
#[track_caller]
fn has(play: &mut Play<'_>, charges: &[(i64, ChargeState)]) {
    let ledger = play.audit().ledger;
    let found: Vec<_> = ledger
        .iter()
        .map(|charge| (charge.amount.minor(), charge.state))
        .collect();
    assert_eq!(found, charges);
}

fn the_same_key_is_the_same_charge(play: &mut Play<'_>) {
    let (a, b) = (play.open(), play.open());
    let first = charge(play, a);
    assert_eq!((first.state, first.replayed), (Captured, false));
    for seat in [a, b] {
        let again = charge(play, seat);
        assert_eq!(
            (again.id, again.state, again.replayed),
            (first.id, Captured, true)
        );
    }
    let other = answer(play.call(b, charge_of(8, 50)));
    assert!(other.id != first.id && !other.replayed);
    has(play, &[(100, Captured), (50, Captured)]);
}

fn another_amount_under_the_same_key_is_refused_and_captures_nothing(play: &mut Play<'_>) {
    let a = play.open();
    charge(play, a);
    play.fails(a, charge_of(7, 101), GatewayError::Unavailable);
    has(play, &[(100, Captured)]);
}

fn a_key_that_is_in_use_is_told_so_until_its_charge_has_ended(play: &mut Play<'_>) {
    let (a, b) = (play.open(), play.open());
    play.start(a, charge_of(7, 100));
    play.start(b, charge_of(7, 100));
    let told = [play.heard(b), play.heard(a)];
    assert_eq!(told[0], Err(GatewayError::InUse.into()));
    let first = answer(told[1].clone());
    assert_eq!((first.state, first.replayed), (Captured, false));
    assert_eq!(charge(play, b).id, first.id);
    has(play, &[(100, Captured)]);
}

fn a_declined_charge_is_an_answer_and_stays_declined(play: &mut Play<'_>) {
    let (a, b) = (play.open_for(DeclineCharge), play.open());
    play.strike(a);
    let first = charge(play, a);
    assert_eq!((first.state, first.replayed), (Declined, false));
    let again = charge(play, b);
    assert_eq!(
        (again.id, again.state, again.replayed),
        (first.id, Declined, true)
    );
    has(play, &[(100, Declined)]);
}

fn a_gateway_that_is_away_has_done_nothing(play: &mut Play<'_>) {
    let (a, b) = (play.open_for(GatewayUnavailable), play.open());
    play.strike(a);
    play.fails(a, charge_of(7, 100), GatewayError::Unavailable);
    has(play, &[]);
    assert!(!charge(play, b).replayed);
}

/// A charge of which nothing was heard, and the answer to the retry.
fn retried(play: &mut Play<'_>, trouble: Trouble) -> ChargeAnswer {
    let (a, b) = (play.open_for(trouble), play.open());
    play.strike(a);
    play.fails(a, charge_of(7, 100), GatewayError::Unknown);
    let again = charge(play, b);
    has(play, &[(100, Captured)]);
    again
}

fn a_request_that_does_not_arrive_is_unknown_and_the_retry_is_the_first(play: &mut Play<'_>) {
    let again = retried(play, GatewayTimeoutBefore);
    assert_eq!((again.state, again.replayed), (Captured, false));
}

fn a_request_whose_answer_is_lost_is_unknown_and_the_retry_is_told_of_its_charge(
    play: &mut Play<'_>,
) {
    let again = retried(play, GatewayTimeoutAfter);
    assert_eq!((again.state, again.replayed), (Captured, true));
}

fn refunding_twice_is_refunding_once(play: &mut Play<'_>) {
    let a = play.open();
    let first = charge(play, a);
    play.done(a, Call::Refund(first.id));
    has(play, &[(100, Refunded)]);
    play.done(a, Call::Refund(first.id));
    has(play, &[(100, Refunded)]);
    assert_eq!(charge(play, a).state, Refunded);
}

fn what_was_never_captured_cannot_be_refunded(play: &mut Play<'_>) {
    let a = play.open();
    play.fails(a, Call::Refund(ChargeId(99)), GatewayError::Unavailable);
}

fn a_key_that_the_gateway_has_forgotten_is_another_charge(play: &mut Play<'_>) {
    let a = play.open();
    let first = charge(play, a);
    play.pass(GATEWAY_KEY_TTL + Span::secs(1));
    let second = charge(play, a);
    assert!(second.id != first.id && !second.replayed);
    has(play, &[(100, Captured), (100, Captured)]);
}
