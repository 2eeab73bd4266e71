//! People and their apps: they tap, wait, lose patience, tap again, and retry without being asked.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use explore::{Class, Kind, Lineage, Odds, Site};
use history::{IntentRef, Invoke, KeyRef, Label, PayloadRef, TenantRef};
use protocol::Button;
use protocol::{Cart, OrderRequest, Problem, Tenant};
use scenario::plan::TAPS_MAX;
use scenario::{ClientPlan, DelayTable, Intent, KeyPolicy, Plan, Retry, ReuseBy};

use crate::attempt::{Attempt, Outcome};
use crate::reuse::Reused;
use crate::world::{Event, World, customer};

/// The clients of a world: one task for each visit.
pub trait Crowd {
    /// What the visitor does, to its end.
    #[expect(async_fn_in_trait, reason = "worlds run on one thread")]
    async fn visit(&self, world: &World, visit: Visit);
}

/// A reason to come: one thread of attempts for one purchase.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// The purchase.
    pub intent: Intent,
    /// Its names.
    pub purchase: Purchase,
    /// What brings it about.
    pub tap: Tap,
    /// How long the first request of this visit is under way, if not as the world says.
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
    /// By which its chances are told from those of the purchase's other visits.
    fn ordinal(self) -> u64 {
        match self {
            Tap::Button(number) => u64::from(number),
            Tap::SecondTab => AFTER_TAPS,
            Tap::Channel => AFTER_TAPS + 1,
            Tap::Edit => AFTER_TAPS + 2,
        }
    }
}

/// A page with a button of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Page {
    intent: u32,
    second_tab: bool,
}

/// A purchase as the harness knows it.
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

impl Visit {
    fn page(&self) -> Page {
        Page {
            intent: self.purchase.intent.index() as u32,
            second_tab: self.tap == Tap::SecondTab,
        }
    }

    /// Whether the app itself makes it, and dies with it: another tab, or the payment's channel, is not the app.
    pub(crate) fn is_of_the_app(&self) -> bool {
        matches!(self.tap, Tap::Button(_) | Tap::Edit)
    }

    /// Whether its first request asks for what another visit's asked for before.
    fn repeats_a_content(&self) -> bool {
        !matches!(self.tap, Tap::Button(0) | Tap::Edit)
    }
}

/// The clients of the plan.
#[derive(Debug)]
pub struct Shoppers {
    waits: Vec<Vec<DelayTable>>,
    channel_waits: Vec<Vec<DelayTable>>,
    back_after: Vec<Option<(Odds, DelayTable)>>,
    reserialised: Vec<Odds>,
}

const ATTEMPT: Kind = Kind::new("client.attempt");
const TAP: Kind = Kind::new("client.tap");
const WAIT: Kind = Kind::new("client.wait");
const REWRITES: Kind = Kind::new("client.reserialised");
const REWRITES_HOW: Kind = Kind::new("client.reserialised.how");
const APP_CRASH: Kind = Kind::new("client.crash");
const APP_WAIT: Kind = Kind::new("client.crash.wait");
const APP_MOMENT: Kind = Kind::new("client.crash.moment");
/// In how many moments of its wait an app may die; the first is when its request leaves.
const APP_MOMENTS: u32 = 8;
/// An app that was started so often again does not die any more.
const RESTARTS_MAX: u32 = 20;

impl Shoppers {
    /// The clients of a plan.
    pub fn new(plan: &Plan) -> Shoppers {
        let waits = |retry: &Option<Retry>| match retry {
            Some(retry) => retry.wait.iter().map(DelayTable::new).collect(),
            None => Vec::new(),
        };
        let clients = plan.clients.iter();
        let back = |client: &ClientPlan| {
            client
                .crash
                .as_ref()
                .map(|crash| (Odds::of(crash.chance), DelayTable::new(&crash.back_after)))
        };
        Shoppers {
            waits: clients.clone().map(|client| waits(&client.retry)).collect(),
            channel_waits: clients
                .map(|client| waits(&client.second_channel))
                .collect(),
            back_after: plan.clients.iter().map(back).collect(),
            reserialised: plan
                .clients
                .iter()
                .map(|client| Odds::of(client.reserialised))
                .collect(),
        }
    }

