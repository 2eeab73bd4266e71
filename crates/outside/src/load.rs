//! The load as it comes: purchases by time, the purchases that follow from them, and the visits that each comes to.

use std::collections::{BTreeMap, VecDeque};

use explore::Kind;
use history::{IntentRef, KeyRef, Label};
use protocol::Button;
use scenario::{Intent, KeyPolicy, Unfold};

use crate::reuse::{ReuseTable, Reused};
use crate::script::{ClientScript, Script};
use crate::visit::{Purchase, Tap, Visit, new_key};
use crate::wire::Wire;

const REPEAT: Kind = Kind::new("client.repeat");

/// What a world is asked to do later. Times and spans are in microseconds.
pub trait Schedule {
    /// [`Purchases::go_on`] is to be called at this time.
    fn load_at(&mut self, at_us: u64);

    /// A visit begins after this span: at once, before the call returns, if it is 0.
    fn come(&mut self, visit: Visit, after_us: u64);
}

/// What the service's own app does, whatever the plan says of its customers: the client's side of a strategy.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// What its button does.
    pub button: Button,
    /// Whether it sends a key for every purchase, even where the plan's clients send none.
    pub brings_key: bool,
}

/// The load of a run: what is still to come of it.
#[derive(Debug)]
pub struct Purchases {
    manners: Manners,
    unfold: Unfold,
    next: Option<Intent>,
    /// Purchases that follow from others, by time, with the key that they reuse.
    later: VecDeque<(Intent, Option<Reused>)>,
    /// The purchases whose payment has a channel of its own, by the number of their intent, until it acts.
    with_channel: BTreeMap<u32, (Intent, Purchase)>,
}

impl Purchases {
    /// The whole load, of which nothing has come yet.
    pub fn new(script: &Script, manners: Manners) -> Purchases {
        Purchases {
            manners,
            unfold: script.unfold.clone(),
            next: None,
            later: VecDeque::new(),
            with_channel: BTreeMap::new(),
        }
    }

    /// Back to the beginning of the load.
    pub fn rewind(&mut self) {
        self.unfold.rewind();
        self.next = None;
        self.later.clear();
        self.with_channel.clear();
    }

    /// Whether the whole load has come.
    pub fn are_done(&self) -> bool {
        self.next.is_none() && self.later.is_empty()
    }

    /// Whether a capture may still bring a payment's own channel about.
    pub fn have_channels(&self) -> bool {
        !self.with_channel.is_empty()
    }

    /// The load begins, or goes on with the next purchase of the plan.
    pub fn await_next<W: Wire>(&mut self, wire: &W, schedule: &mut impl Schedule) {
        self.next = wire.at_desk(|desk| self.unfold.next(desk.chooser));
        if let Some(intent) = &self.next {
            schedule.load_at(intent.at_us);
        }
    }

    /// A purchase is due: its visits are made, and the next purchase is awaited.
    pub fn go_on<W: Wire>(&mut self, wire: &W, now_us: u64, schedule: &mut impl Schedule) {
        let later = self.later.front();
        if later.is_some_and(|(later, _)| later.at_us <= now_us)
            && let Some((later, reused)) = self.later.pop_front()
        {
            if reused.is_none() {
                wire.at_desk(|desk| desk.cover(Label::RepeatPurchase));
            }
            self.begin(wire, later, reused, schedule);
            return;
        }
        if let Some(intent) = self.next.take() {
            self.plan_repeat(&intent, schedule);
            self.begin(wire, intent, None, schedule);
            self.await_next(wire, schedule);
        }
    }

    fn plan_repeat(&mut self, intent: &Intent, schedule: &mut impl Schedule) {
        let Some(after_us) = intent.repeat_after_us else {
            return;
        };
        let repeat = Intent {
            at_us: intent.at_us + after_us,
            lineage: intent.lineage.child(REPEAT, 0),
            repeat_after_us: None,
            ..*intent
        };
        self.put_off(repeat, None, schedule);
    }

    /// A purchase that follows from another is still to come.
    fn put_off(&mut self, intent: Intent, reused: Option<Reused>, schedule: &mut impl Schedule) {
        let is_before = |(other, _): &(Intent, _)| other.at_us <= intent.at_us;
        let place = self.later.partition_point(is_before);
        self.later.insert(place, (intent, reused));
        schedule.load_at(intent.at_us);
    }

    /// The purchases that reuse the key of this one are planned.
    fn plan_reuse<W: Wire>(
        &mut self,
        wire: &W,
        intent: &Intent,
        key: KeyRef,
        schedule: &mut impl Schedule,
    ) {
        let script = wire.script();
        let ways = script.clients[intent.client].habits.key_reuse.iter();
        let planned: Vec<(Intent, Reused)> = wire.at_desk(|desk| {
            let draw = |(nth, way): (usize, &ReuseTable)| {
                way.draw(nth, intent, key, script.shop, desk.chooser)
            };
            ways.enumerate().filter_map(draw).collect()
        });
        for (later, reused) in planned {
            self.put_off(later, Some(reused), schedule);
        }
    }
}

