//! The life of an idempotency key as a pure transition function: no clock, no store, no allocation.
//!
//! ```text
//! absent --claim--> claimed --complete--> completed --ttl and grace--> absent
//!                    |   ^ lease over: the next claim takes a higher token and finishes the same order
//!                    '-> released: the next claim starts afresh
//! ```
//!
//! A process that changes a key must name the token under which it holds it. A stale token is always refused: that is fencing
//! (Kleppmann, "How to do distributed locking", 2016), and every verb here has it, because systems that fence only
//! `complete` lose to a late failure.

use protocol::{OrderId, Response, Span, Time};

use crate::fingerprint::Fingerprint;
use crate::rows::{KeyRecord, KeyState, Owner, Token};

/// What a claimant brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who claims.
    pub owner: Owner,
    /// What is asked for.
    pub fingerprint: Fingerprint,
    /// The claimant's time.
    pub now: Time,
    /// How long the claim holds.
    pub lease: Span,
    /// How long the key is remembered, counted from the claim.
    pub ttl: Span,
    /// How long after that it is still remembered, because clocks differ.
    pub grace: Span,
}

/// What comes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The key was absent: insert this row and the claim is won.
    Insert(KeyRecord),
    /// The key may be claimed: write this row over the one with the token `held` and the claim is won. A row with an
    /// order is a take-over, and that order is to be finished; a row without one starts afresh.
    Update {
        /// The token that the row must still have.
        held: Token,
        /// The row to write.
        record: KeyRecord,
    },
    /// Another request works on it.
    InFlight,
    /// It is done: this was the answer.
    Replay(Response),
    /// The key stands for another content.
    Mismatch,
}

/// The caller does not hold the key (any more): nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim is not held under this token")]
pub struct Fenced;

/// Claims a key. The content is compared before anything else, so that the same key with another content is a mismatch
/// also while the first is in flight, and also when its owner has died.
pub fn claim(existing: Option<&KeyRecord>, ask: &Ask) -> Claimed {
    let Some(record) = existing else {
        return Claimed::Insert(fresh(ask, Token(1)));
    };
    match record.state {
        KeyState::Released => restart(record, ask),
        KeyState::Completed if record.expired(ask.now, ask.grace) => restart(record, ask),
        _ if record.fingerprint != ask.fingerprint => Claimed::Mismatch,
        // A completed row without an answer cannot be written by this module. If there is one, it must not be run again.
        KeyState::Completed => record.response.map_or(Claimed::InFlight, Claimed::Replay),
        // Nor is a failure written by this module.
        KeyState::Failed => Claimed::InFlight,
        KeyState::Claimed => match take_over(record, ask.owner, ask.now, ask.lease) {
            Some(taken) => Claimed::Update {
                held: record.token,
                record: taken,
            },
            None => Claimed::InFlight,
        },
    }
}

/// Takes a claim over whose lease is over: a higher token, the same order. `None` if the lease still holds or the key is not claimed.
pub fn take_over(record: &KeyRecord, owner: Owner, now: Time, lease: Span) -> Option<KeyRecord> {
    let free = record.state == KeyState::Claimed && record.lease_over(now);
    free.then(|| KeyRecord {
        owner,
        token: next(record.token),
        lease_until: now + lease,
        ..*record
    })
}

/// Records the order that a claim works on.
///
/// # Errors
/// [`Fenced`] if the claim is not held under `token`.
pub fn work_on(
    existing: Option<&KeyRecord>,
    token: Token,
    order: OrderId,
) -> Result<KeyRecord, Fenced> {
    Ok(KeyRecord {
        order: Some(order),
        ..*held(existing, token)?
    })
}

/// Stores the answer: from now on it is given to everyone who asks again.
///
/// The holder of the token may complete also after its lease, as long as it was not taken over. The time to live still counts
/// from the claim, because that is when the client's retries began.
///
/// # Errors
/// [`Fenced`] if the claim is not held under `token`.
pub fn complete(
    existing: Option<&KeyRecord>,
    token: Token,
    response: Response,
) -> Result<KeyRecord, Fenced> {
    let record = held(existing, token)?;
    Ok(KeyRecord {
        state: KeyState::Completed,
        response: Some(response),
        ..*record
    })
}

/// Gives the claim back: nothing of it is left, and the next claim may be for another content.
///
/// # Errors
/// [`Fenced`] if the claim is not held under `token`.
pub fn release(existing: Option<&KeyRecord>, token: Token) -> Result<KeyRecord, Fenced> {
    let record = held(existing, token)?;
    Ok(KeyRecord {
        state: KeyState::Released,
        order: None,
        response: None,
        ..*record
    })
}

/// The record, if it is claimed under this token.
fn held(existing: Option<&KeyRecord>, token: Token) -> Result<&KeyRecord, Fenced> {
    existing
        .filter(|record| record.state == KeyState::Claimed && record.token == token)
        .ok_or(Fenced)
}

fn restart(record: &KeyRecord, ask: &Ask) -> Claimed {
    Claimed::Update {
        held: record.token,
        record: fresh(ask, next(record.token)),
    }
}

fn fresh(ask: &Ask, token: Token) -> KeyRecord {
    KeyRecord {
        state: KeyState::Claimed,
        owner: ask.owner,
        token,
        lease_until: ask.now + ask.lease,
        expires_at: ask.now + ask.ttl,
        fingerprint: ask.fingerprint,
        order: None,
        response: None,
    }
}

/// Four billion claims of one key are out of reach; if they came, staying at the top would break fencing, so we stop.
fn next(token: Token) -> Token {
    Token(
        token
            .0
            .checked_add(1)
            .expect("a key was claimed four billion times"),
    )
}

#[cfg(test)]
mod tests;
