//! Tests of the claim table on one thread: what loom need not explore. The races are in `tests/loom.rs`.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use protocol::{IdempotencyKey, Money, Order, OrderId, OrderState, Scope, Tenant};

use super::*;

const LEASE: Span = Span(10);
const CONTENT: Fingerprint = Fingerprint([1; 32]);
const OTHER: Fingerprint = Fingerprint([2; 32]);

fn key(text: &str) -> ScopedKey {
    ScopedKey {
        key: IdempotencyKey::new(text).expect("a key"),
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

fn claim<'t>(table: &'t ClaimTable, text: &str, now: u64) -> Claim<'t> {
    table.claim(&key(text), CONTENT, Time(now), LEASE)
}

fn won<'t>(table: &'t ClaimTable, text: &str, now: u64) -> Ticket<'t> {
    match claim(table, text, now) {
        Claim::Won(ticket) => ticket,
        other => panic!("expected to win, got {other:?}"),
    }
}

fn waiting(table: &ClaimTable, text: &str, now: u64) -> Waiter {
    match claim(table, text, now) {
        Claim::InFlight(waiter) => waiter,
        other => panic!("expected to wait, got {other:?}"),
    }
}

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicU32);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll(waiter: &mut Waiter, waker: &Waker) -> Poll<Outcome> {
    Pin::new(waiter).poll(&mut Context::from_waker(waker))
}

#[test]
fn a_quick_duplicate_gets_the_answer_from_memory_until_it_expires() {
    let table = ClaimTable::default();
    won(&table, "k", 0)
        .complete(answer(1), Time(50))
        .expect("ours");
    assert!(matches!(claim(&table, "k", 50), Claim::Done(response) if response == answer(1)));
    won(&table, "k", 51).release().expect("ours");
    assert!(table.is_empty());
}

#[test]
fn the_same_text_of_another_tenant_or_scope_is_another_key() {
    let table = ClaimTable::default();
    let _held = won(&table, "k", 0);
    for other in [
        ScopedKey {
            tenant: Tenant(2),
            ..key("k")
        },
        ScopedKey {
            scope: Scope::Cart,
            ..key("k")
        },
    ] {
        assert!(matches!(
            table.claim(&other, CONTENT, Time(0), LEASE),
            Claim::Won(_)
        ));
    }
}

#[test]
fn another_content_is_a_mismatch_in_flight_after_the_lease_and_when_done() {
    let table = ClaimTable::default();
    let ticket = won(&table, "k", 0);
    for now in [0, 11] {
        assert!(matches!(
            table.claim(&key("k"), OTHER, Time(now), LEASE),
            Claim::Mismatch
        ));
    }
    ticket.complete(answer(1), Time(50)).expect("ours");
    assert!(matches!(
        table.claim(&key("k"), OTHER, Time(1), LEASE),
        Claim::Mismatch
    ));
}

#[test]
fn a_lease_holds_to_its_last_tick_and_the_next_holder_keeps_the_waiters() {
    let table = ClaimTable::default();
    let stalled = won(&table, "k", 0);
    let waiter = waiting(&table, "k", 10);
    let present = won(&table, "k", 11);
    assert_eq!(stalled.complete(answer(1), Time(50)), Err(Stale));
    assert_eq!(waiter.try_outcome(), None);
    present.complete(answer(2), Time(50)).expect("ours");
    assert_eq!(waiter.try_outcome(), Some(Outcome::Done(answer(2))));
}

#[test]
fn a_cancelled_handler_releases_its_claim_and_wakes_every_waiter_once() {
    let table = ClaimTable::default();
    let ticket = won(&table, "k", 0);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut waiters = [
        waiting(&table, "k", 0),
        waiting(&table, "k", 0),
        waiting(&table, "k", 0),
    ];
    for waiter in &mut waiters {
        assert!(poll(waiter, &waker).is_pending());
        assert!(
            poll(waiter, &waker).is_pending(),
            "polled again, it sits where it sat"
        );
    }
    let [first, second, third] = waiters;
    drop(third);
    drop(ticket);
    assert_eq!(
        bell.0.load(Ordering::Relaxed),
        2,
        "whoever left is not woken"
    );
    for mut waiter in [first, second] {
        assert_eq!(poll(&mut waiter, &waker), Poll::Ready(Outcome::Released));
    }
    drop(won(&table, "k", 0));
}

#[test]
fn the_oldest_completions_are_forgotten_and_running_claims_are_not() {
    let table = ClaimTable::new(2);
    let _running = won(&table, "running", 0);
    for (order, text) in ["a", "b", "c"].into_iter().enumerate() {
        won(&table, text, 0)
            .complete(answer(order as u64), Time(50))
            .expect("ours");
    }
    assert_eq!(table.len(), 3);
    assert!(matches!(claim(&table, "c", 0), Claim::Done(_)));
    assert!(matches!(claim(&table, "b", 0), Claim::Done(_)));
    assert!(
        matches!(claim(&table, "a", 0), Claim::Won(_)),
        "the database replays it"
    );
    assert!(matches!(claim(&table, "running", 0), Claim::InFlight(_)));
}

#[test]
fn a_place_in_the_queue_does_not_forget_whoever_has_the_slot_by_then() {
    let table = ClaimTable::new(2);
    won(&table, "k", 0)
        .complete(answer(1), Time(5))
        .expect("ours");
    // Expired, claimed again: the old place in the queue is stale.
    let again = won(&table, "k", 6);
    won(&table, "a", 6)
        .complete(answer(2), Time(50))
        .expect("ours");
    won(&table, "b", 6)
        .complete(answer(3), Time(50))
        .expect("ours");
    assert!(matches!(claim(&table, "k", 6), Claim::InFlight(_)));
    again.complete(answer(4), Time(50)).expect("ours");
}

#[test]
fn a_table_without_memory_still_coalesces() {
    let table = ClaimTable::new(0);
    let ticket = won(&table, "k", 0);
    let waiter = waiting(&table, "k", 0);
    ticket.complete(answer(1), Time(50)).expect("ours");
    assert_eq!(waiter.try_outcome(), Some(Outcome::Done(answer(1))));
    assert!(table.is_empty());
}
