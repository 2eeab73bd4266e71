//! What the judge said, in the words of `run.json`: inner types stay free to change.

use check::{Operation, Outcome, Overall, Rule, RuleVerdict, Verdict};

use crate::run::{Counts, Moment, RuleOutcome, RuleRow, RunVerdict, Witness};

/// One row per rule of a verdict.
pub fn rows(verdict: &Verdict) -> Vec<RuleRow> {
    verdict.rules.iter().map(row).collect()
}

fn row(verdict: &RuleVerdict) -> RuleRow {
    RuleRow {
        name: verdict.rule.name().to_owned(),
        about: verdict.rule.about().to_owned(),
        verdict: outcome(verdict.outcome),
        checked: verdict.checked,
        unknown: verdict.unknown,
        violations: verdict.violations,
        note: verdict.note.as_deref().map(str::to_owned),
        witnesses: verdict.witnesses.iter().map(witness).collect(),
    }
}

fn witness(witness: &check::Witness) -> Witness {
    Witness {
        why: witness.why.clone(),
        operations: witness.operations.iter().map(operation).collect(),
        rows: witness.rows.clone(),
        timeline: witness.timeline.iter().map(moment).collect(),
        intent: witness.intent.clone(),
        at: witness.at,
        time: witness.time.clone(),
    }
}

pub(crate) fn moment(moment: &check::Moment) -> Moment {
    Moment {
        time: moment.time.clone(),
        text: moment.text.clone(),
    }
}

/// An operation in words, with the line of its file if it came from one.
fn operation(operation: &Operation) -> String {
    match operation.line {
        Some(line) => format!("line {line}: {}", operation.text),
        None => operation.text.clone(),
    }
}

pub(crate) const fn outcome(outcome: Outcome) -> RuleOutcome {
    match outcome {
        Outcome::Held => RuleOutcome::Held,
        Outcome::Violated => RuleOutcome::Violated,
        Outcome::Unknown => RuleOutcome::Unknown,
        Outcome::Vacuous => RuleOutcome::Vacuous,
        Outcome::NotJudged => RuleOutcome::NotJudged,
    }
}

/// The verdict in one word; `None` if the history cannot have happened, which is no verdict about the service.
pub fn overall(verdict: &Verdict) -> Option<RunVerdict> {
    match verdict.overall() {
        Overall::Pass => Some(RunVerdict::Pass),
        Overall::Fail => Some(RunVerdict::Fail),
        Overall::Inconclusive => Some(RunVerdict::Inconclusive),
        Overall::Malformed => None,
    }
}

/// The sums of a verdict.
pub fn counts(verdict: &Verdict) -> Counts {
    let counts = &verdict.counts;
    Counts {
        intents: counts.intents,
        intents_with_order: counts.intents_with_order,
        requests: counts.attempts,
        intents_merged: counts.intents_merged,
        intents_refused: counts.intents_refused,
        duplicate_requests: counts.duplicate_requests,
        ok: counts.ok,
        refused: counts.fail,
        unanswered: counts.info + counts.open,
        faults: counts.faults,
        orders: counts.orders,
        orders_pending: counts.orders_pending,
        orders_cancelled: counts.orders_cancelled,
        extra_orders: counts.extra_orders,
        extra_orders_amount: counts.extra_orders_amount,
        charges: counts.charges_captured,
        charges_refunded: counts.charges_refunded,
        extra_charges: counts.extra_charges,
        extra_charges_amount: counts.extra_charges_amount,
        orphan_charges: verdict.rule(Rule::OrphanCharge).violations,
        keys: counts.keys,
        keys_open: counts.keys_open,
        stock_initial: counts.units_initial,
        stock_restocked: counts.units_restocked,
        stock_on_hand: counts.units_on_hand,
        stock_reserved: counts.units_reserved,
        units_sold: counts.sold(),
        units_pending: counts.units_pending,
    }
}