impl Purchases {
    /// A customer decides to buy, perhaps under a key that was sent before.
    fn begin<W: Wire>(
        &mut self,
        wire: &W,
        intent: Intent,
        reused: Option<Reused>,
        schedule: &mut impl Schedule,
    ) {
        let script = wire.script();
        let client = &script.clients[intent.client];
        let purchase = match reused {
            None => Purchase::new(wire, &intent, self.shares_key(client)),
            Some(reused) => Purchase::under(wire, &intent, &reused),
        };
        let edited = match client.plan.edited_cart {
            None => None,
            Some(_) => self.edited(wire, &intent, purchase),
        };
        // Of an edited cart the channel does not know which version was paid for.
        if client.plan.second_channel.is_some() && edited.is_none() {
            let number = purchase.intent.index() as u32;
            self.with_channel.insert(number, (intent, purchase));
        }
        if let (None, Some(key), false) = (reused, purchase.key, client.plan.key_reuse.is_empty()) {
            self.plan_reuse(wire, &intent, key, schedule);
        }
        let first = Visit {
            intent,
            purchase,
            tap: Tap::Button(0),
            uplink_us: None,
            button: self.manners.button,
            meets: reused.and_then(|reused| reused.meets(script.key_ttl_us)),
        };
        let leaves_us = taps(wire, client, first, schedule);
        if let Some((after_us, visit)) = edited {
            schedule.come(visit, leaves_us + after_us);
        }
        self.second_tab(wire, client, first, leaves_us, schedule);
    }

    fn shares_key(&self, client: &ClientScript) -> bool {
        match client.plan.key {
            KeyPolicy::PerIntent => true,
            KeyPolicy::None => self.manners.brings_key,
            KeyPolicy::PerTap | KeyPolicy::PerAttempt => false,
        }
    }

    /// A second tab does the same once more, if one is open.
    fn second_tab<W: Wire>(
        &self,
        wire: &W,
        client: &ClientScript,
        first: Visit,
        leaves_us: u64,
        schedule: &mut impl Schedule,
    ) {
        let intent = first.intent;
        let after_us = wire.at_desk(|desk| client.habits.second_tab_us(&intent, desk));
        let Some(after_us) = after_us else {
            return;
        };
        let key = first.purchase.key.map(|_| new_key(wire, &intent));
        let visit = Visit {
            purchase: Purchase {
                key,
                ..first.purchase
            },
            tap: Tap::SecondTab,
            meets: None,
            ..first
        };
        schedule.come(visit, leaves_us + after_us);
    }

    /// Money was captured and its caller did not hear of it: the payment's channel will, when it looks next or when the provider tells it,
    /// whichever is first. It knows each purchase once.
    pub fn channel_hears<W: Wire>(
        &mut self,
        wire: &W,
        intent: IntentRef,
        told_after_us: Option<u64>,
        schedule: &mut impl Schedule,
    ) {
        let Some((intent, purchase)) = self.with_channel.remove(&(intent.index() as u32)) else {
            return;
        };
        let habits = &wire.script().clients[intent.client].habits;
        let looks_after_us = wire.at_desk(|desk| habits.channel_us(&intent, desk));
        let visit = Visit {
            intent,
            purchase,
            tap: Tap::Channel,
            uplink_us: None,
            button: Button::Plain,
            meets: None,
        };
        let after_us = told_after_us.map_or(looks_after_us, |told| told.min(looks_after_us));
        schedule.come(visit, after_us);
    }

    /// The visit with the edited cart, if it is edited, and how long after the last tap it comes.
    fn edited<W: Wire>(
        &self,
        wire: &W,
        intent: &Intent,
        purchase: Purchase,
    ) -> Option<(u64, Visit)> {
        let script = wire.script();
        let habits = &script.clients[intent.client].habits;
        wire.at_desk(|desk| {
            let (after_us, basket) = habits.edited_cart(intent, script.shop.baskets, desk)?;
            let intent = Intent { basket, ..*intent };
            let content = script.menu.basket(intent.tenant, basket);
            let visit = Visit {
                intent,
                purchase: Purchase {
                    payload: desk.recorder.payload(content),
                    version: purchase.version + 1,
                    ..purchase
                },
                tap: Tap::Edit,
                uplink_us: None,
                button: self.manners.button,
                meets: purchase.key.map(|_| Label::KeyReused),
            };
            Some((after_us, visit))
        })
    }
}

/// The taps of a purchase come. Returns how long after its time the last one is made.
fn taps<W: Wire>(
    wire: &W,
    client: &ClientScript,
    first: Visit,
    schedule: &mut impl Schedule,
) -> u64 {
    let mut leaves_us = wire.at_desk(|desk| client.habits.offline_us(&first.intent, desk));
    let mut waiting: Option<(Visit, u64)> = None;
    for tap in 0..client.habits.taps() {
        let drawn = wire.at_desk(|desk| client.habits.tap(&first.intent, tap, desk));
        let Some((after_us, uplink_us)) = drawn else {
            continue;
        };
        leaves_us += after_us;
        let visit = Visit {
            tap: Tap::Button(tap as u32),
            uplink_us,
            ..first
        };
        let Button::Debounced(span) = first.button else {
            schedule.come(visit, leaves_us);
            continue;
        };
        // A tap within the time of the one before it takes its place.
        if let Some((earlier, tapped_us)) = waiting.replace((visit, leaves_us)) {
            match leaves_us - tapped_us >= span.0 {
                true => schedule.come(earlier, tapped_us),
                false => wire.at_desk(|desk| desk.devices.held_back += 1),
            }
        }
    }
    if let Some((last, tapped_us)) = waiting {
        schedule.come(last, tapped_us);
    }
    leaves_us
}
