//! `webhook-creates`: the reference, in whose service a webhook orders too (seed 002, lines 207-212).
//!
//! That is the seed's fourth incident: the payment is confirmed, the order's creation is tried again, and nothing holds the two
//! together. What the app asks for goes the reference's way. The webhook's way was made by others: a handler that hears that a payment was
//! captured looks for its order, and makes one if that is not confirmed, under the payment's own key. The key is unique, so a webhook
//! that comes twice makes one order; but the order that waited for the payment is still there, and is confirmed by the app's next
//! attempt or by the completer. It cares neither for carts nor for the inventory log, so that of these two there is nothing to judge.

use compact_str::format_compact;
use protocol::{
    ChargeNotice, ChargeState, IdempotencyKey, OrderId, OrderRequest, OrderState, Response,
};

use super::naive_purchase::{self, Name};
use super::{ClaimComplete, Ledgers, Strategy};
use crate::contract::Contract;
use crate::ports::{Orders, Ports, Store, StoreError};
use crate::rows::KeyIndex;

/// Two creators of orders, each of which does it once.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebhookCreates;

impl Strategy for WebhookCreates {
    const NAME: &'static str = "webhook-creates";
    const SUMMARY: &'static str = "claim-complete, but a webhook whose order is not confirmed makes one under the payment's key";
    const LEDGERS: Ledgers = Ledgers::BOOKS_AND_KEYS;
    const MAINTAINED: bool = true;
    const LISTENS: bool = true;
    const KNOWS_MESSAGES: bool = true;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        ClaimComplete.create(ports, contract, request).await
    }

    async fn maintain<P: Ports>(&self, ports: &P, contract: &Contract) {
        ClaimComplete.maintain(ports, contract).await;
    }

    async fn hear<P: Ports>(&self, ports: &P, _contract: &Contract, notice: &ChargeNotice) -> bool {
        match (notice.state, notice.order) {
            (ChargeState::Captured, Some(reference)) => match order(ports, notice, reference).await
            {
                // It was ordered when it was told first.
                Ok(()) | Err(StoreError::Unique(_)) => true,
                Err(_) => false,
            },
            // Nothing was paid, or not to us.
            _ => true,
        }
    }
}

/// Orders what was paid for, unless the order that the payment names is confirmed.
async fn order<P: Ports>(
    ports: &P,
    notice: &ChargeNotice,
    reference: OrderId,
) -> Result<(), StoreError> {
    let found = ports.store().autocommit().find_order(reference).await?;
    let Some(row) = found.filter(|row| row.state != OrderState::Confirmed) else {
        return Ok(());
    };
    let key = IdempotencyKey::new(format_compact!("payment-{}", notice.id.0));
    let name = Name {
        key: Some(key.expect("letters and digits are a key")),
        index: KeyIndex::Unique,
    };
    let request = OrderRequest {
        tenant: row.new.tenant,
        customer: row.new.customer,
        key: None,
        body_key: None,
        cart: row.new.cart,
        content: row.new.content,
    };
    // Whether or not there is stock left for it: the webhook was heard.
    let _sold =
        naive_purchase::insert(ports, &request, name, row.new.total, Some(notice.id)).await?;
    Ok(())
}
