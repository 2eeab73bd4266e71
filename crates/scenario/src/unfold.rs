//! The intents of a load, one after another, by asking a chooser.

use explore::{Chooser, Kind, Lineage, Odds, Site};

use crate::delay::{DelayTable, Weighted};
use crate::plan::{Load, Plan};

/// The role of an intent among the children of [`Lineage::ROOT`].
pub const INTENT: Kind = Kind::new("load.intent");

const ARRIVAL: Kind = Kind::new("load.arrival");
const CLIENT: Kind = Kind::new("load.client");
const TENANT: Kind = Kind::new("load.tenant");
const GUEST: Kind = Kind::new("load.guest");
const USER: Kind = Kind::new("load.user");
const BASKET: Kind = Kind::new("load.basket");
const REPEAT: Kind = Kind::new("load.repeat");
const REPEAT_AFTER: Kind = Kind::new("load.repeat-after");

/// How many intents are put into order at once.
const BLOCK: u64 = 256;

/// A purchase that a person means, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its number, from 0.
    pub number: u64,
    /// When the person decides, in microseconds since the run began.
    pub at_us: u64,
    /// Which kind of client, by its index.
    pub client: usize,
    /// Which shop.
    pub tenant: u32,
    /// Which user of the shop; `None` is a guest.
    pub user: Option<u64>,
    /// Which basket, by its index.
    pub basket: usize,
    /// How much later the same person buys the same content again, as another purchase.
    pub repeat_after_us: Option<u64>,
    /// Who asks for its chances.
    pub lineage: Lineage,
}

/// The intents of a plan's load, by time.
///
/// Every choice of an intent is asked in the intent's own name, so dropping one does not change the others. Arrivals still
/// ascend: 256 neighbours in number share an equal slice of the load, each lies anywhere in it, and a slice is sorted when
/// it begins. Memory is one slice, however long the load.
#[derive(Clone, Debug)]
pub struct Unfold {
    arrivals: Arrivals,
    client: Weighted,
    tenants: u32,
    users: Option<u32>,
    guest: Odds,
    basket: Weighted,
    repeat: Option<(Odds, DelayTable)>,
    /// The slice under way: time and number of each intent, latest first.
    slice: Vec<(u64, u64)>,
    next: u64,
}

impl Unfold {
    // What is asked for per intent is inline, here and in the tables: so it is optimised by the rooms that ask, also where this
    // one is not.

    /// The intents of this plan.
    pub fn new(plan: &Plan) -> Unfold {
        let repeat = plan.load.repeat.as_ref();
        Unfold {
            arrivals: Arrivals::new(&plan.load),
            client: Weighted::new(plan.clients.iter().map(|client| client.share)),
            tenants: plan.shop.tenants,
            users: plan
                .shop
                .users
                .map(|users| u32::try_from(users).unwrap_or(u32::MAX)),
            guest: Odds::of(plan.shop.guests),
            basket: Weighted::new(plan.shop.baskets.iter().map(|basket| basket.weight)),
            repeat: repeat.map(|rush| (Odds::of(rush.chance), DelayTable::new(&rush.after))),
            slice: Vec::with_capacity(BLOCK as usize),
            next: 0,
        }
    }

    /// The next intent, never earlier than the one before; `None` after the last.
    #[inline]
    pub fn next(&mut self, chooser: &mut Chooser) -> Option<Intent> {
        if self.slice.is_empty() {
            self.fill(chooser);
        }
        let (at_us, number) = self.slice.pop()?;
        Some(self.intent(number, at_us, chooser))
    }

    /// Back to the first intent.
    pub fn rewind(&mut self) {
        self.slice.clear();
        self.next = 0;
    }

    /// Who asks for the chances of an intent.
    #[inline]
    pub const fn lineage(number: u64) -> Lineage {
        Lineage::ROOT.child(INTENT, number)
    }

    #[inline]
    fn fill(&mut self, chooser: &mut Chooser) {
        let first = self.next;
        let size = BLOCK.min(self.arrivals.intents - first);
        for number in first..first + size {
            let at_us = self.arrivals.draw(number, first, size, chooser);
            self.slice.push((at_us, number));
        }
        self.slice.sort_unstable_by(|a, b| b.cmp(a));
        self.next = first + size;
    }

    #[inline]
    fn intent(&self, number: u64, at_us: u64, chooser: &mut Chooser) -> Intent {
        let lineage = Unfold::lineage(number);
        let site = |kind| Site::new(kind, lineage, 0);
        Intent {
            number,
            at_us,
            client: self.client.choose(chooser, CLIENT, lineage),
            tenant: chooser.choose(&site(TENANT), self.tenants),
            user: if chooser.chance(&site(GUEST), self.guest) {
                None
            } else {
                Some(match self.users {
                    Some(users) => u64::from(chooser.choose(&site(USER), users)),
                    None => number,
                })
            },
            basket: self.basket.choose(chooser, BASKET, lineage),
            repeat_after_us: match &self.repeat {
                Some((odds, after)) if chooser.chance(&site(REPEAT), *odds) => {
                    Some(after.draw(chooser, REPEAT_AFTER, lineage, 0))
                }
                _ => None,
            },
            lineage,
        }
    }
}

/// When intents arrive: the inverse of the cumulative arrival function, whose rate is 1 outside the peak.
#[derive(Clone, Debug)]
struct Arrivals {
    intents: u64,
    last_us: u64,
    /// What all intents weigh together, each the same; in microseconds at rate 1.
    mass: f64,
    peak_from: f64,
    peak_mass: f64,
    peak_factor: f64,
}

impl Arrivals {
    fn new(load: &Load) -> Arrivals {
        let (from, length, factor) = load.peak.map_or((load.over_us, 0, 1.0), |peak| {
            let length = peak.window.until_us - peak.window.from_us;
            (peak.window.from_us, length, peak.factor)
        });
        Arrivals {
            intents: load.intents,
            last_us: load.over_us.saturating_sub(1),
            mass: (load.over_us - length) as f64 + length as f64 * factor,
            peak_from: from as f64,
            peak_mass: length as f64 * factor,
            peak_factor: factor,
        }
    }

    /// When an intent arrives: anywhere in the part of the load that the `size` intents from `first` on share.
    #[inline]
    fn draw(&self, number: u64, first: u64, size: u64, chooser: &mut Chooser) -> u64 {
        if self.intents == 1 {
            return 0;
        }
        let site = Site::new(ARRIVAL, Unfold::lineage(number), 0);
        let within = f64::from(chooser.choose(&site, u32::MAX)) / f64::from(u32::MAX);
        let position = (first as f64 + within * size as f64) / self.intents as f64;
        (self.instant(position * self.mass) as u64).min(self.last_us)
    }

    #[inline]
    fn instant(&self, mass: f64) -> f64 {
        if mass < self.peak_from {
            mass
        } else if mass < self.peak_from + self.peak_mass {
            self.peak_from + (mass - self.peak_from) / self.peak_factor
        } else {
            mass - self.peak_mass + self.peak_mass / self.peak_factor
        }
    }
}
