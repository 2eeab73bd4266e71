//! `process-counter`: just use a global request counter (seed 002, lines 158-181).
//!
//! The counter is a variable of the process. The charge stands where the order is created, before its transaction.

use std::sync::atomic::Ordering;

use protocol::{OrderRequest, Problem, Response};

use super::Strategy;
use super::naive_purchase::{self, Name};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::Ports;

/// Counts the requests in the process and refuses all but one at a time, of all customers. The refusal returns before the
/// decrement, and an exception leaves without it, so that after the first overlap of any two users the counter never comes
/// back to zero: everybody is refused until the process is started again. What comes one after another is not noticed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessCounter;

impl Strategy for ProcessCounter {
    const NAME: &'static str = "process-counter";
    const SUMMARY: &'static str =
        "a counter in the process's memory refuses every request that comes while another one runs";

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        // One thread runs the seed's code, so its `requestCount++` and the look after it are one step.
        let running = ports.process().requests.fetch_add(1, Ordering::Relaxed) + 1;
        if running > 1 {
            ports.count(Metric::Conflict);
            return Response::refused(409, Problem::Duplicate);
        }
        ports.count(Metric::Miss);
        let response = naive_purchase::purchase(ports, request, Name::sent(request)).await;
        // What we answer with a 5xx is an exception of the seed's query: it passes by the decrement.
        if response.status < 500 {
            ports.process().requests.fetch_sub(1, Ordering::Relaxed);
        }
        response
    }
}
