//! The first transaction: claim the key, insert the order, reserve stock and coupon; or find out why not.

use std::sync::Arc;

use protocol::{OrderState, Response};

use super::answer::{Answer, UNAVAILABLE, UNKNOWN};
use super::clocks::{Clocks, begin};
use super::held::Held;
use super::identity::natural;
use super::patience::{self, ROUNDS_MAX};
use super::purchase::Purchase;
use super::undo::undo;
use crate::machine::{self, Ask, Claimed};
use crate::ports::{Clock, CommitTag, Constraint, Ports, StoreError, Transaction};
use crate::rows::{KeyIndex, KeyRecord, NewOrder, Token};
use crate::strategy::refusals::{COUPON_USED, OUT_OF_STOCK};

/// How claiming ends.
pub(super) enum Claiming {
    Held(Held),
    Answer(Answer),
}

/// How one transaction ends.
pub(super) enum Round {
    /// The claim is ours.
    Held(Held),
    /// The claim whose commit was not acknowledged is there.
    Ours,
    /// The claim is ours if the commit happened, which we were not told.
    Unclear(Held),
    /// There is an answer without an effect of ours.
    Answer(Answer),
    /// Another request works on it.
    InFlight,
    /// There is not what is asked for: stock is short, or the coupon used up.
    Refused(Response),
    /// Another request was faster between two statements: look again.
    Again,
}

/// What the row under the key calls for.
enum Decision {
    Begin {
        held: Option<Token>,
        record: KeyRecord,
    },
    TakeOver {
        held: Token,
        record: KeyRecord,
    },
    End(Round),
}

