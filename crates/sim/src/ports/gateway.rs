//! The port `orders::Gateway`: an operation leaves, and its answer comes back, or does not.

use std::future::poll_fn;
use std::task::Poll;

use history::IntentRef;
use orders::{Gateway, GatewayError};
use protocol::{ChargeAnswer, ChargeId, ChargeRequest};
use scenario::faults::{Opportunity, Who};
use scenario::{CrashPoint, Host};

use crate::event::{Event, Fired};
use crate::gateway::{Ask, Fate, Operation, Told};
use crate::ports::ReplicaPorts;
use crate::ports::trip::Trip;
use crate::replicas::call::Progress;
use crate::setting::Setting;
use crate::state::State;

/// The quickest answer of a gateway.
const GATEWAY_MIN_US: u64 = 10_000;

impl ReplicaPorts<'_> {
    /// An operation at the gateway.
    async fn ask(&self, ask: Ask) -> Result<Told, GatewayError> {
        self.catch_up().await;
        let mut trip = Trip::Begin;
        poll_fn(move |_| {
            let state = &mut *self.world.state.borrow_mut();
            match (trip, self.world.fired.get()) {
                (Trip::Begin, _) => trip = self.leave_for_gateway(state, ask),
                (Trip::Sent, Fired::Reply) => {
                    if let Some(told) = state.replicas.calls[self.slot].told.take() {
                        return Poll::Ready(told);
                    }
                }
                _ => {}
            }
            Poll::Pending
        })
        .await
    }

    fn leave_for_gateway(&self, state: &mut State, ask: Ask) -> Trip {
        if !state.set_out(&self.world.setting, self.slot, CrashPoint::Anywhere) {
            return Trip::Lost;
        }
        // The gateway acts on what has left, whatever becomes of the sender.
        state.replicas.calls[self.slot].progress = Progress::Idle;
        let (task, who) = (state.task(self.slot), state.replicas.calls[self.slot].who());
        let now_us = state.kernel.now_us();
        let quick_us = match ask {
            Ask::Charge(_) => state.replicas.calls[self.slot]
                .gateway_by_us
                .saturating_sub(now_us)
                .max(GATEWAY_MIN_US),
            Ask::Refund(_) => 2 * GATEWAY_MIN_US,
        };
        let intent = state.purchase(self.slot);
        let (fate, slow_us) = state.gateway_fate(&self.world.setting, self.slot, who);
        let span_us = quick_us + slow_us;
        let lost = matches!(fate, Fate::TimeoutBefore | Fate::TimeoutAfter);
        let timeout_us = self.world.setting.plan.world.gateway_timeout_us;
        let unheard = lost || span_us > timeout_us;
        let arrives = fate != Fate::TimeoutBefore;
        let slot = state.gateway.send(Operation {
            ask,
            task,
            intent,
            who,
            captures: None,
            fate,
            told: None,
            reply_at_us: now_us + span_us,
            unheard,
            ends: u8::from(arrives) + u8::from(unheard),
        });
        if unheard {
            state
                .kernel
                .after(timeout_us, Event::GatewayReply(slot.into()));
        }
        if arrives {
            state
                .kernel
                .after(quick_us / 4, Event::GatewayArrive(slot.into()));
        }
        Trip::Sent
    }
}

impl State {
    /// The purchase that a handler serves.
    fn purchase(&mut self, slot: usize) -> Option<IntentRef> {
        let attempt = self.replicas.calls[slot].serves.attempt?;
        let intent = self.clients.attempts.get(attempt).intent;
        (intent != u32::MAX).then(|| IntentRef::new(intent))
    }

    /// What the plan's faults do to an operation, and how much longer it takes. What they do to the capture is drawn when one
    /// begins.
    #[inline]
    fn gateway_fate(&mut self, setting: &Setting, slot: usize, who: Who) -> (Fate, u64) {
        if self.cut_off(setting, slot, Host::Gateway) {
            return (Fate::TimeoutBefore, 0);
        }
        let fates = [
            (Opportunity::GatewayUnavailable, Fate::Unavailable),
            (Opportunity::GatewayTimeoutBefore, Fate::TimeoutBefore),
            (Opportunity::GatewayTimeoutAfter, Fate::TimeoutAfter),
        ];
        let struck = fates
            .into_iter()
            .find(|(here, _)| self.strike(&setting.faults, *here, who).is_some());
        let fate = struck.map_or(Fate::Fair, |(_, fate)| fate);
        if fate == Fate::TimeoutBefore {
            return (fate, 0);
        }
        let slow_us = match self.strike(&setting.faults, Opportunity::SlowGateway, who) {
            Some(fault) => fault.delay(who, &mut self.chooser),
            None => 0,
        };
        (fate, slow_us)
    }
}

impl Gateway for ReplicaPorts<'_> {
    async fn charge(&self, request: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        match self.ask(Ask::Charge(request)).await? {
            Told::Charge(answer) => Ok(answer),
            Told::Refunded => unreachable!("a charge is answered as a charge"),
        }
    }

    async fn refund(&self, charge: ChargeId) -> Result<(), GatewayError> {
        self.ask(Ask::Refund(charge)).await.map(|_| ())
    }
}
