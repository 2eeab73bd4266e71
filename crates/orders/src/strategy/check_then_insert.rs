//! `check-then-insert`: SELECT by key, or a recent order of the customer if there is no key, then INSERT (seed
//! 000, line 11, where `find_or_create_by` is proposed and a unique index is not; seed 002, lines 121-156).
//!
//! READ COMMITTED, and no index that would refuse the second row. The charge stands between the check and the transaction of
//! the order.

use protocol::{Order, OrderRequest, Problem, Response, Span};

use super::Strategy;
use super::naive_purchase::{self, Name};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{Orders, Ports, Store, StoreError};
use crate::rows::KeyIndex;

/// The key is remembered on the order, and looked up before: a retry gets the first order. A twin that looks in the meantime
/// finds nothing either.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckThenInsert;

/// Without a key, an order of the customer counts as the same one for this span.
const WINDOW: Span = Span::secs(30);

impl Strategy for CheckThenInsert {
    const NAME: &'static str = "check-then-insert";
    const SUMMARY: &'static str =
        "SELECT by key, or without one an order of the last 30 s, then INSERT; no unique index";

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let name = Name {
            key: request.key.clone(),
            index: KeyIndex::Plain,
        };
        match known(ports, request).await {
            Ok(None) => {
                ports.count(Metric::Miss);
                naive_purchase::purchase(ports, request, name).await
            }
            Ok(Some(order)) => {
                ports.count(Metric::Hit);
                Response::created(order).replay()
            }
            // Nothing was charged yet, and a look changes nothing.
            Err(_) => Response::refused(503, Problem::Unavailable),
        }
    }
}

/// One autocommitted SELECT.
async fn known<P: Ports>(ports: &P, request: &OrderRequest) -> Result<Option<Order>, StoreError> {
    let mut db = ports.store().autocommit();
    match &request.key {
        Some(key) => db.find_order_by_key(Some(request.tenant), key).await,
        None => {
            let recent = db.find_recent_orders(request.tenant, request.customer, WINDOW, 1);
            Ok(recent.await?.into_iter().next())
        }
    }
}
