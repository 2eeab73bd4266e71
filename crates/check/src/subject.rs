//! What a timeline is about: a witness names it, and the timeline is told from it.

use std::collections::BTreeSet;

use history::Invoke;

/// What a timeline is about, by the numbers of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) intents: BTreeSet<u32>,
    pub(crate) keys: BTreeSet<u32>,
    pub(crate) orders: BTreeSet<u32>,
    pub(crate) charges: BTreeSet<u32>,
    /// Single attempts, by the events of their invocations.
    pub(crate) attempts: BTreeSet<u32>,
}

impl Subject {
    /// Whether a request is of one of its purchases.
    pub(crate) fn has(&self, invoke: &Invoke) -> bool {
        let intent = invoke
            .intent
            .is_some_and(|intent| self.intents.contains(&(intent.index() as u32)));
        intent
            || invoke
                .key
                .is_some_and(|key| self.keys.contains(&(key.index() as u32)))
    }
}
