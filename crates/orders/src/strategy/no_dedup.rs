//! `no-dedup`: every POST creates (seeds 000 and 002).

use protocol::{OrderRequest, Response};

use super::{Strategy, naive_purchase};
use crate::contract::Contract;
use crate::ports::Ports;

/// Nothing is remembered: a retry is another order and another charge.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDedup;

impl Strategy for NoDedup {
    const NAME: &'static str = "no-dedup";
    const SUMMARY: &'static str = "every request creates an order and a charge";

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        naive_purchase::purchase(ports, request).await
    }
}
