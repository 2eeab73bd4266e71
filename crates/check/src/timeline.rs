//! Everything that happened to a purchase, in the order of time: its attempts with the replicas they were sent to, the faults that struck
//! them, how its key records changed, its orders, charges, refunds and messages.

use std::collections::BTreeSet;

use history::{
    AuditCharge, AuditKey, AuditNotification, AuditOrder, Event, History, Invoke, OrderRef, What,
};
use protocol::{ChargeState, OrderState};

use crate::case::Case;
use crate::facts::{Facts, order_rows};
use crate::subject::Subject;
use crate::verdict::Moment;

/// A purchase shows at most this many attempts; what is beyond them is counted.
const ATTEMPTS_MAX: usize = 24;

impl Subject {
    /// About the purchase of an attempt: its intent, or else its key, or else the attempt alone.
    pub(crate) fn attempt(&mut self, case: &Case<'_>, event: usize) {
        let partner = case.facts.links[event].partner.get();
        let begun = match &case.history.events[event].what {
            What::Ok(_) | What::Fail(_) | What::Info(_) => partner,
            What::Fault { .. } => None,
            _ => Some(event),
        };
        let Some(begun) = begun else { return };
        self.attempts.insert(begun as u32);
        if let What::Invoke(invoke) = &case.history.events[begun].what {
            match (invoke.intent, invoke.key) {
                (Some(intent), _) => drop(self.intents.insert(intent.index() as u32)),
                (None, Some(key)) => drop(self.keys.insert(key.index() as u32)),
                (None, None) => {}
            }
        }
    }
}

/// The purchase that something is part of, as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An intent.
    Intent(String),
    /// A key, of whatever tenant.
    Key(String),
    /// An order.
    Order(String),
}

/// Everything that happened to a purchase, in the order of time; `None` if the history has nothing of that name.
pub fn trace(history: &History, about: &About) -> Option<Vec<Moment>> {
    let mut facts = Facts::default();
    facts.gather(history);
    let case = Case {
        history,
        facts: &facts,
        explained: false,
    };
    let names = &history.names;
    let mut subject = Subject::default();
    match about {
        About::Intent(name) => {
            let intent = names.intents.find::<history::IntentRef>(name)?;
            subject.intents.insert(intent.index() as u32);
        }
        About::Key(name) => {
            let all = 0..names.keys.len() as u32;
            let own = all.filter(|key| names.key_text(history::KeyRef::new(*key)) == *name);
            subject.keys.extend(own);
            if subject.keys.is_empty() {
                return None;
            }
        }
        About::Order(name) => {
            let order = names.orders.find::<OrderRef>(name)?;
            subject.orders.insert(order.index() as u32);
            if let Some(intent) = facts.orders[order.index()].intent.get() {
                subject.intents.insert(intent as u32);
            }
            if let Some(key) = case.order(order.index()).and_then(|row| row.key) {
                subject.keys.insert(key.index() as u32);
            }
        }
    }
    let told = timelines(&case, &mut [subject]).pop();
    told.filter(|told| !told.is_empty())
}

/// The timelines of some subjects: one pass over the events and one over each part of the audit, however many subjects there are.
pub(crate) fn timelines(case: &Case<'_>, subjects: &mut [Subject]) -> Vec<Vec<Moment>> {
    let mut told: Vec<Told> = subjects.iter().map(|_| Told::default()).collect();
    if subjects.is_empty() {
        return Vec::new();
    }
    for (subject, told) in subjects.iter_mut().zip(&mut told) {
        told.asked
            .extend(subject.attempts.iter().map(|begun| *begun as usize));
    }
    let any = Any::of(case, subjects);
    for (index, event) in case.history.events.iter().enumerate() {
        if let What::Invoke(invoke) = &event.what
            && any.has(invoke)
        {
            for (subject, told) in subjects.iter().zip(&mut told) {
                if subject.has(invoke) {
                    told.asked.insert(index);
                }
            }
        }
    }
    for (subject, told) in subjects.iter_mut().zip(&mut told) {
        told.attempts(case, subject);
    }
    let any = Any::of(case, subjects);
    for (row, order) in order_rows(case.history).iter().enumerate() {
        let facts = &case.facts.orders[order.id.index()];
        if !any.has_order(order, facts.intent.get()) {
            continue;
        }
        for (subject, told) in subjects.iter_mut().zip(&mut told) {
            let by_intent = facts
                .intent
                .get()
                .is_some_and(|intent| subject.intents.contains(&(intent as u32)));
            let by_key = order
                .key
                .is_some_and(|key| subject.keys.contains(&(key.index() as u32)));
            if by_intent || by_key || subject.orders.contains(&(order.id.index() as u32)) {
                subject.orders.insert(order.id.index() as u32);
                told.order(case, row);
            }
        }
    }
    let rows = Any::of(case, subjects).rows(case);
    for (subject, told) in subjects.iter().zip(&mut told) {
        told.records(case, subject, &rows);
        told.money(case, subject, &rows);
        told.messages(case, subject, &rows);
        told.faults(case);
    }
    told.into_iter().map(|told| told.in_order(case)).collect()
}

