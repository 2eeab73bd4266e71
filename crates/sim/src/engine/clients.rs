//! Intents become visits, and visits go on when they hear something.

use orders::Job;
use std::future::Future;

use explore::{Class, Kind, TaskId};
use history::{IntentRef, KeyRef, Label};
use protocol::Button;
use scenario::{Intent, KeyPolicy};

use crate::attempt::AttemptId;
use crate::client::{Purchase, Tap, Visit};
use crate::engine::Engine;
use crate::ports::ReplicaPorts;
use crate::reuse::Reused;
use crate::world::{Event, State};

const REPEAT: Kind = Kind::new("client.repeat");

impl<'w, F, H, G, V> Engine<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    /// An intent begins: its visits are made, and the next one is awaited.
    pub(super) fn intent(&mut self) {
        let now_us = self.world.now_us();
        let later = self.arrivals.later.front();
        if later.is_some_and(|(later, _)| later.at_us <= now_us)
            && let Some((later, reused)) = self.arrivals.later.pop_front()
        {
            if reused.is_none() {
                self.world.state.borrow_mut().cover(Label::RepeatPurchase);
            }
            self.purchase(later, reused);
            return;
        }
        if let Some(intent) = self.arrivals.next.take() {
            self.plan_repeat(&intent);
            self.purchase(intent, None);
            self.next_intent();
        }
    }

    pub(super) fn next_intent(&mut self) {
        let state = &mut *self.world.state.borrow_mut();
        self.arrivals.next = self.arrivals.unfold.next(&mut state.chooser);
        if let Some(intent) = &self.arrivals.next {
            state.kernel.at(intent.at_us, Class::Timer, Event::Intent);
        }
    }

    fn plan_repeat(&mut self, intent: &Intent) {
        let Some(after_us) = intent.repeat_after_us else {
            return;
        };
        let lineage = intent.lineage.child(REPEAT, 0);
        let repeat = Intent {
            at_us: intent.at_us + after_us,
            lineage,
            repeat_after_us: None,
            ..*intent
        };
        self.put_off(repeat, None);
    }

    /// A purchase that follows from another is still to come.
    fn put_off(&mut self, intent: Intent, reused: Option<Reused>) {
        self.arrivals.put_off(intent, reused);
        let kernel = &mut self.world.state.borrow_mut().kernel;
        kernel.at(intent.at_us, Class::Timer, Event::Intent);
    }

    /// The purchases that reuse the key of this one are planned.
    fn plan_reuse(&mut self, intent: &Intent, key: KeyRef) {
        let planned: Vec<(Intent, Reused)> = {
            let chooser = &mut self.world.state.borrow_mut().chooser;
            let planned =
                self.world
                    .setting
                    .habits
                    .key_reuse(intent, key, &self.world.setting.plan, chooser);
            planned.collect()
        };
        for (later, reused) in planned {
            self.put_off(later, Some(reused));
        }
    }

    /// A customer decides to buy, perhaps under a key that was sent before.
    fn purchase(&mut self, intent: Intent, reused: Option<Reused>) {
        let world = self.world;
        let client = &world.setting.plan.clients[intent.client];
        let shares_key = match client.key {
            KeyPolicy::PerIntent => true,
            KeyPolicy::None => self.brings_key,
            KeyPolicy::PerTap | KeyPolicy::PerAttempt => false,
        };
        let purchase = match reused {
            None => world.purchase(&intent, shares_key),
            Some(reused) => world.purchase_under(&intent, &reused),
        };
        let edited = match client.edited_cart {
            None => None,
            Some(_) => self.edited(&intent, purchase),
        };
        // Of an edited cart the channel does not know which version was paid for.
        if client.second_channel.is_some() && edited.is_none() {
            let number = purchase.intent.index() as u32;
            self.with_channel.insert(number, (intent, purchase));
        }
        if let (None, Some(key), false) = (reused, purchase.key, client.key_reuse.is_empty()) {
            self.plan_reuse(&intent, key);
        }
        let meets = reused.and_then(|reused| reused.meets(world));
        let mut leaves_us = self
            .world
            .setting
            .habits
            .offline_us(&intent, &mut world.state.borrow_mut());
        let mut waiting: Option<(Visit, u64)> = None;
        for tap in 0..self.world.setting.habits.taps(&intent) {
            let Some((after_us, uplink_us)) =
                self.world
                    .setting
                    .habits
                    .tap(&intent, tap, &mut world.state.borrow_mut())
            else {
                continue;
            };
            leaves_us += after_us;
            let visit = Visit {
                intent,
                purchase,
                tap: Tap::Button(tap as u32),
                uplink_us,
                button: self.button,
                meets,
            };
            let Button::Debounced(span) = self.button else {
                self.come(visit, leaves_us);
                continue;
            };
            // A tap within the time of the one before it takes its place.
            if let Some((earlier, tapped_us)) = waiting.replace((visit, leaves_us)) {
                match leaves_us - tapped_us >= span.0 {
                    true => self.come(earlier, tapped_us),
                    false => world.hold_back(),
                }
            }
        }
        if let Some((last, tapped_us)) = waiting {
            self.come(last, tapped_us);
        }
        if let Some((after_us, visit)) = edited {
            self.come(visit, leaves_us + after_us);
        }
        self.second_tab(intent, purchase, leaves_us);
    }

    /// A second tab does the same once more, if one is open.
    fn second_tab(&mut self, intent: Intent, purchase: Purchase, leaves_us: u64) {
        let world = self.world;
        let second_tab_us = self
            .world
            .setting
            .habits
            .second_tab_us(&intent, &mut world.state.borrow_mut());
        if let Some(after_us) = second_tab_us {
            let key = purchase
                .key
                .map(|_| world.new_key(intent.client, intent.tenant));
            let purchase = Purchase { key, ..purchase };
            self.come(
                Visit {
                    intent,
                    purchase,
                    tap: Tap::SecondTab,
                    uplink_us: None,
                    button: self.button,
                    meets: None,
                },
                leaves_us + after_us,
            );
        }
    }

    /// Money was captured and its caller did not hear of it: the payment's channel will, when it looks next or when the gateway tells it,
    /// whichever is first. It knows each purchase once.
    pub(super) fn channel_hears(&mut self, intent: IntentRef, told_after_us: Option<u64>) {
        let Some((intent, purchase)) = self.with_channel.remove(&(intent.index() as u32)) else {
            return;
        };
        let looks_after_us = self
            .world
            .setting
            .habits
            .channel_us(&intent, &mut self.world.state.borrow_mut());
        let visit = Visit {
            intent,
            purchase,
            tap: Tap::Channel,
            uplink_us: None,
            button: Button::Plain,
            meets: None,
        };
        let after_us = told_after_us.map_or(looks_after_us, |told| told.min(looks_after_us));
        self.come(visit, after_us);
    }

    /// The visit with the edited cart, if it is edited, and how long after the last tap it comes.
    fn edited(&mut self, intent: &Intent, purchase: Purchase) -> Option<(u64, Visit)> {
        let world = self.world;
        let baskets = world.setting.plan.shop.baskets.len();
        let state = &mut *world.state.borrow_mut();
        let (after_us, basket) = self
            .world
            .setting
            .habits
            .edited_cart(intent, baskets, state)?;
        let intent = Intent { basket, ..*intent };
        let content = world.setting.menu.basket(intent.tenant, basket);
        let visit = Visit {
            intent,
            purchase: Purchase {
                payload: state.recorder.payload(content),
                version: purchase.version + 1,
                ..purchase
            },
            tap: Tap::Edit,
            uplink_us: None,
            button: self.button,
            meets: purchase.key.map(|_| Label::KeyReused),
        };
        Some((after_us, visit))
    }

    /// A visitor comes after a span.
    fn come(&mut self, visit: Visit, after_us: u64) {
        let go = &self.visit;
        let task = self.clients.spawn_with(|_| go(visit));
        if self.world.setting.plan.clients[visit.intent.client]
            .crash
            .is_some()
            && visit.is_of_the_app()
        {
            let intent = visit.purchase.intent.index() as u32;
            let state = &mut *self.world.state.borrow_mut();
            state.apps.entry(intent).or_default().push(task);
        }
        if after_us == 0 {
            self.poll_client(task);
        } else {
            self.world.state.borrow_mut().kernel.after(
                after_us,
                Class::Timer,
                Event::Client(task.into()),
            );
        }
    }

    pub(super) fn poll_client(&mut self, task: TaskId) {
        self.world.state.borrow_mut().running_client = Some(task);
        self.clients.poll(task);
        self.world.state.borrow_mut().running_client = None;
    }

    /// An app dies: the tap that waits hears of it, and will come back; the others are gone.
    pub(super) fn app_dies(&mut self, attempt: AttemptId) {
        let died = self.world.state.borrow_mut().app_dies(attempt);
        if let Some((task, others)) = died {
            for other in others {
                self.clients.remove(other);
            }
            self.poll_client(task);
        }
    }

    /// A client will never hear of its attempt: it waits for ever, and the run does not wait for it.
    pub(super) fn forsaken(&mut self, attempt: AttemptId) {
        let gone = self.world.state.borrow_mut().give_up_on(attempt);
        if let Some(task) = gone {
            self.clients.remove(task);
        }
    }

    /// Something happened to an attempt: if its client heard of it, the client goes on.
    pub(super) fn go_on(&mut self, what: impl FnOnce(&mut State) -> Option<TaskId>) {
        let task = what(&mut self.world.state.borrow_mut());
        if let Some(task) = task {
            self.poll_client(task);
        }
    }
}