    /// The payment's own channel asks under a key of its own, until it is answered.
    async fn order_what_was_paid(&self, world: &World, visit: &Visit) {
        let client = &world.setting.plan.clients[visit.intent.client];
        let Some(channel) = &client.second_channel else {
            return;
        };
        let waits = &self.channel_waits[visit.intent.client];
        let lineage = visit.intent.lineage.child(TAP, visit.tap.ordinal());
        let key = Some(world.state.borrow_mut().recorder.key());
        for number in 1.. {
            let attempt_lineage = lineage.child(ATTEMPT, u64::from(number));
            let attempt = world.attempt(visit, key, attempt_lineage, client.timeout_us);
            let outcome = world.exchange(attempt).await;
            if !Shoppers::tries_again(Some(channel), outcome, number) {
                return;
            }
            let wait = &waits[(number as usize).min(waits.len() - 1)];
            let span_us = wait.draw(
                &mut world.state.borrow_mut().chooser,
                WAIT,
                lineage,
                u64::from(number),
            );
            world.client_sleep(span_us).await;
        }
    }

    /// Whether the client tries again after such an outcome.
    fn tries_again(retry: Option<&Retry>, outcome: Outcome, retries: u32) -> bool {
        let Some(retry) = retry.filter(|retry| retries < retry.max) else {
            return false;
        };
        match outcome {
            Outcome::Reset => retry.on_reset,
            Outcome::TimedOut => retry.on_timeout,
            Outcome::Died => false,
            Outcome::Answered(answer) => match answer.problem {
                Some(Problem::InProgress) => retry.on_in_progress,
                Some(Problem::KeyReused) => retry.on_key_reused,
                _ => {
                    retry.on_unavailable
                        && (answer.status >= 500 || matches!(answer.status, 425 | 429))
                }
            },
        }
    }

    /// Whether the app is to die while it waits: after how long, and for how long it is gone. It dies at any moment of a usual
    /// wait; if the answer is there before, it does not matter.
    fn dies(&self, world: &World, client: usize, lineage: Lineage) -> Option<(u64, u64)> {
        let (odds, table) = self.back_after[client].as_ref()?;
        let state = &mut *world.state.borrow_mut();
        let strikes = state.under_load
            && state
                .chooser
                .chance(&Site::new(APP_CRASH, lineage, 0), *odds);
        strikes.then(|| {
            let chooser = &mut state.chooser;
            let back_after_us = table.draw(chooser, APP_CRASH, lineage, 1);
            let delays = &world.setting.delays;
            let wait_us: u64 = [&delays.uplink, &delays.handler, &delays.downlink]
                .into_iter()
                .zip(0..)
                .map(|(delay, part)| delay.draw(chooser, APP_WAIT, lineage, part))
                .sum();
            let moment = chooser.choose(&Site::new(APP_MOMENT, lineage, 0), APP_MOMENTS);
            let after_us = wait_us * u64::from(moment) / u64::from(APP_MOMENTS);
            (after_us, back_after_us)
        })
    }
}

impl Shoppers {
    /// A visit's request of this number.
    #[inline(always)]
    fn attempt(
        &self,
        world: &World,
        visit: &Visit,
        number: u32,
        key: Option<KeyRef>,
        lineage: Lineage,
    ) -> Attempt {
        let client = &world.setting.plan.clients[visit.intent.client];
        let mut attempt = world.attempt(visit, key, lineage, client.timeout_us);
        if client.reserialised > 0.0 && (number > 0 || visit.repeats_a_content()) {
            let odds = self.reserialised[visit.intent.client];
            world.rewrite(&mut attempt, visit.intent.basket, odds);
        }
        attempt.uplink_us = visit.uplink_us.filter(|_| number == 0);
        attempt
    }
}

