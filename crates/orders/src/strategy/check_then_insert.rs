//! `check-then-insert`: is there a recent order of this customer? Then it is a duplicate (seed 002, lines 121-144).

use protocol::{Customer, Order, OrderRequest, Problem, Response, Span, Time};

use super::{Strategy, naive_purchase};
use crate::contract::Contract;
use crate::ports::{Clock, Isolation, Ports, Store, StoreError, Transaction};

/// Looks for an order of the same customer in the last thirty seconds, then inserts. Between the two, its twin does the
/// same; and another cart within thirty seconds is taken for a repetition.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckThenInsert;

/// `created_at > NOW() - INTERVAL '30 seconds'`.
const WINDOW: Span = Span::secs(30);

impl Strategy for CheckThenInsert {
    const NAME: &'static str = "check-then-insert";
    const SUMMARY: &'static str =
        "SELECT an order of the last 30 s, then INSERT; READ COMMITTED, no unique index";

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        match recent_order(ports, request).await {
            Ok(None) => naive_purchase::purchase(ports, request).await,
            // The seed answers `{ error: 'Order already placed' }`, not the order.
            Ok(Some(_)) => Response::refused(409, Problem::Duplicate),
            // Nothing was charged yet, and a look changes nothing.
            Err(_) => Response::refused(503, Problem::Unavailable),
        }
    }
}

/// One autocommitted SELECT, as `db.query` is. A guest has no identity to compare.
async fn recent_order<P: Ports>(
    ports: &P,
    request: &OrderRequest,
) -> Result<Option<Order>, StoreError> {
    if request.customer == Customer::Guest {
        return Ok(None);
    }
    let since = Time(ports.clock().now().0.saturating_sub(WINDOW.0));
    let mut tx = ports.store().begin(Isolation::ReadCommitted).await?;
    let found = tx
        .find_recent_order(request.tenant, request.customer, since)
        .await?;
    tx.commit().await?.committed()?;
    Ok(found)
}
