//! `carts`.

use protocol::{Cart, Tenant};

use super::store_error::StoreError;

/// Statements on `carts`. What fails, fails as [`Transaction`](super::Transaction) says.
pub trait Carts {
    /// `SELECT … FROM carts WHERE tenant = … AND id = … AND version = …`: whether the cart is still there, as far as is committed.
    /// Never waits, and locks nothing.
    async fn find_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<bool, StoreError>;

    /// `DELETE FROM carts WHERE tenant = … AND id = … AND version = …`.
    async fn clear_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<(), StoreError>;
}