impl Crowd for Shoppers {
    async fn visit(&self, world: &World, visit: Visit) {
        if visit.tap == Tap::Channel {
            // Boxed, as the button is.
            return Box::pin(self.order_what_was_paid(world, &visit)).await;
        }
        let client = &world.setting.plan.clients[visit.intent.client];
        // Boxed, because few buttons do anything, and visits are made by the million.
        if visit.button != Button::Plain && !Box::pin(world.press(&visit)).await {
            if client.crash.is_some() {
                world.leave_app(&visit);
            }
            return;
        }
        if let Some(label) = visit.meets {
            world.state.borrow_mut().cover(label);
        }
        let lineage = visit.intent.lineage.child(TAP, visit.tap.ordinal());
        let mut key = visit.purchase.key;
        let (mut retries, mut restarts) = (0, 0);
        loop {
            let number = retries + restarts;
            let attempt_lineage = lineage.child(ATTEMPT, u64::from(number));
            if client.key == KeyPolicy::PerAttempt
                || (client.key == KeyPolicy::PerTap && number == 0)
            {
                key = Some(world.new_key(visit.intent.client, visit.intent.tenant));
            }
            let mut attempt = self.attempt(world, &visit, number, key, attempt_lineage);
            let death = match restarts < RESTARTS_MAX {
                true => self.dies(world, visit.intent.client, attempt_lineage),
                false => None,
            };
            attempt.dies_after_us = death.map(|(after_us, _)| after_us);
            let outcome = world.exchange(attempt).await;
            if let (Outcome::Died, Some((_, back_after_us)), Some(crash)) =
                (outcome, death, &client.crash)
            {
                world.client_sleep(back_after_us).await;
                if !crash.key_persisted && key.is_some() {
                    key = Some(world.new_key(visit.intent.client, visit.intent.tenant));
                }
                restarts += 1;
            } else if Shoppers::tries_again(client.retry.as_ref(), outcome, retries) {
                let waits = &self.waits[visit.intent.client];
                let wait = &waits[(retries as usize).min(waits.len() - 1)];
                let span_us = wait.draw(
                    &mut world.state.borrow_mut().chooser,
                    WAIT,
                    lineage,
                    u64::from(retries),
                );
                world.client_sleep(span_us).await;
                if outcome.says(Problem::KeyReused) && key.is_some() {
                    key = Some(world.new_key(visit.intent.client, visit.intent.tenant));
                }
                retries += 1;
            } else {
                break;
            }
        }
        if visit.button != Button::Plain {
            world.let_go(&visit);
        }
        if client.crash.is_some() {
            world.leave_app(&visit);
        }
    }
}

impl World {
    /// A new purchase of an intent, with a key that all its requests share if the client works so.
    pub fn purchase(&self, intent: &Intent, shares_key: bool) -> Purchase {
        let key = shares_key.then(|| self.new_key(intent.client, intent.tenant));
        self.purchase_with(intent, key)
    }

    /// A new purchase of an intent, under the key of another purchase.
    pub(crate) fn purchase_under(&self, intent: &Intent, reused: &Reused) -> Purchase {
        let key = match reused.by {
            ReuseBy::SameUser | ReuseBy::AnotherUser => reused.key,
            ReuseBy::AnotherTenant => self.namesake(reused.key, intent.tenant),
        };
        self.purchase_with(intent, Some(key))
    }

    fn purchase_with(&self, intent: &Intent, key: Option<KeyRef>) -> Purchase {
        let basket = self.setting.menu.basket(intent.tenant, intent.basket);
        let recorder = &mut self.state.borrow_mut().recorder;
        Purchase {
            intent: recorder.intent(),
            payload: recorder.payload(basket),
            version: 1,
            key,
        }
    }

