//! An entry of the event queue, and the key by which entries are sorted.

/// An event and when it is due; `order` breaks ties.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<E> {
    pub(crate) at_us: u64,
    pub(crate) order: u64,
    pub(crate) event: E,
}

impl<E> Entry<E> {
    #[inline]
    pub(crate) fn key(&self) -> u128 {
        key(self.at_us, self.order)
    }
}

/// What the queue is sorted by.
#[inline]
pub(crate) fn key(at_us: u64, order: u64) -> u128 {
    (u128::from(at_us) << 64) | u128::from(order)
}

/// The key of no entry.
pub(crate) const NOTHING: u128 = u128::MAX;

/// The lowest bits of an entry's order are free for the number of a ring.
pub(crate) const ORDER_STEP: u64 = 1 << 16;
