//! A purchase, and the visits that are made for it: each visit is one thread of attempts.

use history::{IntentRef, KeyRef, Label, PayloadRef};
use protocol::Button;
use scenario::plan::TAPS_MAX;
use scenario::{Intent, ReuseBy};

use crate::desk::Page;
use crate::reuse::Reused;
use crate::wire::Wire;

/// A purchase by its names in the history.
#[derive(Clone, Copy, Debug)]
pub struct Purchase {
    /// The intent.
    pub intent: IntentRef,
    /// What is asked for.
    pub payload: PayloadRef,
    /// Which edit of the cart it is, from 1.
    pub version: u32,
    /// The key that all its requests share, if the client works so.
    pub key: Option<KeyRef>,
}

/// A reason to send requests for a purchase.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// The purchase as it was drawn.
    pub intent: Intent,
    /// Its names.
    pub purchase: Purchase,
    /// What brings it about.
    pub tap: Tap,
    /// How long its first request is under way, if not as the world says.
    pub uplink_us: Option<u64>,
    /// What the button does that is tapped.
    pub button: Button,
    /// The situation that is met when its first request leaves.
    pub meets: Option<Label>,
}

/// What brings a visit about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tap {
    /// A tap of the app's button, from 0.
    Button(u32),
    /// The button of another tab, with the same cart.
    SecondTab,
    /// The payment's own channel, which orders what was paid for.
    Channel,
    /// A tap of the app's button after the cart was edited.
    Edit,
}

/// The taps of a button are numbered below this.
const AFTER_TAPS: u64 = TAPS_MAX as u64;

impl Tap {
    /// Tells its chances from those of the purchase's other visits.
    pub(crate) fn ordinal(self) -> u64 {
        match self {
            Tap::Button(number) => u64::from(number),
            Tap::SecondTab => AFTER_TAPS,
            Tap::Channel => AFTER_TAPS + 1,
            Tap::Edit => AFTER_TAPS + 2,
        }
    }
}

/// A new key of an intent's client, by its name in the history.
#[inline]
pub(crate) fn new_key<W: Wire>(wire: &W, intent: &Intent) -> KeyRef {
    let form = wire.script().clients[intent.client].plan.key_form;
    wire.at_desk(|desk| desk.new_key(form, intent.tenant))
}

impl Purchase {
    /// A new purchase of an intent, with a key that all its requests share if the client works so.
    pub fn new<W: Wire>(wire: &W, intent: &Intent, shares_key: bool) -> Purchase {
        let key = shares_key.then(|| new_key(wire, intent));
        Purchase::with_key(wire, intent, key)
    }

    /// A new purchase of an intent, under the key of another purchase.
    pub(crate) fn under<W: Wire>(wire: &W, intent: &Intent, reused: &Reused) -> Purchase {
        let key = match reused.by {
            ReuseBy::SameUser | ReuseBy::AnotherUser => reused.key,
            ReuseBy::AnotherTenant => wire.at_desk(|desk| desk.namesake(reused.key, intent.tenant)),
        };
        Purchase::with_key(wire, intent, Some(key))
    }

    fn with_key<W: Wire>(wire: &W, intent: &Intent, key: Option<KeyRef>) -> Purchase {
        let basket = wire.script().menu.basket(intent.tenant, intent.basket);
        wire.at_desk(|desk| Purchase {
            intent: desk.recorder.intent(),
            payload: desk.recorder.payload(basket),
            version: 1,
            key,
        })
    }
}

impl Visit {
    pub(crate) fn page(&self) -> Page {
        Page {
            intent: self.purchase.intent.index() as u32,
            second_tab: self.tap == Tap::SecondTab,
        }
    }

    /// Whether the app itself makes it, and dies with it: another tab, or the payment's channel, is not the app.
    pub fn is_of_the_app(&self) -> bool {
        matches!(self.tap, Tap::Button(_) | Tap::Edit)
    }

    /// Whether its first request asks for what another visit's asked for before.
    pub(crate) fn repeats_a_content(&self) -> bool {
        !matches!(self.tap, Tap::Button(0) | Tap::Edit)
    }
}
