//! Which locks the claim table uses: the real ones, or loom's in a model.

#[cfg(orders_loom)]
pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
#[cfg(not(orders_loom))]
pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

/// Locks, whatever became of an earlier holder: no code under these locks can panic half way through a change.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
