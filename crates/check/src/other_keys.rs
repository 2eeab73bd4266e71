//! The other keys of a purchase. A service that knows purchases by more than their key, as by their cart, may be at work under one of
//! them when it refuses another.

use history::What;

use crate::case::Case;

/// A key of a purchase.
#[derive(Clone, Copy, Debug)]
struct Sent {
    intent: usize,
    key: usize,
    /// When it was first sent for that purchase.
    at: u64,
}

/// When each key was first sent, of purchases with more than one. Gathered on first use.
#[derive(Debug, Default)]
pub(crate) struct OtherKeys {
    /// By purchase and key.
    sent: Option<Vec<Sent>>,
}

impl OtherKeys {
    /// The other keys of the purchase that a key was sent for, with the time at which each was first sent.
    pub(crate) fn of(
        &mut self,
        case: &Case<'_>,
        key: usize,
    ) -> impl Iterator<Item = (usize, u64)> + '_ {
        let intent = case.facts.keys[key].intent.get();
        let several = intent.filter(|intent| case.facts.intents[*intent].key.is_many());
        let own = several.map(|intent| {
            let sent = self.sent.get_or_insert_with(|| gather(case));
            let first = sent.partition_point(|sent| sent.intent < intent);
            sent[first..].iter().take_while(move |s| s.intent == intent)
        });
        own.into_iter()
            .flatten()
            .filter(move |sent| sent.key != key)
            .map(|sent| (sent.key, sent.at))
    }
}

fn gather(case: &Case<'_>) -> Vec<Sent> {
    let mut all = Vec::new();
    for event in &case.history.events {
        if let What::Invoke(invoke) = &event.what
            && let (Some(intent), Some(key)) = (invoke.intent, invoke.key)
            && case.facts.intents[intent.index()].key.is_many()
        {
            all.push(Sent {
                intent: intent.index(),
                key: key.index(),
                at: event.t,
            });
        }
    }
    // Events come by time, and the sort keeps that order.
    all.sort_by_key(|sent| (sent.intent, sent.key));
    all.dedup_by_key(|sent| (sent.intent, sent.key));
    all
}
