//! A row's place in its table: four bytes, and so are those of a place that may be missing.

use std::num::NonZeroU32;

/// A row's place in its table. One more than the place is kept, so that an `Option` of it is no larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(NonZeroU32);

impl Place {
    /// The last that there can be.
    pub(crate) const LAST: Place = Place(NonZeroU32::MAX);

    /// The place of a row.
    ///
    /// # Panics
    /// If the table has 2^32 rows or more.
    #[inline]
    pub(crate) fn of(row: u32) -> Place {
        Place(
            NonZeroU32::MIN
                .checked_add(row)
                .expect("fewer than 2^32 rows"),
        )
    }

    /// The row at this place.
    #[inline]
    pub(crate) fn row(self) -> u32 {
        self.0.get() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_may_be_missing_takes_four_bytes() {
        assert_eq!(size_of::<Option<Place>>(), 4);
        assert_eq!(Place::of(0).row(), 0);
        assert_eq!(Place::LAST.row(), u32::MAX - 1);
    }
}
