//! How long clients waited, from sending a request to its answer, in one pass over the events.

use history::{Completion, History, TimeUnit, What};
use report::{Histograms, OutcomeClass};

/// The latencies of a history, per outcome. Requests whose client never got an answer are in none of them. `silent_replays` are
/// the processes that were answered with a repetition that did not say so, in the order of their answers.
pub fn waits(history: &History, silent_replays: &[u32]) -> Histograms {
    let mut histograms = Histograms::default();
    each(history, silent_replays, |class, us| {
        histograms.record(class, us)
    });
    histograms
}

/// The longest wait for an answer that made an order, in microseconds.
pub(crate) fn longest_us(history: &History, silent_replays: &[u32]) -> u64 {
    let mut longest = 0;
    each(history, silent_replays, |class, us| {
        if class == OutcomeClass::Created {
            longest = longest.max(us);
        }
    });
    longest
}

/// Every wait that ended in an answer, in microseconds, in the order of the answers.
fn each(history: &History, silent_replays: &[u32], mut wait: impl FnMut(OutcomeClass, u64)) {
    let mut silent = silent_replays.iter().peekable();
    let mut begun_at = vec![None; history.processes()];
    for event in &history.events {
        let process = event.process as usize;
        let class = match event.what {
            What::Invoke(_) => {
                begun_at[process] = Some(event.t);
                continue;
            }
            What::Ok(completion) => match silent.next_if_eq(&&event.process) {
                Some(_) => OutcomeClass::Replayed,
                None => accepted(completion),
            },
            What::Fail(_) => OutcomeClass::Refused,
            What::Read { .. }
            | What::Cancel { .. }
            | What::Refund(_)
            | What::Info(_)
            | What::Fault { .. } => continue,
        };
        if let Some(begun_at) = begun_at[process].take() {
            let waited = event.t.saturating_sub(begun_at);
            wait(class, micros(history.contract.time_unit, waited));
        }
    }
}

/// What an acceptance was, as far as it says so itself.
fn accepted(completion: Completion) -> OutcomeClass {
    match completion.replayed {
        // Accepted, because its twin is being worked on: no order yet.
        _ if completion.order.is_none() && completion.status == Some(202) => OutcomeClass::Refused,
        Some(true) => OutcomeClass::Replayed,
        Some(false) | None => OutcomeClass::Created,
    }
}

/// A span of a unit in microseconds.
pub(crate) fn micros(unit: TimeUnit, span: u64) -> u64 {
    match unit {
        TimeUnit::Nanoseconds => span / 1_000,
        TimeUnit::Microseconds => span,
        TimeUnit::Milliseconds => span.saturating_mul(1_000),
        TimeUnit::Seconds => span.saturating_mul(1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::{Contract, Invoke, Recorder, TenantRef};

    fn invoke() -> Invoke {
        Invoke {
            tenant: TenantRef::new(0),
            key: None,
            intent: None,
            payload: None,
            coupon: None,
        }
    }

    #[test]
    fn each_answer_counts_in_the_histogram_of_its_outcome_and_silence_in_none() {
        let mut recorder = Recorder::new(Contract::default());
        let attempts: Vec<u32> = (0..4).map(|t| recorder.invoke(t * 10, invoke())).collect();
        let replayed = Completion {
            replayed: Some(true),
            ..Completion::default()
        };
        recorder.ok(105, attempts[0], Completion::default());
        recorder.ok(110, attempts[1], replayed);
        recorder.fail(120, attempts[2], Completion::default());
        recorder.info(130, attempts[3], Completion::default());
        let waited = |silent: &[u32]| {
            let latency = waits(recorder.history(), silent).summary();
            let rows = [&latency.created, &latency.replayed, &latency.refused];
            rows.map(|row| (row.count, row.max_us))
        };
        assert_eq!(waited(&[]), [(1, 105), (1, 100), (1, 100)]);
        // A repetition that does not say so is one all the same.
        assert_eq!(waited(&attempts[..1]), [(0, 0), (2, 105), (1, 100)]);
    }
}
