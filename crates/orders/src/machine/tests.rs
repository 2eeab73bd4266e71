//! Tests of the claim machine: named claims, and a random walk beside a specification that only keeps a log.

use proptest::prelude::*;
use protocol::{Money, Order, OrderId, OrderState, Problem, Response, Span, Time};

use super::*;

const LEASE: Span = Span(10);
const TTL: Span = Span(100);
const GRACE: Span = Span(5);

fn ask(owner: u32, content: u8, now: u64) -> Ask {
    let fingerprint = Fingerprint([content; 32]);
    Ask {
        owner: Owner(u64::from(owner)),
        fingerprint,
        now: Time(now),
        lease: LEASE,
        ttl: TTL,
        grace: GRACE,
    }
}

fn answer(order: u64) -> Response {
    Response::created(Order {
        id: OrderId(order),
        state: OrderState::Confirmed,
        total: Money(1),
    })
}

/// A claim by owner 1 for content 1 at time 0, working on order 7.
fn claimed() -> KeyRecord {
    let Claimed::Insert(record) = claim(None, &ask(1, 1, 0)) else {
        panic!("an absent key is free")
    };
    work_on(Some(&record), record.token, OrderId(7)).expect("ours")
}

fn completed() -> KeyRecord {
    complete(Some(&claimed()), Token(1), answer(7)).expect("ours")
}

#[test]
fn a_lease_holds_to_its_last_tick_and_not_one_more() {
    assert_eq!(claim(Some(&claimed()), &ask(2, 1, 10)), Claimed::InFlight);
    let Claimed::Update { held, record } = claim(Some(&claimed()), &ask(2, 1, 11)) else {
        panic!("the lease is over")
    };
    assert_eq!(
        (held, record.token, record.owner),
        (Token(1), Token(2), Owner(2))
    );
}

#[test]
fn a_takeover_keeps_the_order_and_a_fresh_start_does_not() {
    let taken = take_over(&claimed(), Owner(2), Time(11), LEASE).expect("the lease is over");
    assert_eq!(taken.order, Some(OrderId(7)));
    let released = release(Some(&taken), taken.token).expect("ours");
    for now in [12, 500] {
        let Claimed::Update { held, record } = claim(Some(&released), &ask(3, 9, now)) else {
            panic!("released")
        };
        assert_eq!(
            (held, record.token, record.order),
            (Token(2), Token(3), None)
        );
        assert_eq!(record.fingerprint, Fingerprint([9; 32]));
    }
}

#[test]
fn another_content_is_a_mismatch_also_while_the_first_is_in_flight_or_its_owner_dead() {
    for now in [0, 10, 11, 1_000] {
        assert_eq!(
            claim(Some(&claimed()), &ask(2, 2, now)),
            Claimed::Mismatch,
            "at {now}"
        );
    }
    assert_eq!(claim(Some(&completed()), &ask(2, 2, 50)), Claimed::Mismatch);
}

#[test]
fn a_completion_is_replayed_until_ttl_and_grace_are_over() {
    for (now, replayed) in [(1, true), (100, true), (105, true), (106, false)] {
        let outcome = claim(Some(&completed()), &ask(2, 1, now));
        assert_eq!(
            outcome == Claimed::Replay(answer(7)),
            replayed,
            "at {now}: {outcome:?}"
        );
    }
    let Claimed::Update { held, record } = claim(Some(&completed()), &ask(2, 2, 106)) else {
        panic!("expired")
    };
    assert_eq!(
        (held, record.token, record.order, record.response),
        (Token(1), Token(2), None, None)
    );
}

#[test]
fn a_stale_token_is_refused_by_every_verb() {
    let taken = take_over(&claimed(), Owner(2), Time(11), LEASE).expect("the lease is over");
    let failed = Response::refused(402, Problem::PaymentDeclined);
    for existing in [Some(&taken), Some(&completed()), None] {
        // The completed one has the token of its claim; what is completed has no holder any more.
        assert_eq!(complete(existing, Token(1), failed), Err(Fenced));
        assert_eq!(release(existing, Token(1)), Err(Fenced));
        assert_eq!(work_on(existing, Token(1), OrderId(8)), Err(Fenced));
    }
}

