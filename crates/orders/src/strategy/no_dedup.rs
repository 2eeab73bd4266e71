//! `no-dedup`: every POST creates (seed 000, lines 5-15; seed 002, lines 52-82).
//!
//! The charge stands before the transaction of the order.

use protocol::{OrderRequest, Response};

use super::naive_purchase::{self, Name};
use super::{StatedPrevention, Strategy};
use crate::contract::Contract;
use crate::ports::Ports;

/// Nothing is remembered: a retry is another order and another charge.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDedup;

impl Strategy for NoDedup {
    const NAME: &'static str = "no-dedup";
    const SUMMARY: &'static str = "every request creates an order and a charge";
    const STATED: Option<StatedPrevention> = Some(StatedPrevention {
        share: 0.0,
        source: "seed 002, line 973",
    });

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        naive_purchase::purchase(ports, request, Name::sent(request)).await
    }
}
