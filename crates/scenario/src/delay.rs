//! Delays as tables, from which a run draws some hundred million times.

use explore::{Chooser, Kind, Lineage, Odds, Quantiles, Site};

use crate::plan::Delay;

/// Which part of a mixture a delay comes from.
const PART: Kind = Kind::new("delay.part");

/// One of several options by weight, as a chain of two-way choices: "not this one, but a later one?".
///
/// A chain of n options asks at most n - 1 questions of two answers each, which is what keeps a weighted choice small
/// enough for exhaustive search; one uniform draw against cumulative weights would have 2^32 answers.
#[derive(Clone, Debug)]
pub(crate) struct Weighted {
    /// For each option but the last: the odds of going past it, given that it was reached.
    past: Box<[Odds]>,
}

/// A delay that can be drawn.
#[derive(Clone, Debug)]
pub struct DelayTable {
    part: Weighted,
    tables: Box<[Quantiles]>,
}

impl Weighted {
    /// Options with these weights, which need not add up to 1.
    pub(crate) fn new(weights: impl DoubleEndedIterator<Item = f64>) -> Weighted {
        let mut rest = 0.0;
        let mut past: Vec<Odds> = weights
            .rev()
            .map(|weight| {
                let later = rest;
                rest += weight;
                Odds::of(if rest > 0.0 { later / rest } else { 0.0 })
            })
            .collect();
        past.reverse();
        past.pop();
        Weighted { past: past.into() }
    }

    /// One option. A single one is not asked for; pick 0 everywhere is the first.
    #[inline]
    pub(crate) fn choose(&self, chooser: &mut Chooser, kind: Kind, lineage: Lineage) -> usize {
        for (option, odds) in self.past.iter().enumerate() {
            if !chooser.chance(&Site::new(kind, lineage, option as u64), *odds) {
                return option;
            }
        }
        self.past.len()
    }
}

impl DelayTable {
    /// The table of a delay.
    ///
    /// # Panics
    /// If the delay has no parts; lowering never produces one.
    pub fn new(delay: &Delay) -> DelayTable {
        assert!(!delay.parts.is_empty(), "a delay needs a part");
        DelayTable {
            part: Weighted::new(delay.parts.iter().map(|(weight, _)| *weight)),
            tables: delay
                .parts
                .iter()
                .map(|(_, distribution)| Quantiles::of(*distribution))
                .collect(),
        }
    }

    /// A length, in microseconds, for the `ordinal`-th draw of this kind by this asker. A constant asks nothing.
    #[inline]
    pub fn draw(&self, chooser: &mut Chooser, kind: Kind, lineage: Lineage, ordinal: u64) -> u64 {
        let table = match &*self.tables {
            [only] => only,
            // The part has an asker of its own, so that it shares no identity with the length that is drawn after it.
            many => {
                &many[self
                    .part
                    .choose(chooser, PART, lineage.child(kind, ordinal))]
            }
        };
        chooser.quantile(&Site::new(kind, lineage, ordinal), table)
    }

    /// The longest length that can be drawn.
    pub fn max(&self) -> u64 {
        self.tables.iter().map(Quantiles::max).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use explore::Distribution;

    const WAIT: Kind = Kind::new("test.wait");

    fn draws(delay: &Delay, seed: u64, count: u64) -> Vec<u64> {
        let table = DelayTable::new(delay);
        let mut chooser = Chooser::random(seed);
        (0..count)
            .map(|n| table.draw(&mut chooser, WAIT, Lineage::ROOT, n))
            .collect()
    }

    #[test]
    fn a_constant_asks_nothing() {
        let mut chooser = Chooser::random(1).recording();
        let table = DelayTable::new(&Delay::constant(5_000));
        assert_eq!(table.draw(&mut chooser, WAIT, Lineage::ROOT, 0), 5_000);
        assert!(chooser.take_trace().is_empty());
    }

    #[test]
    fn a_mixture_comes_from_its_parts_as_often_as_it_says() {
        let delay = Delay {
            parts: vec![
                (0.6, Distribution::Uniform(80, 400)),
                (0.3, Distribution::Constant(1_000)),
                (0.1, Distribution::Uniform(2_000, 8_000)),
            ],
        };
        let drawn = draws(&delay, 5, 100_000);
        let share = |low: u64, high: u64| {
            drawn.iter().filter(|d| (low..=high).contains(*d)).count() as f64 / 1e5
        };
        // five standard deviations of a binomial of 100,000 are below 0.008
        assert!((share(80, 400) - 0.6).abs() < 0.008);
        assert!((share(1_000, 1_000) - 0.3).abs() < 0.008);
        assert!((share(2_000, 8_000) - 0.1).abs() < 0.008);
    }

    #[test]
    fn the_part_of_a_mixture_says_nothing_about_the_length_within_it() {
        let delay = Delay {
            parts: vec![
                (0.5, Distribution::Uniform(0, 1_000)),
                (0.5, Distribution::Uniform(10_000, 11_000)),
            ],
        };
        let drawn = draws(&delay, 6, 100_000);
        let late: Vec<u64> = drawn.iter().filter(|d| **d >= 10_000).copied().collect();
        let mean = late.iter().map(|d| *d as f64).sum::<f64>() / late.len() as f64;
        assert!((mean - 10_500.0).abs() < 10.0, "{mean}");
    }

    #[test]
    fn the_dull_pick_is_the_shortest_of_the_first_part() {
        let delay = Delay {
            parts: vec![
                (0.1, Distribution::Uniform(80, 400)),
                (0.9, Distribution::Uniform(2_000, 8_000)),
            ],
        };
        let mut chooser = Chooser::of(explore::Replay::default());
        let drawn = DelayTable::new(&delay).draw(&mut chooser, WAIT, Lineage::ROOT, 0);
        assert_eq!(drawn, 80);
    }
}