#[test]
fn an_owner_may_complete_after_its_lease_if_nobody_took_over() {
    assert_eq!(
        complete(Some(&claimed()), Token(1), answer(7)).map(|record| record.state),
        Ok(KeyState::Completed)
    );
    assert!(
        take_over(&completed(), Owner(2), Time(9_999), LEASE).is_none(),
        "what is completed is not taken over"
    );
}

/// What the specification remembers: a log of what was granted, and nothing of how.
#[derive(Debug, Default)]
struct Log {
    /// Content, moment and lease end of each claim, in order; its token is its place, from 1.
    claims: Vec<(u8, u64, u64)>,
    /// Whether the claims up to the last one are ended: with an answer, or released.
    ended: Option<Option<Response>>,
}

/// What the log says must come of a claim.
#[derive(Debug, PartialEq)]
enum Due {
    Fresh,
    TakeOver,
    InFlight,
    Replay(Response),
    Mismatch,
}

impl Log {
    fn due(&self, content: u8, now: u64, first_of_life: Option<(u8, u64)>) -> Due {
        let (Some(&(_, _, lease_until)), Some((held_for, since))) =
            (self.claims.last(), first_of_life)
        else {
            return Due::Fresh;
        };
        match self.ended {
            Some(None) => Due::Fresh,
            Some(Some(_)) if now > since + TTL.0 + GRACE.0 => Due::Fresh,
            _ if content != held_for => Due::Mismatch,
            Some(Some(response)) => Due::Replay(response),
            None if now > lease_until => Due::TakeOver,
            None => Due::InFlight,
        }
    }
}

fn seen(outcome: Claimed) -> Due {
    match outcome {
        Claimed::Insert(_) => Due::Fresh,
        Claimed::Update { record, .. } if record.order.is_none() => Due::Fresh,
        Claimed::Update { .. } => Due::TakeOver,
        Claimed::InFlight => Due::InFlight,
        Claimed::Replay(response) => Due::Replay(response),
        Claimed::Mismatch => Due::Mismatch,
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Claim { content: u8 },
    Complete { token: u32 },
    Release { token: u32 },
}

fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let act = prop_oneof![
        4 => (0..2_u8).prop_map(|content| Act::Claim { content }),
        2 => (0..6_u32).prop_map(|token| Act::Complete { token }),
        1 => (0..6_u32).prop_map(|token| Act::Release { token }),
    ];
    let pause = prop_oneof![
        Just(0_u64),
        1..4_u64,
        Just(10),
        Just(11),
        Just(105),
        Just(106)
    ];
    prop::collection::vec((pause, act), 0..24)
}

/// Runs the acts on the machine and on the log; they must agree at every step.
fn walk(acts: &[(u64, Act)]) {
    let (mut log, mut row, mut now, mut life) = (Log::default(), None::<KeyRecord>, 0, None);
    for (step, &(pause, act)) in acts.iter().enumerate() {
        now += pause;
        let present = log.claims.len() as u32;
        let mine = |token: u32| token == present && present > 0 && log.ended.is_none();
        match act {
            Act::Claim { content } => {
                let outcome = claim(row.as_ref(), &ask(step as u32, content, now));
                let due = log.due(content, now, life);
                assert_eq!(seen(outcome), due);
                if let Claimed::Insert(record) | Claimed::Update { record, .. } = outcome {
                    assert_eq!(
                        record.token,
                        Token(present + 1),
                        "tokens grow by one with every claim"
                    );
                    log.claims.push((content, now, now + LEASE.0));
                    log.ended = None;
                    if due == Due::Fresh {
                        life = Some((content, now));
                    }
                    row = Some(
                        work_on(Some(&record), record.token, OrderId(7)).expect("just claimed"),
                    );
                }
            }
            Act::Complete { token } => {
                let outcome = complete(row.as_ref(), Token(token), answer(step as u64));
                assert_eq!(outcome.is_ok(), mine(token));
                if let Ok(record) = outcome {
                    (row, log.ended) = (Some(record), Some(Some(answer(step as u64))));
                }
            }
            Act::Release { token } => {
                let outcome = release(row.as_ref(), Token(token));
                assert_eq!(outcome.is_ok(), mine(token));
                if let Ok(record) = outcome {
                    (row, log.ended) = (Some(record), Some(None));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_machine_does_what_the_log_says_is_due(acts in acts()) {
        walk(&acts);
    }
}
