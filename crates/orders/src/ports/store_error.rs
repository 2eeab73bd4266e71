//! What a failed statement or commit lets its caller conclude, and unique indexes by name.

/// A unique index, by its name in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Constraint {
    /// `idempotency_keys_pkey` on (tenant, scope, key).
    Keys,
    /// `orders_idempotency_key` on (idempotency_key) of orders that put their key there; NULLs are distinct.
    OrdersKey,
    /// `orders_cart` on (tenant, cart, version) of orders that are not cancelled; NULLs are distinct.
    OrdersCart,
    /// `charges_order` on (order).
    ChargesOrder,
}

/// Why a statement or a commit gave no result, by what the caller may conclude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The transaction lost against another and was undone: serialization failure or deadlock. Safe to retry whole.
    #[error("the transaction conflicted with another and was undone")]
    Conflict,
    /// A unique index refused the row. The transaction is aborted.
    #[error("a unique index refused the row: {0:?}")]
    Unique(Constraint),
    /// It did not happen and will not.
    #[error("the database is unavailable; nothing happened")]
    Unavailable,
    /// The connection broke while the effect was under way: it may have happened.
    #[error("the connection broke; it may have happened")]
    Unknown,
    /// The transaction was aborted by an earlier error and takes no more statements (SQLSTATE 25P02).
    #[error("the current transaction is aborted")]
    Aborted,
}
