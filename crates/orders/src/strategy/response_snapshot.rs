//! `response-snapshot`: seed 004, lines 16-58: the answer is stored with the business data and repeated.
//!
//! The key is unique alone, over all customers. Nothing marks a request in flight: twins both run the workflow, and the unique index
//! refuses the second one's record at the end, which undoes its rows, but neither its charge nor the notification that it has
//! enqueued. The charge stands at the beginning of the workflow, before the order's transaction; the notification is enqueued
//! outside of it. An expired record is ignored by the look-up and still in the way of the INSERT, because it is never deleted.
//! Only successes are stored. The pattern demands a key of its clients, so ours send one, whatever the scenario's do.

use protocol::{
    ChargeId, Money, OrderRequest, Preset, Problem, Response, Scope, ScopedKey, Tenant,
};

use super::naive_purchase::{
    Name, OUT_OF_STOCK, UNKNOWN, book, confirmed, count_coupon, give_back, new_order,
    validate_and_charge,
};
use super::seed_text::body_hash;
use super::valid_total::valid_total;
use super::{Ledgers, Strategy};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{
    Clock, Isolation, Keys, Orders, Outbox, Ports, Stock, Store, StoreError, Transaction,
};
use crate::rows::{KeyRecord, KeyState, NotificationKind, Token};

/// The stored answer for the same key and content, 409 for another content, and the workflow otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResponseSnapshot;

impl Strategy for ResponseSnapshot {
    const NAME: &'static str = "response-snapshot";
    const SUMMARY: &'static str =
        "store the response under the key with the order, uniquely, at the end; nothing in flight";
    const LEDGERS: Ledgers = Ledgers::BOOKS_AND_KEYS;
    const CLIENT_KEY: bool = true;
    const PRESET: Preset = Preset::Seed004;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let Some(total) = valid_total(&request.content) else {
            return Response::refused(400, Problem::Invalid);
        };
        let Some(key) = &request.key else {
            return Response::refused(400, Problem::KeyMissing);
        };
        let key = ScopedKey {
            key: key.clone(),
            tenant: Tenant::default(),
            scope: Scope::Snapshots,
        };
        match stored(ports, request, &key).await {
            Ok(Some(response)) => response,
            Ok(None) => {
                ports.count(Metric::Miss);
                workflow(ports, contract, request, &key, total).await
            }
            Err(_) => UNKNOWN,
        }
    }
}

/// What the key stands for, if it has not expired.
async fn stored<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    key: &ScopedKey,
) -> Result<Option<Response>, StoreError> {
    let found = ports.store().autocommit().find_key(key).await?;
    let now = ports.clock().now();
    let Some(row) = found.filter(|row| row.expires_at > now) else {
        return Ok(None);
    };
    if row.fingerprint != body_hash(&request.content) {
        ports.count(Metric::Conflict);
        return Ok(Some(Response::refused(409, Problem::KeyReused)));
    }
    ports.count(Metric::Hit);
    Ok(row.response.map(Response::replay))
}

async fn workflow<P: Ports>(
    ports: &P,
    contract: &Contract,
    request: &OrderRequest,
    key: &ScopedKey,
    total: Money,
) -> Response {
    let charge = match validate_and_charge(ports, request, total).await {
        Ok(charge) => charge,
        Err(refusal) => return refusal,
    };
    match write(ports, contract, request, key, total, charge).await {
        Ok(Some(response)) => response,
        Ok(None) => give_back(ports, charge, OUT_OF_STOCK).await,
        // Among others the unique index's: a twin was faster, and its answer would have been ours.
        Err(_) => UNKNOWN,
    }
}

/// The business data and the record, atomically; `None` if stock is short.
async fn write<P: Ports>(
    ports: &P,
    contract: &Contract,
    request: &OrderRequest,
    key: &ScopedKey,
    total: Money,
    charge: Option<ChargeId>,
) -> Result<Option<Response>, StoreError> {
    let mut tx = ports.store().begin(Isolation::ReadCommitted).await?;
    if !tx
        .sell_stock(request.tenant, &request.content.lines)
        .await?
    {
        tx.rollback().await;
        return Ok(None);
    }
    count_coupon(&mut tx, request).await?;
    let new = new_order(ports, request, Name::sent(request), total);
    let order = tx.insert_order(new).await?;
    tx.insert_items(order, &request.content).await?;
    book(&mut tx, request, order, total, charge).await?;
    let mut queue = ports.store().autocommit();
    queue
        .insert_notification(order, NotificationKind::Created)
        .await?;
    let response = Response::created(confirmed(order, total));
    let now = ports.clock().now();
    let record = KeyRecord {
        state: KeyState::Completed,
        owner: ports.owner(),
        token: Token(1),
        lease_until: now,
        expires_at: now + contract.ttl,
        fingerprint: body_hash(&request.content),
        order: Some(order),
        response: Some(response),
    };
    tx.insert_key(key, record).await?;
    tx.commit().await?.committed()?;
    Ok(Some(response))
}
