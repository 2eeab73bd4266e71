//! The second transaction, fenced by the token: everything that follows from the charge, together or not at all.

use protocol::{ChargeId, OrderState, Problem, Response, Span};

use super::answer::{Answer, UNAVAILABLE, UNKNOWN};
use super::charge::{Charge, charge};
use super::clocks::{Clocks, begin};
use super::held::Held;
use super::patience::{self, ROUNDS_MAX};
use super::undo::undo;
use crate::contract::Contract;
use crate::machine;
use crate::ports::{Clock, Ports, StoreError, Transaction};
use crate::rows::{ChargeRow, KeyRecord, KeyState, NotificationKind, Token};

/// How an order ends.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    /// Charged, or free: taken.
    Confirm(Option<ChargeId>),
    /// The gateway will not charge it: cancelled.
    Decline,
    /// The gateway was never reached: cancelled, as if nothing had been asked.
    GiveUp,
}

/// What settling comes to.
pub(super) enum Settled {
    /// There is an answer, stored or not.
    Answer(Answer),
    /// Another process has the claim now, or the charge under way, and finishes what we began.
    Elsewhere,
}

/// What the transaction came to.
pub(super) enum Written {
    /// It is to be committed.
    Now(Answer),
    /// There is nothing to write: it was done before, or another process has the claim.
    Nothing(Settled),
}

/// A claim that may be ended, and the token that its row has until then.
pub(super) struct Endable {
    pub(super) over: Token,
    pub(super) record: KeyRecord,
}

/// Charges a claimed order and finishes it, or gives it up. What is not known is left to the completer, claim and all. Whoever
/// took the claim over meanwhile is waited for, for as long as `patience`.
pub(super) async fn settle<P: Ports>(
    ports: &P,
    contract: &Contract,
    held: &Held,
    patience: Span,
) -> Settled {
    let ending = match charge(ports, contract, held).await {
        Charge::Captured(charge) => Ending::Confirm(Some(charge)),
        Charge::Free => Ending::Confirm(None),
        Charge::Declined => Ending::Decline,
        // Only we can have charged, and we did not: it is safe to forget everything.
        Charge::Untouched if held.first => Ending::GiveUp,
        Charge::InUse => return Settled::Elsewhere,
        Charge::Untouched | Charge::Unknown => return Settled::Answer(UNKNOWN),
    };
    conclude(ports, contract, held, ending, patience).await
}

/// Tries until it is done or known to be done. A commit that was not acknowledged is looked up by the next round.
async fn conclude<P: Ports>(
    ports: &P,
    contract: &Contract,
    held: &Held,
    ending: Ending,
    patience: Span,
) -> Settled {
    let (mut until, mut failures) = (None, 0);
    for round in 0.. {
        match conclude_once(ports, contract, held, ending).await {
            Ok(Settled::Elsewhere) if ending.is_told() => {
                let now = ports.clock().now();
                if now > *until.get_or_insert(now + patience) {
                    break;
                }
            }
            Ok(settled) => return settled,
            Err(_) => failures += 1,
        }
        if failures == ROUNDS_MAX {
            break;
        }
        patience::back_off(ports.clock(), round).await;
    }
    Settled::Answer(UNKNOWN)
}

async fn conclude_once<P: Ports>(
    ports: &P,
    contract: &Contract,
    held: &Held,
    ending: Ending,
) -> Result<Settled, StoreError> {
    let (mut tx, clocks) = begin(ports).await?;
    match conclude_in(&mut tx, clocks, ports, contract, held, ending).await {
        Ok(Written::Now(answer)) => {
            let ended = tx.commit().await?.committed();
            ended.map(|()| Settled::Answer(answer))
        }
        Ok(Written::Nothing(found)) => {
            tx.rollback().await;
            Ok(found)
        }
        Err(error) => Err(undo(tx, error).await),
    }
}

async fn conclude_in<P: Ports>(
    tx: &mut impl Transaction,
    clocks: Clocks,
    ports: &P,
    contract: &Contract,
    held: &Held,
    ending: Ending,
) -> Result<Written, StoreError> {
    let existing = tx.lock_key(&held.key).await?;
    match endable(ports, clocks, contract, held, ending, existing) {
        Some(claim) => write(tx, clocks, contract, held, claim, ending).await,
        None => found(tx, clocks, held, existing, ending)
            .await
            .map(Written::Nothing),
    }
}

