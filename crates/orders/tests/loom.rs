//! loom explores every interleaving of the claim table's locks: the very table that the service uses.
//!
//! Run with `cargo loom`. Each claim below is also run against a table that is broken on purpose
//! (`crates/orders/loom-broken.sh`), because a model that cannot fail proves nothing.

#![cfg(orders_loom)]

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use orders::table::{Claim, Outcome};
use orders::{ClaimTable, Fingerprint};
use protocol::{
    IdempotencyKey, Money, Order, OrderId, OrderState, Response, Scope, ScopedKey, Span, Tenant,
    Time,
};

const LEASE: Span = Span(10);
const EARLY: Time = Time(0);
/// Past the lease of whoever claimed early.
const LATE: Time = Time(100);
const FOREVER: Time = Time::MAX;
const PREEMPTIONS: usize = 3;
const CONTENT: Fingerprint = Fingerprint([7; 32]);

fn key() -> ScopedKey {
    ScopedKey {
        key: IdempotencyKey::new("k").expect("a key"),
        tenant: Tenant(1),
        scope: Scope::CreateOrder,
    }
}

fn answer(order: u64) -> Response {
    Response::created(Order {
        id: OrderId(order),
        state: OrderState::Confirmed,
        total: Money(1),
    })
}

fn table() -> Arc<ClaimTable> {
    Arc::new(ClaimTable::new(8))
}

fn claim(table: &ClaimTable, now: Time) -> Claim<'_> {
    table.claim(&key(), CONTENT, now, LEASE)
}

/// What a request does: runs it if it wins, repeats what its twin got if not. Gives the order, and whether it ran it.
fn request(table: &ClaimTable, order: u64) -> (Response, bool) {
    loop {
        match claim(table, EARLY) {
            Claim::Won(ticket) => {
                ticket
                    .complete(answer(order), FOREVER)
                    .expect("nobody takes over within the lease");
                return (answer(order), true);
            }
            Claim::Done(response) => return (response, false),
            Claim::InFlight(waiter) => match block_on(waiter) {
                Outcome::Done(response) => return (response, false),
                Outcome::Released => {}
            },
            Claim::Mismatch => panic!("one content only"),
        }
    }
}

/// Three threads with all their wake-ups are too many interleavings; those with up to three pre-emptions are not, and they
/// have the bugs (Musuvathi and Qadeer, "Iterative context bounding", PLDI 2007).
fn model_of_three(body: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(body);
}

/// `threads` twins: one of them runs it, all of them give its answer.
fn twins(threads: u64) {
    let table = table();
    let others: Vec<_> = (1..threads)
        .map(|order| {
            let table = Arc::clone(&table);
            thread::spawn(move || request(&table, order))
        })
        .collect();
    let mut results = vec![request(&table, 0)];
    results.extend(
        others
            .into_iter()
            .map(|other| other.join().expect("no panic")),
    );
    let winners: Vec<_> = results.iter().filter(|(_, ran)| *ran).collect();
    assert_eq!(winners.len(), 1, "exactly one runs it");
    assert!(
        results
            .iter()
            .all(|(response, _)| *response == winners[0].0),
        "all get the one answer"
    );
    assert_eq!(table.len(), 1, "one key, one slot");
}

#[test]
fn of_two_twins_exactly_one_wins() {
    loom::model(|| twins(2));
}

#[test]
fn of_three_twins_exactly_one_wins() {
    model_of_three(|| twins(3));
}

#[test]
fn a_waiter_that_sits_down_while_the_claim_completes_is_woken() {
    loom::model(|| {
        let table = table();
        let Claim::Won(ticket) = claim(&table, EARLY) else {
            panic!("an empty table")
        };
        let Claim::InFlight(waiter) = claim(&table, EARLY) else {
            panic!("claimed")
        };
        let sleeper = thread::spawn(move || block_on(waiter));
        ticket.complete(answer(1), FOREVER).expect("ours");
        assert_eq!(sleeper.join().expect("no panic"), Outcome::Done(answer(1)));
    });
}

