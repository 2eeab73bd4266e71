//! Charge, then insert: what services do that do not know better. Shared by the strategies that differ only in what they
//! check before.
//!
//! It does not recover. Every attempt is a charge of its own, and what goes wrong after the charge is answered as unknown
//! and forgotten.

use std::sync::Arc;

use protocol::{
    ChargeId, ChargeRequest, ChargeState, GatewayKey, Money, Order, OrderId, OrderRequest,
    OrderState, Problem, Response,
};

use crate::ports::{
    Clock, Gateway, GatewayError, Isolation, Ports, Store, StoreError, Transaction,
};
use crate::rows::{ChargeRow, NewOrder, NotificationKind};
use crate::strategy::valid_total::valid_total;

/// What is answered when the outcome is not known.
const UNKNOWN: Response = Response::refused(500, Problem::OutcomeUnknown);

/// Charges the customer and takes the order, as if nobody ever asked twice.
pub(super) async fn purchase<P: Ports>(ports: &P, request: &OrderRequest) -> Response {
    let Some(total) = valid_total(&request.content) else {
        return Response::refused(400, Problem::Invalid);
    };
    let charge = match charge(ports, request, total).await {
        Ok(charge) => charge,
        Err(refusal) => return refusal,
    };
    match insert(ports, request, total, charge).await {
        Ok(Some(order)) => Response::created(Order {
            id: order,
            state: OrderState::Confirmed,
            total,
        }),
        Ok(None) => give_back(ports, charge).await,
        // Money was taken, so no store error means that nothing happened.
        Err(_) => UNKNOWN,
    }
}

async fn charge<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    amount: Money,
) -> Result<ChargeId, Response> {
    let key = GatewayKey::of_attempt(ports.nonce());
    let asked = ChargeRequest {
        key,
        tenant: request.tenant,
        order: None,
        amount,
    };
    match ports.gateway().charge(asked).await {
        Ok(answer) if answer.state == ChargeState::Captured => Ok(answer.id),
        Ok(_) => Err(Response::refused(402, Problem::PaymentDeclined)),
        Err(GatewayError::Unavailable) => Err(Response::refused(503, Problem::Unavailable)),
        Err(GatewayError::InUse | GatewayError::Unknown) => Err(UNKNOWN),
    }
}

/// The order in one transaction; `None` if stock is short.
async fn insert<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    total: Money,
    charge: ChargeId,
) -> Result<Option<OrderId>, StoreError> {
    let mut tx = ports.store().begin(Isolation::ReadCommitted).await?;
    let lines = &request.content.lines;
    if !tx.sell_stock(request.tenant, lines).await? {
        tx.rollback().await;
        return Ok(None);
    }
    let order = tx
        .insert_order(new_order(request, total, ports.clock().now()))
        .await?;
    tx.insert_items(order, &request.content).await?;
    tx.insert_charge(ChargeRow {
        id: charge,
        order,
        amount: total,
    })
    .await?;
    tx.increment_sales(request.tenant, lines).await?;
    tx.insert_notification(order, NotificationKind::Created)
        .await?;
    tx.commit().await?.committed()?;
    Ok(Some(order))
}

fn new_order(request: &OrderRequest, total: Money, now: protocol::Time) -> NewOrder {
    NewOrder {
        tenant: request.tenant,
        customer: request.customer,
        key: request.key.clone(),
        cart: request.cart,
        natural_key: None,
        content: Arc::clone(&request.content),
        total,
        state: OrderState::Confirmed,
        created_at: now,
    }
}

/// Stock was short after the charge: the money goes back.
async fn give_back<P: Ports>(ports: &P, charge: ChargeId) -> Response {
    match ports.gateway().refund(charge).await {
        Ok(()) => Response::refused(409, Problem::OutOfStock),
        Err(_) => UNKNOWN,
    }
}
