//! Distributions as tables of quantiles: a value is a pick, so exhaustive search can bound it and replay can repeat it.
//!
//! Tables are computed with `libm`, whose results have the same bits on every platform.

/// How many quantiles a table has: enough that its p99.9 is the distribution's within a percent.
const STEPS: u32 = 4_096;

/// A distribution of non-negative lengths, in microseconds unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(u64),
    /// Anything between two values, all alike.
    Uniform(u64, u64),
    /// By its mean.
    Exponential {
        /// The mean.
        mean: u64,
    },
    /// By its median, and the standard deviation of its logarithm.
    LogNormal {
        /// The median.
        median: u64,
        /// The standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// Normal around zero, shifted so that nothing is negative: `centre` is where zero lies.
    Normal {
        /// The standard deviation.
        deviation: u64,
        /// What is added.
        centre: u64,
    },
}

/// The quantiles at the middles of equal steps, ascending.
///
/// A table is read at random for every message: so it is as small as it can be, or it is not there at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantiles {
    steps: u32,
    values: Values,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    Constant(u64),
    /// From the lowest, over so many.
    Uniform(u64, u64),
    Short(Box<[u32]>),
    Long(Box<[u64]>),
}

/// A uniform distribution as wide as this is a table. Below, its quantiles are exact in integers, if the steps are a power of two.
const UNIFORM_EXACT: u64 = 1 << 32;

impl Quantiles {
    /// The table of a distribution.
    pub fn of(distribution: Distribution) -> Quantiles {
        Quantiles::coarse(distribution, STEPS)
    }

    /// A table of only `steps` quantiles, for searches that must see them all.
    ///
    /// # Panics
    /// If `steps` is 0.
    pub fn coarse(distribution: Distribution, steps: u32) -> Quantiles {
        assert!(steps > 0, "a table needs a value");
        let at = |i: u32| quantile(distribution, (f64::from(i) + 0.5) / f64::from(steps));
        let values = match distribution {
            Distribution::Constant(value) => Values::Constant(value),
            Distribution::Uniform(low, high)
                if high.saturating_sub(low) < UNIFORM_EXACT && steps.is_power_of_two() =>
            {
                Values::Uniform(low, high.saturating_sub(low))
            }
            _ if at(steps - 1) <= u64::from(u32::MAX) => {
                Values::Short((0..steps).map(|i| at(i) as u32).collect())
            }
            _ => Values::Long((0..steps).map(at).collect()),
        };
        let steps = match values {
            Values::Constant(_) => 1,
            _ => steps,
        };
        Quantiles { steps, values }
    }

    /// The value of a pick.
    #[inline]
    pub fn value(&self, pick: u32) -> u64 {
        assert!(pick < self.steps, "a pick is one of the table's");
        match &self.values {
            Values::Constant(value) => *value,
            Values::Uniform(low, span) => {
                // The middle of the pick's step, rounded: span x (pick + 1/2) / steps + 1/2.
                let twice = span * (2 * u64::from(pick) + 1) + u64::from(self.steps);
                low + (twice >> (self.steps.trailing_zeros() + 1))
            }
            Values::Short(values) => u64::from(values[pick as usize]),
            Values::Long(values) => values[pick as usize],
        }
    }

    /// The only value, if there is but one.
    #[inline]
    pub fn constant(&self) -> Option<u64> {
        match self.values {
            Values::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// How many picks there are.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a table always has a value")]
    pub fn len(&self) -> u32 {
        self.steps
    }

    /// The largest value.
    pub fn max(&self) -> u64 {
        self.value(self.steps - 1)
    }
}

/// The value below which a share `p` of the distribution lies.
fn quantile(distribution: Distribution, p: f64) -> u64 {
    let value = match distribution {
        Distribution::Constant(value) => return value,
        Distribution::Uniform(low, high) => low as f64 + (high.saturating_sub(low)) as f64 * p,
        Distribution::Exponential { mean } => -(mean as f64) * libm::log1p(-p),
        Distribution::LogNormal { median, sigma } => {
            median as f64 * libm::exp(sigma * standard_normal(p))
        }
        Distribution::Normal { deviation, centre } => {
            centre as f64 + deviation as f64 * standard_normal(p)
        }
    };
    libm::round(value.max(0.0)) as u64
}

/// The quantile of the standard normal distribution, to sixteen digits: algorithm AS 241 (Wichura, "The percentage points of
/// the normal distribution", Applied Statistics 37, 1988), without its branch for p below 1.4e-11, which no table reaches.
fn standard_normal(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE_NUMERATOR, r) / polynomial(&CENTRE_DENOMINATOR, r);
    }
    let r = libm::sqrt(-libm::log(p.min(1.0 - p))) - 1.6;
    let x = polynomial(&TAIL_NUMERATOR, r) / polynomial(&TAIL_DENOMINATOR, r);
    if q < 0.0 { -x } else { x }
}