#[test]
fn two_waiters_both_learn_of_a_release_and_one_of_them_wins() {
    model_of_three(|| {
        let table = table();
        let Claim::Won(ticket) = claim(&table, EARLY) else {
            panic!("an empty table")
        };
        let others: Vec<_> = [1, 2]
            .map(|order| {
                let table = Arc::clone(&table);
                thread::spawn(move || request(&table, order))
            })
            .into();
        // The handler is cancelled: nobody says anything, the ticket goes out of scope.
        drop(ticket);
        let ran = others
            .into_iter()
            .map(|other| other.join().expect("no panic").1);
        assert_eq!(
            ran.filter(|ran| *ran).count(),
            1,
            "a released claim is won once"
        );
    });
}

#[test]
fn a_completion_is_never_lost() {
    loom::model(|| {
        let table = table();
        let Claim::Won(ticket) = claim(&table, EARLY) else {
            panic!("an empty table")
        };
        let twin = {
            let table = Arc::clone(&table);
            thread::spawn(move || match claim(&table, EARLY) {
                Claim::Won(_ticket) => panic!("won although the claim was held, then completed"),
                Claim::Mismatch => panic!("one content only"),
                Claim::Done(response) => assert_eq!(response, answer(1)),
                Claim::InFlight(waiter) => assert_eq!(block_on(waiter), Outcome::Done(answer(1))),
            })
        };
        ticket.complete(answer(1), FOREVER).expect("ours");
        twin.join().expect("no panic");
        assert!(matches!(claim(&table, EARLY), Claim::Done(response) if response == answer(1)));
    });
}

#[test]
fn a_stale_ticket_completes_nothing() {
    loom::model(|| {
        let table = table();
        let Claim::Won(stalled) = claim(&table, EARLY) else {
            panic!("an empty table")
        };
        let rival = {
            let table = Arc::clone(&table);
            thread::spawn(move || match claim(&table, LATE) {
                Claim::Won(ticket) => {
                    ticket
                        .complete(answer(2), FOREVER)
                        .expect("the present holder is never refused");
                    true
                }
                Claim::Done(response) => {
                    assert_eq!(response, answer(1));
                    false
                }
                other => panic!("the lease is over, and yet {other:?}"),
            })
        };
        let accepted = stalled.complete(answer(1), FOREVER).is_ok();
        let taken_over = rival.join().expect("no panic");
        assert_ne!(accepted, taken_over, "completed by the one or by the other");
        let last = answer(if taken_over { 2 } else { 1 });
        assert!(matches!(claim(&table, LATE), Claim::Done(response) if response == last));
    });
}

#[test]
fn a_stale_ticket_releases_nothing() {
    loom::model(|| {
        let table = table();
        let Claim::Won(stalled) = claim(&table, EARLY) else {
            panic!("an empty table")
        };
        let Claim::Won(present) = claim(&table, LATE) else {
            panic!("the lease is over")
        };
        let twin = {
            let table = Arc::clone(&table);
            thread::spawn(move || matches!(claim(&table, LATE), Claim::Won(_)))
        };
        drop(stalled);
        assert!(
            !twin.join().expect("no panic"),
            "the present holder's claim stands"
        );
        present
            .complete(answer(2), FOREVER)
            .expect("the present holder is never refused");
    });
}

#[test]
fn a_waiter_of_a_dead_owner_learns_what_the_next_one_did() {
    loom::model(|| {
        let table = table();
        let Claim::Won(stalled) = claim(&table, EARLY) else {
            panic!("an empty table")
        };
        let Claim::InFlight(waiter) = claim(&table, EARLY) else {
            panic!("claimed")
        };
        let sleeper = thread::spawn(move || block_on(waiter));
        let rival = {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                let Claim::Won(ticket) = claim(&table, LATE) else {
                    panic!("the lease is over")
                };
                ticket
                    .complete(answer(2), FOREVER)
                    .expect("the present holder is never refused");
            })
        };
        assert_eq!(sleeper.join().expect("no panic"), Outcome::Done(answer(2)));
        rival.join().expect("no panic");
        assert!(stalled.complete(answer(1), FOREVER).is_err());
    });
}
