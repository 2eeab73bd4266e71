//! `fingerprint-db`: approach 1 as code (seed 002, lines 329-515): cache, then database.
//!
//! GET, SELECT, INSERT and SETEX are four steps with nothing that holds them together. The charge stands between the SELECTs and
//! the order's transaction. A guest has no user id, and is not held back.

use protocol::{Customer, OrderRequest, Preset, Problem, Response};

use super::fingerprint::{WINDOW, cache, cache_key, cached, duplicate, place};
use super::naive_purchase::{self, Name, UNKNOWN};
use super::recent_match::recent_match;
use super::seed_text::items_match;
use super::valid_total::valid_total;
use super::{StatedPrevention, Strategy};
use crate::contract::Contract;
use crate::ports::Ports;

/// As `fingerprint`, and what the cache has forgotten is looked for among the customer's ten latest orders of five minutes,
/// whatever became of them. A match is cached again, in the bucket of now.
#[derive(Clone, Copy, Debug, Default)]
pub struct FingerprintDb;

/// `LIMIT 10`.
const LOOKED_AT_MAX: usize = 10;

impl Strategy for FingerprintDb {
    const NAME: &'static str = "fingerprint-db";
    const SUMMARY: &'static str =
        "cache GET by fingerprint, SELECT 10 orders of 5 min and compare, order, SETEX";
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
            return Response::refused(400, Problem::Invalid);
        };
        if request.customer == Customer::Guest {
            return naive_purchase::purchase(ports, request, Name::sent(request)).await;
        }
        let key = cache_key(ports, request);
        match cached(ports, &key).await {
            Ok(Some(order)) => return duplicate(ports, order, total),
            Ok(None) => {}
            Err(_) => return UNKNOWN,
        }
        match recent_match(ports, request, WINDOW, LOOKED_AT_MAX, items_match).await {
            Ok(None) => place(ports, request, &key).await,
            Ok(Some(order)) => match cache(ports, &key, order.id).await {
                Ok(()) => duplicate(ports, order.id, total),
                Err(_) => UNKNOWN,
            },
            Err(_) => UNKNOWN,
        }
    }
}
