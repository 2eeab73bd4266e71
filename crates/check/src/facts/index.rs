//! Four bytes that say which one, if that is known.

/// An index that may be missing, in four bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Maybe(u32);

impl Maybe {
    /// This index. Events and rows are fewer than 2^32 - 1, which `Facts::gather` makes sure of.
    #[inline]
    pub(crate) const fn at(index: usize) -> Maybe {
        Maybe(index as u32 + 1)
    }

    /// The index, if there is one.
    #[inline]
    pub(crate) const fn get(self) -> Option<usize> {
        match self.0 {
            0 => None,
            n => Some(n as usize - 1),
        }
    }
}

/// Which of the others something was used for: none so far, exactly one, or not exactly one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sole(u32);

impl Sole {
    const MANY: u32 = u32::MAX;

    /// Records one more use; an unknown user counts as "many".
    #[inline]
    pub(crate) fn see(&mut self, one: Option<usize>) {
        let seen = one.map_or(Sole::MANY, |i| i as u32 + 1);
        if self.0 != seen {
            self.0 = if self.0 == 0 { seen } else { Sole::MANY };
        }
    }

    /// The one.
    #[inline]
    pub(crate) fn get(self) -> Option<usize> {
        (self.0 != 0 && self.0 != Sole::MANY).then(|| self.0 as usize - 1)
    }

    /// Whether it was never used.
    #[inline]
    pub(crate) fn is_unused(self) -> bool {
        self.0 == 0
    }

    /// Whether it was used for more than one, or by an unknown user.
    #[inline]
    pub(crate) fn is_many(self) -> bool {
        self.0 == Sole::MANY
    }
}
