//! A history to lines. Names that were counted become texts (`i17`, `k3`), so that a reader needs no memory of ours.

use std::io::{self, Write};

use super::line::{Line, digits, quote, state};
use crate::History;
use crate::contract::{Amounts, Capture, Contract, Expiry, InFlight, Observed};
use crate::event::{Completion, Event, Transition, What};
use crate::names::{OrderRef, SkuRef, TenantRef};

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
        amounts: history.contract.amounts,
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
        self.optional("ttl", contract.ttl);
        self.number("grace", contract.grace);
        let expiry = match contract.expiry {
            Expiry::AtLeast => "at-least",
            Expiry::Exact => "exact",
        };
        self.string("expiry", expiry);
        self.optional("recovery_deadline", contract.recovery_deadline);
        if contract.clock_tolerance > 0 {
            self.number("clock_tolerance", contract.clock_tolerance);
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
        self.optional("replay_status", contract.replay_status);
        self.flag("replay_header", contract.replay_header);
        if contract.amounts == Amounts::Decimal {
            self.string("amounts", "decimal");
        }
        self.prices(contract);
        self.units("stock", &contract.stock);
        if let Some(stored) = &contract.stored_errors {
            self.listed("stored_errors", stored, |line, status| {
                digits(&mut line.text, i128::from(*status));
            });
        }
        self.list("volatile", &contract.volatile, |line, field| {
            quote(&mut line.text, field);
        });
        self.observed(contract.observed);
        if contract.capture == Capture::Later {
            self.string("capture", "later");
        }
        self.flag("split", contract.split);
        self.flag("final", contract.is_final);
        self.flag("at_least_once", contract.at_least_once);
        let required = &contract.required_coverage;
        self.list("required_coverage", required, |line, label| {
            quote(&mut line.text, label);
        });
        self.optional("success_floor_ppm", contract.success_floor_ppm);
    }

    /// What of answers was seen, if not all of it.
    fn observed(&mut self, observed: Observed) {
        if observed == Observed::ALL {
            return;
        }
        let parts = [
            ("status", observed.status),
            ("order", observed.order),
            ("response", observed.response),
            ("replayed", observed.replayed),
        ];
        let seen: Vec<&str> = parts
            .iter()
            .filter(|(_, seen)| *seen)
            .map(|(part, _)| *part)
            .collect();
        self.listed("observed", &seen, |line, part| quote(&mut line.text, part));
    }

    fn prices(&mut self, contract: &Contract) {
        if contract.prices.is_empty() {
            return;
        }
        let names = self.names;
        self.field("prices");
        self.text.push('{');
        for (sku, price) in &contract.prices {
            self.comma();
            quote(&mut self.text, &names.skus.text(sku.index()));
            self.text.push(':');
            self.money(*price);
        }
        self.text.push('}');
    }

    fn units(&mut self, field: &str, units: &[(SkuRef, i64)]) {
        if units.is_empty() {
            return;
        }
        let names = self.names;
        self.field(field);
        self.text.push('{');
        for (sku, units) in units {
            self.number_of(&names.skus.text(sku.index()), i128::from(*units));
        }
        self.text.push('}');
    }

    fn event(&mut self, history: &History, event: &Event) {
        let names = self.names;
        let process = event.process;
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
                self.sent_to(history, process);
            }
            What::Read { tenant, order } => {
                self.about_order(history, event, "read", *tenant, *order)
            }
            What::Cancel { tenant, order } => {
                self.about_order(history, event, "cancel", *tenant, *order)
            }
            What::Refund(request) => {
                let request = &history.refund_requests[*request as usize];
                self.about_order(history, event, "refund", request.tenant, request.order);
                self.name(
                    "key",
                    &names.refund_keys,
                    request.key.map(|key| key.index()),
                );
                self.name(
                    "intent",
                    &names.intents,
                    request.intent.map(|intent| intent.index()),
                );
                if let Some(amount) = request.amount {
                    self.amount("amount", amount);
                }
            }
            What::Ok(said) => self.completion("ok", event.t, process, said),
            What::Fail(said) => self.completion("fail", event.t, process, said),
            What::Info(said) => self.completion("info", event.t, process, said),
            What::Fault {
                fault,
                host,
                struck,
            } => {
                self.kind("fault");
                self.number("t", event.t);
                self.name("fault", &names.faults, Some(fault.index()));
                self.name("host", &names.hosts, host.map(|host| host.index()));
                if let Some(struck) = struck {
                    self.process(struck.index() as u32);
                }
            }
        }
    }

    /// A request that is about an order.
    fn about_order(
        &mut self,
        history: &History,
        event: &Event,
        op: &str,
        tenant: TenantRef,
        order: OrderRef,
    ) {
        self.operation("invoke", event.t, event.process);
        self.string("op", op);
        self.key(Some(tenant), None);
        self.name("order", &self.names.orders, Some(order.index()));
        self.sent_to(history, event.process);
    }

    fn sent_to(&mut self, history: &History, process: u32) {
        let host = history.replica(process).map(|host| host.index());
        self.name("host", &self.names.hosts, host);
    }

    fn operation(&mut self, kind: &str, t: u64, process: u32) {
        self.kind(kind);
        self.number("t", t);
        self.process(process);
    }

    /// A process: a number if its name is one.
    fn process(&mut self, process: u32) {
        match self.names.process_number(process) {
            Some(number) => self.number("process", number),
            None => self.string("process", &self.names.processes.text(process as usize)),
        }
    }

    fn completion(&mut self, kind: &str, t: u64, process: u32, said: &Completion) {
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
