//! `idempotency_keys`: claims, answers, and what has expired.

use protocol::{ScopedKey, Time};

use super::store_error::StoreError;
use crate::rows::{KeyRecord, KeyState, Token};

/// Statements on `idempotency_keys`. What fails, fails as [`Transaction`](super::Transaction) says.
pub trait Keys {
    /// `SELECT … FROM idempotency_keys WHERE … FOR UPDATE`: waits for the transaction that holds the row; what it returns stays
    /// ours until the end.
    async fn lock_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError>;

    /// `INSERT INTO idempotency_keys`: waits for a transaction that inserts, changes or deletes the same key; [`StoreError::Unique`] if it
    /// is there after that, and at once if it is there and at most locked.
    async fn insert_key(&mut self, key: &ScopedKey, record: KeyRecord) -> Result<(), StoreError>;

    /// `SELECT … FROM idempotency_keys WHERE …`: what is committed, or our own. Never waits, locks nothing, and may be out of date
    /// as soon as it is read.
    async fn find_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError>;

    /// `UPDATE idempotency_keys SET state = $state WHERE …`, without regard to its owner: how many rows it hit, 0 or 1. Waits for
    /// the transaction that holds the row.
    async fn set_key_state(&mut self, key: &ScopedKey, state: KeyState) -> Result<u64, StoreError>;

    /// `UPDATE idempotency_keys SET … WHERE … AND token = $held`: how many rows it hit, 0 or 1.
    async fn update_key(
        &mut self,
        key: &ScopedKey,
        held: Token,
        record: KeyRecord,
    ) -> Result<u64, StoreError>;

    /// `SELECT … WHERE state = 'claimed' AND lease_until < $now LIMIT $limit FOR UPDATE SKIP LOCKED`: claims whose owner has gone.
    async fn lock_overdue_claims(
        &mut self,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, StoreError>;

    /// `DELETE FROM idempotency_keys WHERE … IN (SELECT … WHERE state <> 'claimed' AND expires_at < $before LIMIT $limit FOR
    /// UPDATE SKIP LOCKED)`: how many went.
    async fn delete_expired_keys(&mut self, before: Time, limit: usize) -> Result<u64, StoreError>;
}
