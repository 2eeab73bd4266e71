//! `outbox`: the notifications that leave after the commit.

use protocol::OrderId;

use super::store_error::StoreError;
use crate::rows::NotificationKind;

/// Statements on `outbox`. What fails, fails as [`Transaction`](super::Transaction) says.
pub trait Outbox {
    /// `INSERT INTO outbox`: a notification that leaves after the commit.
    async fn insert_notification(
        &mut self,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), StoreError>;
}
