//! Who answers when a world asks: by a seed, from a trace, or one after another until all were seen.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use crate::odds::Odds;
use crate::site::{Site, mix};
use crate::trace::{Asked, Times, Trace};

/// What may be picked: a number below the bound, and how likely each is to a strategy that draws lots.
#[derive(Clone, Copy, Debug)]
pub enum Menu {
    /// Any of so many, all alike. At least 1.
    Uniform(u32),
    /// 0 or 1; 1 with these odds.
    Chance(Odds),
}

impl Menu {
    /// How many picks there are.
    #[inline]
    pub const fn bound(self) -> u32 {
        match self {
            Menu::Uniform(bound) => bound,
            Menu::Chance(_) => 2,
        }
    }
}

/// A way of picking. A strategy sees every choice of a run, in order; runs of several threads have one each.
pub trait Strategy: Debug + Send {
    /// The pick at `site`: below the menu's bound.
    fn pick(&mut self, site: &Site, menu: Menu) -> u32;

    /// Begins the next run. `false` if there is none that was not seen yet.
    fn advance(&mut self) -> bool {
        false
    }
}

/// Shared with a caller who looks at it after the run.
impl<S: Strategy> Strategy for Arc<Mutex<S>> {
    fn pick(&mut self, site: &Site, menu: Menu) -> u32 {
        self.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pick(site, menu)
    }

    fn advance(&mut self) -> bool {
        self.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .advance()
    }
}

/// Draws each pick from the seed and the site's identity, not from one stream: dropping a customer, or adding a choice,
/// does not re-deal the cards of the others (counter-based generation, after Salmon et al., "Parallel random numbers: as
/// easy as 1, 2, 3", SC 2011; the mixing function is wyhash's).
#[derive(Clone, Copy, Debug)]
pub struct Random {
    key: u64,
}

impl Random {
    /// The strategy of a seed.
    pub const fn new(seed: u64) -> Random {
        Random {
            key: mix(seed, 0x5851_f42d_4c95_7f2d),
        }
    }

    /// The uniform 64-bit draw of a site.
    #[inline]
    pub const fn draw(&self, site: &Site) -> u64 {
        let who = mix(self.key ^ site.kind.hash(), site.lineage.0);
        mix(
            who,
            site.ordinal.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.key,
        )
    }
}

/// A draw as one of so many picks, all alike.
#[inline]
pub(crate) const fn below(draw: u64, bound: u32) -> u32 {
    ((draw as u128 * bound as u128) >> 64) as u32
}

impl Strategy for Random {
    #[inline]
    fn pick(&mut self, site: &Site, menu: Menu) -> u32 {
        let draw = self.draw(site);
        match menu {
            Menu::Chance(odds) => u32::from(odds.strikes(draw)),
            alike => below(draw, alike.bound()),
        }
    }
}

/// Gives back the picks of a trace, and the dull pick to what it does not know.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    picks: BTreeMap<Asked, u32>,
    times: Times,
    misfits: usize,
}

impl Replay {
    /// Replays a trace.
    pub fn new(trace: &Trace) -> Replay {
        Replay {
            picks: trace.by_asked(),
            times: Times::default(),
            misfits: 0,
        }
    }

    /// How many picks did not fit the menu they met: the trace belongs to another world.
    pub fn misfits(&self) -> usize {
        self.misfits
    }

    /// How many picks of the trace were not asked for.
    pub fn unasked(&self) -> usize {
        self.picks.len()
    }
}

impl Strategy for Replay {
    fn pick(&mut self, site: &Site, menu: Menu) -> u32 {
        let asked = self.times.ask(site);
        match self.picks.remove(&asked) {
            Some(pick) if pick < menu.bound() => pick,
            Some(_) => {
                self.misfits += 1;
                0
            }
            None => 0,
        }
    }
}

/// Every list of picks, one run after another: the rightmost pick that can grow grows, and what lies right of it is forgotten
/// (the generator of TigerBeetle's `exhaustigen`, which enumerates all inputs of a program without knowing their type).
#[derive(Clone, Debug, Default)]
pub struct Exhaustive {
    path: Vec<Step>,
    depth: usize,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    pick: u32,
    bound: u32,
}

impl Exhaustive {
    /// Enumerates every choice, faults included.
    pub fn new() -> Exhaustive {
        Exhaustive::default()
    }
}

