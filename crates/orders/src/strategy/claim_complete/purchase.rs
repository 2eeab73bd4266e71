//! One request on its way: through the claim table to the database, and back with an answer.

use protocol::{Money, OrderRequest, Response, ScopedKey, Span, Time};

use super::answer::{Answer, UNAVAILABLE};
use super::claim::Claiming;
use super::clocks::{Clocks, begin};
use super::patience;
use super::settle::{self, Settled};
use super::undo::undo;
use crate::contract::{Contract, InFlightPolicy};
use crate::fingerprint::{Fingerprint, fingerprint};
use crate::machine::{self, Claimed};
use crate::ports::{Clock, Keys, Ports, StoreError, Transaction};
use crate::rows::KeyRecord;
use crate::table::{Claim, Outcome, Ticket};

/// One request on its way.
pub(super) struct Purchase<'a, P> {
    pub(super) ports: &'a P,
    pub(super) contract: &'a Contract,
    pub(super) request: &'a OrderRequest,
    pub(super) key: &'a ScopedKey,
    pub(super) fingerprint: Fingerprint,
    pub(super) total: Money,
    /// Until when it waits for a twin.
    pub(super) patient_until: Time,
}

impl<'a, P: Ports> Purchase<'a, P> {
    pub(super) fn new(
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
    pub(super) async fn answer(&self) -> Response {
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

    /// Claims and settles. A request that loses the claim on the way is a duplicate of the one that took it, and is told what
    /// duplicates are: the stored answer, or that another is at work on it.
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
