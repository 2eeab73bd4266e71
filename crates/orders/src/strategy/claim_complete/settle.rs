//! The second transaction, fenced by the token: everything that follows from the charge, together or not at all.

use protocol::{ChargeId, OrderState, Problem, Response};

use super::charge::{Charge, charge};
use super::held::Held;
use super::patience::{self, ROUNDS_MAX};
use super::{Answer, UNAVAILABLE, UNKNOWN, undo};
use crate::contract::Contract;
use crate::machine;
use crate::ports::{Isolation, Ports, Store, StoreError, Transaction};
use crate::rows::{ChargeRow, KeyRecord, KeyState, NotificationKind};

/// How an order ends.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    /// Charged: taken.
    Confirm(ChargeId),
    /// Given up, with this answer.
    Cancel(Response),
}

/// What the transaction came to.
pub(super) enum Written {
    /// It is to be committed.
    Now(Answer),
    /// There is nothing to write: it was done before, or somebody else has the claim.
    Nothing(Answer),
}

/// Charges a claimed order and finishes it, or gives it up. What is not known is left to the completer, claim and all.
pub(super) async fn settle<P: Ports>(ports: &P, contract: &Contract, held: &Held) -> Answer {
    let ending = match charge(ports, contract, held).await {
        Charge::Captured(charge) => Ending::Confirm(charge),
        Charge::Declined => Ending::declined(),
        // Nobody but us can have charged, and we did not: it is safe to forget everything.
        Charge::Untouched if held.first => Ending::Cancel(UNAVAILABLE.response),
        Charge::Untouched | Charge::Unknown => return UNKNOWN,
    };
    conclude(ports, contract, held, ending).await
}

/// Tries until it is done or known to be done. A commit that was not acknowledged is looked up by the next round.
async fn conclude<P: Ports>(ports: &P, contract: &Contract, held: &Held, ending: Ending) -> Answer {
    for round in 0..ROUNDS_MAX {
        match conclude_once(ports, contract, held, ending).await {
            Ok(answer) => return answer,
            Err(_) => patience::back_off(ports.clock(), round).await,
        }
    }
    UNKNOWN
}

async fn conclude_once<P: Ports>(
    ports: &P,
    contract: &Contract,
    held: &Held,
    ending: Ending,
) -> Result<Answer, StoreError> {
    let mut tx = ports.store().begin(Isolation::ReadCommitted).await?;
    match write(&mut tx, contract, held, ending).await {
        Ok(Written::Now(answer)) => tx.commit().await?.committed().map(|()| answer),
        Ok(Written::Nothing(answer)) => {
            tx.rollback().await;
            Ok(answer)
        }
        Err(error) => Err(undo(tx, error).await),
    }
}

pub(super) async fn write(
    tx: &mut impl Transaction,
    contract: &Contract,
    held: &Held,
    ending: Ending,
) -> Result<Written, StoreError> {
    let response = ending.response(held);
    let stored = contract.stores(&response);
    let existing = tx.lock_key(&held.key).await?;
    let next = if stored {
        machine::complete(existing.as_ref(), held.token, response)
    } else {
        machine::release(existing.as_ref(), held.token)
    };
    let Ok(next) = next else {
        return Ok(Written::Nothing(found(contract, held, existing, response)));
    };
    if !write_order(tx, held, ending).await?
        || tx.update_key(&held.key, held.token, next).await? == 0
    {
        // The claim is ours, but the order is not pending. No transaction of ours leaves that behind, so nobody should guess.
        return Ok(Written::Nothing(UNKNOWN));
    }
    write_stock(tx, held, ending).await?;
    Ok(Written::Now(Answer {
        response,
        stored_until: stored.then_some(next.expires_at),
    }))
}

/// The order and what belongs to it alone. `false` if it is not pending.
async fn write_order(
    tx: &mut impl Transaction,
    held: &Held,
    ending: Ending,
) -> Result<bool, StoreError> {
    let order = held.order;
    match ending {
        Ending::Confirm(charge) => {
            if tx
                .update_order(order, OrderState::Pending, OrderState::Confirmed)
                .await?
                == 0
            {
                return Ok(false);
            }
            tx.insert_charge(ChargeRow {
                id: charge,
                order,
                amount: held.total,
            })
            .await?;
            tx.clear_cart(held.key.tenant, held.cart).await?;
            tx.insert_notification(order, NotificationKind::Created)
                .await?;
            Ok(true)
        }
        Ending::Cancel(_) => Ok(tx
            .update_order(order, OrderState::Pending, OrderState::Cancelled)
            .await?
            == 1),
    }
}

/// The rows that everybody wants, last, and in the order of the first transaction. A coupon was counted there already.
async fn write_stock(
    tx: &mut impl Transaction,
    held: &Held,
    ending: Ending,
) -> Result<(), StoreError> {
    let (tenant, lines) = (held.key.tenant, &held.content.lines);
    match ending {
        Ending::Confirm(_) => {
            tx.settle_stock(tenant, lines).await?;
            tx.increment_sales(tenant, lines).await
        }
        Ending::Cancel(_) => {
            tx.release_stock(tenant, lines).await?;
            match &held.content.coupon {
                Some(coupon) => tx.release_coupon(tenant, coupon).await,
                None => Ok(()),
            }
        }
    }
}

/// The answer by what is there, when the claim is not ours to end.
fn found(
    contract: &Contract,
    held: &Held,
    existing: Option<KeyRecord>,
    intended: Response,
) -> Answer {
    let Some(record) = existing else {
        return UNKNOWN;
    };
    let by_us = record.token == held.token;
    match (record.state, record.response) {
        // Our own commit, whose acknowledgement was lost: not a repetition.
        (KeyState::Completed, Some(response)) if by_us => Answer {
            response,
            stored_until: Some(record.expires_at),
        },
        (KeyState::Completed, Some(response)) => Answer {
            response: contract.replay(response),
            stored_until: Some(record.expires_at),
        },
        (KeyState::Released, _) if by_us => Answer::passing(intended),
        _ => UNKNOWN,
    }
}

impl Ending {
    pub(super) const fn declined() -> Ending {
        Ending::Cancel(Response::refused(402, Problem::PaymentDeclined))
    }

    fn response(self, held: &Held) -> Response {
        match self {
            Ending::Confirm(_) => Response::created(held.shown(OrderState::Confirmed)),
            Ending::Cancel(response) => response,
        }
    }
}
