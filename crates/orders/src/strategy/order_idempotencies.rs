//! `order-idempotencies`: seed 001, lines 21-58: a record unique by user and key, in the transaction of the order.
//!
//! One transaction does steps 1 to 9. The record is never committed while it is pending, so a twin does not see it: it waits at
//! the unique index, its transaction is aborted, and it gets the generic error. The cart is read without a lock. The charge
//! stands in step 4, after the stock was found sufficient and before the order is inserted; its row and the notification are
//! written at the end. Step 5 adjusts the stock of one item after another in the order of the cart, so that two carts which name
//! the same items in another order can wait for each other: a deadlock, whose victim gets the generic error too. A coupon, of
//! which the seed does not speak, is treated as its stock: validated in step 4, then counted by an atomic update in step 5. The
//! design needs a key, so our clients send one, whatever the scenario's do.

use std::slice;

use compact_str::format_compact;
use protocol::{
    Customer, IdempotencyKey, Line, Money, Order, OrderId, OrderRequest, Preset, Problem, Response,
    Scope, ScopedKey, Time,
};

use super::naive_purchase::{
    COUPON_USED, Name, OUT_OF_STOCK, UNKNOWN, charge, confirmed, give_back, new_order,
    record_charge,
};
use super::seed_text::body_hash;
use super::valid_total::valid_total;
use super::{Ledgers, Strategy};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{CommitTag, Isolation, Ports, Stock, Store, StoreError, Transaction};
use crate::rows::{KeyRecord, KeyState, NotificationKind, Token};

/// Create or fetch the record; an order under it is the answer, whatever was asked for now.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderIdempotencies;

/// "Idempotency record exists but pending": `idempotency_conflict` or `order_pending`.
const PENDING: Response = Response::refused(409, Problem::InProgress);

impl Strategy for OrderIdempotencies {
    const NAME: &'static str = "order-idempotencies";
    const SUMMARY: &'static str =
        "a record unique by user and key, stock, order, sales and cart in one transaction";
    const CLIENT_KEY: bool = true;
    const PRESET: Preset = Preset::Seed001;
    const LEDGERS: Ledgers = Ledgers::ALL;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        create(ports, request, Adjust::IfEnough).await
    }
}

/// How step 5 adjusts the stock that step 4 has found sufficient: as the design has it, or as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adjust {
    /// In the transaction, if there is enough by now.
    IfEnough,
    /// On a connection of its own: less what is sold, whatever is there by now.
    Decrement,
    /// On a connection of its own: what step 4 has read, less what is sold.
    Overwrite,
}

/// Steps 1 to 9.
pub(super) async fn create<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    adjust: Adjust,
) -> Response {
    let Some(total) = valid_total(&request.content) else {
        return Response::refused(400, Problem::Invalid);
    };
    let Some(key) = &request.key else {
        return Response::refused(400, Problem::KeyMissing);
    };
    let Some(record) = record(request, key) else {
        return Response::refused(400, Problem::Invalid);
    };
    let Ok(mut tx) = ports.store().begin(Isolation::ReadCommitted).await else {
        return UNKNOWN;
    };
    match transact(&mut tx, ports, request, &record, total, adjust).await {
        Ok(order) => match tx.commit().await.and_then(CommitTag::committed) {
            Ok(()) => Response::created(order),
            Err(_) => UNKNOWN,
        },
        Err(Rollback(response)) => {
            tx.rollback().await;
            response
        }
    }
}

/// The transaction is rolled back, and this is answered.
struct Rollback(Response);

impl From<StoreError> for Rollback {
    /// "Database or inventory failures: return a generic error and roll back."
    fn from(_: StoreError) -> Rollback {
        Rollback(UNKNOWN)
    }
}

/// The row's name, if the key leaves room for the user in it.
fn record(request: &OrderRequest, key: &IdempotencyKey) -> Option<ScopedKey> {
    let user = match request.customer {
        Customer::User(user) => format_compact!("u{}:{key}", user.0),
        Customer::Guest => format_compact!("guest:{key}"),
    };
    Some(ScopedKey {
        key: IdempotencyKey::new(user).ok()?,
        tenant: request.tenant,
        scope: Scope::OrderIdempotencies,
    })
}

/// Steps 2 to 8.
async fn transact<P: Ports>(
    tx: &mut impl Transaction,
    ports: &P,
    request: &OrderRequest,
    key: &ScopedKey,
    total: Money,
    adjust: Adjust,
) -> Result<Order, Rollback> {
    if let Some(record) = tx.find_key(key).await? {
        return Err(Rollback(fetched(tx, ports, &record).await?));
    }
    ports.count(Metric::Miss);
    let pending = KeyRecord {
        state: KeyState::Claimed,
        owner: ports.owner(),
        token: Token(1),
        // Periodic clean-up is a future extension.
        lease_until: Time::MAX,
        expires_at: Time::MAX,
        fingerprint: body_hash(&request.content),
        order: None,
        response: None,
    };
    tx.insert_key(key, pending).await?;
    let order = sell(tx, ports, request, total, adjust).await?;
    let completed = KeyRecord {
        state: KeyState::Completed,
        order: Some(order),
        ..pending
    };
    tx.update_key(key, pending.token, completed).await?;
    Ok(confirmed(order, total))
}

