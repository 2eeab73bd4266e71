//! Answers that are stored without an order of our own: the cart was sold under another key, or there is not what is asked for.

use protocol::{Order, OrderId, OrderRequest, OrderState, Problem, Response};

use super::answer::Answer;
use super::claim::Round;
use super::clocks::{Clocks, begin};
use super::identity::natural;
use super::purchase::Purchase;
use super::undo::undo;
use crate::fingerprint::fingerprint;
use crate::machine::{self, Claimed, Fenced};
use crate::ports::{CommitTag, Ports, StoreError, Transaction};
use crate::rows::{KeyRecord, Token};

/// A key that we may write, and over which token.
struct Vacancy {
    held: Option<Token>,
    record: KeyRecord,
    clocks: Clocks,
}

impl<P: Ports> Purchase<'_, P> {
    /// The cart has an order: two tabs, two keys. The second key gets the first one's order, and keeps it, because a key
    /// that once got an order must not get another.
    pub(super) async fn adopt(&self) -> Result<Round, StoreError> {
        let (mut tx, clocks) = begin(self.ports).await?;
        let round = self.adopt_in(&mut tx, clocks).await;
        self.end(tx, round).await
    }

    /// Stores a refusal under our key, if the key is still free.
    pub(super) async fn remember(&self, refusal: Response) -> Result<Round, StoreError> {
        let (mut tx, clocks) = begin(self.ports).await?;
        let round = match self.vacancy(&mut tx, clocks).await {
            Ok(Some(mut vacancy)) => self.store(&mut tx, &mut vacancy, None, refusal).await,
            Ok(None) => Ok(Round::Again),
            Err(error) => Err(error),
        };
        self.end(tx, round).await
    }

    /// Commits what was stored, undoes everything else. If it is unknown whether it was committed, the next round sees.
    async fn end(
        &self,
        tx: impl Transaction,
        round: Result<Round, StoreError>,
    ) -> Result<Round, StoreError> {
        match round {
            Ok(Round::Answer(answer)) if answer.stored_until.is_some() => {
                match tx.commit().await.and_then(CommitTag::committed) {
                    Ok(()) => Ok(Round::Answer(answer)),
                    Err(StoreError::Unknown) => Ok(Round::Again),
                    Err(error) => Err(error),
                }
            }
            Ok(other) => {
                tx.rollback().await;
                Ok(other)
            }
            Err(error) => Err(undo(tx, error).await),
        }
    }

    async fn adopt_in(
        &self,
        tx: &mut impl Transaction,
        clocks: Clocks,
    ) -> Result<Round, StoreError> {
        // Our own key comes first: it may have been a twin of ours that sold the cart.
        let Some(mut vacancy) = self.vacancy(tx, clocks).await? else {
            return Ok(Round::Again);
        };
        let Some(order) = tx
            .find_order_by_cart(self.request.tenant, natural(self.request.cart))
            .await?
        else {
            return Ok(Round::Again);
        };
        match order.state {
            OrderState::Pending => Ok(Round::InFlight),
            OrderState::Cancelled => Ok(Round::Again),
            OrderState::Confirmed if self.asks_for(tx, order).await? => {
                let stored = self
                    .store(tx, &mut vacancy, Some(order.id), Response::created(order))
                    .await?;
                Ok(self.as_replay(stored))
            }
            // The cart was sold with other lines, or to another customer: not ours to hand out.
            OrderState::Confirmed => Ok(Round::Answer(Answer::passing(Response::refused(
                409,
                Problem::Duplicate,
            )))),
        }
    }

    /// The key's place, if it is free.
    async fn vacancy(
        &self,
        tx: &mut impl Transaction,
        clocks: Clocks,
    ) -> Result<Option<Vacancy>, StoreError> {
        let existing = tx.lock_key(self.key).await?;
        Ok(match machine::claim(existing.as_ref(), &self.ask(clocks)) {
            Claimed::Insert(record) => Some(Vacancy {
                held: None,
                record,
                clocks,
            }),
            Claimed::Update { held, record } if record.order.is_none() => Some(Vacancy {
                held: Some(held),
                record,
                clocks,
            }),
            Claimed::Update { .. } | Claimed::InFlight | Claimed::Replay(_) | Claimed::Mismatch => {
                None
            }
        })
    }

    async fn store(
        &self,
        tx: &mut impl Transaction,
        vacancy: &mut Vacancy,
        order: Option<OrderId>,
        response: Response,
    ) -> Result<Round, StoreError> {
        let Ok(completed) = completed(&vacancy.record, order, response) else {
            return Ok(Round::Again);
        };
        vacancy.record = completed;
        if !self.write_key(tx, vacancy.held, &vacancy.record).await? {
            return Ok(Round::Again);
        }
        Ok(Round::Answer(Answer {
            response,
            stored_until: Some(vacancy.clocks.own(vacancy.record.expires_at)),
        }))
    }

    /// Whether the order is what the request asks for.
    async fn asks_for(&self, tx: &mut impl Transaction, order: Order) -> Result<bool, StoreError> {
        let row = tx.find_order(order.id).await?;
        Ok(row.is_some_and(|row| {
            let new = row.new;
            let asked = OrderRequest {
                tenant: new.tenant,
                customer: new.customer,
                key: None,
                body_key: None,
                cart: new.cart,
                content: new.content,
            };
            fingerprint(&asked) == self.fingerprint
        }))
    }

    fn as_replay(&self, round: Round) -> Round {
        match round {
            Round::Answer(answer) => Round::Answer(Answer {
                response: self.contract.replay(answer.response),
                ..answer
            }),
            other => other,
        }
    }
}

/// A claim of our own, completed with an answer; with the order that it names, if it names one.
fn completed(
    claimed: &KeyRecord,
    order: Option<OrderId>,
    response: Response,
) -> Result<KeyRecord, Fenced> {
    let token = claimed.token;
    let working = match order {
        Some(order) => machine::work_on(Some(claimed), token, order)?,
        None => *claimed,
    };
    machine::complete(Some(&working), token, response)
}
