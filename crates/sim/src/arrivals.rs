//! The load as it comes: intents by time, and the taps and tabs that follow from them.

use std::collections::VecDeque;

use explore::{Chooser, Kind, Lineage, Odds, Site};
use history::{KeyRef, Label};
use scenario::{ClientPlan, DelayTable, Intent, Plan, Unfold};

use crate::reuse::{ReuseTable, Reused};
use crate::world::State;

/// The load as it comes: intents by time, and the purchases that follow from them.
#[derive(Debug)]
pub(crate) struct Arrivals {
    pub(crate) unfold: Unfold,
    pub(crate) next: Option<Intent>,
    /// Purchases that follow from others, by time, with the key that they reuse.
    pub(crate) later: VecDeque<(Intent, Option<Reused>)>,
}

/// What follows from a purchase, by the kind of its client: taps, tabs, edited carts, reused keys.
#[derive(Debug)]
pub(crate) struct Habits {
    taps: Vec<Vec<TapTable>>,
    second_tab: Vec<Option<(Odds, DelayTable)>>,
    offline: Vec<Option<(Odds, DelayTable)>>,
    /// How long after a capture each client's channel looks first, if it has one.
    channel: Vec<Option<DelayTable>>,
    edited_cart: Vec<Option<(Odds, DelayTable)>>,
    key_reuse: Vec<Vec<ReuseTable>>,
}

#[derive(Debug)]
struct TapTable {
    odds: Odds,
    after: DelayTable,
    uplink: Option<DelayTable>,
}
const TAP_COMES: Kind = Kind::new("client.tap.comes");
const TAP_AFTER: Kind = Kind::new("client.tap.after");
const TAP_UPLINK: Kind = Kind::new("client.tap.uplink");
const TAB: Kind = Kind::new("client.second-tab");
const OFFLINE: Kind = Kind::new("client.offline");
const EDIT: Kind = Kind::new("client.edited-cart");
const EDIT_BASKET: Kind = Kind::new("client.edited-cart.basket");
const CHANNEL: Kind = Kind::new("client.second-channel");

impl Habits {
    pub(crate) fn new(plan: &Plan) -> Habits {
        let rush = |rush: &Option<scenario::Rush>| {
            rush.as_ref()
                .map(|rush| (Odds::of(rush.chance), DelayTable::new(&rush.after)))
        };
        let tap = |tap: &scenario::Tap| TapTable {
            odds: Odds::of(tap.chance),
            after: DelayTable::new(&tap.after),
            uplink: tap.uplink.as_ref().map(DelayTable::new),
        };
        let channel = |client: &ClientPlan| {
            let channel = client.second_channel.as_ref()?;
            channel.wait.first().map(DelayTable::new)
        };
        Habits {
            taps: plan
                .clients
                .iter()
                .map(|client| client.taps.iter().map(tap).collect())
                .collect(),
            second_tab: plan
                .clients
                .iter()
                .map(|client| rush(&client.second_tab))
                .collect(),
            offline: plan
                .clients
                .iter()
                .map(|client| rush(&client.offline))
                .collect(),
            channel: plan.clients.iter().map(channel).collect(),
            edited_cart: plan
                .clients
                .iter()
                .map(|client| rush(&client.edited_cart))
                .collect(),
            key_reuse: plan
                .clients
                .iter()
                .map(|client| client.key_reuse.iter().map(ReuseTable::new).collect())
                .collect(),
        }
    }

    /// How many times the button is pressed at most.
    pub(crate) fn taps(&self, intent: &Intent) -> usize {
        self.taps[intent.client].len()
    }

    /// How long after the tap before this one is sent, and how long it is under way; `None` if it does not come.
    pub(crate) fn tap(
        &self,
        intent: &Intent,
        number: usize,
        state: &mut State,
    ) -> Option<(u64, Option<u64>)> {
        let tap = &self.taps[intent.client][number];
        let (lineage, ordinal) = (intent.lineage, number as u64);
        if tap.odds != Odds::Always
            && !state
                .chooser
                .chance(&Site::new(TAP_COMES, lineage, ordinal), tap.odds)
        {
            return None;
        }
        if number > 0 {
            state.cover(Label::DoubleClick);
        }
        let after_us = tap
            .after
            .draw(&mut state.chooser, TAP_AFTER, lineage, ordinal);
        let uplink = tap.uplink.as_ref();
        let uplink_us =
            uplink.map(|table| table.draw(&mut state.chooser, TAP_UPLINK, lineage, ordinal));
        Some((after_us, uplink_us))
    }

