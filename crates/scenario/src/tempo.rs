//! The same plan in a service that is faster or slower: a plan of its own, because a plan is never edited.

use explore::Distribution;

use crate::plan::{Delay, Plan};

impl Plan {
    /// The plan with handlers that take `factor` times as long, from receiving a request to the gateway's answer. Everything else
    /// takes as long as before.
    ///
    /// # Panics
    /// If the factor is not a positive number.
    #[must_use]
    pub fn with_handlers(&self, factor: f64) -> Plan {
        assert!(
            factor > 0.0 && factor.is_finite(),
            "a factor is a positive number"
        );
        let mut plan = self.clone();
        plan.world.latencies.handler = self.world.latencies.handler.scaled(factor);
        plan
    }
}

impl Delay {
    fn scaled(&self, factor: f64) -> Delay {
        let times = |us: u64| (us as f64 * factor).round() as u64;
        let scaled = |distribution: Distribution| match distribution {
            Distribution::Constant(us) => Distribution::Constant(times(us)),
            Distribution::Uniform(from, to) => Distribution::Uniform(times(from), times(to)),
            Distribution::Exponential { mean } => Distribution::Exponential { mean: times(mean) },
            Distribution::LogNormal { median, sigma } => Distribution::LogNormal {
                median: times(median),
                sigma,
            },
            Distribution::Normal { deviation, centre } => Distribution::Normal {
                deviation: times(deviation),
                centre: times(centre),
            },
        };
        let part = |(weight, part): &(f64, Distribution)| (*weight, scaled(*part));
        Delay {
            parts: self.parts.iter().map(part).collect(),
        }
    }

    /// The median, in microseconds; `None` for a mixture.
    pub fn median_us(&self) -> Option<u64> {
        let [(_, only)] = &self.parts[..] else {
            return None;
        };
        Some(match *only {
            Distribution::Constant(us) => us,
            Distribution::Uniform(from, to) => from.midpoint(to),
            Distribution::Exponential { mean } => {
                (mean as f64 * std::f64::consts::LN_2).round() as u64
            }
            Distribution::LogNormal { median, .. } => median,
            Distribution::Normal { centre, .. } => centre,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_delay_takes_so_many_times_as_long() {
        let delay = Delay {
            parts: vec![
                (0.5, Distribution::Constant(100)),
                (0.2, Distribution::Uniform(200, 400)),
                (0.2, Distribution::Exponential { mean: 300 }),
                (
                    0.1,
                    Distribution::LogNormal {
                        median: 500,
                        sigma: 0.6,
                    },
                ),
            ],
        };
        let fast = Delay {
            parts: vec![
                (0.5, Distribution::Constant(10)),
                (0.2, Distribution::Uniform(20, 40)),
                (0.2, Distribution::Exponential { mean: 30 }),
                (
                    0.1,
                    Distribution::LogNormal {
                        median: 50,
                        sigma: 0.6,
                    },
                ),
            ],
        };
        assert_eq!(delay.scaled(0.1), fast);
        assert_eq!(delay.median_us(), None);
    }

    #[test]
    fn the_median_of_one_distribution_is_known() {
        let median = |part| {
            let parts = vec![(1.0, part)];
            Delay { parts }.median_us()
        };
        assert_eq!(median(Distribution::Uniform(200, 400)), Some(300));
        assert_eq!(median(Distribution::Exponential { mean: 1_000 }), Some(693));
        assert_eq!(
            median(Distribution::LogNormal {
                median: 300,
                sigma: 0.6
            }),
            Some(300)
        );
    }
}
