//! The cache.

use compact_str::CompactString;
use protocol::Span;

/// Why the cache gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// It did not happen.
    #[error("the cache is unavailable")]
    Unavailable,
    /// It may have happened.
    #[error("the connection to the cache broke; it may have happened")]
    Unknown,
}

/// The cache: fast, shared by the replicas, and allowed to forget everything at any moment.
pub trait Cache {
    /// `GET key`.
    async fn get(&self, key: &CompactString) -> Result<Option<CompactString>, CacheError>;

    /// `SETEX key ttl value`.
    async fn set(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<(), CacheError>;

    /// `SET key value NX EX ttl`: whether the value was set.
    async fn set_if_absent(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<bool, CacheError>;

    /// `DEL key`.
    async fn delete(&self, key: &CompactString) -> Result<(), CacheError>;

    /// `EVAL`: `DEL key` if its value is this one, in one step. Whether it was.
    async fn delete_if(
        &self,
        key: &CompactString,
        value: &CompactString,
    ) -> Result<bool, CacheError>;
}
