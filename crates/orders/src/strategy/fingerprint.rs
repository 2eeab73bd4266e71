//! `fingerprint`: approach 1 as its diagram has it (seed 002, lines 277-325), with the fingerprint of the code (seed 002, lines 334-355).
//!
//! Cache GET, the order's transaction, SETEX; the database is never asked. The charge stands between GET and the transaction.
//! A guest has no user id to put into a fingerprint, and is not held back.

use compact_str::{CompactString, format_compact};
use protocol::{Customer, Money, OrderId, OrderRequest, Preset, Response, Span};

use super::naive_purchase::{self, Name, UNKNOWN, confirmed};
use super::seed_text::seed_fingerprint;
use super::valid_total::valid_total;
use super::{StatedPrevention, Strategy};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{Cache, CacheError, Clock, Ports};

/// Two requests of one five-minute bucket of the replica's clock with the same items are one order, if the first one's SETEX
/// comes before the second one's GET.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fingerprint;

/// `timeWindowMinutes = 5`, and SETEX for 300 seconds.
pub(super) const WINDOW: Span = Span::secs(300);

impl Strategy for Fingerprint {
    const NAME: &'static str = "fingerprint";
    const SUMMARY: &'static str = "cache GET by hash of user, items and 5-minute bucket, order, SETEX; nothing in the database";
    const ASKS_CACHE: bool = true;
    const STATED: Option<StatedPrevention> = Some(StatedPrevention {
        share: 0.999,
        source: "seed 002, line 970",
    });
    const PRESET: Preset = Preset::Seed002;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let Some(total) = valid_total(&request.content) else {
            return Response::refused(400, protocol::Problem::Invalid);
        };
        if request.customer == Customer::Guest {
            return naive_purchase::purchase(ports, request, Name::sent(request)).await;
        }
        let key = cache_key(ports, request);
        match cached(ports, &key).await {
            Ok(Some(order)) => duplicate(ports, order, total),
            Ok(None) => place(ports, request, &key).await,
            // The GET stands outside of every `try`, so a cache that is down fails every order.
            Err(_) => UNKNOWN,
        }
    }
}

/// `order:fingerprint:…`, with the bucket of the replica's own clock.
pub(super) fn cache_key<P: Ports>(ports: &P, request: &OrderRequest) -> CompactString {
    let bucket = ports.clock().now().0 / WINDOW.0;
    format_compact!("order:fingerprint:{}", seed_fingerprint(request, bucket))
}

/// The order under a fingerprint.
pub(super) async fn cached<P: Ports>(
    ports: &P,
    key: &CompactString,
) -> Result<Option<OrderId>, CacheError> {
    let value = ports.cache().get(key).await?;
    Ok(value.and_then(|id| id.parse().ok()).map(OrderId))
}

/// SETEX for five minutes.
pub(super) async fn cache<P: Ports>(
    ports: &P,
    key: &CompactString,
    order: OrderId,
) -> Result<(), CacheError> {
    // On a line of its own: the arguments of a format are not `Send`, and would live across the await.
    let value = format_compact!("{order}");
    ports.cache().set(key, value, WINDOW).await
}

/// `200 { success: true, order_id, duplicate: true }`. The order is not looked up: what it costs is what was asked for now.
pub(super) fn duplicate<P: Ports>(ports: &P, order: OrderId, total: Money) -> Response {
    ports.count(Metric::Hit);
    Response {
        status: 200,
        ..Response::created(confirmed(order, total)).replay()
    }
}

/// Takes the order and remembers it. If the SETEX fails after the COMMIT, its error is answered: 500 for an order that exists.
pub(super) async fn place<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    key: &CompactString,
) -> Response {
    ports.count(Metric::Miss);
    let response = naive_purchase::purchase(ports, request, Name::sent(request)).await;
    let Some(order) = response.order else {
        return response;
    };
    match cache(ports, key, order.id).await {
        Ok(()) => response,
        Err(_) => UNKNOWN,
    }
}