impl<P: Ports> Purchase<'_, P> {
    /// Claims the key in the database. Whatever is not known is looked up, never guessed.
    pub(super) async fn claim(&self) -> Claiming {
        let mut unclear: Option<Held> = None;
        let mut round = 0;
        while round < ROUNDS_MAX {
            match self.one_round(unclear.as_ref()).await {
                Ok(Round::Held(held)) => return Claiming::Held(held),
                Ok(Round::Ours) => match unclear.take() {
                    Some(held) => return Claiming::Held(held),
                    None => round += 1,
                },
                Ok(Round::Unclear(held)) => {
                    unclear = Some(held);
                    round += 1;
                }
                Ok(Round::Answer(answer)) => return Claiming::Answer(answer),
                // A commit that was never acknowledged may still have taken what is missing now.
                Ok(Round::Refused(_)) if unclear.is_some() => return Claiming::Answer(UNKNOWN),
                Ok(Round::Refused(refusal)) => return Claiming::Answer(Answer::passing(refusal)),
                Ok(Round::InFlight) => {
                    if !patience::look_again(self.ports.clock(), self.patient_until).await {
                        return Claiming::Answer(Answer::passing(self.contract.in_progress()));
                    }
                }
                Ok(Round::Again) | Err(StoreError::Unique(_)) => round += 1,
                Err(_) => {
                    patience::back_off(self.ports.clock(), round).await;
                    round += 1;
                }
            }
        }
        Claiming::Answer(if unclear.is_some() {
            UNKNOWN
        } else {
            UNAVAILABLE
        })
    }

    /// One transaction, and a second one if the first found the cart sold, or a refusal that is remembered.
    /// The second is rare, so it is boxed: it does not make the future of every request larger.
    async fn one_round(&self, unclear: Option<&Held>) -> Result<Round, StoreError> {
        match self.claim_once(unclear).await {
            Err(StoreError::Unique(Constraint::OrdersCart)) => Box::pin(self.adopt()).await,
            Ok(Round::Refused(refusal)) if unclear.is_none() && self.contract.stores(&refusal) => {
                Box::pin(self.remember(refusal)).await
            }
            other => other,
        }
    }

    async fn claim_once(&self, unclear: Option<&Held>) -> Result<Round, StoreError> {
        let (mut tx, clocks) = begin(self.ports).await?;
        match self.claim_in(&mut tx, &clocks, unclear).await {
            Ok(Round::Held(held)) => match tx.commit().await.and_then(CommitTag::committed) {
                Ok(()) => Ok(Round::Held(held)),
                Err(StoreError::Unknown) => Ok(Round::Unclear(held)),
                Err(error) => Err(error),
            },
            Ok(other) => {
                tx.rollback().await;
                Ok(other)
            }
            Err(error) => Err(undo(tx, error).await),
        }
    }

    async fn claim_in(
        &self,
        tx: &mut impl Transaction,
        clocks: &Clocks,
        unclear: Option<&Held>,
    ) -> Result<Round, StoreError> {
        let existing = tx.lock_key(self.key).await?;
        match self.decide(existing, *clocks, unclear) {
            Decision::Begin { held, mut record } => {
                self.begin_order(tx, clocks, held, &mut record).await
            }
            Decision::TakeOver { held, record } => self.take_over(tx, clocks, held, &record).await,
            Decision::End(round) => Ok(round),
        }
    }

    /// What the row says. Apart from the awaits around it, so that its working memory does not become part of the future.
    fn decide(
        &self,
        existing: Option<KeyRecord>,
        clocks: Clocks,
        unclear: Option<&Held>,
    ) -> Decision {
        let ours =
            |record: &KeyRecord| unclear.is_some_and(|held| held.is(record, self.ports.owner()));
        if existing.as_ref().is_some_and(ours) {
            return Decision::End(Round::Ours);
        }
        match machine::claim(existing.as_ref(), &self.ask(clocks)) {
            Claimed::Insert(record) => Decision::Begin { held: None, record },
            Claimed::Update { held, record } if record.order.is_none() => Decision::Begin {
                held: Some(held),
                record,
            },
            Claimed::Update { held, record } => Decision::TakeOver { held, record },
            Claimed::InFlight => Decision::End(Round::InFlight),
            Claimed::Mismatch => {
                Decision::End(Round::Answer(Answer::passing(self.contract.mismatch())))
            }
            Claimed::Replay(stored) => Decision::End(Round::Answer(Answer {
                response: self.contract.replay(stored),
                stored_until: existing.map(|record| clocks.own(record.expires_at)),
            })),
        }
    }

    /// The order and the claim that works on it. Stock and coupon come last, because their rows are the ones
    /// that everybody wants.
    async fn begin_order(
        &self,
        tx: &mut impl Transaction,
        clocks: &Clocks,
        held: Option<Token>,
        record: &mut KeyRecord,
    ) -> Result<Round, StoreError> {
        let order = tx.insert_order(self.new_order()).await?;
        let Ok(working) = machine::work_on(Some(record), record.token, order) else {
            return Ok(Round::Again);
        };
        *record = working;
        if !self.write_key(tx, held, record).await? {
            return Ok(Round::Again);
        }
        let content = &self.request.content;
        tx.insert_items(order, content).await?;
        if !tx
            .reserve_stock(self.request.tenant, &content.lines)
            .await?
        {
            return Ok(Round::Refused(OUT_OF_STOCK));
        }
        if let Some(coupon) = &content.coupon
            && !tx.redeem_coupon(self.request.tenant, coupon).await?
        {
            return Ok(Round::Refused(COUPON_USED));
        }
        Ok(Round::Held(Held {
            key: self.key.clone(),
            token: record.token,
            lease_until: record.lease_until,
            works_until: clocks.own(record.lease_until),
            order,
            cart: self.request.cart,
            content: Arc::clone(content),
            total: self.total,
            first: true,
        }))
    }

    /// The owner has gone: its order is ours to finish.
    async fn take_over(
        &self,
        tx: &mut impl Transaction,
        clocks: &Clocks,
        held: Token,
        record: &KeyRecord,
    ) -> Result<Round, StoreError> {
        if !self.write_key(tx, Some(held), record).await? {
            return Ok(Round::Again);
        }
        let row = match record.order {
            Some(order) => tx.find_order(order).await?,
            None => None,
        };
        // A claim and its order are inserted together, so this row exists. If it does not, do not guess.
        Ok(row.map_or(Round::Answer(UNKNOWN), |row| {
            Round::Held(Held::taken_over(self.key.clone(), record, row, *clocks))
        }))
    }

    /// Inserts the record, or writes it over the one with the token `held`; `false` if that one has changed.
    pub(super) async fn write_key(
        &self,
        tx: &mut impl Transaction,
        held: Option<Token>,
        record: &KeyRecord,
    ) -> Result<bool, StoreError> {
        match held {
            None => tx.insert_key(self.key, *record).await.map(|()| true),
            Some(token) => Ok(tx.update_key(self.key, token, *record).await? == 1),
        }
    }

    pub(super) fn ask(&self, clocks: Clocks) -> Ask {
        Ask {
            owner: self.ports.owner(),
            fingerprint: self.fingerprint,
            now: clocks.store,
            lease: self.contract.lease,
            ttl: self.contract.ttl,
            grace: self.contract.grace,
        }
    }

    fn new_order(&self) -> NewOrder {
        NewOrder {
            tenant: self.request.tenant,
            customer: self.request.customer,
            key: self.request.key.clone(),
            key_index: KeyIndex::None,
            cart: self.request.cart,
            // Guards requests with a key too: two tabs have two keys, but one cart.
            natural_key: self
                .contract
                .natural_key
                .then(|| natural(self.request.cart)),
            content: Arc::clone(&self.request.content),
            total: self.total,
            state: OrderState::Pending,
            created_at: self.ports.clock().now(),
        }
    }
}