/// The order of a record that exists. The transaction has written nothing, so it may as well be rolled back.
async fn fetched<P: Ports>(
    tx: &mut impl Transaction,
    ports: &P,
    record: &KeyRecord,
) -> Result<Response, StoreError> {
    let order = match record.order {
        Some(order) => tx.find_order(order).await?,
        None => None,
    };
    Ok(match order {
        Some(row) => {
            ports.count(Metric::Hit);
            Response::created(Order {
                id: row.id,
                state: row.state,
                total: row.new.total,
            })
            .replay()
        }
        None => {
            ports.count(Metric::Conflict);
            PENDING
        }
    })
}

/// Steps 3 to 7. A charge that was made is given back if the stock was sold in the meantime; after any other failure the seed has
/// no way of knowing of it.
async fn sell<P: Ports>(
    tx: &mut impl Transaction,
    ports: &P,
    request: &OrderRequest,
    total: Money,
    adjust: Adjust,
) -> Result<OrderId, Rollback> {
    let (tenant, lines) = (request.tenant, &request.content.lines);
    if !tx.find_cart(tenant, request.cart).await? {
        return Err(Rollback(Response::refused(400, Problem::Invalid)));
    }
    let Some(left) = validate_stock(tx, request).await? else {
        return Err(Rollback(OUT_OF_STOCK));
    };
    if !validate_coupon(tx, request).await? {
        return Err(Rollback(COUPON_USED));
    }
    let charge = charge(ports, request, total).await.map_err(Rollback)?;
    let new = new_order(ports, request, Name::sent(request), total);
    let order = tx.insert_order(new).await?;
    tx.insert_items(order, &request.content).await?;
    if !adjust_stock(tx, ports, request, &left, adjust).await? {
        return Err(Rollback(give_back(ports, charge, OUT_OF_STOCK).await));
    }
    if !redeem_coupon(tx, request).await? {
        return Err(Rollback(give_back(ports, charge, COUPON_USED).await));
    }
    tx.insert_inventory_log(order, lines).await?;
    tx.increment_sales(tenant, lines).await?;
    tx.clear_cart(tenant, request.cart).await?;
    record_charge(tx, order, total, charge).await?;
    tx.insert_notification(order, NotificationKind::Created)
        .await?;
    Ok(order)
}

/// What is left of each line's item once the order has it, as far as is committed; `None` if there is not enough.
async fn validate_stock(
    tx: &mut impl Transaction,
    request: &OrderRequest,
) -> Result<Option<Vec<i64>>, StoreError> {
    let lines = &request.content.lines;
    let asked = |line: &Line| {
        let same = lines.iter().filter(|other| other.sku == line.sku);
        same.map(|other| i64::from(other.quantity)).sum::<i64>()
    };
    let Some(on_hand) = tx.read_stock(request.tenant, lines).await? else {
        return Ok(None);
    };
    let left = on_hand.iter().zip(lines);
    let left: Vec<i64> = left.map(|(on_hand, line)| on_hand - asked(line)).collect();
    Ok(left.iter().all(|left| *left >= 0).then_some(left))
}

/// Step 5: `InventoryService.AdjustStock` for one item after another, so that rows are locked in the order of the cart. Whether
/// there was enough.
async fn adjust_stock<P: Ports>(
    tx: &mut impl Transaction,
    ports: &P,
    request: &OrderRequest,
    left: &[i64],
    adjust: Adjust,
) -> Result<bool, StoreError> {
    let tenant = request.tenant;
    let mut pool = ports.store().autocommit();
    for (line, left) in request.content.lines.iter().zip(left) {
        let item = slice::from_ref(line);
        match adjust {
            Adjust::IfEnough if !tx.sell_stock(tenant, item).await? => return Ok(false),
            Adjust::IfEnough => {}
            Adjust::Decrement => pool.take_stock(tenant, item).await?,
            Adjust::Overwrite => pool.write_stock(tenant, &line.sku, *left).await?,
        }
    }
    Ok(true)
}

/// Whether the order's coupon may be used once more, as far as is committed.
async fn validate_coupon(
    tx: &mut impl Transaction,
    request: &OrderRequest,
) -> Result<bool, StoreError> {
    match &request.content.coupon {
        Some(coupon) => tx.check_coupon(request.tenant, coupon).await,
        None => Ok(true),
    }
}

/// Whether the order got its coupon.
async fn redeem_coupon(
    tx: &mut impl Transaction,
    request: &OrderRequest,
) -> Result<bool, StoreError> {
    match &request.content.coupon {
        Some(coupon) => tx.redeem_coupon(request.tenant, coupon).await,
        None => Ok(true),
    }
}
