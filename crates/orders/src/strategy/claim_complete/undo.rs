//! The end of a transaction that an error has aborted.

use crate::ports::{StoreError, Transaction};

/// Ends a transaction after an error. With the connection gone there is nothing to say; otherwise the connection is needed
/// again, and an aborted transaction takes nothing but a rollback.
pub(super) async fn undo(tx: impl Transaction, error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable | StoreError::Unknown => drop(tx),
        StoreError::Conflict | StoreError::Unique(_) | StoreError::Aborted => tx.rollback().await,
    }
    error
}
