//! `claim-complete`: the reference. Claim the key, charge under the order's own key, complete under the fencing token.
//!
//! 1. one transaction: claim the key, insert the order as pending, reserve stock and coupon ([`claim`])
//! 2. charge, with a key derived from the order, so that every retry of it is the same charge; where there is nothing to pay,
//!    the gateway is not asked ([`charge`])
//! 3. one transaction, fenced by the token: order, charge, cart, log, stock, sales, notification and the stored answer together
//!    ([`settle`])
//! 4. a completer takes over claims whose owners have gone, and finishes them the same way ([`maintain`])
//! 5. what the gateway tells by webhook finishes a claim whose owner was never answered ([`hear`])
//!
//! The claim table in front of it keeps the duplicates that reach one replica away from the database's locks. It decides nothing
//! that the database has not decided: before a duplicate is told that its twin is at work, or that its key is in use with another
//! content, one look there makes sure that no other replica has finished it (`beside_a_twin`, `beside_another`).

use compact_str::format_compact;
use protocol::{
    Cart, ChargeNotice, IdempotencyKey, Money, OrderRequest, Problem, Response, Scope, ScopedKey,
    Span, Tenant, Time,
};

use super::valid_total::valid_total;
use super::{Ledgers, Strategy};
use crate::contract::{Contract, InFlightPolicy};
use crate::fingerprint::{Fingerprint, fingerprint};
use crate::machine::{self, Claimed};
use crate::metrics::Metric;
use crate::ports::{Clock, Keys, Ports, StoreError, Transaction};
use crate::rows::KeyRecord;
use crate::table::{Claim, Outcome, Ticket};

mod adopt;
mod charge;
mod claim;
mod clocks;
mod hear;
mod held;
mod maintain;
mod patience;
mod settle;

use claim::Claiming;
use clocks::{Clocks, begin};
use settle::Settled;

/// Claims, charges, completes; recovers what a dead owner left.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClaimComplete;

impl Strategy for ClaimComplete {
    const NAME: &'static str = "claim-complete";
    const SUMMARY: &'static str =
        "claim the key with a lease, charge under the order's key, complete under a fencing token";
    const MAINTAINED: bool = true;
    const LISTENS: bool = true;
    const KNOWS_MESSAGES: bool = true;
    const LEDGERS: Ledgers = Ledgers::ALL;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let Some(total) = valid_total(&request.content) else {
            return Response::refused(400, Problem::Invalid);
        };
        if request.key.is_none() && (contract.key_required || !contract.natural_key) {
            return Response::refused(400, Problem::KeyMissing);
        }
        let key = identity(request.tenant, request.key.as_ref(), request.cart);
        let purchase = Purchase::new(ports, contract, request, &key, total);
        let response = purchase.answer().await;
        count(ports, &response);
        response
    }

    async fn maintain<P: Ports>(&self, ports: &P, contract: &Contract) {
        maintain::round(ports, contract).await;
    }

    async fn hear<P: Ports>(&self, ports: &P, contract: &Contract, notice: &ChargeNotice) -> bool {
        hear::hear(ports, contract, notice).await
    }
}

/// What monitoring counts of a request, which is known when it is answered: another replica may have decided. One that could not
/// be looked up at all is neither known nor unknown.
fn count<P: Ports>(ports: &P, response: &Response) {
    match response.problem {
        _ if response.replayed => ports.count(Metric::Hit),
        Some(Problem::KeyReused | Problem::InProgress) => ports.count(Metric::Conflict),
        Some(Problem::Unavailable) => {}
        _ => ports.count(Metric::Miss),
    }
}

/// What is answered when the outcome is not known. Never stored.
const UNKNOWN: Answer = Answer {
    response: Response::refused(500, Problem::OutcomeUnknown),
    stored_until: None,
};

/// What is answered when nothing happened and nothing will.
const UNAVAILABLE: Answer = Answer {
    response: Response::refused(503, Problem::Unavailable),
    stored_until: None,
};

/// An answer, and until when the database repeats it, if it does: by our own clock.
#[derive(Clone, Copy, Debug)]
struct Answer {
    response: Response,
    stored_until: Option<Time>,
}

impl Answer {
    fn passing(response: Response) -> Answer {
        Answer {
            response,
            stored_until: None,
        }
    }
}

/// The key of a purchase: the client's, or the natural one, of one version of one cart. Who is refused may edit the cart, which is
/// another request; that only one of the versions is sold is for the index on carts to see ([`natural`]).
fn identity(tenant: Tenant, sent: Option<&IdempotencyKey>, cart: Cart) -> ScopedKey {
    let (key, scope) = match sent {
        Some(key) => (key.clone(), Scope::CreateOrder),
        None => {
            let text = format_compact!("c{}.{}", cart.id, cart.version);
            (
                IdempotencyKey::new(text).expect("digits are visible ASCII"),
                Scope::Cart,
            )
        }
    };
    ScopedKey { key, tenant, scope }
}

/// What a cart is sold as: once, whichever of its versions that is. A tab that was left open edits a cart that another tab has sold.
const fn natural(cart: Cart) -> Cart {
    Cart { version: 0, ..cart }
}

/// One request on its way.
struct Purchase<'a, P> {
    ports: &'a P,
    contract: &'a Contract,
    request: &'a OrderRequest,
    key: &'a ScopedKey,
    fingerprint: Fingerprint,
    total: Money,
    /// Until when it waits for a twin.
    patient_until: Time,
}

