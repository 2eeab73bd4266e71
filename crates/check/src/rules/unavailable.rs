//! Fewer purchases succeed than the scenario's floor. A service that rejects everybody makes no duplicates; it is broken.

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let Some(floor) = case.history.contract.success_floor_ppm else {
        tally.not_judged("the scenario names no floor");
        return;
    };
    let counts = &case.facts.counts;
    let (all, served, noun) = match counts.intents {
        0 => (counts.attempts, counts.ok, "requests"),
        intents => (intents, counts.intents_with_order, "purchases"),
    };
    tally.checked(all);
    let floor = if mutant!("unavailable/no-floor") {
        0
    } else {
        floor
    };
    let floor = if mutant!("unavailable/all-or-nothing") {
        1_000_000
    } else {
        floor
    };
    let served = if mutant!("unavailable/requests-count") {
        counts.ok
    } else {
        served
    };
    if u128::from(served) * 1_000_000 >= u128::from(all) * u128::from(floor) {
        return;
    }
    tally.violation(case.facts.run.last_event, || {
        let percent = |ppm: u128| format!("{}.{:04} %", ppm / 10_000, ppm % 10_000);
        let share = u128::from(served) * 1_000_000 / u128::from(all).max(1);
        witness(format!(
            "{served} of {all} {noun} were answered ok, which is {}. The scenario's floor is {}.",
            percent(share),
            percent(u128::from(floor)),
        ))
    });
}
