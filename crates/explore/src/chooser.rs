//! The one door for chance. Asks the strategy, keeps what was picked, and digests it.

use crate::digest::Digest;
use crate::odds::Odds;
use crate::quantile::Quantiles;
use crate::site::Site;
use crate::strategy::{Menu, Random, Strategy, below};
use crate::trace::{Times, Trace};

/// Answers every question of a run, through one [`Strategy`].
#[derive(Debug)]
pub struct Chooser {
    source: Source,
    digest: Digest,
    recording: Option<Box<Recording>>,
}

#[derive(Debug, Default)]
struct Recording {
    times: Times,
    trace: Trace,
}

impl Default for Chooser {
    /// Picks by the seed 0: what is left behind where a chooser was taken.
    fn default() -> Chooser {
        Chooser::random(0)
    }
}

/// The random strategy is asked some hundred million times a run, so it is not behind a virtual call.
#[derive(Debug)]
enum Source {
    Random(Random),
    Other(Box<dyn Strategy>),
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

    /// Picks by any strategy.
    pub fn of(strategy: impl Strategy + 'static) -> Chooser {
        Chooser {
            source: Source::Other(Box::new(strategy)),
            digest: Digest::default(),
            recording: None,
        }
    }

    /// The same chooser, keeping every pick. A large run makes some hundred million.
    #[must_use]
    pub fn recording(mut self) -> Chooser {
        self.recording = Some(Box::default());
        self
    }

    /// Begins the next run of the same strategy, with an empty digest and trace. `false` if the strategy has seen all runs; one that picks
    /// by a seed has but one.
    pub fn advance(&mut self) -> bool {
        self.digest = Digest::default();
        self.recording = self.recording.take().map(|_| Box::default());
        match &mut self.source {
            Source::Random(_) => false,
            Source::Other(strategy) => strategy.advance(),
        }
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
    fn pick(&mut self, site: Site, menu: Menu) -> u32 {
        let pick = match &mut self.source {
            Source::Random(random) => random.pick(&site, menu),
            Source::Other(strategy) => {
                let pick = strategy.pick(&site, menu);
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
        if self.recording.is_some() {
            self.record(site, pick);
        }
    }

    #[cold]
    fn record(&mut self, site: &Site, pick: u32) {
        if let Some(recording) = &mut self.recording {
            let asked = recording.times.ask(site);
            recording.trace.keep(site.kind, asked, pick);
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

    /// The trace so far; empty if this chooser does not record.
    pub fn take_trace(&mut self) -> Trace {
        let recording = self.recording.as_mut();
        recording
            .map(|recording| std::mem::take(&mut recording.trace))
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
        let mut second = Chooser::of(Replay::new(&first.take_trace()));
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
        assert!(chooser.take_trace().is_empty());
    }
}
