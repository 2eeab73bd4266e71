//! The clients' side of the network: what is under way between a client and its replica.
//!
//! - [`crowd`]: the customers, one task for each visit
//! - [`flights`]: attempts under way
//! - [`answers`]: what handlers have answered and clients have not yet read
//! - [`exchange`]: an attempt sets out
//! - [`ending`]: how it ends for its client
//! - [`network`]: requests and responses on their way: lost, late, twice, or cut off
//! - [`radio`]: whether a person's radio is bad just now
//! - [`cells`]: responses that a bad cell loses

pub(crate) mod answers;
mod cells;
pub(crate) mod crowd;
mod ending;
mod exchange;
pub(crate) mod flights;
pub(crate) mod network;
mod radio;

use std::collections::BTreeMap;

use crate::memory::give_back;
use answers::Answers;
use explore::TaskId;
use flights::{AttemptId, Attempts, IntentTrack};
use history::FaultRef;
use radio::Radio;

/// What is under way, and who waits for it.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    pub(crate) attempts: Attempts,
    pub(crate) answers: Answers,
    /// For every intent: how many of its requests are being worked on, and whether one has succeeded.
    pub(crate) intents: Vec<IntentTrack>,
    /// The radio of every purchase that a bad cell may befall, by fault and intent.
    radios: BTreeMap<(FaultRef, u32), Radio>,
    /// The client's task that is running, if one is.
    pub(crate) running: Option<TaskId>,
    /// The visits of every intent whose app can die, as long as they last.
    pub(crate) apps: BTreeMap<u32, Vec<TaskId>>,
}

impl Clients {
    /// Forgets everything, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.attempts.forget();
        self.answers.forget();
        self.intents.clear();
        self.radios.clear();
        self.running = None;
        self.apps.clear();
    }

    /// No client comes any more: the memory of what a large run remembers of its intents is given back.
    pub(crate) fn close(&mut self) {
        give_back(&mut self.intents);
    }

    /// What the world remembers of an attempt's intent.
    #[inline]
    pub(crate) fn intent_of(&mut self, attempt: AttemptId) -> &mut IntentTrack {
        let intent = self.attempts.get(attempt).intent;
        self.track(intent)
    }

    /// What the world remembers of an intent.
    #[inline]
    pub(crate) fn track(&mut self, intent: u32) -> &mut IntentTrack {
        let intent = intent as usize;
        if intent >= self.intents.len() {
            self.intents.resize(intent + 1, IntentTrack::default());
        }
        &mut self.intents[intent]
    }

    /// A visit of an app that can die is over.
    pub(crate) fn leave_app(&mut self, intent: u32, task: TaskId) {
        if let Some(visits) = self.apps.get_mut(&intent) {
            visits.retain(|other| *other != task);
            if visits.is_empty() {
                self.apps.remove(&intent);
            }
        }
    }
}
