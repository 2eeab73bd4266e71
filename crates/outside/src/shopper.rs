//! What a visitor does: sends, waits, loses patience, and tries again without being asked.

use std::sync::Arc;

use explore::{Kind, Lineage, Odds, Site};
use history::{Invoke, KeyRef, Label, TenantRef};
use protocol::{Button, Cart, Customer, IdempotencyKey, OrderRequest, Problem, Tenant};
use scenario::{DelayTable, Intent, KeyPolicy, Retry};

use crate::attempt::{Attempt, Outcome};
use crate::desk::Desk;
use crate::key::Sent;
use crate::script::{ClientScript, Script};
use crate::visit::{Tap, Visit, new_key};
use crate::wire::Wire;

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
/// An app that was restarted this often does not die any more.
const RESTARTS_MAX: u32 = 20;

/// The death of an app during an attempt.
#[derive(Clone, Copy, Debug)]
struct Death {
    after_us: u64,
    /// For how long it is gone.
    back_after_us: u64,
}

/// A visit as it goes on: the key of its next request, and how often it has tried.
#[derive(Clone, Copy, Debug)]
struct Tries {
    key: Option<KeyRef>,
    retries: u32,
    restarts: u32,
}

impl Tries {
    fn number(self) -> u32 {
        self.retries + self.restarts
    }
}

impl Script {
    /// What a visitor does, to the end of the visit.
    pub async fn visit<W: Wire>(&self, wire: &W, visit: Visit) {
        if visit.tap == Tap::Channel {
            // Boxed, as the button is.
            return Box::pin(self.order_what_was_paid(wire, &visit)).await;
        }
        let client = &self.clients[visit.intent.client];
        // Boxed, because few buttons do anything, and visits are made by the million.
        if visit.button != Button::Plain && !Box::pin(visit.press(wire)).await {
            if client.plan.crash.is_some() {
                wire.left_app(visit.purchase.intent);
            }
            return;
        }
        if let Some(label) = visit.meets {
            wire.at_desk(|desk| desk.cover(label));
        }
        let lineage = visit.intent.lineage.child(TAP, visit.tap.ordinal());
        let mut tries = Tries {
            key: visit.purchase.key,
            retries: 0,
            restarts: 0,
        };
        loop {
            let attempt_lineage = lineage.child(ATTEMPT, u64::from(tries.number()));
            if client.plan.key == KeyPolicy::PerAttempt
                || (client.plan.key == KeyPolicy::PerTap && tries.number() == 0)
            {
                tries.key = Some(new_key(wire, &visit.intent));
            }
            let (attempt, death) = self.prepare(wire, &visit, tries, attempt_lineage);
            let outcome = wire.exchange(attempt).await;
            let died = death.filter(|_| outcome == Outcome::Died);
            if let (Some(death), Some(crash)) = (died, &client.plan.crash) {
                wire.sleep(death.back_after_us).await;
                if !crash.key_persisted && tries.key.is_some() {
                    tries.key = Some(new_key(wire, &visit.intent));
                }
                tries.restarts += 1;
            } else if tries_again(client.plan.retry.as_ref(), outcome, tries.retries) {
                let wait = nth_wait(&client.waits, tries.retries);
                let retry = u64::from(tries.retries);
                let span_us = wire.at_desk(|desk| wait.draw(desk.chooser, WAIT, lineage, retry));
                wire.sleep(span_us).await;
                if outcome.says(Problem::KeyReused) && tries.key.is_some() {
                    tries.key = Some(new_key(wire, &visit.intent));
                }
                tries.retries += 1;
            } else {
                break;
            }
        }
        if visit.button != Button::Plain {
            visit.let_go(wire);
        }
        if client.plan.crash.is_some() {
            wire.left_app(visit.purchase.intent);
        }
    }

    /// The payment's own channel asks under a key of its own, until it is answered.
    async fn order_what_was_paid<W: Wire>(&self, wire: &W, visit: &Visit) {
        let client = &self.clients[visit.intent.client];
        let Some(channel) = &client.plan.second_channel else {
            return;
        };
        let lineage = visit.intent.lineage.child(TAP, visit.tap.ordinal());
        let key = Some(wire.at_desk(|desk| desk.recorder.key()));
        for number in 1.. {
            let attempt_lineage = lineage.child(ATTEMPT, u64::from(number));
            let timeout_us = client.plan.timeout_us;
            let attempt =
                wire.at_desk(|desk| self.attempt(desk, visit, key, attempt_lineage, timeout_us));
            let outcome = wire.exchange(attempt).await;
            if !tries_again(Some(channel), outcome, number) {
                return;
            }
            let wait = nth_wait(&client.channel_waits, number);
            let retry = u64::from(number);
            let span_us = wire.at_desk(|desk| wait.draw(desk.chooser, WAIT, lineage, retry));
            wire.sleep(span_us).await;
        }
    }
}

