//! Ports that hand everything on to others, but for the trouble that a test wants: "the second transaction's commit is unknown, and
//! applied", "the next charge is declined", "the cache is away".
//!
//! They are generic over the ports, so that a trouble that no database can be brought to on demand is the same over all of them.
//!
//! - [`store`]: transactions that do not begin, conflict, or end with an unknown outcome
//! - [`statements`]: the statements, which are handed on
//! - [`outside`]: the gateway and the cache

mod outside;
mod statements;
mod store;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::Waker;

use orders::{Metric, Owner, Ports, Process};
use protocol::{ChargeAnswer, GatewayKey};

pub use store::ScriptedTransaction;

/// What goes wrong in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It does not begin.
    BeginUnavailable,
    /// Its COMMIT is refused, and nothing is there.
    CommitConflict,
    /// Its COMMIT is not acknowledged.
    CommitUnknown {
        /// Whether it took effect.
        applied: bool,
    },
}

/// What the gateway does with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The customer's bank declines, once and for all.
    Declined,
    /// Nothing happens, and the caller knows it.
    Unavailable,
    /// A charge with this key is said to be running.
    InUse,
    /// The caller hears nothing.
    Unknown {
        /// Whether the gateway captured.
        captured: bool,
    },
}

/// What is to go wrong; shared by all replicas of a world.
#[derive(Debug, Default)]
pub struct Script {
    /// By the number of the transaction, from 1, in the order in which they begin.
    mishaps: RefCell<BTreeMap<u32, Mishap>>,
    transactions: Cell<u32>,
    /// For the next calls of the gateway; after that, it does what it does.
    replies: RefCell<VecDeque<Reply>>,
    /// While set, the gateway does not hear anybody.
    is_stalled: Cell<bool>,
    stalled: RefCell<Vec<Waker>>,
    declined: RefCell<BTreeMap<GatewayKey, ChargeAnswer>>,
    /// The keys that the gateway has heard of.
    asked: RefCell<BTreeSet<GatewayKey>>,
    is_cache_away: Cell<bool>,
    /// How often the cache has forgotten everything.
    flushes: Cell<u64>,
}

impl Script {
    /// Something goes wrong in the transaction of this number.
    pub fn mishap(&self, transaction: u32, mishap: Mishap) {
        self.mishaps.borrow_mut().insert(transaction, mishap);
    }

    /// What the gateway does with the calls after those that are planned.
    pub fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.borrow_mut().extend(replies);
    }

    /// Nothing more goes wrong in transactions, nor at the gateway.
    pub fn calm_down(&self) {
        self.mishaps.borrow_mut().clear();
        self.replies.borrow_mut().clear();
    }

    /// From now on the gateway does not hear anybody, or hears everybody who waited for it.
    pub fn stall_gateway(&self, is_stalled: bool) {
        self.is_stalled.set(is_stalled);
        if !is_stalled {
            self.stalled.take().into_iter().for_each(Waker::wake);
        }
    }

    /// The cache is away.
    pub fn lose_cache(&self) {
        self.is_cache_away.set(true);
    }

    /// The cache is there, and has forgotten everything.
    pub fn flush_cache(&self) {
        self.is_cache_away.set(false);
        self.flushes.set(self.flushes.get() + 1);
    }
}

/// Ports under a script.
#[derive(Debug)]
pub struct Scripted<'s, P> {
    ports: P,
    script: &'s Script,
}

impl<'s, P> Scripted<'s, P> {
    /// The ports, with what the script says going wrong.
    pub fn new(ports: P, script: &'s Script) -> Scripted<'s, P> {
        Scripted { ports, script }
    }

    /// The ports without a script.
    pub fn within(&self) -> &P {
        &self.ports
    }
}

impl<P: Ports> Ports for Scripted<'_, P> {
    type Store = Self;
    type Cache = Self;
    type Gateway = Self;
    type Clock = P::Clock;

    fn store(&self) -> &Self {
        self
    }

    fn cache(&self) -> &Self {
        self
    }

    fn gateway(&self) -> &Self {
        self
    }

    fn clock(&self) -> &P::Clock {
        self.ports.clock()
    }

    fn process(&self) -> &Process {
        self.ports.process()
    }

    fn owner(&self) -> Owner {
        self.ports.owner()
    }

    fn nonce(&self) -> u128 {
        self.ports.nonce()
    }

    fn count(&self, metric: Metric) {
        self.ports.count(metric);
    }
}
