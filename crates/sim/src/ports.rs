//! What a strategy sees of the world: every `await` on a port is a message there and a message back.
//!
//! - [`trip`]: a round trip: a message, its effect, and the answer
//! - [`store`]: the port `orders::Store`
//! - [`waits`]: statements that wait for a lock
//! - [`gateway`]: the port `orders::Gateway`
//! - [`cache`]: the port `orders::Cache`

mod cache;
mod gateway;
mod store;
mod trip;
mod waits;

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use orders::{Clock, Metric, Owner, Ports, Process};
use protocol::{Span, Time};

use crate::event::Event;
use crate::world::{World, replica_bit};

/// The ports of one handler.
#[derive(Debug)]
pub struct ReplicaPorts<'w> {
    pub(crate) world: &'w World,
    pub(crate) slot: usize,
    pub(crate) owner: Owner,
    /// It hears a webhook, so what it does to a claim it does for the holder.
    pub(crate) hears: bool,
    pub(crate) replica: u32,
    /// How much its clock is fast, if that stays so.
    pub(crate) skew_us: Option<i64>,
    pub(crate) process: Rc<Process>,
}

impl Ports for ReplicaPorts<'_> {
    type Store = Self;
    type Cache = Self;
    type Gateway = Self;
    type Clock = Self;

    fn store(&self) -> &Self {
        self
    }

    fn cache(&self) -> &Self {
        self
    }

    fn gateway(&self) -> &Self {
        self
    }

    fn clock(&self) -> &Self {
        self
    }

    fn process(&self) -> &Process {
        let ahead_us = self.world.state.borrow().replicas.calls[self.slot].ahead_us;
        assert!(
            ahead_us == 0,
            "inside a transaction a strategy does nothing but statements"
        );
        let World {
            process_uses: uses,
            processes_used: used,
            ..
        } = self.world;
        uses.set(uses.get() + 1);
        used.set(used.get() | replica_bit(self.replica));
        &self.process
    }

    fn owner(&self) -> Owner {
        self.owner
    }

    fn nonce(&self) -> u128 {
        let state = &mut *self.world.state.borrow_mut();
        state.replicas.nonces += 1;
        u128::from(state.replicas.nonces)
    }

    fn count(&self, metric: Metric) {
        self.world.state.borrow_mut().tally.metrics.count(metric);
    }
}

impl Clock for ReplicaPorts<'_> {
    fn now(&self) -> Time {
        let state = self.world.state.borrow();
        let ahead_us = state.replicas.calls[self.slot].ahead_us;
        let skew_us = match self.skew_us {
            Some(skew_us) => skew_us,
            None => state.replicas.hosts[self.replica as usize].skew_us,
        };
        self.world
            .instant(state.kernel.now_us() + ahead_us)
            .skewed(skew_us)
    }

    async fn sleep(&self, span: Span) {
        let until_us = Cell::new(None);
        poll_fn(|_| {
            let state = &mut *self.world.state.borrow_mut();
            let now_us = state.kernel.now_us();
            match until_us.get() {
                Some(until) if now_us >= until => Poll::Ready(()),
                Some(_) => Poll::Pending,
                None => {
                    let task = state.task(self.slot);
                    let span_us =
                        std::mem::take(&mut state.replicas.calls[self.slot].ahead_us) + span.0;
                    until_us.set(Some(now_us + span_us));
                    state.kernel.after(span_us, Event::Reply(task.into()));
                    Poll::Pending
                }
            }
        })
        .await;
    }
}