/// The claim that we may end. It is ours; or the process that took it over from us has a lease that is over too, and then we take it back:
/// what the gateway has told us of the charge is true whichever process has the claim. Without that, two owners whose leases are
/// shorter than their work would take the claim from each other and never end it. What the gateway has not told is only ours to
/// say while we hold the claim.
fn endable<P: Ports>(
    ports: &P,
    clocks: Clocks,
    contract: &Contract,
    held: &Held,
    ending: Ending,
    existing: Option<KeyRecord>,
) -> Option<Endable> {
    let of_ours =
        |record: &KeyRecord| record.state == KeyState::Claimed && record.order == Some(held.order);
    let record = existing.filter(of_ours)?;
    let over = record.token;
    if over == held.token {
        return Some(Endable { over, record });
    }
    if !ending.is_told() {
        return None;
    }
    let record = machine::take_over(&record, ports.owner(), clocks.store, contract.lease)?;
    Some(Endable { over, record })
}

/// Ends a claim whose row is locked.
pub(super) async fn write(
    tx: &mut impl Transaction,
    clocks: Clocks,
    contract: &Contract,
    held: &Held,
    claim: Endable,
    ending: Ending,
) -> Result<Written, StoreError> {
    let response = ending.response(held);
    let stored = contract.stores(&response);
    let Endable { over, record } = claim;
    let next = if stored {
        machine::complete(Some(&record), record.token, response)
    } else {
        machine::release(Some(&record), record.token)
    };
    let Ok(mut next) = next else {
        return Ok(Written::Nothing(Settled::Answer(UNKNOWN)));
    };
    // A claim that was taken over, or whose owner slept, may be older than the grace: its answer is kept its whole time all the same.
    next.expires_at = next.expires_at.max(clocks.store + contract.ttl);
    if !write_order(tx, held, ending).await? || tx.update_key(&held.key, over, next).await? == 0 {
        // The claim is ours, but the order is not pending. No transaction of ours leaves that behind, so do not guess.
        return Ok(Written::Nothing(Settled::Answer(UNKNOWN)));
    }
    write_stock(tx, held, ending).await?;
    Ok(Written::Now(Answer {
        response,
        stored_until: stored.then_some(clocks.own(next.expires_at)),
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
            if let Some(id) = charge {
                let amount = held.total;
                tx.insert_charge(ChargeRow { id, order, amount }).await?;
            }
            tx.insert_inventory_log(order, &held.content.lines).await?;
            tx.clear_cart(held.key.tenant, held.cart).await?;
            tx.insert_notification(order, NotificationKind::Created)
                .await?;
            Ok(true)
        }
        Ending::Decline | Ending::GiveUp => Ok(tx
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
        Ending::Decline | Ending::GiveUp => {
            tx.release_stock(tenant, lines).await?;
            match &held.content.coupon {
                Some(coupon) => tx.release_coupon(tenant, coupon).await,
                None => Ok(()),
            }
        }
    }
}

/// The answer by what is there, when the claim is not ours to end.
async fn found(
    tx: &mut impl Transaction,
    clocks: Clocks,
    held: &Held,
    existing: Option<KeyRecord>,
    ending: Ending,
) -> Result<Settled, StoreError> {
    let about_ours = existing.filter(|record| record.order == Some(held.order));
    Ok(match about_ours.map(|record| (record, record.response)) {
        // Our own commit, whose acknowledgement was lost; or another owner took the claim over and finished our order. Neither is a
        // repetition: we held the claim while the order was open, so no client had its answer when ours asked.
        Some((record, Some(response))) => Settled::Answer(Answer {
            response,
            stored_until: Some(clocks.own(record.expires_at)),
        }),
        Some(_) => Settled::Elsewhere,
        // The key was given back, by us or by the process that took over, and may stand for something else by now. What we were to give
        // up has been.
        None => {
            let row = tx.find_order(held.order).await?;
            let is_cancelled = row.is_some_and(|row| row.state == OrderState::Cancelled);
            let as_meant = is_cancelled && !matches!(ending, Ending::Confirm(_));
            Settled::Answer(if as_meant {
                Answer::passing(ending.response(held))
            } else {
                UNKNOWN
            })
        }
    })
}

impl Ending {
    /// Whether it is certain, because the gateway has said so or there is nothing to pay: then it is the same for every owner of the claim.
    const fn is_told(self) -> bool {
        matches!(self, Ending::Confirm(_) | Ending::Decline)
    }

    fn response(self, held: &Held) -> Response {
        match self {
            Ending::Confirm(_) => Response::created(held.shown(OrderState::Confirmed)),
            Ending::Decline => Response::refused(402, Problem::PaymentDeclined),
            Ending::GiveUp => UNAVAILABLE.response,
        }
    }
}
