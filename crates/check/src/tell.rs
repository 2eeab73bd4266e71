//! Attempts, rows and times in words.

mod time;

use std::fmt::Write as _;

use history::names::KEY_SEPARATOR;
use history::{
    AuditCharge, AuditNotification, AuditOrder, AuditRefund, AuditStock, History, Item, KeyRef,
    SkuRef, What,
};
use protocol::{ChargeState, OrderState};

use crate::case::Case;
use crate::facts::{is_live, items_of};
use crate::verdict::{Operation, Witness};
use time::{dated, time};

use crate::subject::Subject;
use crate::timeline::happens;

/// The begin of a witness: the reason in two sentences, nothing else yet.
pub(crate) fn witness(why: String) -> Witness {
    Witness {
        why,
        operations: Vec::new(),
        rows: Vec::new(),
        timeline: Vec::new(),
        intent: None,
        at: 0,
        time: String::new(),
        subject: Subject::default(),
    }
}

/// A key with its tenant, if that has a name.
fn scoped(tenant: &str, key: &str) -> String {
    match tenant.is_empty() {
        true => format!("({key})"),
        false => format!("({tenant}, {key})"),
    }
}

impl Witness {
    /// With the operation that this event begins or ends.
    pub(crate) fn operation(mut self, case: &Case<'_>, event: usize) -> Witness {
        self.operations.push(case.tell_operation(event));
        self.operations.sort_by_key(|operation| operation.invoked);
        self.subject.attempt(case, event);
        self
    }

    /// With the operations that these events begin or end.
    pub(crate) fn operations(self, case: &Case<'_>, events: &[usize]) -> Witness {
        let with = |told: Witness, event: &usize| told.operation(case, *event);
        events.iter().fold(self, with)
    }

    /// With a row of the audit.
    pub(crate) fn row(mut self, text: impl Into<String>) -> Witness {
        self.rows.push(text.into());
        self
    }

    /// With the row of an order, which the witness is then about.
    pub(crate) fn order_row(mut self, case: &Case<'_>, order: &AuditOrder) -> Witness {
        let text = case.tell_order_row(order);
        if !self.rows.contains(&text) {
            self.rows.push(text);
        }
        self.subject.orders.insert(order.id.index() as u32);
        self
    }

    /// With the row of a charge, which the witness is then about.
    pub(crate) fn charge_row(mut self, case: &Case<'_>, charge: &AuditCharge) -> Witness {
        self.rows.push(case.tell_charge(charge));
        self.subject.charges.insert(charge.id.index() as u32);
        self
    }

    /// About a key.
    pub(crate) fn of_key(mut self, key: KeyRef) -> Witness {
        self.subject.keys.insert(key.index() as u32);
        self
    }

    /// With the first few orders that have a SKU, live ones and cancelled ones.
    pub(crate) fn orders_of(mut self, case: &Case<'_>, sku: SkuRef) -> Witness {
        const ORDERS_MAX: usize = 4;
        let names = &case.history.names;
        let has = |order: &&AuditOrder| {
            let items = items_of(case.history, order).map(|basket| names.items(basket));
            items.is_some_and(|items| items.iter().any(|item| item.sku == sku))
        };
        let orders = case.orders().unwrap_or_default();
        for (is_wanted, what) in [(true, "live"), (false, "cancelled")] {
            let mut holders = orders
                .iter()
                .filter(has)
                .filter(|order| is_live(order) == is_wanted);
            for order in holders.by_ref().take(ORDERS_MAX) {
                self.rows.push(case.tell_order_row(order));
            }
            match holders.count() {
                0 => {}
                more => self.rows.push(format!("and {more} more {what} orders")),
            }
        }
        self
    }

    /// With the purchase that it is about.
    pub(crate) fn intent(mut self, case: &Case<'_>, intent: Option<usize>) -> Witness {
        self.intent = intent.map(|intent| case.history.names.intents.text(intent).into_owned());
        self.subject
            .intents
            .extend(intent.map(|intent| intent as u32));
        self
    }
}

