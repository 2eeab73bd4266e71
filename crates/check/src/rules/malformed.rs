//! Whether the history can have happened at all: what is wrong here is the recorder's fault, not the service's.

use crate::case::Case;
use crate::facts::Flaw;
use crate::keylog::word;
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let history = case.history;
    tally.checked((history.events.len() + history.transitions.len()) as u64);
    for flaw in &case.facts.flaws {
        let is_ignored = match flaw {
            Flaw::CompletionAlone(_) => mutant!("malformed/completions-alone-are-fine"),
            Flaw::Overlap(_) => mutant!("malformed/overlaps-are-fine"),
            Flaw::AfterInfo(_) => mutant!("malformed/after-info-is-fine"),
            Flaw::Backwards(_) | Flaw::ChangeBackwards(_) => false,
            Flaw::OrderTwice(_) => mutant!("malformed/rows-may-repeat"),
            Flaw::ChargeTwice(_) => mutant!("malformed/charges-may-repeat"),
            Flaw::KeyTwice(_) => mutant!("malformed/keys-may-contradict-themselves"),
            Flaw::AuditBeforeEvent(_) => mutant!("malformed/audits-may-be-early"),
            Flaw::AuditBeforeChange(_) => mutant!("malformed/changes-after-the-audit-are-fine"),
        };
        if is_ignored {
            continue;
        }
        let at = match flaw {
            Flaw::OrderTwice(_)
            | Flaw::ChargeTwice(_)
            | Flaw::KeyTwice(_)
            | Flaw::AuditBeforeEvent(_)
            | Flaw::AuditBeforeChange(_) => case.audit_time(),
            Flaw::ChangeBackwards(change) => case.history.transitions[*change].t,
            Flaw::CompletionAlone(event)
            | Flaw::Overlap(event)
            | Flaw::AfterInfo(event)
            | Flaw::Backwards(event) => case.time(*event),
        };
        tally.violation(at, || tell(case, *flaw));
    }
}

fn tell(case: &Case<'_>, flaw: Flaw) -> Witness {
    match flaw {
        Flaw::CompletionAlone(event) => {
            let what = "has an end, and nothing begun that it could end";
            at_odds(case, event, what, "Each operation begins before it ends, and ends once.")
        }
        Flaw::Overlap(event) => {
            let what = "begins an operation before it has ended the one before";
            at_odds(case, event, what, "A process does one thing at a time.")
        }
        Flaw::AfterInfo(event) => {
            let what = "begins an operation although it is not known whether its last one has ended";
            at_odds(case, event, what, "A retry is an operation of a process of its own.")
        }
        Flaw::Backwards(event) => witness(format!(
            "{} is recorded at {}, earlier than the event before it. A history is in the order of time.",
            place(case, event),
            case.tell_time(case.time(event)),
        )),
        Flaw::ChangeBackwards(change) => witness(format!(
            "{} is recorded after a later one. A history is in the order of time.",
            case.tell_change(&case.history.transitions[change]),
        )),
        Flaw::OrderTwice(row) => {
            let orders = case.orders().unwrap_or_default();
            let id = orders[row].id;
            let rows = orders.iter().filter(|order| order.id == id);
            let rows = rows.map(|order| case.tell_order_row(order));
            let line = case.history.source.as_ref().and_then(|source| source.order(row));
            twice_at(line, &case.tell_order(id.index()), "An order has one row.", rows)
        }
        Flaw::ChargeTwice(row) => {
            let id = case.charge(row).id;
            let rows = case.charges().unwrap_or_default().iter();
            let rows = rows.filter(|charge| charge.id == id);
            let rows = rows.map(|charge| case.tell_charge(charge));
            let name = format!("charge {}", case.history.names.charges.text(id.index()));
            let line = case.history.source.as_ref().and_then(|source| source.charge(row));
            twice_at(line, &name, "A charge has one row, as it stands at the end.", rows)
        }
        Flaw::KeyTwice(row) => {
            let keys = case.history.audit.as_ref().and_then(|audit| audit.keys.as_ref());
            let key = keys.map(|keys| keys[row].key);
            let name = key.map_or(String::new(), |key| case.tell_key(key));
            let own = keys.into_iter().flatten().filter(|row| Some(row.key) == key);
            let own = own.map(|row| format!("key {name} {}", word(row.state)));
            twice(case, &format!("key {name}"), "The record of a key is in one state.", own)
        }
        Flaw::AuditBeforeEvent(event) => {
            let last = case.history.line(event);
            let last = last.map_or(String::new(), |line| format!(" in line {line}"));
            early(case, &format!("the last event{last}"), case.time(event))
        }
        Flaw::AuditBeforeChange(change) => {
            let t = case.history.transitions[change].t;
            early(case, "the last change of a key record", t)
        }
    }
}

/// An event with its line.
fn place(case: &Case<'_>, event: usize) -> String {
    format!("{}{}", tell_line(case.history.line(event)), case.tell_attempt(event))
}

/// An event that cannot have happened as its process stood.
fn at_odds(case: &Case<'_>, event: usize, what: &str, promise: &str) -> Witness {
    let at = case.tell_time(case.time(event));
    let why = format!("{} {what}, at {at}. {promise}", place(case, event));
    witness(why).operation(case, event)
}

/// Where something stands, if it was read from a file.
fn tell_line(line: Option<u32>) -> String {
    line.map_or(String::new(), |line| format!("line {line}: "))
}

/// The audit, with its line.
fn audit(case: &Case<'_>) -> String {
    let line = case.history.source.as_ref().and_then(|source| source.audit);
    format!("{}the audit", tell_line(line))
}

/// The audit lists something more than once.
fn twice(
    case: &Case<'_>,
    name: &str,
    promise: &str,
    rows: impl Iterator<Item = String>,
) -> Witness {
    let line = case.history.source.as_ref().and_then(|source| source.audit);
    twice_at(line, name, promise, rows)
}

/// The audit lists something more than once, and the last of its rows stands in this line.
fn twice_at(line: Option<u32>, name: &str, promise: &str, rows: impl Iterator<Item = String>) -> Witness {
    const ROWS_MAX: usize = 4;
    let why = format!("{}the audit lists {name} twice. {promise}", tell_line(line));
    rows.take(ROWS_MAX).fold(witness(why), Witness::row)
}

/// The audit is dated before something that happened.
fn early(case: &Case<'_>, what: &str, t: u64) -> Witness {
    let (audit, taken) = (audit(case), case.tell_time(case.audit_time()));
    let last = case.tell_time(t);
    witness(format!(
        "{audit} is dated {taken}, and {what} {last}. An audit is taken when everything is over."
    ))
}