impl Script {
    /// A visit's next request, and the death of its app if that is to die meanwhile.
    #[inline(always)]
    fn prepare<W: Wire>(
        &self,
        wire: &W,
        visit: &Visit,
        tries: Tries,
        lineage: Lineage,
    ) -> (Attempt, Option<Death>) {
        let client = &self.clients[visit.intent.client];
        wire.at_desk(|desk| {
            let mut attempt = self.attempt(desk, visit, tries.key, lineage, client.plan.timeout_us);
            if client.plan.reserialised > 0.0 && (tries.number() > 0 || visit.repeats_a_content()) {
                self.rewrite(desk, &mut attempt, visit.intent.basket, client.reserialised);
            }
            attempt.uplink_us = visit.uplink_us.filter(|_| tries.number() == 0);
            let death = match tries.restarts < RESTARTS_MAX {
                true => self.dies(desk, client, lineage),
                false => None,
            };
            attempt.dies_after_us = death.map(|death| death.after_us);
            (attempt, death)
        })
    }

    /// A key as a request carries it.
    #[inline]
    fn sent_key(&self, desk: &mut Desk<'_>, client: usize, key: KeyRef, attempt: Lineage) -> Sent {
        match self.respells {
            false => (None, Ok(IdempotencyKey::numbered("k", key.index() as u64))),
            true => desk.spelt(self.clients[client].plan.key_form, key, attempt),
        }
    }

    /// A request of a visit.
    #[inline(always)]
    pub fn attempt(
        &self,
        desk: &mut Desk<'_>,
        visit: &Visit,
        key: Option<KeyRef>,
        lineage: Lineage,
        timeout_us: Option<u64>,
    ) -> Attempt {
        let (intent, purchase) = (&visit.intent, &visit.purchase);
        let content = desk.handles.content(&self.menu, intent.basket);
        let (header, sent, malformed) =
            match key.map(|key| self.sent_key(desk, intent.client, key, lineage)) {
                None => (None, None, None),
                Some((header, Ok(sent))) => (header, Some(sent), None),
                Some((header, Err(error))) => (header, None, Some(error)),
            };
        Attempt {
            request: OrderRequest {
                tenant: Tenant(intent.tenant),
                customer: customer(intent),
                key: sent,
                body_key: None,
                // A cart is bought once, so its first payload's number serves as the cart's; each edit has the next number.
                cart: Cart {
                    id: purchase.payload.index() as u64 - u64::from(purchase.version - 1),
                    version: purchase.version,
                },
                content,
            },
            header,
            malformed,
            invoke: Invoke {
                tenant: TenantRef::new(intent.tenant),
                key,
                intent: Some(purchase.intent),
                payload: Some(purchase.payload),
                coupon: self.menu.coupon(intent.tenant, intent.basket),
            },
            lineage,
            client: intent.client,
            timeout_us,
            uplink_us: None,
            dies_after_us: None,
        }
    }

    /// An attempt may write its content otherwise than the one before.
    fn rewrite(&self, desk: &mut Desk<'_>, attempt: &mut Attempt, basket: usize, odds: Odds) {
        let ways = self.menu.rewritten(basket);
        let site = |kind| Site::new(kind, attempt.lineage, 0);
        if ways.is_empty() || !desk.chooser.chance(&site(REWRITES), odds) {
            return;
        }
        let way = desk.chooser.choose(&site(REWRITES_HOW), ways.len() as u32);
        let written = Arc::clone(&ways[way as usize]);
        let used = std::mem::replace(&mut attempt.request.content, written);
        desk.handles.give_back(&self.menu, used);
        desk.cover(Label::Reserialised);
    }

    /// Whether the app is to die while it waits. It dies at any moment of a usual wait; if the answer is there before, it does not matter.
    fn dies(&self, desk: &mut Desk<'_>, client: &ClientScript, lineage: Lineage) -> Option<Death> {
        let (odds, table) = client.back_after.as_ref()?;
        let chooser = &mut *desk.chooser;
        if !desk.under_load || !chooser.chance(&Site::new(APP_CRASH, lineage, 0), *odds) {
            return None;
        }
        let back_after_us = table.draw(chooser, APP_CRASH, lineage, 1);
        let delays = self.usual_wait.iter().zip(0..);
        let wait_us: u64 = delays
            .map(|(delay, part)| delay.draw(chooser, APP_WAIT, lineage, part))
            .sum();
        let moment = chooser.choose(&Site::new(APP_MOMENT, lineage, 0), APP_MOMENTS);
        Some(Death {
            after_us: wait_us * u64::from(moment) / u64::from(APP_MOMENTS),
            back_after_us,
        })
    }
}

/// Whether a client tries again after such an outcome.
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
                retry.on_unavailable && (answer.status >= 500 || matches!(answer.status, 425 | 429))
            }
        },
    }
}

fn nth_wait(waits: &[DelayTable], number: u32) -> &DelayTable {
    &waits[(number as usize).min(waits.len() - 1)]
}

/// Who a customer is, as the service sees it.
fn customer(intent: &Intent) -> Customer {
    intent
        .user
        .map_or(Customer::Guest, |id| Customer::User(protocol::UserId(id)))
}