impl Case<'_> {
    /// An instant.
    pub(crate) fn tell_time(&self, t: u64) -> String {
        match self.history.is_dated() {
            true => dated(self.history.contract.time_unit, t),
            false => time(self.history.contract.time_unit, t),
        }
    }

    /// An amount of money.
    pub(crate) fn tell_amount(&self, amount: i64) -> String {
        self.history.contract.amounts.text(amount)
    }

    /// The name of an order.
    pub(crate) fn tell_order(&self, order: usize) -> String {
        format!("order {}", self.history.names.orders.text(order))
    }

    /// The attempt of an event.
    pub(crate) fn tell_attempt(&self, event: usize) -> String {
        let process = self.history.events[event].process;
        let name = self.history.process_name(process);
        // A request in one line without a process is called by its line.
        match name.starts_with("request in line ") {
            true => name.into_owned(),
            false => format!("attempt {name}"),
        }
    }

    /// A key with its tenant.
    pub(crate) fn tell_key(&self, key: KeyRef) -> String {
        let names = &self.history.names;
        let text = names.key_text(key);
        let begun = self.facts.keys[key.index()].last_invoke.get();
        match begun.map(|begun| &self.history.events[begun].what) {
            Some(What::Invoke(invoke)) => scoped(&names.tenants.text(invoke.tenant.index()), &text),
            _ => match names.keys.text(key.index()).split_once(KEY_SEPARATOR) {
                Some((tenant, _)) => scoped(tenant, &text),
                None => text.into_owned(),
            },
        }
    }

    /// The operation that this event begins or ends.
    pub(crate) fn tell_operation(&self, event: usize) -> Operation {
        let history = self.history;
        let begins = |event: usize| {
            matches!(
                history.events[event].what,
                What::Invoke(_) | What::Read { .. } | What::Cancel { .. } | What::Refund(_)
            )
        };
        let partner = self.facts.links[event].partner.get();
        let (begun, done) = if begins(event) {
            (event, partner)
        } else {
            (partner.unwrap_or(event), Some(event))
        };
        let mut text = self.tell_request(begun);
        match done {
            Some(done) => self.tell_end(&mut text, done),
            None => text.push_str(" and got no answer"),
        }
        Operation {
            process: history
                .process_name(history.events[event].process)
                .into_owned(),
            invoked: history.events[begun].t,
            returned: done.map(|done| history.events[done].t),
            line: history.line(done.unwrap_or(begun)),
            text,
        }
    }

    fn tell_request(&self, begun: usize) -> String {
        let at = self.tell_time(self.history.events[begun].t);
        let invoke = &self.history.events[begun].what;
        let comma = match matches!(invoke, What::Invoke(invoke) if invoke.key.is_none()) {
            true => ",",
            false => "",
        };
        format!("{}{comma} at {at}", self.tell_request_briefly(begun))
    }

    /// A request in words, without its time.
    pub(crate) fn tell_request_briefly(&self, begun: usize) -> String {
        let (history, names) = (self.history, &self.history.names);
        let mut text = self.tell_attempt(begun);
        match &history.events[begun].what {
            What::Invoke(invoke) => {
                text.push_str(" asked for");
                match invoke.payload {
                    Some(payload) => append(
                        &mut text,
                        format_args!(" {}", names.payloads.text(payload.index())),
                    ),
                    None => text.push_str(" an order"),
                }
                match invoke.key {
                    Some(key) => append(&mut text, format_args!(" with {}", self.tell_key(key))),
                    None => {
                        let tenant = names.tenants.text(invoke.tenant.index());
                        append(&mut text, format_args!(" of {tenant}, without a key"));
                    }
                }
            }
            What::Read { order, .. } => {
                append(
                    &mut text,
                    format_args!(" read {}", self.tell_order(order.index())),
                );
            }
            What::Cancel { order, .. } => {
                append(
                    &mut text,
                    format_args!(" asked to cancel {}", self.tell_order(order.index())),
                );
            }
            What::Refund(request) => {
                let request = &history.refund_requests[*request as usize];
                let order = self.tell_order(request.order.index());
                match request.amount {
                    Some(amount) => append(
                        &mut text,
                        format_args!(" asked for {} of {order} back", self.tell_amount(amount)),
                    ),
                    None => append(
                        &mut text,
                        format_args!(" asked for the money of {order} back"),
                    ),
                }
            }
            _ => {}
        }
        text
    }

    /// An answer in words, without its time.
    pub(crate) fn tell_answer(&self, done: usize) -> String {
        let mut text = self.tell_attempt(done);
        self.append_answer(&mut text, " gets", done);
        text
    }

    fn tell_end(&self, text: &mut String, done: usize) {
        self.append_answer(text, " and got", done);
        let at = self.tell_time(self.history.events[done].t);
        append(text, format_args!(", at {at}"));
    }

    fn append_answer(&self, text: &mut String, gets: &str, done: usize) {
        let names = &self.history.names;
        let (word, said) = match &self.history.events[done].what {
            What::Ok(said) => ("ok", said),
            What::Fail(said) => ("a refusal", said),
            What::Info(said) => ("no certain answer", said),
            _ => return,
        };
        append(text, format_args!("{gets} {word}"));
        if let Some(status) = said.status {
            append(text, format_args!(" {status}"));
        }
        if let Some(code) = said.code {
            append(text, format_args!(" {}", names.codes.text(code.index())));
        }
        if let Some(order) = said.order {
            append(text, format_args!(", {}", self.tell_order(order.index())));
        }
        if let Some(response) = said.response {
            append(
                text,
                format_args!(" with body {}", names.responses.text(response.index())),
            );
        }
        if said.replayed == Some(true) {
            text.push_str(", said to be a replay");
        }
    }

    /// The row of an order.
    pub(crate) fn tell_order_row(&self, row: &AuditOrder) -> String {
        let names = &self.history.names;
        let state = match row.state {
            OrderState::Pending => "pending",
            OrderState::Confirmed => "confirmed",
            OrderState::Cancelled => "cancelled",
        };
        let mut text = format!("{} {state}", self.tell_order(row.id.index()));
        match (row.key, row.tenant) {
            (Some(key), _) => append(&mut text, format_args!(" for {}", self.tell_key(key))),
            (None, Some(tenant)) => append(
                &mut text,
                format_args!(" of {}", names.tenants.text(tenant.index())),
            ),
            (None, None) => {}
        }
        if let Some(payload) = row.payload {
            let payload = names.payloads.text(payload.index());
            append(&mut text, format_args!(" from {payload}"));
        }
        if let Some(items) = row.items {
            append(
                &mut text,
                format_args!(": {}", tell_items(self.history, names.items(items))),
            );
        }
        if let Some(t) = row.t {
            append(
                &mut text,
                format_args!(", created at {}", self.tell_time(t)),
            );
        }
        text
    }

    /// The row of a charge.
    pub(crate) fn tell_charge(&self, charge: &AuditCharge) -> String {
        let names = &self.history.names;
        let state = match charge.state {
            ChargeState::Authorized => "authorized",
            ChargeState::Captured => "captured",
            ChargeState::Refunded => "refunded",
            ChargeState::Voided => "voided",
            ChargeState::Declined => "declined",
        };
        let id = names.charges.text(charge.id.index());
        let amount = self.tell_amount(charge.amount);
        let mut text = format!("charge {id} {state}: {amount}");
        if let Some(order) = charge.order {
            append(
                &mut text,
                format_args!(" for {}", self.tell_order(order.index())),
            );
        }
        if let Some(key) = charge.provider_key {
            let key = names.provider_keys.text(key.index());
            append(&mut text, format_args!(", provider key {key}"));
        }
        if let Some(tender) = charge.tender {
            let tender = names.tenders.text(tender.index());
            append(&mut text, format_args!(", from {tender}"));
        }
        if let Some(t) = charge.t {
            append(&mut text, format_args!(", at {}", self.tell_time(t)));
        }
        text
    }

    /// A charge as something that happens.
    pub(crate) fn tell_charge_briefly(&self, charge: &AuditCharge) -> String {
        let names = &self.history.names;
        let id = names.charges.text(charge.id.index());
        let amount = self.tell_amount(charge.amount);
        let mut text = format!("charge {id} of {amount} is {}", happens(charge.state));
        if let Some(order) = charge.order {
            append(
                &mut text,
                format_args!(" for {}", self.tell_order(order.index())),
            );
        }
        if let Some(key) = charge.provider_key {
            let key = names.provider_keys.text(key.index());
            append(&mut text, format_args!(", under provider key {key}"));
        }
        text
    }

    /// A refund as something that happens.
    pub(crate) fn tell_refund(&self, refund: &AuditRefund) -> String {
        let names = &self.history.names;
        let id = names.refunds.text(refund.id.index());
        let charge = names.charges.text(refund.charge.index());
        let amount = self.tell_amount(refund.amount);
        let mut text = format!("refund {id} gives {amount} of charge {charge} back");
        if let Some(key) = refund.key {
            append(
                &mut text,
                format_args!(", under key {}", names.refund_keys.text(key.index())),
            );
        }
        text
    }

    /// The row of a message.
    pub(crate) fn tell_notification(&self, row: &AuditNotification) -> String {
        let names = &self.history.names;
        let id = names.messages.text(row.message.index());
        let event = names.codes.text(row.event.index());
        let mut text = format!("message {id}: {event}");
        if let Some(order) = row.order {
            append(
                &mut text,
                format_args!(" of {}", self.tell_order(order.index())),
            );
        }
        if let Some(t) = row.t {
            append(&mut text, format_args!(", at {}", self.tell_time(t)));
        }
        text
    }

    /// The row of a SKU.
    pub(crate) fn tell_stock(&self, row: &AuditStock) -> String {
        let sku = self.history.names.skus.text(row.sku.index());
        let AuditStock {
            initial,
            restocked,
            on_hand,
            reserved,
            ..
        } = row;
        format!(
            "stock {sku}: initial {initial}, restocked {restocked}, on hand {on_hand}, reserved {reserved}"
        )
    }
}

fn tell_items(history: &History, items: &[Item]) -> String {
    let line = |item: &Item| {
        let sku = history.names.skus.text(item.sku.index());
        format!("{} {sku}", item.quantity)
    };
    items.iter().map(line).collect::<Vec<_>>().join(" + ")
}

/// Writing to a string cannot fail.
fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _always_ok = text.write_fmt(arguments);
}
