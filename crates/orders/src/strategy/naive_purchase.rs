//! Charge, then insert: what services do that do not know better. Shared by the strategies that differ only in what they
//! check before.
//!
//! The seeds sell without taking money, so where the charge stands is ours to say, and it is the same in all of them: directly
//! before the order's INSERT, after every check that the seed makes. The charge has a key of its own for every attempt, and
//! the order is inserted as confirmed, because it is paid; for one that costs nothing the gateway is not asked. Stock, the
//! charge's row, the sales counter and the notification are written with the order. Carts are not cleared, and nothing is logged.
//!
//! Nor do the seeds know coupons and seats, except as names of problems (seed 002, lines 982-986). What services do there that do not
//! know better is validate, then increment: whether the coupon may still be used is read before the charge, and its counter
//! grows with the order, without another look. A request that reads in between may use it too.
//!
//! It does not recover. Every attempt is a charge of its own, and what goes wrong after the charge is answered as unknown
//! and forgotten.

use std::sync::Arc;

use protocol::{
    ChargeId, ChargeRequest, ChargeState, GatewayKey, IdempotencyKey, Money, Order, OrderId,
    OrderRequest, OrderState, Problem, Response,
};

use crate::ports::{
    Clock, Coupons, Gateway, GatewayError, Isolation, Orders, Outbox, Ports, Stock, Store,
    StoreError, Transaction,
};
use crate::rows::{ChargeRow, KeyIndex, NewOrder, NotificationKind};
use crate::strategy::valid_total::valid_total;

pub(super) use crate::strategy::refusals::{COUPON_USED, OUT_OF_STOCK};

/// What is answered when the outcome is not known.
pub(super) const UNKNOWN: Response = Response::refused(500, Problem::OutcomeUnknown);

/// What an order is to be found by.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) key: Option<IdempotencyKey>,
    pub(super) index: KeyIndex,
}

impl Name {
    /// The client's key, as information.
    pub(super) fn sent(request: &OrderRequest) -> Name {
        Name {
            key: request.key.clone(),
            index: KeyIndex::None,
        }
    }
}

/// Charges the customer and takes the order, as if no client ever asked twice.
pub(super) async fn purchase<P: Ports>(ports: &P, request: &OrderRequest, name: Name) -> Response {
    let Some(total) = valid_total(&request.content) else {
        return Response::refused(400, Problem::Invalid);
    };
    let charge = match validate_and_charge(ports, request, total).await {
        Ok(charge) => charge,
        Err(refusal) => return refusal,
    };
    match insert(ports, request, name, total, charge).await {
        Ok(Some(order)) => Response::created(confirmed(order, total)),
        Ok(None) => give_back(ports, charge, OUT_OF_STOCK).await,
        // Money was taken, so no store error means that nothing happened.
        Err(_) => UNKNOWN,
    }
}

/// The order as an answer shows it.
pub(super) const fn confirmed(id: OrderId, total: Money) -> Order {
    Order {
        id,
        state: OrderState::Confirmed,
        total,
    }
}

/// A charge of this attempt alone, if its coupon may be used once more as far as anybody can see. None is made if there is
/// nothing to pay.
pub(super) async fn validate_and_charge<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    amount: Money,
) -> Result<Option<ChargeId>, Response> {
    if let Some(coupon) = &request.content.coupon {
        let mut db = ports.store().autocommit();
        match db.check_coupon(request.tenant, coupon).await {
            Ok(true) => {}
            Ok(false) => return Err(COUPON_USED),
            // Nothing was charged yet, and a look changes nothing.
            Err(_) => return Err(Response::refused(503, Problem::Unavailable)),
        }
    }
    charge(ports, request, amount).await
}

/// A charge of this attempt alone; none if there is nothing to pay.
pub(super) async fn charge<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    amount: Money,
) -> Result<Option<ChargeId>, Response> {
    if amount == Money(0) {
        return Ok(None);
    }
    let key = GatewayKey::of_attempt(ports.nonce());
    let asked = ChargeRequest {
        key,
        tenant: request.tenant,
        order: None,
        amount,
    };
    match ports.gateway().charge(asked).await {
        Ok(answer) if answer.state == ChargeState::Captured => Ok(Some(answer.id)),
        Ok(_) => Err(Response::refused(402, Problem::PaymentDeclined)),
        Err(GatewayError::Unavailable) => Err(Response::refused(503, Problem::Unavailable)),
        Err(GatewayError::InUse | GatewayError::Unknown) => Err(UNKNOWN),
    }
}

/// The order in one transaction; `None` if stock is short.
pub(super) async fn insert<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    name: Name,
    total: Money,
    charge: Option<ChargeId>,
) -> Result<Option<OrderId>, StoreError> {
    let mut tx = ports.store().begin(Isolation::ReadCommitted).await?;
    let lines = &request.content.lines;
    if !tx.sell_stock(request.tenant, lines).await? {
        tx.rollback().await;
        return Ok(None);
    }
    count_coupon(&mut tx, request).await?;
    let order = tx
        .insert_order(new_order(ports, request, name, total))
        .await?;
    tx.insert_items(order, &request.content).await?;
    book(&mut tx, request, order, total, charge).await?;
    tx.insert_notification(order, NotificationKind::Created)
        .await?;
    tx.commit().await?.committed()?;
    Ok(Some(order))
}

/// What the seeds leave out of their transactions, because they sell without money and shelves.
pub(super) async fn book(
    tx: &mut impl Transaction,
    request: &OrderRequest,
    order: OrderId,
    amount: Money,
    charge: Option<ChargeId>,
) -> Result<(), StoreError> {
    record_charge(tx, order, amount, charge).await?;
    tx.increment_sales(request.tenant, &request.content.lines)
        .await
}

/// What the order was paid with, if it was paid for.
pub(super) async fn record_charge(
    tx: &mut impl Transaction,
    order: OrderId,
    amount: Money,
    charge: Option<ChargeId>,
) -> Result<(), StoreError> {
    match charge {
        Some(id) => tx.insert_charge(ChargeRow { id, order, amount }).await,
        None => Ok(()),
    }
}

/// Counts the order's coupon, if it has one: without a guard, because it was looked at before.
pub(super) async fn count_coupon(
    tx: &mut impl Transaction,
    request: &OrderRequest,
) -> Result<(), StoreError> {
    match &request.content.coupon {
        Some(coupon) => tx.count_coupon(request.tenant, coupon).await,
        None => Ok(()),
    }
}

/// The row of a paid order.
pub(super) fn new_order<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    name: Name,
    total: Money,
) -> NewOrder {
    NewOrder {
        tenant: request.tenant,
        customer: request.customer,
        key: name.key,
        key_index: name.index,
        cart: request.cart,
        natural_key: None,
        content: Arc::clone(&request.content),
        total,
        state: OrderState::Confirmed,
        created_at: ports.clock().now(),
    }
}

/// The order cannot be taken after all, for this reason: the money goes back, if there was any.
pub(super) async fn give_back<P: Ports>(
    ports: &P,
    charge: Option<ChargeId>,
    refusal: Response,
) -> Response {
    let Some(charge) = charge else {
        return refusal;
    };
    match ports.gateway().refund(charge).await {
        Ok(()) => refusal,
        Err(_) => UNKNOWN,
    }
}
