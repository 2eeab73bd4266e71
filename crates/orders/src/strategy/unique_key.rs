//! `unique-key`: a unique column on the order (seed 003, lines 9-95; seed 003, lines 221-255).
//!
//! The key is the header's, else the body field's, else SHA-256 of the content. It is unique across all customers and shops, is
//! never compared with a content, and never expires. The row is saved when the service method ends, after the body that the
//! seed leaves out, so the charge stands between the look-up and the INSERT: the loser of a race is charged before the unique
//! index refuses its row, which is not caught.

use protocol::{IdempotencyKey, OrderRequest, Preset, Response};

use super::Strategy;
use super::naive_purchase::{self, Name, UNKNOWN};
use super::seed_text::auto_key;
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{Orders, Ports, Store};
use crate::rows::KeyIndex;

/// A request with a known key gets the order under it, of whichever customer and content.
#[derive(Clone, Copy, Debug, Default)]
pub struct UniqueKey;

impl Strategy for UniqueKey {
    const NAME: &'static str = "unique-key";
    const SUMMARY: &'static str =
        "header, body field or SHA-256 of the content as a unique column of the order, for ever";
    const PRESET: Preset = Preset::Seed003;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let (key, source) = key(request);
        ports.count(source);
        match ports
            .store()
            .autocommit()
            .find_order_by_key(None, &key)
            .await
        {
            // "Always return 201 for both new and existing orders".
            Ok(Some(order)) => {
                ports.count(Metric::Hit);
                Response::created(order).replay()
            }
            Ok(None) => {
                ports.count(Metric::Miss);
                let name = Name {
                    key: Some(key),
                    index: KeyIndex::Unique,
                };
                naive_purchase::purchase(ports, request, name).await
            }
            Err(_) => UNKNOWN,
        }
    }
}

/// Header, then body, then content.
fn key(request: &OrderRequest) -> (IdempotencyKey, Metric) {
    match (&request.key, &request.body_key) {
        (Some(header), _) => (header.clone(), Metric::HeaderKey),
        (None, Some(field)) => (IdempotencyKey::clone(field), Metric::BodyKey),
        (None, None) => {
            let hash = IdempotencyKey::new(auto_key(request));
            (hash.expect("64 digits are a key"), Metric::AutoKey)
        }
    }
}
