//! `coupons`.

use protocol::{Coupon, Tenant};

use super::store_error::StoreError;

/// Statements on `coupons`. What fails, fails as [`Transaction`](super::Transaction) says.
pub trait Coupons {
    /// `SELECT used < "limit" FROM coupons WHERE tenant = … AND code = …`: whether one more order may have the coupon, as far as
    /// is committed, or our own. Never waits, and holds nothing: the next statement may find it used up.
    async fn check_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError>;

    /// `UPDATE coupons SET used = used + 1 WHERE … AND used < "limit"`: whether it hit the row. Waits for the transaction that
    /// holds the row and looks again; a row that is used up is neither waited for nor locked.
    async fn redeem_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError>;

    /// `UPDATE coupons SET used = used + 1 WHERE …`, whatever the limit is. Waits for the transaction that holds the row.
    async fn count_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError>;

    /// The coupon is given back: `UPDATE coupons SET used = used - 1 WHERE …`. Waits for the transaction that holds the row.
    async fn release_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError>;
}
