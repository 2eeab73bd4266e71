//! `fingerprint-atomic`: approach 1 (seed 002, lines 220-275) as it would have to be done.
//!
//! The fingerprint is claimed by SET NX before anything else, so that of two twins one does the work; and it is claimed in its own
//! and in the bucket before, in this order, so that two requests on either side of a bucket's edge, or of a clock's error, meet
//! at the bucket that both have. The claims last as long as the window, counted from the first request. Prices, note, coupon and shop are
//! part of the fingerprint, and its parts cannot run into each other. Under the claim the database is asked, because the cache
//! may have been flushed; while the cache is down, the database is all there is, and the race of `fingerprint-db` is back. The
//! result is stored under the claims. The charge stands after the claims and the look, before the order's transaction.
//!
//! What stays, because it is the approach: two genuine purchases of the same things within the window are one order, and the
//! cache may forget a claim that is in use. A guest has no identity, and is not held back.

use std::fmt::Write;

use compact_str::{CompactString, format_compact};
use protocol::{Coupon, Customer, Line, OrderId, OrderRequest, Preset, Problem, Response, Time};
use sha2::{Digest, Sha256};

use super::fingerprint::{WINDOW, duplicate};
use super::naive_purchase::{self, Name};
use super::recent_match::recent_match;
use super::seed_text::user;
use super::valid_total::valid_total;
use super::{StatedPrevention, Strategy};
use crate::contract::Contract;
use crate::fingerprint::Fingerprint;
use crate::metrics::Metric;
use crate::ports::{Cache, CacheError, Clock, Ports};

/// Claim first, work then, and answer everyone else with what came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct FingerprintAtomic;

/// What a claim says while its order is being made.
const CLAIMED: &str = "claimed";
/// The most orders of the customer that are compared.
const LOOKED_AT_MAX: usize = 100;
/// Nothing happened, and the claim is gone.
const UNAVAILABLE: Response = Response::refused(503, Problem::Unavailable);

impl Strategy for FingerprintAtomic {
    const NAME: &'static str = "fingerprint-atomic";
    const SUMMARY: &'static str =
        "SET NX the fingerprint in two neighbouring buckets, then order, then store the result";
    const ASKS_CACHE: bool = true;
    const STATED: Option<StatedPrevention> = Some(StatedPrevention {
        share: 0.999,
        source: "seed 002, line 970, of approach 1",
    });
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
        if request.customer == Customer::Guest {
            return naive_purchase::purchase(ports, request, Name::sent(request)).await;
        }
        let keys = keys(ports, request);
        let ends_at = ports.clock().now() + WINDOW;
        match claim(ports, &keys).await {
            Ok(Claim::Won) => lead(ports, request, &keys, ends_at).await,
            Ok(Claim::Done(order)) => duplicate(ports, order, total),
            Ok(Claim::InFlight) => {
                ports.count(Metric::Conflict);
                Response::refused(409, Problem::InProgress)
            }
            Err(_) => by_database(ports, request).await,
        }
    }
}

enum Claim {
    Won,
    Done(OrderId),
    InFlight,
}

/// The bucket before and the present one, in the order in which they are claimed.
fn keys<P: Ports>(ports: &P, request: &OrderRequest) -> [CompactString; 2] {
    let bucket = ports.clock().now().0 / WINDOW.0;
    let text = canonical(request);
    [bucket.saturating_sub(1), bucket].map(|bucket| {
        let hash = Sha256::new().chain_update(bucket.to_le_bytes());
        let hash = Fingerprint(hash.chain_update(&text).finalize().into());
        format_compact!("order:claim:{hash}")
    })
}

/// Who, and what in which order of lines; every part with its length before it.
fn canonical(request: &OrderRequest) -> String {
    let mut lines: Vec<&Line> = request.content.lines.iter().collect();
    lines.sort_unstable();
    let mut text = String::new();
    for part in [&user(request), request.content.note.as_str()] {
        write!(text, "{}:{part}", part.len()).expect("a string takes every text");
    }
    for line in lines {
        let (sku, quantity, price) = (&line.sku.0, line.quantity, line.unit_price.0);
        write!(text, "{}:{sku}{quantity}@{price};", sku.len()).expect("a string takes every text");
    }
    if let Some(Coupon { code, off }) = &request.content.coupon {
        write!(text, "{}:{code}-{}", code.len(), off.0).expect("a string takes every text");
    }
    text
}

/// Claims both buckets or none. If the cache breaks on the way, what was claimed is given back as far as it can be.
async fn claim<P: Ports>(ports: &P, keys: &[CompactString; 2]) -> Result<Claim, CacheError> {
    for (place, key) in keys.iter().enumerate() {
        // In the first window of all there is no bucket before.
        if keys[..place].contains(key) {
            continue;
        }
        match ports
            .cache()
            .set_if_absent(key, CompactString::const_new(CLAIMED), WINDOW)
            .await
        {
            Ok(true) => {}
            Ok(false) => {
                let holder = ports.cache().get(key).await;
                release(ports, &keys[..place]).await;
                return Ok(match holder?.and_then(|id| id.parse().ok()) {
                    Some(order) => Claim::Done(OrderId(order)),
                    None => Claim::InFlight,
                });
            }
            Err(error) => {
                release(ports, &keys[..place]).await;
                return Err(error);
            }
        }
    }
    Ok(Claim::Won)
}

async fn release<P: Ports>(ports: &P, keys: &[CompactString]) {
    for key in keys {
        // What cannot be released runs out.
        let _released = ports.cache().delete(key).await;
    }
}

/// The one of the twins that does the work. A new order stays under the claim; what is unknown keeps it until the window is over;
/// what certainly did not happen frees it. So does an order that the database knew, because its window began earlier.
async fn lead<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    keys: &[CompactString; 2],
    ends_at: Time,
) -> Response {
    let response = by_database(ports, request).await;
    match response.order.filter(|_| !response.replayed) {
        Some(order) => {
            let left = ends_at.since(ports.clock().now());
            for key in keys {
                // Without it, repetitions are told that it is in progress until the window is over.
                let value = format_compact!("{}", order.id);
                let _stored = ports.cache().set(key, value, left).await;
            }
        }
        None if response.problem == Some(Problem::OutcomeUnknown) => {}
        None => release(ports, keys).await,
    }
    response
}

/// The order of the last five minutes that is this one, or a new one.
async fn by_database<P: Ports>(ports: &P, request: &OrderRequest) -> Response {
    let same = |ours: &[Line], theirs: &[Line]| sorted(ours) == sorted(theirs);
    match recent_match(ports, request, WINDOW, LOOKED_AT_MAX, same).await {
        Ok(Some(order)) => duplicate(ports, order.id, order.total),
        Ok(None) => {
            ports.count(Metric::Miss);
            naive_purchase::purchase(ports, request, Name::sent(request)).await
        }
        Err(_) => UNAVAILABLE,
    }
}

fn sorted(lines: &[Line]) -> Vec<&Line> {
    let mut lines: Vec<&Line> = lines.iter().collect();
    lines.sort_unstable();
    lines
}
