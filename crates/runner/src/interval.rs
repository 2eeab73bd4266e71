//! How certain a share is that was counted: Wilson's score interval.
//!
//! E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American Statistical
//! Association 22 (1927), 209-212. Unlike the mean plus or minus two standard errors it keeps what it promises near 0 and 1, where
//! shares of prevented duplicates are, and does not shrink to a point when nothing slipped through: L. D. Brown, T. T. Cai and
//! A. DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16 (2001), 101-133.
//!
//! The counts of all seeds are pooled: seeds are independent draws of one story, so their repetitions are one larger sample. The
//! repetitions of one purchase are not quite independent of each other, so where clients retry several times the true interval is a
//! little wider.

/// How much of a normal distribution lies within the interval.
pub const CONFIDENCE: f64 = 0.95;

/// The 97.5 % point of the standard normal distribution: 2.5 % lie beyond it on either side.
const Z: f64 = 1.959_963_984_540_054;

/// The interval of a share: `some` of `all`. `None` if `all` is 0 or less than `some`.
pub fn wilson(some: u64, all: u64) -> Option<(f64, f64)> {
    if all == 0 || some > all {
        return None;
    }
    let (n, share) = (all as f64, some as f64 / all as f64);
    let square = Z * Z;
    let centre = (share + square / (2.0 * n)) / (1.0 + square / n);
    let spread = (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt() * Z;
    let spread = spread / (1.0 + square / n);
    // At the ends the formula gives them exactly, its arithmetic almost.
    let low = if some == 0 { 0.0 } else { centre - spread };
    let high = if some == all { 1.0 } else { centre + spread };
    Some((low.max(0.0), high.min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(some: u64, all: u64, low: f64, high: f64) {
        let (found_low, found_high) = wilson(some, all).expect("there is an interval");
        assert!((found_low - low).abs() < 5e-5, "{found_low}");
        assert!((found_high - high).abs() < 5e-5, "{found_high}");
    }

    /// R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), 857-872,
    /// table I, method 3.
    #[test]
    fn intervals_are_those_of_the_literature() {
        check(81, 263, 0.2553, 0.3662);
        check(15, 148, 0.0624, 0.1605);
        check(0, 20, 0.0, 0.1611);
        check(1, 29, 0.0061, 0.1718);
        check(20, 20, 0.8389, 1.0);
    }

    #[test]
    fn there_is_no_share_of_nothing_and_none_above_all() {
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(3, 2), None);
    }
}
