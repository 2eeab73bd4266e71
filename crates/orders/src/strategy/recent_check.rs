//! `recent-check`: is there a recent order of this customer? Then it is a duplicate (seed 002, lines 118-156).
//!
//! The charge stands between the check and the transaction of the order.

use protocol::{OrderRequest, Problem, Response, Span};

use super::Strategy;
use super::naive_purchase::{self, Name};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{Orders, Ports, Store};

/// Looks for an order of the same customer in the last thirty seconds, then inserts. Between the two, its twin does the
/// same; and another cart within thirty seconds is taken for a repetition.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecentCheck;

/// `created_at > NOW() - INTERVAL '30 seconds'`.
const WINDOW: Span = Span::secs(30);

impl Strategy for RecentCheck {
    const NAME: &'static str = "recent-check";
    const SUMMARY: &'static str =
        "SELECT any order of the customer's last 30 s and refuse; otherwise INSERT";

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        // `SELECT *`, without a limit: one row is enough to decide.
        let recent = ports
            .store()
            .autocommit()
            .find_recent_orders(request.tenant, request.customer, WINDOW, 1)
            .await;
        match recent {
            Ok(orders) if orders.is_empty() => {
                ports.count(Metric::Miss);
                naive_purchase::purchase(ports, request, Name::sent(request)).await
            }
            // `{ error: 'Order already placed' }`, not the order.
            Ok(_) => {
                ports.count(Metric::Conflict);
                Response::refused(409, Problem::Duplicate)
            }
            // Nothing was charged yet, and a look changes nothing.
            Err(_) => Response::refused(503, Problem::Unavailable),
        }
    }
}
