//! What all customers of a world share.

use std::collections::BTreeSet;

use explore::Chooser;
use history::{Label, Recorder};

use crate::menu::Handles;

/// What all customers of a world share.
#[derive(Debug)]
pub struct Desk<'w> {
    /// Their chances.
    pub chooser: &'w mut Chooser,
    /// The names of their keys and purchases, and the situations that they met.
    pub recorder: &'w mut Recorder,
    /// What their devices remember.
    pub devices: &'w mut Devices,
    /// Spare handles to contents.
    pub handles: &'w Handles,
    /// Whether faults strike: they do while there is load.
    pub under_load: bool,
}

impl Desk<'_> {
    /// A situation was met.
    #[inline]
    pub fn cover(&mut self, label: Label) {
        self.recorder.cover(label);
    }
}

/// A page with a button of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Page {
    pub(crate) intent: u32,
    pub(crate) second_tab: bool,
}

/// What the customers' devices remember.
#[derive(Debug, Default)]
pub struct Devices {
    /// The pages whose button is disabled, because a request of theirs is under way.
    pub(crate) submitting: BTreeSet<Page>,
    /// How many keys were spelt otherwise than by counting.
    pub(crate) spelt_keys: u64,
    /// How many taps did not become a request, because a button held them back.
    pub held_back: u64,
}

impl Devices {
    /// Forgets everything, keeping the memory.
    pub fn forget(&mut self) {
        self.submitting.clear();
        (self.spelt_keys, self.held_back) = (0, 0);
    }
}
