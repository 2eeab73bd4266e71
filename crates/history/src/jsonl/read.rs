//! Lines to events. Whether they can have happened is for the judge; the line of each is kept for it.

use std::io::BufRead;

use hashbrown::HashTable;

use super::ReadError;
use super::processes::Processes;
use super::raw;
use super::text::Text;
use crate::contract::{Contract, Expiry, InFlight, TimeUnit};
use crate::event::{Completion, Event, Invoke, Transition, What};
use crate::names::{BasketRef, Item};
use crate::{History, Source};

/// Reads a history.
///
/// # Errors
/// [`ReadError`] with the line, if the text is not a history in the JSONL form, or cannot be read.
pub fn read(mut input: impl BufRead) -> Result<History, ReadError> {
    let mut reader = Reader::default();
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        number += 1;
        let count = input.read_until(b'\n', &mut bytes);
        if count.map_err(|error| at(number, None, error.to_string()))? == 0 {
            break;
        }
        let line = std::str::from_utf8(&bytes).map_err(|error| {
            let column = error.valid_up_to() + 1;
            at(number, Some(column), "this is not UTF-8")
        })?;
        if !line.trim_ascii().is_empty() {
            reader.line(line, number)?;
        }
    }
    if !reader.has_contract {
        return Err(at(
            1,
            None,
            "a history begins with its contract; this one is empty",
        ));
    }
    Ok(reader.finish())
}

/// An error in a line.
fn at(line: usize, column: Option<usize>, message: impl Into<String>) -> ReadError {
    ReadError {
        line,
        column,
        message: message.into(),
    }
}

/// A line of JSON.
fn parse<'a, T: serde::Deserialize<'a>>(line: &'a str, number: usize) -> Result<T, ReadError> {
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        let message = text.rfind(" at line ").map_or(&*text, |end| &text[..end]);
        let message = match error.is_eof() {
            true => format!("the line holds no whole object: {message}"),
            false => message.to_owned(),
        };
        // The parser counts the line's end as a line of its own.
        let column = match error.line() {
            1 => error.column(),
            _ => line.trim_end().len(),
        };
        at(number, Some(column.max(1)), message)
    })
}

/// A history that grows by lines.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) history: History,
    lines: Vec<u32>,
    audit_line: Option<u32>,
    has_contract: bool,
    is_unsorted: bool,
    processes: Processes,
    /// Baskets by their content, so that equal lists are one.
    pub(super) baskets: HashTable<BasketRef>,
    /// Scratch: a list of items.
    pub(super) items: Vec<Item>,
    /// Scratch: a tenant with its key.
    pub(super) scoped: String,
}

impl Reader {
    fn line(&mut self, line: &str, number: usize) -> Result<(), ReadError> {
        if !line.trim_ascii_start().starts_with('{') {
            let column = line.len() - line.trim_ascii_start().len() + 1;
            let what = match line.starts_with('\u{feff}') {
                true => "a history is UTF-8 without a byte order mark",
                false => "a line is a JSON object",
            };
            return Err(at(number, Some(column), what));
        }
        let kind = match kind_at_begin(line) {
            Some(kind) => kind,
            None => &parse::<raw::Kind<'_>>(line, number)?.kind.0,
        };
        match (kind, self.has_contract) {
            ("contract", false) => self.contract(parse(line, number)?, number),
            ("contract", true) => Err(at(number, None, "a second contract")),
            (_, false) => Err(at(number, None, "the first line is the contract")),
            ("invoke", _) => self.invoke(parse(line, number)?, number),
            ("ok", _) => self.complete(parse(line, number)?, number, What::Ok),
            ("fail", _) => self.complete(parse(line, number)?, number, What::Fail),
            ("info", _) => self.complete(parse(line, number)?, number, What::Info),
            ("fault", _) => self.fault(&parse(line, number)?, number),
            ("transition", _) => self.transition(&parse(line, number)?, number),
            ("audit", _) if self.history.audit.is_some() => Err(at(number, None, "a second audit")),
            ("audit", _) => {
                let audit = parse(line, number)?;
                self.audit_line = u32::try_from(number).ok();
                self.audit(audit)
                    .map_err(|message| at(number, None, message))
            }
            (other, _) => Err(at(number, None, format!("unknown kind {other:?}"))),
        }
    }

