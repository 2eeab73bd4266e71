//! The customers of a world: one task for each visit.

use std::future::poll_fn;
use std::task::Poll;

use explore::Lineage;
use history::{IntentRef, KeyRef};
use outside::{Attempt, Desk, Outcome, Purchase, Script, Visit, Wire};
use scenario::Intent;

use crate::event::Event;
use crate::world::World;

/// Who visits.
pub trait Crowd {
    /// What a visitor does, to the end of the visit.
    #[expect(async_fn_in_trait, reason = "worlds run on one thread")]
    async fn visit(&self, world: &World, visit: Visit);
}

/// The clients of the plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shoppers;

impl Crowd for Shoppers {
    async fn visit(&self, world: &World, visit: Visit) {
        world.setting.script.visit(world, visit).await;
    }
}

impl Wire for World {
    #[inline]
    fn script(&self) -> &Script {
        &self.setting.script
    }

    #[inline]
    fn exchange(&self, attempt: Attempt) -> impl Future<Output = Outcome> {
        World::exchange(self, attempt)
    }

    async fn sleep(&self, span_us: u64) {
        let mut until_us = None;
        poll_fn(move |_| {
            let state = &mut *self.state.borrow_mut();
            let now_us = state.kernel.now_us();
            match until_us {
                Some(until_us) if now_us >= until_us => Poll::Ready(()),
                Some(_) => Poll::Pending,
                None => {
                    let task = state
                        .clients
                        .running
                        .expect("a client waits only while it runs");
                    until_us = Some(now_us + span_us);
                    state.kernel.after(span_us, Event::Client(task.into()));
                    Poll::Pending
                }
            }
        })
        .await;
    }

    #[inline]
    fn at_desk<R>(&self, work: impl FnOnce(&mut Desk<'_>) -> R) -> R {
        let state = &mut *self.state.borrow_mut();
        work(&mut Desk {
            chooser: &mut state.chooser,
            recorder: &mut state.recorder,
            devices: &mut state.devices,
            handles: &self.handles,
            under_load: state.under_load,
        })
    }

    fn left_app(&self, intent: IntentRef) {
        let state = &mut *self.state.borrow_mut();
        let task = state
            .clients
            .running
            .expect("a visit ends only while it runs");
        state.clients.leave_app(intent.index() as u32, task);
    }
}

/// For crowds of one's own.
impl World {
    /// A new purchase of an intent, with a key that all its requests share if the client works so.
    pub fn purchase(&self, intent: &Intent, shares_key: bool) -> Purchase {
        Purchase::new(self, intent, shares_key)
    }

    /// A request of a visit.
    pub fn attempt(
        &self,
        visit: &Visit,
        key: Option<KeyRef>,
        lineage: Lineage,
        timeout_us: Option<u64>,
    ) -> Attempt {
        let script = &self.setting.script;
        self.at_desk(|desk| script.attempt(desk, visit, key, lineage, timeout_us))
    }
}