impl<'a, P: Ports> Purchase<'a, P> {
    fn new(
        ports: &'a P,
        contract: &'a Contract,
        request: &'a OrderRequest,
        key: &'a ScopedKey,
        total: Money,
    ) -> Self {
        let now = ports.clock().now();
        let patient_until = match contract.in_flight {
            InFlightPolicy::Wait { span_max } => now + span_max,
            InFlightPolicy::Conflict | InFlightPolicy::Accepted => now,
        };
        Purchase {
            ports,
            contract,
            request,
            key,
            fingerprint: fingerprint(request),
            total,
            patient_until,
        }
    }

    /// Through the claim table first. The winner there goes on to the database.
    async fn answer(&self) -> Response {
        if !self.contract.claim_table {
            return Box::pin(self.past_the_table()).await;
        }
        loop {
            let now = self.ports.clock().now();
            match self.ports.process().claims.claim(
                self.key,
                self.fingerprint,
                now,
                self.contract.lease,
            ) {
                Claim::Won(ticket) => return self.lead(ticket).await,
                Claim::Done(response) => return self.contract.replay(response),
                Claim::Mismatch => return Box::pin(self.beside_another()).await,
                Claim::InFlight(waiter) => {
                    match patience::wait(self.ports.clock(), waiter, self.patient_until).await {
                        Some(Outcome::Done(response)) => return self.contract.replay(response),
                        Some(Outcome::Released) => {}
                        // Rare, so boxed: it does not make the future of every request larger.
                        None => return Box::pin(self.beside_a_twin()).await,
                    }
                }
            }
        }
    }

    /// A twin is at work on this replica. Another replica may have finished all the same, and a client that heard its answer must
    /// not be told that the purchase is in progress: the database knows. It also knows if the claim was given back, as when a
    /// webhook told of a refusal that is not stored, while the twin still waits for the gateway: then the key is free.
    async fn beside_a_twin(&self) -> Response {
        let Ok((existing, clocks)) = self.look().await else {
            return UNAVAILABLE.response;
        };
        match machine::claim(existing.as_ref(), &self.ask(clocks)) {
            Claimed::Replay(stored) => self.contract.replay(stored),
            Claimed::Mismatch => self.contract.mismatch(),
            Claimed::Update { record, .. } if record.order.is_none() => self.past_the_table().await,
            // Absent: the twin is on its way to the database.
            Claimed::Insert(_) | Claimed::Update { .. } | Claimed::InFlight => {
                self.contract.in_progress()
            }
        }
    }

    /// On this replica the key is at work, or done, with another content. If that is not yet in the database, our content may be:
    /// then the other one is refused there, and not we. If the claim was given back, the key is free for any content.
    async fn beside_another(&self) -> Response {
        let Ok((existing, clocks)) = self.look().await else {
            return UNAVAILABLE.response;
        };
        match machine::claim(existing.as_ref(), &self.ask(clocks)) {
            Claimed::Replay(stored) => self.contract.replay(stored),
            Claimed::InFlight => self.contract.in_progress(),
            Claimed::Update { record, .. } if record.order.is_none() => self.past_the_table().await,
            // A claim of our content whose owner has gone: the next request that reaches the database finishes it.
            Claimed::Update { .. } => self.contract.in_progress(),
            Claimed::Insert(_) | Claimed::Mismatch => self.contract.mismatch(),
        }
    }

    /// Asks the database alone. If the table has a claim of another request, that one keeps it: the fencing token tells the two
    /// apart there.
    async fn past_the_table(&self) -> Response {
        self.decided().await.response
    }

    async fn look(&self) -> Result<(Option<KeyRecord>, Clocks), StoreError> {
        let (mut tx, clocks) = begin(self.ports).await?;
        match tx.find_key(self.key).await {
            Ok(existing) => {
                tx.rollback().await;
                Ok((existing, clocks))
            }
            Err(error) => Err(undo(tx, error).await),
        }
    }

    /// Claims and settles. A request that loses the claim on the way is a duplicate of the one that took it, and is told what duplicates are:
    /// the stored answer, or that another is at work on it.
    async fn decided(&self) -> Answer {
        // By then the process that took our claim over has answered, or its lease is over and the claim is ours again, by our clock.
        let patience = Span(self.contract.lease.0.saturating_add(self.contract.grace.0));
        loop {
            let held = match self.claim().await {
                Claiming::Held(held) => held,
                Claiming::Answer(answer) => return answer,
            };
            match settle::settle(self.ports, self.contract, &held, patience).await {
                Settled::Answer(answer) => return answer,
                Settled::Elsewhere => {
                    if !patience::look_again(self.ports.clock(), self.patient_until).await {
                        return Answer::passing(self.contract.in_progress());
                    }
                }
            }
        }
    }

    /// The one request of this replica that asks the database. Dropped on the way, it releases the ticket.
    async fn lead(&self, ticket: Ticket<'_>) -> Response {
        let answer = self.decided().await;
        let ended = match answer.stored_until {
            Some(expires_at) => ticket.complete(
                Response {
                    replayed: false,
                    ..answer.response
                },
                expires_at,
            ),
            None => ticket.release(),
        };
        // A stale ticket was taken over on this replica because the lease ran out. The database has decided all the same,
        // and its answer is the one we give.
        let _ended_or_stale = ended;
        answer.response
    }
}

/// Ends a transaction after an error. With the connection gone there is nothing to say; otherwise the connection is needed
/// again, and an aborted transaction takes nothing but a rollback.
async fn undo(tx: impl Transaction, error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable | StoreError::Unknown => drop(tx),
        StoreError::Conflict | StoreError::Unique(_) | StoreError::Aborted => tx.rollback().await,
    }
    error
}
