//! The answers to the losers of races, in two passes over the events; in none if no client repeated a request.

use std::collections::BTreeMap;

use history::{Completion, History, What};
use report::run::StatusCount;

/// A request of an intent that has several.
#[derive(Clone, Copy, Debug)]
struct Try {
    intent: u32,
    sent: u64,
    /// When the answer came or the client gave up; the end of time if neither happened.
    ended: u64,
    ok: bool,
    status: Option<u16>,
}

/// How many losers got which status, in the order of statuses; without an answer first.
///
/// A race is two or more requests of one intent that are under way at the same time, from sending to the answer or to the end of
/// the client's patience. Its winner is the first that was answered with an order; all others that were under way beside a request
/// of their intent have lost, whatever they got. Where none was answered with an order, all have.
pub fn race_losers(history: &History) -> Vec<StatusCount> {
    let mut tries = tries(history);
    tries.sort_by_key(|attempt| (attempt.intent, attempt.sent));
    let mut counts: BTreeMap<Option<u16>, u64> = BTreeMap::new();
    for intent in tries.chunk_by(|a, b| a.intent == b.intent) {
        let answered = |(_, attempt): &(usize, &Try)| attempt.ok;
        let answered = intent.iter().enumerate().filter(answered);
        let winner = answered.min_by_key(|(_, attempt)| attempt.ended);
        let winner = winner.map(|(place, _)| place);
        for (place, attempt) in intent.iter().enumerate() {
            let beside = |(other, with): (usize, &Try)| {
                other != place && attempt.sent < with.ended && with.sent < attempt.ended
            };
            if winner != Some(place) && intent.iter().enumerate().any(beside) {
                *counts.entry(attempt.status).or_default() += 1;
            }
        }
    }
    let count = |(status, count)| StatusCount { status, count };
    counts.into_iter().map(count).collect()
}

/// The requests of all intents that have several.
fn tries(history: &History) -> Vec<Try> {
    let chosen = repeated(history);
    if chosen.is_empty() {
        return Vec::new();
    }
    let mut places = vec![u32::MAX; history.processes()];
    let mut tries: Vec<Try> = Vec::with_capacity(chosen.len());
    for (place, (intent, process)) in chosen.into_iter().enumerate() {
        places[process as usize] = place as u32;
        tries.push(Try {
            intent,
            sent: 0,
            ended: u64::MAX,
            ok: false,
            status: None,
        });
    }
    for event in &history.events {
        let end: Option<(bool, Completion)> = match event.what {
            What::Invoke(_) => None,
            What::Ok(said) => Some((true, said)),
            What::Fail(said) | What::Info(said) => Some((false, said)),
            What::Read { .. } | What::Cancel { .. } | What::Refund(_) | What::Fault { .. } => {
                continue;
            }
        };
        let Some(attempt) = tries.get_mut(places[event.process as usize] as usize) else {
            continue;
        };
        match end {
            None => attempt.sent = event.t,
            Some((ok, said)) => {
                attempt.ended = event.t;
                attempt.status = said.status;
                attempt.ok = ok && said.order.is_some();
            }
        }
    }
    tries
}

/// Intent and process of every request of an intent that has several.
fn repeated(history: &History) -> Vec<(u32, u32)> {
    const NOBODY: u32 = u32::MAX;
    let mut first = vec![NOBODY; history.names.intents.len()];
    let mut several = vec![false; first.len()];
    let mut found = Vec::new();
    for event in &history.events {
        let What::Invoke(invoke) = &event.what else {
            continue;
        };
        let Some(intent) = invoke.intent.map(|intent| intent.index()) else {
            continue;
        };
        if first[intent] == NOBODY {
            first[intent] = event.process;
            continue;
        }
        if !several[intent] {
            several[intent] = true;
            found.push((intent as u32, first[intent]));
        }
        found.push((intent as u32, event.process));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::{Contract, IntentRef, Invoke, OrderRef, Recorder, TenantRef};

    /// A request of an intent: when it was sent, and when it was answered with what status; no answer is silence.
    type Sent = (u32, u64, Option<(u64, u16)>);

    /// Plays requests, and counts what the losers among them got. A status below 300 comes with an order.
    fn losers(requests: &[Sent]) -> Vec<(Option<u16>, u64)> {
        let mut recorder = Recorder::new(Contract::default());
        let mut steps = Vec::new();
        for (place, (_, sent, end)) in requests.iter().enumerate() {
            steps.push((*sent, place, None));
            steps.extend(end.map(|(at, status)| (at, place, Some(status))));
        }
        steps.sort_unstable();
        let intents: Vec<IntentRef> = (0..9).map(|_| recorder.intent()).collect();
        let mut processes = vec![0; requests.len()];
        for (t, place, status) in steps {
            let said = Completion {
                status,
                order: status.is_some_and(|s| s < 300).then(|| OrderRef::new(1)),
                ..Completion::default()
            };
            match status {
                None => {
                    let invoke = Invoke {
                        tenant: TenantRef::new(0),
                        key: None,
                        intent: Some(intents[requests[place].0 as usize]),
                        payload: None,
                        coupon: None,
                    };
                    processes[place] = recorder.invoke(t, invoke);
                }
                Some(..300) => recorder.ok(t, processes[place], said),
                Some(300..500) => recorder.fail(t, processes[place], said),
                Some(_) => recorder.info(t, processes[place], said),
            }
        }
        let counts = race_losers(recorder.history());
        let pair = |count: StatusCount| (count.status, count.count);
        counts.into_iter().map(pair).collect()
    }

    #[test]
    fn the_first_that_is_answered_with_an_order_wins_and_all_beside_it_lose() {
        // Sent second, answered first: it wins.
        let race = [(0, 0, Some((90, 201))), (0, 10, Some((50, 201)))];
        assert_eq!(losers(&race), [(Some(201), 1)]);
        let three = [
            (0, 0, Some((90, 201))),
            (0, 10, Some((50, 409))),
            (0, 20, None),
        ];
        assert_eq!(losers(&three), [(None, 1), (Some(409), 1)]);
    }

    #[test]
    fn one_after_another_is_no_race_and_neither_are_two_intents() {
        assert_eq!(
            losers(&[(0, 0, Some((50, 201))), (0, 50, Some((90, 201)))]),
            []
        );
        assert_eq!(
            losers(&[(0, 0, Some((50, 201))), (1, 10, Some((90, 201)))]),
            []
        );
    }

    #[test]
    fn where_nobody_gets_an_order_all_have_lost() {
        let race = [(0, 0, Some((90, 500))), (0, 10, Some((50, 409)))];
        assert_eq!(losers(&race), [(Some(409), 1), (Some(500), 1)]);
    }
}
