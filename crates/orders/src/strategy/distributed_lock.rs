//! `distributed-lock`: the third remedy (seed 000, line 27): "implementing distributed locking mechanisms".
//!
//! A lock in the cache (SET NX EX), under it a look for the order and its creation, then the release, of one's own lock only.
//! The lock is named after the key, or without one after the customer's version of the cart; the order keeps that name in a
//! column without a unique index. Nothing in the database knows of the lock, so there is no fencing: a holder that takes longer
//! than its lease, or whose lock the cache forgets, goes on beside the next one. The charge stands between the look and the
//! transaction of the order.

use compact_str::format_compact;
use protocol::{IdempotencyKey, OrderRequest, Problem, Response, Span};

use super::Strategy;
use super::naive_purchase::{self, Name, UNKNOWN};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{Cache, Orders, Ports, Store};
use crate::rows::KeyIndex;

/// One at a time, as long as the lock holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct DistributedLock;

/// How long the lock holds: longer than a handler takes, as a rule.
const LEASE: Span = Span::secs(10);

impl Strategy for DistributedLock {
    const NAME: &'static str = "distributed-lock";
    const SUMMARY: &'static str =
        "SET NX EX a lock in the cache, look for the order or create it, release; no fencing";
    const ASKS_CACHE: bool = true;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let key = name(request);
        let lock = format_compact!("lock:order:{}:{key}", request.tenant);
        let mine = format_compact!("{}", ports.nonce());
        match ports
            .cache()
            .set_if_absent(&lock, mine.clone(), LEASE)
            .await
        {
            Ok(true) => {}
            Ok(false) => {
                ports.count(Metric::Conflict);
                return Response::refused(409, Problem::InProgress);
            }
            Err(_) => return Response::refused(503, Problem::Unavailable),
        }
        let response = locked(ports, request, key).await;
        // What cannot be released runs out.
        let _released = ports.cache().delete_if(&lock, &mine).await;
        response
    }
}

async fn locked<P: Ports>(ports: &P, request: &OrderRequest, key: IdempotencyKey) -> Response {
    let mut db = ports.store().autocommit();
    match db.find_order_by_key(Some(request.tenant), &key).await {
        Ok(Some(order)) => {
            ports.count(Metric::Hit);
            Response::created(order).replay()
        }
        Ok(None) => {
            ports.count(Metric::Miss);
            let name = Name {
                key: Some(key),
                index: KeyIndex::Plain,
            };
            naive_purchase::purchase(ports, request, name).await
        }
        Err(_) => UNKNOWN,
    }
}

fn name(request: &OrderRequest) -> IdempotencyKey {
    request.key.clone().unwrap_or_else(|| {
        let cart = request.cart;
        let text = format_compact!("cart-{}.{}", cart.id, cart.version);
        IdempotencyKey::new(text).expect("letters and digits are a key")
    })
}