    /// How long the client has no network yet.
    pub(crate) fn offline_us(&self, intent: &Intent, state: &mut State) -> u64 {
        let leaves_us = rush(
            &self.offline[intent.client],
            OFFLINE,
            intent.lineage,
            &mut state.chooser,
        );
        if leaves_us.is_some() {
            state.cover(Label::Offline);
        }
        leaves_us.unwrap_or(0)
    }

    /// How long after an unanswered capture the payment's channel looks.
    pub(crate) fn channel_us(&self, intent: &Intent, state: &mut State) -> u64 {
        state.cover(Label::SecondChannel);
        let table = self.channel[intent.client].as_ref();
        table.map_or(0, |table| {
            table.draw(&mut state.chooser, CHANNEL, intent.lineage, 0)
        })
    }

    /// How long after the last tap a second tab does the same, if one is open.
    pub(crate) fn second_tab_us(&self, intent: &Intent, state: &mut State) -> Option<u64> {
        let after_us = rush(
            &self.second_tab[intent.client],
            TAB,
            intent.lineage,
            &mut state.chooser,
        );
        if after_us.is_some() {
            state.cover(Label::SecondTab);
        }
        after_us
    }
}

impl Habits {
    /// How long after the last tap the cart is edited and sent again, if it is, and which basket it is then.
    pub(crate) fn edited_cart(
        &self,
        intent: &Intent,
        baskets: usize,
        state: &mut State,
    ) -> Option<(u64, usize)> {
        let edited = &self.edited_cart[intent.client];
        let after_us = rush(edited, EDIT, intent.lineage, &mut state.chooser)?;
        state.cover(Label::EditedCart);
        let site = Site::new(EDIT_BASKET, intent.lineage, 0);
        let step = state.chooser.choose(&site, baskets as u32 - 1);
        Some((after_us, (intent.basket + 1 + step as usize) % baskets))
    }

    /// The purchases that reuse the key of this one.
    pub(crate) fn key_reuse<'a>(
        &'a self,
        intent: &'a Intent,
        key: KeyRef,
        plan: &'a Plan,
        chooser: &'a mut Chooser,
    ) -> impl Iterator<Item = (Intent, Reused)> + 'a {
        let ways = self.key_reuse[intent.client].iter().enumerate();
        ways.filter_map(move |(nth, way)| way.draw(nth, intent, key, plan, chooser))
    }
}

impl Arrivals {
    /// The whole load, of which nothing has come yet.
    pub(crate) fn new(unfold: Unfold) -> Arrivals {
        Arrivals {
            unfold,
            next: None,
            later: VecDeque::new(),
        }
    }

    /// Back to the beginning of the load.
    pub(crate) fn rewind(&mut self) {
        self.unfold.rewind();
        self.next = None;
        self.later.clear();
    }

    /// Whether the whole load has come.
    pub(crate) fn done(&self) -> bool {
        self.next.is_none() && self.later.is_empty()
    }

    /// A purchase that follows from another is still to come.
    pub(crate) fn put_off(&mut self, intent: Intent, reused: Option<Reused>) {
        let place = self
            .later
            .partition_point(|(other, _)| other.at_us <= intent.at_us);
        self.later.insert(place, (intent, reused));
    }
}

/// A second event, if it comes: how long after.
fn rush(
    of: &Option<(Odds, DelayTable)>,
    kind: Kind,
    lineage: Lineage,
    chooser: &mut Chooser,
) -> Option<u64> {
    let (odds, table) = of.as_ref()?;
    let comes = chooser.chance(&Site::new(kind, lineage, 0), *odds);
    comes.then(|| table.draw(chooser, kind, lineage, 1))
}
