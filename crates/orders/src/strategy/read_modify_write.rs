//! `read-modify-write`: the stock is read, and later written less what is sold.
//!
//! It is `unguarded-decrement` but for step 5, which is `UPDATE stock SET on_hand = $n` with what step 4 has read less what is sold,
//! as an object-relational mapper saves a loaded row (awesto/django-shop#888, vendurehq/vendure#4930). All who have read the same
//! number write the same number: one of their sales is subtracted, and the others are lost. The stock shrinks by about one in the
//! time of a charge, however many buy in it, and almost no request is ever refused.

use protocol::{OrderRequest, Preset, Response};

use super::order_idempotencies::{self, Adjust};
use super::{Ledgers, Strategy};
use crate::contract::Contract;
use crate::ports::Ports;

/// Of sales that overlap only one is subtracted: there is always more on the shelf, on paper.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadModifyWrite;

impl Strategy for ReadModifyWrite {
    const NAME: &'static str = "read-modify-write";
    const SUMMARY: &'static str = "a record unique by user and key; stock is read, and written after the charge less what is sold";
    const CLIENT_KEY: bool = true;
    const PRESET: Preset = Preset::Seed001;
    const LEDGERS: Ledgers = Ledgers::ALL;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        order_idempotencies::create(ports, request, Adjust::Overwrite).await
    }
}
