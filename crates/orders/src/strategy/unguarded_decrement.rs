//! `unguarded-decrement`: the stock is validated, and later decremented without another look.
//!
//! Otherwise it is `order-idempotencies`: a record unique by user and key, and the order in its transaction. Seed 001 asks for an
//! atomic update because of what stood there before it (seed 001, lines 5-7; seed 001, line 44): step 4 reads the stock, the
//! customer is charged, and step 5 is `UPDATE stock SET on_hand = on_hand - q`, whatever is there by then. The inventory has a
//! connection of its own, as in shops that know no transactions (opencart/opencart#4811 and #7407): no lock is held after the
//! statement, and who dies before the order is committed leaves the decrement without the order.
//!
//! So it sells too many to those who have read before the last unit was gone and decrement after it: as many as come in the
//! time between the two, which is that of the charge.

use protocol::{OrderRequest, Preset, Response};

use super::order_idempotencies::{self, Adjust};
use super::{Ledgers, Strategy};
use crate::contract::Contract;
use crate::ports::Ports;

/// Every request that has seen a unit gets one, even if all saw the same: the stock goes below zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnguardedDecrement;

impl Strategy for UnguardedDecrement {
    const NAME: &'static str = "unguarded-decrement";
    const SUMMARY: &'static str = "a record unique by user and key; stock is read, and decremented after the charge without a guard";
    const CLIENT_KEY: bool = true;
    const PRESET: Preset = Preset::Seed001;
    const LEDGERS: Ledgers = Ledgers::ALL;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        order_idempotencies::create(ports, request, Adjust::Decrement).await
    }
}
