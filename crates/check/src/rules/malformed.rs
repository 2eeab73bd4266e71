//! Whether the history can have happened at all: what is wrong here is the recorder's fault, not the service's.

use crate::case::Case;
use crate::facts::Flaw;
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
        };
        if is_ignored {
            continue;
        }
        let at = match flaw {
            Flaw::OrderTwice(_) => case.audit_time(),
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
    let place = |event: usize| {
        let line = case.history.line(event);
        let line = line.map_or(String::new(), |line| format!("line {line}: "));
        format!("{line}{}", case.tell_attempt(event))
    };
    match flaw {
        Flaw::CompletionAlone(event) => {
            let why = format!(
                "{} has an end at {} but nothing begun that it could end. Each operation begins before it ends, and ends once.",
                place(event),
                case.tell_time(case.time(event)),
            );
            witness(why).operation(case, event)
        }
        Flaw::Overlap(event) => {
            let why = format!(
                "{} begins an operation at {} before it has ended the one before. A process does one thing at a time.",
                place(event),
                case.tell_time(case.time(event)),
            );
            witness(why).operation(case, event)
        }
        Flaw::AfterInfo(event) => {
            let why = format!(
                "{} begins an operation at {} although nobody knows whether its last one has ended. A retry is an operation of a process of its own.",
                place(event),
                case.tell_time(case.time(event)),
            );
            witness(why).operation(case, event)
        }
        Flaw::Backwards(event) => witness(format!(
            "{} is recorded at {}, earlier than the event before it. A history is in the order of time.",
            place(event),
            case.tell_time(case.time(event)),
        )),
        Flaw::ChangeBackwards(change) => witness(format!(
            "{} is recorded after a later one. A history is in the order of time.",
            case.tell_change(&case.history.transitions[change]),
        )),
        Flaw::OrderTwice(row) => {
            let order = case.orders().map(|orders| &orders[row]);
            let name = order.map_or(String::new(), |order| case.tell_order(order.id.index()));
            let why = format!("the audit lists {name} twice. An order has one row.");
            let told = witness(why);
            order.map_or(told.clone(), |order| told.row(case.tell_order_row(order)))
        }
    }
}
