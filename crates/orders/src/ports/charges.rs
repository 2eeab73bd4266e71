//! `charges`: what the service knows of the gateway's ledger.

use super::store_error::StoreError;
use crate::rows::ChargeRow;

/// Statements on `charges`. What fails, fails as [`Transaction`](super::Transaction) says.
pub trait Charges {
    /// `INSERT INTO charges`. [`StoreError::Unique`] by `charges_order`.
    async fn insert_charge(&mut self, charge: ChargeRow) -> Result<(), StoreError>;
}
