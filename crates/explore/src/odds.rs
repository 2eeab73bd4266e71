//! Probabilities as fixed-point numbers, so that a draw is one integer comparison and the same on every platform.

/// A probability between 0 and 1, in units of 2^-64; 1 is kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odds {
    /// It strikes when a uniform 64-bit draw is below this.
    Below(u64),
    /// It always strikes.
    Always,
}

impl Odds {
    /// It never strikes.
    pub const NEVER: Odds = Odds::Below(0);

    /// The odds of a probability; what lies outside 0 to 1 is cut off (scenario files are checked before).
    pub fn of(probability: f64) -> Odds {
        if probability >= 1.0 {
            return Odds::Always;
        }
        // 2^64 is exact in a double, and so is the product's truncation.
        Odds::Below((probability.max(0.0) * 18_446_744_073_709_551_616.0) as u64)
    }

    /// Whether a uniform draw strikes.
    #[inline]
    pub const fn strikes(self, draw: u64) -> bool {
        match self {
            Odds::Below(limit) => draw < limit,
            Odds::Always => true,
        }
    }

    /// Whether it can strike at all.
    #[inline]
    pub const fn possible(self) -> bool {
        !matches!(self, Odds::Below(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_exact() {
        assert!(!Odds::of(0.0).possible());
        assert!(!Odds::NEVER.strikes(0));
        assert!(Odds::of(1.0).strikes(u64::MAX));
        assert!(Odds::of(0.5).strikes(u64::MAX / 2));
        assert!(!Odds::of(0.5).strikes(u64::MAX / 2 + 1));
    }
}
