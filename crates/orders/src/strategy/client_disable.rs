//! `client-disable`: just disable the button after the click (seed 002, lines 86-116).
//!
//! The server is the one of `no-dedup`, with the charge before the transaction of the order. All that is different is the
//! client: while a request of this page is under way, a tap does nothing. Retries that the app makes by itself, other tabs
//! and a relaunched app are not held back.

use protocol::{Button, OrderRequest, Response};

use super::Strategy;
use super::naive_purchase::{self, Name};
use crate::contract::Contract;
use crate::ports::Ports;

/// The client is trusted to ask once.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientDisable;

impl Strategy for ClientDisable {
    const NAME: &'static str = "client-disable";
    const SUMMARY: &'static str =
        "the button is disabled while submitting; the server creates whatever it is asked for";
    const BUTTON: Button = Button::DisabledWhileSubmitting;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        naive_purchase::purchase(ports, request, Name::sent(request)).await
    }
}
