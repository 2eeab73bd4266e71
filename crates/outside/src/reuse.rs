//! Another purchase under the key of the first: by the same person, by another user, or in another shop.

use explore::{Chooser, Kind, Odds, Site};
use history::{KeyRef, Label};
use scenario::{DelayTable, Intent, KeyReuse, ReuseBy};

const COMES: Kind = Kind::new("client.key-reuse");
const AFTER: Kind = Kind::new("client.key-reuse.after");
const WHO: Kind = Kind::new("client.key-reuse.who");
const BASKET: Kind = Kind::new("client.key-reuse.basket");
const REUSE: Kind = Kind::new("client.key-reuse.intent");

/// Among how many customers, shops and baskets there is to choose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shop {
    pub(crate) baskets: usize,
    pub(crate) tenants: u32,
    /// `None` if every purchase has a user of its own.
    pub(crate) users: Option<u64>,
    pub(crate) intents: u64,
}

/// One way in which the keys of a client are sent once more.
#[derive(Debug)]
pub(crate) struct ReuseTable {
    by: ReuseBy,
    odds: Odds,
    after: DelayTable,
}

/// A key that is sent once more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reused {
    pub(crate) by: ReuseBy,
    /// As the first purchase has it.
    pub(crate) key: KeyRef,
    /// How long after the first purchase.
    after_us: u64,
}

impl Reused {
    /// The situation that is met when the key is sent once more; none if its time to live, in microseconds, is over by then.
    pub(crate) fn meets(&self, key_ttl_us: u64) -> Option<Label> {
        let label = match self.by {
            ReuseBy::SameUser | ReuseBy::AnotherUser => Label::KeyReused,
            ReuseBy::AnotherTenant => Label::KeyOfAnotherTenant,
        };
        (self.after_us < key_ttl_us).then_some(label)
    }
}

impl ReuseTable {
    pub(crate) fn new(reuse: &KeyReuse) -> ReuseTable {
        ReuseTable {
            by: reuse.by,
            odds: Odds::of(reuse.rush.chance),
            after: DelayTable::new(&reuse.rush.after),
        }
    }

    /// The purchase that reuses the key of this one, if there is one, and when: the `nth` way of its client.
    pub(crate) fn draw(
        &self,
        nth: usize,
        first: &Intent,
        key: KeyRef,
        shop: Shop,
        chooser: &mut Chooser,
    ) -> Option<(Intent, Reused)> {
        let nth = nth as u64;
        let lineage = first.lineage;
        if !chooser.chance(&Site::new(COMES, lineage, nth), self.odds) {
            return None;
        }
        let after_us = self.after.draw(chooser, AFTER, lineage, nth);
        let other = |chooser: &mut Chooser, kind, of: u32, not: u32| {
            let step = chooser.choose(&Site::new(kind, lineage, nth), of - 1);
            (not + 1 + step) % of
        };
        let mut intent = Intent {
            at_us: first.at_us + after_us,
            lineage: lineage.child(REUSE, nth),
            repeat_after_us: None,
            ..*first
        };
        let baskets = shop.baskets as u32;
        match self.by {
            ReuseBy::SameUser => {
                intent.basket = other(chooser, BASKET, baskets, first.basket as u32) as usize;
            }
            ReuseBy::AnotherUser | ReuseBy::AnotherTenant => {
                let basket = chooser.choose(&Site::new(BASKET, lineage, nth), baskets);
                intent.basket = basket as usize;
            }
        }
        if self.by == ReuseBy::AnotherTenant {
            intent.tenant = other(chooser, WHO, shop.tenants, first.tenant);
        }
        if self.by == ReuseBy::AnotherUser {
            intent.user = first.user.map(|user| match shop.users {
                Some(users) => u64::from(other(chooser, WHO, users as u32, user as u32)),
                // Every intent has a user of its own: one that no intent has.
                None => shop.intents + user,
            });
        }
        let reused = Reused {
            by: self.by,
            key,
            after_us,
        };
        Some((intent, reused))
    }
}
