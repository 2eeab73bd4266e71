//! The one door for chance. Asks the strategy, keeps what was picked, and digests it.

use std::cell::RefCell;
use std::rc::Rc;

use crate::digest::Digest;
use crate::kernel::Class;
use crate::odds::Odds;
use crate::quantile::Quantiles;
use crate::site::Site;
use crate::strategy::{Menu, Random, Strategy, below};

/// The picks of a run, in order: with the same world, the same run.
pub type Picks = Vec<u32>;

/// Answers every question of a run, through one [`Strategy`].
#[derive(Debug)]
pub struct Chooser {
    source: Source,
    digest: Digest,
    recording: Option<Picks>,
}

/// The random strategy is asked some hundred million times a run, so it is not behind a virtual call.
#[derive(Debug)]
enum Source {
    Random(Random),
    Other(Rc<RefCell<dyn Strategy>>),
}

impl Chooser {
    /// Picks by the seed.
    pub fn random(seed: u64) -> Chooser {
        Chooser {
            source: Source::Random(Random::new(seed)),
            digest: Digest::default(),
            recording: None,
        }
    }

    /// Picks by any strategy. It is shared, because a search goes on with it after the run.
    pub fn of(strategy: Rc<RefCell<dyn Strategy>>) -> Chooser {
        Chooser {
            source: Source::Other(strategy),
            digest: Digest::default(),
            recording: None,
        }
    }

    /// The same chooser, keeping every pick. A large run makes some hundred million.
    #[must_use]
    pub fn recording(mut self) -> Chooser {
        self.recording = Some(Picks::new());
        self
    }

    /// One of `bound` ways; 0 is the dull one.
    ///
    /// # Panics
    /// If `bound` is 0: there is nothing to choose.
    #[inline]
    pub fn choose(&mut self, site: &Site, bound: u32) -> u32 {
        assert!(bound > 0, "{}: nothing to choose from", site.kind.name());
        if bound == 1 {
            return 0;
        }
        self.uniform(site, bound)
    }

    /// Which of the enabled events goes next, by its place in the list; the first is the dull one.
    ///
    /// # Panics
    /// If nothing is enabled.
    pub fn next(&mut self, site: &Site, enabled: &[Class]) -> u32 {
        assert!(
            !enabled.is_empty(),
            "{}: nothing is enabled",
            site.kind.name()
        );
        if enabled.len() == 1 {
            return 0;
        }
        self.pick(*site, Menu::Next(enabled))
    }

    /// Whether something of these odds strikes. What cannot strike is not asked.
    #[inline(always)]
    pub fn chance(&mut self, site: &Site, odds: Odds) -> bool {
        if !odds.possible() {
            return false;
        }
        match &self.source {
            Source::Random(random) => {
                let strikes = odds.strikes(random.draw(site));
                self.keep(site, u32::from(strikes));
                strikes
            }
            Source::Other(_) => self.pick(*site, Menu::Chance(odds)) == 1,
        }
    }

    /// A value of a distribution; pick 0 is its smallest.
    #[inline]
    pub fn quantile(&mut self, site: &Site, table: &Quantiles) -> u64 {
        match table.constant() {
            Some(value) => value,
            None => table.value(self.uniform(site, table.len())),
        }
    }

    // A seed is asked where the question is, which is most of the time: then the site is never put together.

    #[inline(always)]
    fn uniform(&mut self, site: &Site, bound: u32) -> u32 {
        match &self.source {
            Source::Random(random) => {
                let pick = below(random.draw(site), bound);
                self.keep(site, pick);
                pick
            }
            Source::Other(_) => self.pick(*site, Menu::Uniform(bound)),
        }
    }

    /// By value: so that only who comes here has the site put together.
    #[cold]
    fn pick(&mut self, site: Site, menu: Menu<'_>) -> u32 {
        let pick = match &mut self.source {
            Source::Random(random) => random.pick(&site, menu),
            Source::Other(strategy) => {
                let pick = strategy.borrow_mut().pick(&site, menu);
                let (name, bound) = (site.kind.name(), menu.bound());
                assert!(pick < bound, "{name}: pick {pick} out of {bound}");
                pick
            }
        };
        self.keep(&site, pick);
        pick
    }

    #[inline(always)]
    fn keep(&mut self, site: &Site, pick: u32) {
        self.digest.push(site.kind.hash() ^ u64::from(pick));
        if let Some(picks) = &mut self.recording {
            picks.push(pick);
        }
    }

    /// Adds a word of what happened to the trace digest.
    #[inline]
    pub fn note(&mut self, word: u64) {
        self.digest.push(word);
    }

    /// The digest of everything picked and noted so far.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The picks kept so far; empty if this chooser does not record.
    pub fn take_picks(&mut self) -> Picks {
        self.recording
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Kind, Lineage};
    use crate::strategy::Replay;

    const DIE: Kind = Kind::new("test.die");

    fn run(chooser: &mut Chooser) -> Vec<u32> {
        (0..50)
            .map(|i| chooser.choose(&Site::new(DIE, Lineage::ROOT, i), 6))
            .collect()
    }

    #[test]
    fn a_recorded_run_replays_to_the_same_picks_and_the_same_digest() {
        let mut first = Chooser::random(11).recording();
        let rolled = run(&mut first);
        let replay = Replay::new(first.take_picks());
        let mut second = Chooser::of(Rc::new(RefCell::new(replay)));
        assert_eq!(run(&mut second), rolled);
        assert_eq!(second.digest(), first.digest());
        let mut third = Chooser::random(12);
        run(&mut third);
        assert_ne!(third.digest(), first.digest());
    }

    #[test]
    fn what_cannot_strike_is_not_asked() {
        let mut chooser = Chooser::random(1).recording();
        assert!(!chooser.chance(&Site::new(DIE, Lineage::ROOT, 0), Odds::NEVER));
        assert_eq!(chooser.choose(&Site::new(DIE, Lineage::ROOT, 1), 1), 0);
        assert!(chooser.take_picks().is_empty());
    }
}