/// What belongs to any of the subjects, by number: most of a large history belongs to none, and is passed over at once.
struct Any {
    intents: Vec<bool>,
    keys: Vec<bool>,
    orders: Vec<bool>,
    charges: Vec<bool>,
}

/// The rows that belong to any of the subjects.
struct Rows<'a> {
    charges: Vec<&'a AuditCharge>,
    messages: Vec<&'a AuditNotification>,
    keys: Vec<&'a AuditKey>,
}

impl Any {
    fn of(case: &Case<'_>, subjects: &[Subject]) -> Any {
        let names = &case.history.names;
        let marked = |count: usize, of: fn(&Subject) -> &BTreeSet<u32>| {
            let mut marks = vec![false; count];
            for number in subjects.iter().flat_map(of) {
                marks[*number as usize] = true;
            }
            marks
        };
        Any {
            intents: marked(names.intents.len(), |subject| &subject.intents),
            keys: marked(names.keys.len(), |subject| &subject.keys),
            orders: marked(names.orders.len(), |subject| &subject.orders),
            charges: marked(names.charges.len(), |subject| &subject.charges),
        }
    }

    fn has(&self, invoke: &Invoke) -> bool {
        invoke
            .intent
            .is_some_and(|intent| self.intents[intent.index()])
            || invoke.key.is_some_and(|key| self.keys[key.index()])
    }

    fn has_order(&self, order: &AuditOrder, intent: Option<usize>) -> bool {
        self.orders[order.id.index()]
            || intent.is_some_and(|intent| self.intents[intent])
            || order.key.is_some_and(|key| self.keys[key.index()])
    }

    fn rows<'a>(&self, case: &Case<'a>) -> Rows<'a> {
        let is_order =
            |order: Option<OrderRef>| order.is_some_and(|order| self.orders[order.index()]);
        let is_charge = |charge: &&AuditCharge| {
            is_order(charge.order)
                || charge
                    .intent
                    .is_some_and(|intent| self.intents[intent.index()])
                || self.charges[charge.id.index()]
        };
        let keys = case
            .history
            .audit
            .as_ref()
            .and_then(|audit| audit.keys.as_ref());
        Rows {
            charges: case
                .charges()
                .unwrap_or_default()
                .iter()
                .filter(is_charge)
                .collect(),
            messages: case
                .notifications()
                .unwrap_or_default()
                .iter()
                .filter(|row| is_order(row.order))
                .collect(),
            keys: keys
                .into_iter()
                .flatten()
                .filter(|row| self.keys[row.key.index()])
                .collect(),
        }
    }
}

/// A timeline that is being gathered.
#[derive(Debug, Default)]
struct Told {
    /// The attempts, by the events of their invocations.
    asked: BTreeSet<usize>,
    /// What happened: when, and in which order of those at one instant.
    moments: Vec<(Option<u64>, u8, String)>,
}

impl Told {
    fn push(&mut self, t: Option<u64>, rank: u8, text: String) {
        self.moments.push((t, rank, text));
    }

    /// The attempts, from sending to answer. What they name belongs to the purchase.
    fn attempts(&mut self, case: &Case<'_>, subject: &mut Subject) {
        let left_out = self.asked.len().saturating_sub(ATTEMPTS_MAX);
        let shown: Vec<usize> = self.asked.iter().copied().take(ATTEMPTS_MAX).collect();
        for begun in shown {
            let event = &case.history.events[begun];
            if let What::Invoke(Invoke { key: Some(key), .. }) = &event.what {
                subject.keys.insert(key.index() as u32);
            }
            self.push(Some(event.t), 1, sent(case, begun, event));
            let done = case.facts.links[begun].partner.get();
            let Some(done) = done else { continue };
            let end = &case.history.events[done];
            if let What::Ok(said) = &end.what {
                subject
                    .orders
                    .extend(said.order.map(|order| order.index() as u32));
            }
            self.push(Some(end.t), 6, case.tell_answer(done));
        }
        if left_out > 0 {
            self.push(None, 7, format!("and {left_out} more attempts"));
        }
    }

    fn order(&mut self, case: &Case<'_>, row: usize) {
        let order = &order_rows(case.history)[row];
        let name = case.tell_order(order.id.index());
        match order.t {
            Some(t) => {
                let state = match order.state {
                    OrderState::Pending => ", and is pending at the end",
                    OrderState::Confirmed => "",
                    OrderState::Cancelled => ", and is cancelled at the end",
                };
                self.push(Some(t), 3, format!("{name} is created{state}"));
            }
            None => self.push(
                None,
                3,
                format!("at the end there is {}", case.tell_order_row(order)),
            ),
        }
    }