impl Strategy for Exhaustive {
    fn pick(&mut self, _site: &Site, menu: Menu) -> u32 {
        let bound = menu.bound();
        if self.depth == self.path.len() {
            self.path.push(Step { pick: 0, bound });
        }
        let step = self.path[self.depth];
        assert_eq!(
            step.bound, bound,
            "the world is not a function of its picks: a choice changed its bound on replay"
        );
        self.depth += 1;
        step.pick
    }

    fn advance(&mut self) -> bool {
        self.path.truncate(self.depth);
        self.depth = 0;
        while let Some(step) = self.path.last_mut() {
            if step.pick + 1 < step.bound {
                step.pick += 1;
                return true;
            }
            self.path.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Kind, Lineage};

    const COIN: Kind = Kind::new("test.coin");

    fn site(who: u64, ordinal: u64) -> Site {
        Site::new(COIN, Lineage::ROOT.child(COIN, who), ordinal)
    }

    #[test]
    fn a_draw_depends_on_the_seed_and_the_identity_and_on_nothing_else() {
        let (mut one, mut two) = (Random::new(7), Random::new(7));
        let first: Vec<u32> = (0..100)
            .map(|i| one.pick(&site(i, 0), Menu::Uniform(1_000)))
            .collect();
        let backwards: Vec<u32> = (0..100)
            .rev()
            .map(|i| two.pick(&site(i, 0), Menu::Uniform(1_000)))
            .collect();
        assert_eq!(first, backwards.into_iter().rev().collect::<Vec<_>>());
        let other: Vec<u32> = (0..100)
            .map(|i| Random::new(8).pick(&site(i, 0), Menu::Uniform(1_000)))
            .collect();
        assert_ne!(first, other);
    }

    #[test]
    fn the_draws_of_a_seed_are_golden() {
        let mut random = Random::new(1);
        let picks: Vec<u32> = (0..8)
            .map(|i| random.pick(&site(3, i), Menu::Uniform(1_000)))
            .collect();
        assert_eq!(picks, [207, 525, 231, 793, 30, 949, 149, 213]);
    }

    #[test]
    fn a_chance_strikes_as_often_as_it_says() {
        let mut random = Random::new(42);
        let odds = Odds::of(0.221);
        let hits: u32 = (0..1_000_000)
            .map(|i| random.pick(&site(i, 1), Menu::Chance(odds)))
            .sum();
        // five standard deviations of a binomial of a million
        assert!((218_925..=223_075).contains(&hits), "{hits}");
    }

    #[test]
    fn uniform_picks_fill_their_range_evenly() {
        let mut random = Random::new(3);
        let mut counts = [0_u32; 10];
        for i in 0..100_000 {
            counts[random.pick(&site(9, i), Menu::Uniform(10)) as usize] += 1;
        }
        // chi-square with 9 degrees of freedom stays below 33.7 with probability 0.9999
        let chi: f64 = counts
            .iter()
            .map(|c| (f64::from(*c) - 1e4).powi(2) / 1e4)
            .sum();
        assert!(chi < 33.7, "{counts:?}");
    }

    #[test]
    fn exhaustive_sees_every_list_once() {
        let mut all = Exhaustive::new();
        let mut seen = Vec::new();
        loop {
            let a = all.pick(&site(0, 0), Menu::Uniform(3));
            let b = if a == 1 {
                all.pick(&site(0, 1), Menu::Uniform(2))
            } else {
                9
            };
            seen.push((a, b));
            if !all.advance() {
                break;
            }
        }
        assert_eq!(seen, [(0, 9), (1, 0), (1, 1), (2, 9)]);
    }

    #[test]
    fn a_replay_knows_sites_and_not_places_and_counts_what_does_not_fit() {
        let text = "test.coin 6f6e636570726f6f 1 0 1\ntest.coin 6f6e636570726f6f 0 0 5\ntest.coin 6f6e636570726f6f 9 0 1";
        let mut replay = Replay::new(&text.parse().expect("it is a trace"));
        let mut pick =
            |ordinal| replay.pick(&Site::new(COIN, Lineage::ROOT, ordinal), Menu::Uniform(2));
        assert_eq!([0, 1, 1, 2].map(&mut pick), [0, 1, 0, 0]);
        assert_eq!((replay.misfits(), replay.unasked()), (1, 1));
    }
}