    /// An attempt may write its content otherwise than the one before.
    fn rewrite(&self, attempt: &mut Attempt, basket: usize, odds: Odds) {
        let ways = self.setting.menu.rewritten(basket);
        let state = &mut *self.state.borrow_mut();
        let site = |kind| Site::new(kind, attempt.lineage, 0);
        if ways.is_empty() || !state.chooser.chance(&site(REWRITES), odds) {
            return;
        }
        let way = state.chooser.choose(&site(REWRITES_HOW), ways.len() as u32);
        let written = Arc::clone(&ways[way as usize]);
        let used = std::mem::replace(&mut attempt.request.content, written);
        self.handles.give_back(&self.setting.menu, used);
        state.cover(Label::Reserialised);
    }

    /// An attempt of a visit.
    pub fn attempt(
        &self,
        visit: &Visit,
        key: Option<KeyRef>,
        lineage: Lineage,
        timeout_us: Option<u64>,
    ) -> Attempt {
        let Visit {
            intent, purchase, ..
        } = visit;
        let content = self.handles.content(&self.setting.menu, intent.basket);
        let sent = key.map(|key| self.sent_key(intent.client, key, lineage));
        let (sent, malformed) = match sent.transpose() {
            Ok(sent) => (sent, None),
            Err(error) => (None, Some(error)),
        };
        Attempt {
            request: OrderRequest {
                tenant: Tenant(intent.tenant),
                customer: customer(intent.user),
                key: sent,
                body_key: None,
                // A cart is bought once, so its first payload's number serves as the cart's; each edit has the next number.
                cart: Cart {
                    id: purchase.payload.index() as u64 - u64::from(purchase.version - 1),
                    version: purchase.version,
                },
                content,
            },
            malformed,
            invoke: Invoke {
                tenant: TenantRef::new(intent.tenant),
                key,
                intent: Some(purchase.intent),
                payload: Some(purchase.payload),
                coupon: self.setting.menu.coupon(intent.tenant, intent.basket),
            },
            lineage,
            client: intent.client,
            timeout_us,
            uplink_us: None,
            dies_after_us: None,
        }
    }

    /// A tap on a button that may be disabled, or wait for further taps. Whether it leads to a request.
    async fn press(&self, visit: &Visit) -> bool {
        let page = visit.page();
        if self.state.borrow().submitting.contains(&page) {
            self.hold_back();
            return false;
        }
        if let Button::Debounced(span) = visit.button {
            self.client_sleep(span.0).await;
        }
        let sends = self.state.borrow_mut().submitting.insert(page);
        if !sends {
            self.hold_back();
        }
        sends
    }

    /// A tap does not become a request.
    pub(crate) fn hold_back(&self) {
        self.state.borrow_mut().traffic.held_back += 1;
    }

    /// Nothing of the page is under way any more: its button works again.
    fn let_go(&self, visit: &Visit) {
        self.state.borrow_mut().submitting.remove(&visit.page());
    }

    /// The visit that is running is over, and with it its part of the app.
    fn leave_app(&self, visit: &Visit) {
        let state = &mut *self.state.borrow_mut();
        let task = state
            .running_client
            .expect("a visit ends only while it runs");
        state.leave_app(visit.purchase.intent.index() as u32, task);
    }

    /// A client waits.
    pub async fn client_sleep(&self, span_us: u64) {
        let mut until_us = None;
        poll_fn(move |_| {
            let state = &mut *self.state.borrow_mut();
            let now_us = state.kernel.now_us();
            match until_us {
                Some(until_us) if now_us >= until_us => Poll::Ready(()),
                Some(_) => Poll::Pending,
                None => {
                    let task = state
                        .running_client
                        .expect("a client waits only while it runs");
                    until_us = Some(now_us + span_us);
                    state
                        .kernel
                        .after(span_us, Class::Timer, Event::Client(task.into()));
                    Poll::Pending
                }
            }
        })
        .await;
    }
}
