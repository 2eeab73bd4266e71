//! A history to lines. Names that were counted become texts (`i17`, `k3`), so that a reader needs no memory of ours.

use std::io::{self, Write};

use super::line::{Line, digits, quote, state};
use crate::History;
use crate::contract::{Contract, Expiry, InFlight};
use crate::event::{Completion, Event, Transition, What};
use crate::names::{SkuRef, TenantRef};

/// Writes a history. Each line goes out in one call, so that `output` needs no buffer of its own for correctness, only for speed.
///
/// # Errors
/// Those of `output`.
pub fn write(history: &History, mut output: impl Write) -> io::Result<()> {
    let tenants = tenants_of_keys(history);
    let mut line = Line {
        text: String::new(),
        names: &history.names,
        tenants: &tenants,
    };
    line.contract(&history.contract);
    line.send(&mut output)?;
    let mut transitions = history.transitions.iter().peekable();
    for event in &history.events {
        // A commit comes before the answer that tells of it.
        while let Some(change) = transitions.next_if(|change| change.t <= event.t) {
            line.transition(change);
            line.send(&mut output)?;
        }
        line.event(history, event);
        line.send(&mut output)?;
    }
    for change in transitions {
        line.transition(change);
        line.send(&mut output)?;
    }
    if let Some(audit) = &history.audit {
        line.audit(history, audit);
        line.send(&mut output)?;
    }
    Ok(())
}

/// Whose each key is: listed keys say so themselves, counted ones are looked up where they were used.
fn tenants_of_keys(history: &History) -> Vec<Option<TenantRef>> {
    let mut tenants = vec![None; history.names.keys.len()];
    for event in &history.events {
        if let What::Invoke(invoke) = &event.what
            && let Some(key) = invoke.key
        {
            tenants[key.index()] = Some(invoke.tenant);
        }
    }
    let orders = history
        .audit
        .as_ref()
        .and_then(|audit| audit.orders.as_ref());
    for order in orders.into_iter().flatten() {
        if let (Some(key), Some(tenant)) = (order.key, order.tenant) {
            tenants[key.index()].get_or_insert(tenant);
        }
    }
    for (index, tenant) in tenants.iter_mut().enumerate() {
        let name = history.names.keys.text(index);
        let listed = name.split_once(crate::names::KEY_SEPARATOR);
        if let Some((listed, _)) = listed {
            *tenant = history.names.tenants.find(listed).or(*tenant);
        }
    }
    tenants
}

impl Line<'_> {
    fn contract(&mut self, contract: &Contract) {
        self.kind("contract");
        self.string("time_unit", contract.time_unit.symbol());
        if let Some(ttl) = contract.ttl {
            self.number("ttl", ttl);
        }
        self.number("grace", contract.grace);
        let expiry = match contract.expiry {
            Expiry::AtLeast => "at-least",
            Expiry::Exact => "exact",
        };
        self.string("expiry", expiry);
        if let Some(deadline) = contract.recovery_deadline {
            self.number("recovery_deadline", deadline);
        }
        if let Some(in_flight) = contract.in_flight {
            let text = match in_flight {
                InFlight::Refuse(status) => status.to_string(),
                InFlight::Accept => "202".to_owned(),
                InFlight::Wait => "wait".to_owned(),
                InFlight::Replay => "replay".to_owned(),
            };
            self.string("in_flight", &text);
        }
        if let Some(mismatch) = contract.mismatch {
            self.string("mismatch", &mismatch.to_string());
        }
        if let Some(status) = contract.replay_status {
            self.number("replay_status", status);
        }
        if contract.replay_header {
            self.bool("replay_header", true);
        }
        self.amounts("prices", &contract.prices);
        self.amounts("stock", &contract.stock);
        self.list("stored_errors", &contract.stored_errors, |line, status| {
            digits(&mut line.text, i128::from(*status));
        });
        self.list("volatile", &contract.volatile, |line, field| {
            quote(&mut line.text, field);
        });
        if contract.at_least_once {
            self.bool("at_least_once", true);
        }
        let required = &contract.required_coverage;
        self.list("required_coverage", required, |line, label| {
            quote(&mut line.text, label);
        });
        if let Some(floor) = contract.success_floor_ppm {
            self.number("success_floor_ppm", floor);
        }
    }

    fn amounts(&mut self, field: &str, amounts: &[(SkuRef, i64)]) {
        if amounts.is_empty() {
            return;
        }
        let names = self.names;
        self.field(field);
        self.text.push('{');
        for (sku, amount) in amounts {
            self.number_of(&names.skus.text(sku.index()), i128::from(*amount));
        }
        self.text.push('}');
    }

    fn event(&mut self, history: &History, event: &Event) {
        let names = self.names;
        let process = history.process_number(event.process);
        match &event.what {
            What::Invoke(invoke) => {
                self.operation("invoke", event.t, process);
                self.string("op", "create");
                self.key(Some(invoke.tenant), invoke.key);
                let intent = invoke.intent.map(|intent| intent.index());
                self.name("intent", &names.intents, intent);
                let payload = invoke.payload.map(|payload| payload.index());
                self.name("payload", &names.payloads, payload);
                self.items(invoke.payload.and_then(|p| names.payload_items(p)));
                let coupon = invoke.coupon.map(|coupon| coupon.index());
                self.name("coupon", &names.coupons, coupon);
            }
            What::Read { tenant, order } => {
                self.operation("invoke", event.t, process);
                self.string("op", "read");
                self.key(Some(*tenant), None);
                self.name("order", &names.orders, Some(order.index()));
            }
            What::Ok(said) => self.completion("ok", event.t, process, said),
            What::Fail(said) => self.completion("fail", event.t, process, said),
            What::Info(said) => self.completion("info", event.t, process, said),
            What::Fault { fault, host } => {
                self.kind("fault");
                self.number("t", event.t);
                self.name("fault", &names.faults, Some(fault.index()));
                self.name("host", &names.hosts, host.map(|host| host.index()));
            }
        }
    }

    fn operation(&mut self, kind: &str, t: u64, process: u64) {
        self.kind(kind);
        self.number("t", t);
        self.number("process", process);
    }

    fn completion(&mut self, kind: &str, t: u64, process: u64, said: &Completion) {
        let names = self.names;
        self.operation(kind, t, process);
        if let Some(status) = said.status {
            self.number("status", status);
        }
        let code = if kind == "info" { "error" } else { "code" };
        self.name(code, &names.codes, said.code.map(|code| code.index()));
        self.name("order", &names.orders, said.order.map(|o| o.index()));
        let response = said.response.map(|response| response.index());
        self.name("response", &names.responses, response);
        if let Some(replayed) = said.replayed {
            self.bool("replayed", replayed);
        }
    }

    fn transition(&mut self, transition: &Transition) {
        self.kind("transition");
        self.number("t", transition.t);
        self.owned_key(transition.key);
        self.string("from", state(transition.from));
        self.string("to", state(transition.to));
        let owner = transition.owner.map(|owner| owner.index());
        self.name("owner", &self.names.hosts, owner);
        self.number("token", transition.token);
    }
}
