//! `token`: approach 2 (seed 002, lines 535-770): a token of the client's in a table of its own.
//!
//! The look-up is a query on the pool; then one transaction claims the token, creates the order and completes the token. The
//! charge stands between claim and order, inside that transaction: the loser of a race for the token waits for the winner,
//! fails at its claim, and is not charged. It is answered 500 all the same, after it has marked the winner's token as failed.
//!
//! The seed's clients make a token for every checkout, so ours send one here, whatever the scenario's do.

use protocol::{
    Money, Order, OrderRequest, Preset, Problem, Response, Scope, ScopedKey, Tenant, Time,
};

use super::naive_purchase::{
    Name, OUT_OF_STOCK, UNKNOWN, book, confirmed, count_coupon, give_back, new_order,
    validate_and_charge,
};
use super::seed_text::body_hash;
use super::valid_total::valid_total;
use super::{Ledgers, StatedPrevention, Strategy};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{CommitTag, Isolation, Keys, Orders, Ports, Store, StoreError, Transaction};
use crate::rows::{KeyRecord, KeyState, NotificationKind, Token as Held};

/// A request with a used token gets its order: of whichever customer and content, and even if there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Token;

impl Strategy for Token {
    const NAME: &'static str = "token";
    const SUMMARY: &'static str = "the client's token is a primary key: SELECT it, or claim it and create the order in one transaction";
    const LEDGERS: Ledgers = Ledgers::BOOKS_AND_KEYS;
    const STATED: Option<StatedPrevention> = Some(StatedPrevention {
        share: 1.0,
        source: "seed 002, line 971",
    });
    const CLIENT_KEY: bool = true;
    const PRESET: Preset = Preset::Seed002;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let Some(total) = valid_total(&request.content) else {
            return Response::refused(400, Problem::Invalid);
        };
        let Some(key) = &request.key else {
            // `throw new Error('Idempotency token required')`, which is a 500 and not a 400.
            return Response::refused(500, Problem::KeyMissing);
        };
        let token = ScopedKey {
            key: key.clone(),
            tenant: Tenant::default(),
            scope: Scope::OrderTokens,
        };
        match used(ports, &token).await {
            Ok(Some(response)) => {
                ports.count(Metric::Hit);
                response
            }
            Ok(None) => {
                ports.count(Metric::Miss);
                first(ports, request, &token, total).await
            }
            Err(_) => UNKNOWN,
        }
    }
}

/// Step 1: the order of a token that was used. Neither its status nor its user is looked at, so a token that is still
/// `processing`, or that `failed`, is answered with success and no order.
async fn used<P: Ports>(ports: &P, token: &ScopedKey) -> Result<Option<Response>, StoreError> {
    let mut db = ports.store().autocommit();
    let Some(row) = db.find_key(token).await? else {
        return Ok(None);
    };
    let order = match row.order {
        Some(order) => db.find_order(order).await?,
        None => None,
    };
    Ok(Some(Response {
        status: 200,
        order: order.map(|row| Order {
            id: row.id,
            state: row.state,
            total: row.new.total,
        }),
        problem: None,
        replayed: true,
    }))
}

/// Step 2, with its `catch`: roll back, then mark the token as failed, without regard to the row's owner by now.
async fn first<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    token: &ScopedKey,
    total: Money,
) -> Response {
    let thrown = match ports.store().begin(Isolation::ReadCommitted).await {
        // `pool.connect()` stands outside of the `try`.
        Err(_) => return UNKNOWN,
        Ok(mut tx) => match write(&mut tx, ports, request, token, total).await {
            Ok(order) => match tx.commit().await.and_then(CommitTag::committed) {
                Ok(()) => return Response::created(order),
                Err(_) => UNKNOWN,
            },
            Err(thrown) => {
                tx.rollback().await;
                thrown
            }
        },
    };
    let mut db = ports.store().autocommit();
    // If this fails too, its error is thrown instead: a 500 either way, except where we answer a refusal.
    match db.set_key_state(token, KeyState::Failed).await {
        Ok(_) => thrown,
        Err(_) => UNKNOWN,
    }
}

async fn write<P: Ports>(
    tx: &mut impl Transaction,
    ports: &P,
    request: &OrderRequest,
    token: &ScopedKey,
    total: Money,
) -> Result<Order, Response> {
    let thrown = |_: StoreError| UNKNOWN;
    let processing = KeyRecord {
        state: KeyState::Claimed,
        owner: ports.owner(),
        token: Held(1),
        // There is no lease and no expiry.
        lease_until: Time::MAX,
        expires_at: Time::MAX,
        fingerprint: body_hash(&request.content),
        order: None,
        response: None,
    };
    tx.insert_key(token, processing).await.map_err(thrown)?;
    let charge = validate_and_charge(ports, request, total).await?;
    let lines = &request.content.lines;
    if !tx.sell_stock(request.tenant, lines).await.map_err(thrown)? {
        return Err(give_back(ports, charge, OUT_OF_STOCK).await);
    }
    count_coupon(tx, request).await.map_err(thrown)?;
    let new = new_order(ports, request, Name::sent(request), total);
    let order = tx.insert_order(new).await.map_err(thrown)?;
    for line in lines {
        tx.insert_item(order, line).await.map_err(thrown)?;
    }
    book(tx, request, order, total, charge)
        .await
        .map_err(thrown)?;
    tx.insert_notification(order, NotificationKind::Created)
        .await
        .map_err(thrown)?;
    let completed = KeyRecord {
        state: KeyState::Completed,
        order: Some(order),
        ..processing
    };
    tx.update_key(token, processing.token, completed)
        .await
        .map_err(thrown)?;
    Ok(confirmed(order, total))
}
