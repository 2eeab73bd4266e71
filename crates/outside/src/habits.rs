//! What follows from a purchase, by the kind of its client: taps, tabs, edited carts, other purchases under the same key.

use explore::{Chooser, Kind, Lineage, Odds, Site};
use history::Label;
use scenario::{ClientPlan, DelayTable, Intent, Rush};

use crate::desk::Desk;
use crate::reuse::ReuseTable;

const TAP_COMES: Kind = Kind::new("client.tap.comes");
const TAP_AFTER: Kind = Kind::new("client.tap.after");
const TAP_UPLINK: Kind = Kind::new("client.tap.uplink");
const TAB: Kind = Kind::new("client.second-tab");
const OFFLINE: Kind = Kind::new("client.offline");
const EDIT: Kind = Kind::new("client.edited-cart");
const EDIT_BASKET: Kind = Kind::new("client.edited-cart.basket");
const CHANNEL: Kind = Kind::new("client.second-channel");

/// The tables of a kind of client.
#[derive(Debug)]
pub(crate) struct Habits {
    taps: Vec<TapTable>,
    second_tab: Option<FollowUp>,
    offline: Option<FollowUp>,
    /// How long after a capture the payment's channel looks first, if there is one.
    channel: Option<DelayTable>,
    edited_cart: Option<FollowUp>,
    pub(crate) key_reuse: Vec<ReuseTable>,
}

#[derive(Debug)]
struct TapTable {
    odds: Odds,
    after: DelayTable,
    uplink: Option<DelayTable>,
}

/// A second event that may come, and how long after the first.
#[derive(Debug)]
struct FollowUp {
    odds: Odds,
    after: DelayTable,
}

impl FollowUp {
    fn new(rush: &Rush) -> FollowUp {
        FollowUp {
            odds: Odds::of(rush.chance),
            after: DelayTable::new(&rush.after),
        }
    }

    /// How long after the first event it comes, if it comes.
    fn draw(&self, kind: Kind, lineage: Lineage, chooser: &mut Chooser) -> Option<u64> {
        let comes = chooser.chance(&Site::new(kind, lineage, 0), self.odds);
        comes.then(|| self.after.draw(chooser, kind, lineage, 1))
    }
}

impl TapTable {
    fn new(tap: &scenario::Tap) -> TapTable {
        TapTable {
            odds: Odds::of(tap.chance),
            after: DelayTable::new(&tap.after),
            uplink: tap.uplink.as_ref().map(DelayTable::new),
        }
    }
}

impl Habits {
    pub(crate) fn new(client: &ClientPlan) -> Habits {
        let follow_up = |rush: &Option<Rush>| rush.as_ref().map(FollowUp::new);
        let channel = client.second_channel.as_ref();
        Habits {
            taps: client.taps.iter().map(TapTable::new).collect(),
            second_tab: follow_up(&client.second_tab),
            offline: follow_up(&client.offline),
            channel: channel.and_then(|channel| channel.wait.first().map(DelayTable::new)),
            edited_cart: follow_up(&client.edited_cart),
            key_reuse: client.key_reuse.iter().map(ReuseTable::new).collect(),
        }
    }

    /// How many times the button is pressed at most.
    pub(crate) fn taps(&self) -> usize {
        self.taps.len()
    }

    /// How long after the tap before this one is sent, and how long it is under way; `None` if it does not come.
    pub(crate) fn tap(
        &self,
        intent: &Intent,
        number: usize,
        desk: &mut Desk<'_>,
    ) -> Option<(u64, Option<u64>)> {
        let tap = &self.taps[number];
        let (lineage, ordinal) = (intent.lineage, number as u64);
        let comes = Site::new(TAP_COMES, lineage, ordinal);
        if tap.odds != Odds::Always && !desk.chooser.chance(&comes, tap.odds) {
            return None;
        }
        if number > 0 {
            desk.cover(Label::DoubleClick);
        }
        let after_us = tap.after.draw(desk.chooser, TAP_AFTER, lineage, ordinal);
        let uplink = tap.uplink.as_ref();
        let uplink_us = uplink.map(|table| table.draw(desk.chooser, TAP_UPLINK, lineage, ordinal));
        Some((after_us, uplink_us))
    }

    /// How long the client has no network yet.
    pub(crate) fn offline_us(&self, intent: &Intent, desk: &mut Desk<'_>) -> u64 {
        let Some(offline) = &self.offline else {
            return 0;
        };
        let leaves_us = offline.draw(OFFLINE, intent.lineage, desk.chooser);
        if leaves_us.is_some() {
            desk.cover(Label::Offline);
        }
        leaves_us.unwrap_or(0)
    }

    /// How long after a capture of which the caller did not hear the payment's channel looks.
    pub(crate) fn channel_us(&self, intent: &Intent, desk: &mut Desk<'_>) -> u64 {
        desk.cover(Label::SecondChannel);
        let table = self.channel.as_ref();
        table.map_or(0, |table| {
            table.draw(desk.chooser, CHANNEL, intent.lineage, 0)
        })
    }

    /// How long after the last tap a second tab does the same, if one is open.
    pub(crate) fn second_tab_us(&self, intent: &Intent, desk: &mut Desk<'_>) -> Option<u64> {
        let second_tab = self.second_tab.as_ref()?;
        let after_us = second_tab.draw(TAB, intent.lineage, desk.chooser)?;
        desk.cover(Label::SecondTab);
        Some(after_us)
    }

    /// How long after the last tap the cart is edited and sent again, if it is, and which of the shop's baskets it is then.
    pub(crate) fn edited_cart(
        &self,
        intent: &Intent,
        baskets: usize,
        desk: &mut Desk<'_>,
    ) -> Option<(u64, usize)> {
        let edited = self.edited_cart.as_ref()?;
        let after_us = edited.draw(EDIT, intent.lineage, desk.chooser)?;
        desk.cover(Label::EditedCart);
        let site = Site::new(EDIT_BASKET, intent.lineage, 0);
        let step = desk.chooser.choose(&site, baskets as u32 - 1);
        Some((after_us, (intent.basket + 1 + step as usize) % baskets))
    }
}
