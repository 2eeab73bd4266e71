//! The other keys of a purchase. A service that knows purchases by more than their key, as by their cart, may be at work under one of
//! them when it refuses another.

use std::collections::BTreeMap;

use history::What;

use crate::case::Case;

/// When each key of each purchase was first sent, of purchases with more than one request. Gathered when somebody asks first.
#[derive(Debug, Default)]
pub(crate) struct OtherKeys {
    first_sent: Option<BTreeMap<(usize, usize), u64>>,
}

impl OtherKeys {
    /// The other keys of the purchase that a key was sent for, with the time at which each was first sent.
    pub(crate) fn of(
        &mut self,
        case: &Case<'_>,
        key: usize,
    ) -> impl Iterator<Item = (usize, u64)> + '_ {
        let intent = case.facts.keys[key].intent.get();
        let all = intent.map(|intent| {
            let first_sent = self.first_sent.get_or_insert_with(|| gather(case));
            first_sent.range((intent, 0)..=(intent, usize::MAX))
        });
        let keys = all.into_iter().flatten();
        keys.map(|((_, other), sent)| (*other, *sent))
            .filter(move |(other, _)| *other != key)
    }
}

fn gather(case: &Case<'_>) -> BTreeMap<(usize, usize), u64> {
    let mut first_sent = BTreeMap::new();
    for event in &case.history.events {
        let What::Invoke(invoke) = &event.what else {
            continue;
        };
        if let (Some(intent), Some(key)) = (invoke.intent, invoke.key)
            && case.facts.intents[intent.index()].attempts > 1
        {
            let name = (intent.index(), key.index());
            first_sent.entry(name).or_insert(event.t);
        }
    }
    first_sent
}