/// A polynomial by Horner's rule, the constant term first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

const CENTRE_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_5,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const CENTRE_DENOMINATOR: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_854e3,
];
const TAIL_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const TAIL_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(table: &Quantiles, p: f64) -> f64 {
        table.value((p * f64::from(table.len())) as u32) as f64
    }

    fn close(a: f64, b: f64) {
        assert!((a / b - 1.0).abs() < 0.02, "{a} is not {b}");
    }

    #[test]
    fn a_lognormal_has_its_median_and_its_tail() {
        let table = Quantiles::of(Distribution::LogNormal {
            median: 300_000,
            sigma: 0.6,
        });
        close(at(&table, 0.5), 300_000.0);
        close(at(&table, 0.9), 300_000.0 * f64::exp(0.6 * 1.2816));
        close(at(&table, 0.999), 300_000.0 * f64::exp(0.6 * 3.0902));
    }

    #[test]
    fn an_exponential_has_its_mean() {
        let table = Quantiles::of(Distribution::Exponential { mean: 400_000 });
        let mean =
            (0..table.len()).map(|i| table.value(i) as f64).sum::<f64>() / f64::from(table.len());
        close(mean, 400_000.0);
    }

    #[test]
    fn a_normal_lies_evenly_around_its_centre() {
        let table = Quantiles::of(Distribution::Normal {
            deviation: 250_000,
            centre: 2_000_000,
        });
        close(at(&table, 0.5), 2_000_000.0);
        close(at(&table, 0.8413), 2_250_000.0);
    }

    #[test]
    fn the_normal_quantile_is_the_inverse_of_the_distribution() {
        for i in 1..2_000 {
            let p = f64::from(i) / 2_000.0;
            let back = 0.5 * libm::erfc(-standard_normal(p) / std::f64::consts::SQRT_2);
            assert!((back / p - 1.0).abs() < 1e-13, "{p}: {back}");
        }
        for p in [1e-5, 1e-7, 1e-10] {
            let back = 0.5 * libm::erfc(-standard_normal(p) / std::f64::consts::SQRT_2);
            assert!((back / p - 1.0).abs() < 1e-11, "{p}: {back}");
        }
    }

    #[test]
    fn tables_ascend_and_their_first_pick_is_the_smallest() {
        for distribution in [
            Distribution::Uniform(80, 400),
            Distribution::Exponential { mean: 60 },
            Distribution::LogNormal {
                median: 300,
                sigma: 0.6,
            },
        ] {
            let table = Quantiles::of(distribution);
            assert!((1..table.len()).all(|i| table.value(i - 1) <= table.value(i)));
        }
    }

    #[test]
    fn the_bits_of_a_table_are_golden() {
        let table = Quantiles::coarse(
            Distribution::LogNormal {
                median: 300_000,
                sigma: 0.6,
            },
            8,
        );
        let values: Vec<u64> = (0..8).map(|pick| table.value(pick)).collect();
        assert_eq!(
            values,
            [
                119_499, 176_178, 223_747, 272_979, 329_695, 402_240, 510_847, 753_143
            ]
        );
    }

    #[test]
    fn a_uniform_distribution_without_a_table_has_the_values_of_its_table() {
        for (low, high) in [(0, 0), (7, 8), (80, 400), (1_000, 2_000), (5, 600_000_000)] {
            let distribution = Distribution::Uniform(low, high);
            let values = Quantiles::of(distribution);
            for pick in 0..values.len() {
                let p = (f64::from(pick) + 0.5) / f64::from(values.len());
                assert_eq!(
                    values.value(pick),
                    quantile(distribution, p),
                    "{low} {pick}"
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_a_short_table_is_in_a_long_one() {
        let table = Quantiles::of(Distribution::Exponential { mean: 1 << 40 });
        close(at(&table, 0.5), f64::powi(2.0, 40) * f64::ln(2.0));
        assert!(table.max() > 1 << 42);
    }
}
