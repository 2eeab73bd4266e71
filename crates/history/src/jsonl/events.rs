//! What happened, line by line: requests, answers, faults, and how key records changed.

use compact_str::CompactString;

use super::mistake::{Complaint, complain};
use super::raw;
use super::reader::Reader;
use super::scalar::{Amount, KeyState, Name, Op, Text};
use crate::event::{Completion, Event, Invoke, RecordState, RefundRequest, Transition, What};
use crate::names::{KeyRef, OrderRef, ProcessRef};
use crate::{Contract, History, InFlight};

impl Reader {
    pub(super) fn invoke(&mut self, raw: raw::Invoke<'_>) -> Result<(), Complaint> {
        self.ignore("invoke", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let process = self.process(&raw.process);
        let asked = Asked {
            op: raw.op,
            tenant: raw.tenant,
            key: raw.key,
            intent: raw.intent,
            payload: raw.payload,
            items: raw.items,
            coupon: raw.coupon,
            order: raw.order.as_ref(),
            amount: raw.amount,
        };
        let what = self.asked(asked)?;
        self.sent_to(process, raw.host.as_ref());
        self.push(t, process, what);
        Ok(())
    }

    fn sent_to(&mut self, process: u32, host: Option<&Text<'_>>) {
        let Some(host) = host else { return };
        let host = self.history.names.hosts.intern(&host.0);
        let sent_to = &mut self.history.sent_to;
        if sent_to.len() <= process as usize {
            sent_to.resize(process as usize + 1, None);
        }
        sent_to[process as usize] = Some(host);
    }

    /// What a request asks for.
    fn asked(&mut self, raw: Asked<'_, '_>) -> Result<What, Complaint> {
        let tenant = self.tenant(raw.tenant.as_ref())?;
        let op = raw.op.unwrap_or(Op::Create);
        if op == Op::Create {
            let key = raw.key.as_ref().map(|key| self.key(tenant, key));
            self.note_items(raw.items.as_deref());
            let payload = self.payload(raw.payload.as_ref(), raw.items.as_deref());
            let names = &mut self.history.names;
            return Ok(What::Invoke(Invoke {
                tenant,
                key,
                intent: raw.intent.map(|intent| names.intents.intern(&intent.0)),
                payload,
                coupon: raw.coupon.map(|coupon| names.coupons.intern(&coupon.0)),
            }));
        }
        let Some(order) = raw.order else {
            let word = match op {
                Op::Read => "a read names the order that it reads",
                Op::Cancel => "a cancel names the order that it cancels",
                Op::Refund | Op::Create => "a refund names the order whose money it asks for",
            };
            return Err(complain("op", format!("`order` is missing: {word}")));
        };
        let amount = raw
            .amount
            .map(|amount| self.amount("amount", &amount))
            .transpose()?;
        let names = &mut self.history.names;
        let order: OrderRef = names.orders.intern(&order.0);
        Ok(match op {
            Op::Cancel => What::Cancel { tenant, order },
            Op::Refund => {
                let request = RefundRequest {
                    tenant,
                    order,
                    key: raw.key.map(|key| names.refund_keys.intern(&key.0)),
                    intent: raw.intent.map(|intent| names.intents.intern(&intent.0)),
                    amount,
                };
                self.history.refund_requests.push(request);
                What::Refund(self.history.refund_requests.len() as u32 - 1)
            }
            Op::Read | Op::Create => What::Read { tenant, order },
        })
    }

    pub(super) fn complete(
        &mut self,
        raw: raw::Completion<'_>,
        end: fn(Completion) -> What,
    ) -> Result<(), Complaint> {
        self.ignore("ok", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let process = self.process(&raw.process);
        let History {
            names, contract, ..
        } = &mut self.history;
        let code = raw.code.or(raw.error);
        let completion = Completion {
            status: raw.status.map(|status| status.0),
            replayed: raw.replayed,
            order: raw.order.map(|order| names.orders.intern(&order.0)),
            response: raw
                .response
                .map(|body| names.responses.intern(&body.canonical(&contract.volatile))),
            code: code.map(|code| names.codes.intern(&code.0)),
        };
        self.push(t, process, end(completion));
        Ok(())
    }

    /// A whole request is its two events.
    pub(super) fn request(&mut self, raw: raw::Request<'_>) -> Result<(), Complaint> {
        self.ignore("request", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let Some(ended) = t.checked_add(raw.duration) else {
            return Err(complain(
                "duration",
                "`duration` ends after the end of time",
            ));
        };
        let own_name = Name::Text(format!("request in line {}", self.number).into());
        let process = self.process(raw.process.as_ref().unwrap_or(&own_name));
        let names_an_answer = matches!(raw.op, None | Some(Op::Create));
        let asked = Asked {
            op: raw.op,
            tenant: raw.tenant,
            key: raw.key,
            intent: raw.intent,
            payload: raw.payload,
            items: raw.items,
            coupon: raw.coupon,
            order: raw.order.as_ref().filter(|_| !names_an_answer),
            amount: raw.amount,
        };
        let what = self.asked(asked)?;
        self.sent_to(process, raw.host.as_ref());
        self.push(t, process, what);
        let History {
            names, contract, ..
        } = &mut self.history;
        let code = raw.code.or(raw.error);
        let status = raw.status.map(|status| status.0);
        let completion = Completion {
            status,
            replayed: raw.replayed,
            order: raw.order.map(|order| names.orders.intern(&order.0)),
            response: raw
                .response
                .map(|body| names.responses.intern(&body.canonical(&contract.volatile))),
            code: code.map(|code| names.codes.intern(&code.0)),
        };
        let end = end_of(status, contract);
        self.push(ended, process, end(completion));
        Ok(())
    }

    pub(super) fn fault(&mut self, raw: &raw::Fault<'_>) -> Result<(), Complaint> {
        self.ignore("fault", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let struck = raw.process.as_ref().map(|name| self.process(name));
        let names = &mut self.history.names;
        let fault = names.faults.intern(&raw.fault.0);
        let host = raw.host.as_ref().map(|host| names.hosts.intern(&host.0));
        let struck = struck.map(ProcessRef::new);
        self.push(
            t,
            0,
            What::Fault {
                fault,
                host,
                struck,
            },
        );
        Ok(())
    }

    pub(super) fn transition(&mut self, raw: &raw::Transition<'_>) -> Result<(), Complaint> {
        self.ignore("transition", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let key = match &raw.tenant {
            Some(_) => {
                let tenant = self.tenant(raw.tenant.as_ref())?;
                self.key(tenant, &raw.key)
            }
            // Named when all tenants are known.
            None => {
                let place = self.history.transitions.len();
                let text = CompactString::new(&raw.key.0);
                self.rows.keys_of_changes.push((place, text));
                KeyRef::new(0)
            }
        };
        let hosts = &mut self.history.names.hosts;
        let transition = Transition {
            t,
            key,
            from: state(raw.from),
            to: state(raw.to),
            owner: raw.owner.as_ref().map(|owner| hosts.intern(&owner.0)),
            token: raw.token.unwrap_or(0),
        };
        self.history.transitions.push(transition);
        Ok(())
    }

    fn push(&mut self, t: u64, process: u32, what: What) {
        self.history.events.push(Event { t, process, what });
        self.lines
            .push(u32::try_from(self.number).unwrap_or(u32::MAX));
    }
}

/// What a request says of itself, whichever line it stands in.
struct Asked<'a, 'b> {
    op: Option<Op>,
    tenant: Option<Text<'a>>,
    key: Option<Text<'a>>,
    intent: Option<Text<'a>>,
    payload: Option<Text<'a>>,
    items: Option<Vec<raw::Item<'a>>>,
    coupon: Option<Text<'a>>,
    order: Option<&'b Text<'a>>,
    amount: Option<Amount<'a>>,
}

/// How a request ended, by its status.
fn end_of(status: Option<u16>, contract: &Contract) -> fn(Completion) -> What {
    const NOT_EXECUTED: [u16; 8] = [400, 401, 402, 403, 404, 409, 422, 429];
    let Some(status) = status else {
        return What::Info;
    };
    let is_named = contract.in_flight == Some(InFlight::Refuse(status))
        || contract.mismatch == Some(status)
        || contract.stores(status) == Some(true);
    match status {
        200..300 => What::Ok,
        _ if is_named || NOT_EXECUTED.contains(&status) => What::Fail,
        _ => What::Info,
    }
}

/// Where a key record stands.
pub(super) fn state(word: KeyState) -> RecordState {
    match word {
        KeyState::Absent => RecordState::Absent,
        KeyState::InProgress => RecordState::InProgress,
        KeyState::Completed => RecordState::Completed,
        KeyState::Failed => RecordState::Failed,
    }
}