    fn contract(&mut self, raw: raw::Contract<'_>, number: usize) -> Result<(), ReadError> {
        let bad = |field: &str, text: &Text<'_>| {
            at(number, None, format!("{field} cannot be {:?}", text.0))
        };
        let unit = match &raw.time_unit {
            Some(text) => TimeUnit::from_symbol(&text.0).ok_or_else(|| bad("time_unit", text))?,
            None => return Err(at(number, None, "the contract names no time_unit")),
        };
        let expiry = match &raw.expiry {
            None => Expiry::default(),
            Some(text) => match &*text.0 {
                "exact" => Expiry::Exact,
                "at-least" => Expiry::AtLeast,
                _ => return Err(bad("expiry", text)),
            },
        };
        let in_flight = match &raw.in_flight {
            None => None,
            Some(text) => Some(in_flight(&text.0).ok_or_else(|| bad("in_flight", text))?),
        };
        let mismatch = match &raw.mismatch {
            None => None,
            Some(text) => Some(text.0.parse().map_err(|_| bad("mismatch", text))?),
        };
        let mut amounts = |pairs: Option<super::text::Pairs<'_, i64>>| {
            let skus = &mut self.history.names.skus;
            let pairs = pairs.map_or(Vec::new(), |pairs| pairs.0).into_iter();
            pairs.map(|(sku, n)| (skus.intern(&sku.0), n)).collect()
        };
        self.history.contract = Contract {
            time_unit: unit,
            ttl: raw.ttl,
            grace: raw.grace.unwrap_or(0),
            expiry,
            recovery_deadline: raw.recovery_deadline,
            in_flight,
            mismatch,
            replay_status: raw.replay_status,
            replay_header: raw.replay_header,
            prices: amounts(raw.prices),
            stock: amounts(raw.stock),
            stored_errors: raw.stored_errors,
            volatile: raw.volatile,
            at_least_once: raw.at_least_once,
            required_coverage: raw.required_coverage,
            success_floor_ppm: raw.success_floor_ppm,
        };
        self.has_contract = true;
        Ok(())
    }

    fn invoke(&mut self, raw: raw::Invoke<'_>, number: usize) -> Result<(), ReadError> {
        let tenant = self
            .tenant(raw.tenant.as_ref())
            .map_err(|message| at(number, None, message))?;
        let what = match raw.op.as_ref().map_or("create", |op| &op.0) {
            "create" => {
                let key = raw.key.as_ref().map(|key| self.key(tenant, key));
                let names = &mut self.history.names;
                let intent = raw.intent.map(|intent| names.intents.intern(&intent.0));
                let coupon = raw.coupon.map(|coupon| names.coupons.intern(&coupon.0));
                What::Invoke(Invoke {
                    tenant,
                    key,
                    intent,
                    payload: self.payload(raw.payload.as_ref(), raw.items.as_deref()),
                    coupon,
                })
            }
            "read" => {
                let Some(order) = raw.order else {
                    return Err(at(number, None, "a read names the order that it reads"));
                };
                let order = self.history.names.orders.intern(&order.0);
                What::Read { tenant, order }
            }
            other => return Err(at(number, None, format!("unknown op {other:?}"))),
        };
        self.operation(raw.t, raw.process, what, number)
    }

    fn complete(
        &mut self,
        raw: raw::Completion<'_>,
        number: usize,
        end: fn(Completion) -> What,
    ) -> Result<(), ReadError> {
        let History {
            names, contract, ..
        } = &mut self.history;
        let code = raw.code.or(raw.error);
        let completion = Completion {
            status: raw.status,
            replayed: raw.replayed,
            order: raw.order.map(|order| names.orders.intern(&order.0)),
            response: raw.response.map(|body| {
                let text = body.canonical(&contract.volatile);
                names.responses.intern(&text)
            }),
            code: code.map(|code| names.codes.intern(&code.0)),
        };
        self.operation(raw.t, raw.process, end(completion), number)
    }

    fn fault(&mut self, raw: &raw::Fault<'_>, number: usize) -> Result<(), ReadError> {
        let names = &mut self.history.names;
        let fault = names.faults.intern(&raw.fault.0);
        let host = raw.host.as_ref().map(|host| names.hosts.intern(&host.0));
        self.push(raw.t, 0, What::Fault { fault, host }, number);
        Ok(())
    }

    fn transition(&mut self, raw: &raw::Transition<'_>, number: usize) -> Result<(), ReadError> {
        let tenant = self
            .tenant(raw.tenant.as_ref())
            .map_err(|message| at(number, None, message))?;
        let key = self.key(tenant, &raw.key);
        let hosts = &mut self.history.names.hosts;
        let transition = Transition {
            t: raw.t,
            key,
            from: raw.from.into(),
            to: raw.to.into(),
            owner: raw.owner.as_ref().map(|owner| hosts.intern(&owner.0)),
            token: raw.token.unwrap_or(0),
        };
        self.history.transitions.push(transition);
        Ok(())
    }

    fn operation(
        &mut self,
        t: u64,
        process: u64,
        what: What,
        number: usize,
    ) -> Result<(), ReadError> {
        let process = self
            .processes
            .number(process)
            .ok_or_else(|| at(number, None, "more than 2^32 processes"))?;
        self.push(t, process, what, number);
        Ok(())
    }

    fn push(&mut self, t: u64, process: u32, what: What, number: usize) {
        let events = &mut self.history.events;
        self.is_unsorted |= events.last().is_some_and(|last| t < last.t);
        events.push(Event { t, process, what });
        self.lines.push(u32::try_from(number).unwrap_or(u32::MAX));
    }

    /// The history, by time. A recorder with many threads may write lines a little out of order.
    fn finish(mut self) -> History {
        if self.is_unsorted {
            let events = &self.history.events;
            let mut order: Vec<usize> = (0..events.len()).collect();
            order.sort_by_key(|i| events[*i].t);
            self.lines = order.iter().map(|i| self.lines[*i]).collect();
            self.history.events = order.iter().map(|i| events[*i]).collect();
        }
        // Stable, and nothing to do if it is sorted.
        self.history.transitions.sort_by_key(|change| change.t);
        self.history.processes = self.processes.count;
        self.history.source = Some(Source {
            lines: self.lines,
            audit: self.audit_line,
            processes: self.processes.names,
        });
        self.history
    }
}

/// The kind, if the line begins with it, as all that we write do. A kind with an escape is left to the parser.
fn kind_at_begin(line: &str) -> Option<&str> {
    let rest = line.trim_ascii_start().strip_prefix('{')?;
    let rest = rest.trim_ascii_start().strip_prefix("\"kind\"")?;
    let rest = rest.trim_ascii_start().strip_prefix(':')?;
    let rest = rest.trim_ascii_start().strip_prefix('"')?;
    let (kind, _) = rest.split_once('"')?;
    (!kind.contains('\\')).then_some(kind)
}

fn in_flight(text: &str) -> Option<InFlight> {
    match text {
        "202" => Some(InFlight::Accept),
        "wait" => Some(InFlight::Wait),
        "replay" => Some(InFlight::Replay),
        status => status.parse().ok().map(InFlight::Refuse),
    }
}