    /// How the key records changed, or where they stand.
    fn records(&mut self, case: &Case<'_>, subject: &Subject, rows: &Rows<'_>) {
        let mut has_log = false;
        for key in &subject.keys {
            for change in case.changes_of(*key as usize) {
                has_log = true;
                self.push(Some(change.t), 2, case.tell_change_briefly(change));
            }
        }
        for row in rows.keys.iter().filter(|_| !has_log) {
            if subject.keys.contains(&(row.key.index() as u32)) {
                let state = crate::keylog::word(row.state);
                self.push(
                    None,
                    8,
                    format!(
                        "at the end the record of key {} is {state}",
                        case.tell_key(row.key)
                    ),
                );
            }
        }
    }

    fn money(&mut self, case: &Case<'_>, subject: &Subject, rows: &Rows<'_>) {
        let is_own = |charge: &AuditCharge| {
            let order = charge
                .order
                .is_some_and(|order| subject.orders.contains(&(order.index() as u32)));
            let intent = charge
                .intent
                .is_some_and(|intent| subject.intents.contains(&(intent.index() as u32)));
            order || intent || subject.charges.contains(&(charge.id.index() as u32))
        };
        let mut own = BTreeSet::new();
        for charge in rows.charges.iter().filter(|charge| is_own(charge)) {
            own.insert(charge.id);
            let text = case.tell_charge(charge);
            match charge.t {
                Some(t) => self.push(Some(t), 4, case.tell_charge_briefly(charge)),
                None => self.push(None, 9, format!("at the end there is {text}")),
            }
        }
        let refunds = case
            .history
            .audit
            .as_ref()
            .and_then(|audit| audit.refunds.as_ref());
        for refund in refunds
            .into_iter()
            .flatten()
            .filter(|refund| own.contains(&refund.charge))
        {
            let text = case.tell_refund(refund);
            self.push(refund.t, 5, text);
        }
    }

    fn messages(&mut self, case: &Case<'_>, subject: &Subject, rows: &Rows<'_>) {
        for message in &rows.messages {
            let own = message
                .order
                .is_some_and(|order| subject.orders.contains(&(order.index() as u32)));
            if own && let Some(t) = message.t {
                let names = &case.history.names;
                let id = names.messages.text(message.message.index());
                let event = names.codes.text(message.event.index());
                self.push(Some(t), 5, format!("message {id} leaves: {event}"));
            }
        }
    }

    /// The faults that struck the attempts; where a history does not say which attempt a fault struck, those that struck while one was out.
    fn faults(&mut self, case: &Case<'_>) {
        let history = case.history;
        let events = &history.events;
        let attempts: Vec<(u32, u64, u64)> = self
            .asked
            .iter()
            .take(ATTEMPTS_MAX)
            .map(|begun| {
                let done = case.facts.links[*begun].partner.get();
                let until = done.map_or(events[*begun].t, |done| events[done].t);
                (events[*begun].process, events[*begun].t, until)
            })
            .collect();
        let first = attempts
            .iter()
            .map(|(_, begun, _)| *begun)
            .min()
            .unwrap_or(0);
        let last = attempts.iter().map(|(.., until)| *until).max().unwrap_or(0);
        let from = events.partition_point(|event| event.t < first);
        let during = events[from..].iter().take_while(|event| event.t <= last);
        for event in during {
            let What::Fault {
                fault,
                host,
                struck,
            } = &event.what
            else {
                continue;
            };
            let is_own = attempts.iter().any(|(process, begun, until)| match struck {
                Some(struck) => struck.index() as u32 == *process,
                None => {
                    let here = history.replica(*process);
                    let elsewhere = host.is_some() && here.is_some() && *host != here;
                    (*begun..=*until).contains(&event.t) && !elsewhere
                }
            });
            if is_own {
                let name = history.names.faults.text(fault.index());
                let place = host.map_or(String::new(), |host| {
                    format!(" at {}", history.names.hosts.text(host.index()))
                });
                let whom = struck.map_or(String::new(), |struck| {
                    format!(
                        " strikes attempt {}",
                        history.process_name(struck.index() as u32)
                    )
                });
                self.push(Some(event.t), 0, format!("fault {name}{place}{whom}"));
            }
        }
    }

    /// What is known to have happened at some time, by time; and then what is not.
    fn in_order(mut self, case: &Case<'_>) -> Vec<Moment> {
        self.moments
            .sort_by_key(|(t, rank, _)| (t.is_none(), *t, *rank));
        let moments = self.moments.into_iter();
        moments
            .map(|(t, _, text)| Moment {
                t,
                time: t.map_or(String::new(), |t| case.tell_time(t)),
                text,
            })
            .collect()
    }
}

/// A request as a timeline shows it.
fn sent(case: &Case<'_>, begun: usize, event: &Event) -> String {
    let request = case.tell_request_briefly(begun);
    let replica = case.history.replica(event.process);
    let replica = replica.map_or(String::new(), |host| {
        format!(", sent to {}", case.history.names.hosts.text(host.index()))
    });
    format!("{request}{replica}")
}

/// The state of a charge as something that happens.
pub(crate) fn happens(state: ChargeState) -> &'static str {
    match state {
        ChargeState::Authorized => "authorised",
        ChargeState::Captured => "captured",
        ChargeState::Refunded => "refunded",
        ChargeState::Voided => "voided",
        ChargeState::Declined => "declined",
    }
}
