//! `sales`: how many of each SKU were sold.

use protocol::{Line, Tenant};

use super::store_error::StoreError;

/// Statements on `sales`. What fails, fails as [`Transaction`](super::Transaction) says.
pub trait Sales {
    /// `UPDATE sales SET sold = sold + q`, rows taken in the order of their SKUs.
    async fn increment_sales(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError>;
}
