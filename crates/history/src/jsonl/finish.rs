//! What can only be resolved when all lines are read: the tenant of a row that names none, and the payload of a name without items. None of
//! it depends on the order of the lines.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::mistake::Mistakes;
use super::order::{compare_names, order_changes};
use super::parts::{Head, Part, Rows};
use super::reader::{Reader, Reading};
use super::scalar::AuditPart;
use crate::audit::{Audit, AuditKey};
use crate::event::What;
use crate::names::{BasketRef, Item, PayloadRef, Symbols, TenantRef};
use crate::{History, Source};

impl Reader {
    /// The history, in its order.
    pub(super) fn finish(mut self, mut notes: Vec<String>) -> Result<Reading, Mistakes> {
        self.resolve_tenants();
        self.resolve_unnamed();
        self.resolve_payloads();
        let source = self.order_events();
        order_changes(&mut self.history.transitions, &self.history.names);
        let audit = self.audit_of(source)?;
        notes.extend(audit.left_out);
        let mut history = audit.history;
        history.source = Some(audit.source);
        Ok(Reading { history, notes })
    }

    /// A row without a tenant belongs to the only tenant, if there is only one.
    fn resolve_tenants(&mut self) {
        let tenants = self.history.names.tenants.len();
        let only = (tenants == 1).then(|| TenantRef::new(0));
        if let Some(only) = only {
            for row in &mut self.rows.orders.rows {
                row.tenant = row.tenant.or(Some(only));
            }
            for row in &mut self.rows.carts.rows {
                row.tenant = row.tenant.or(Some(only));
            }
            for (row, key) in std::mem::take(&mut self.rows.keys_of_orders) {
                let key = self.key_text(only, &key);
                self.rows.orders.rows[row].key = Some(key);
            }
        }
        // If there are several tenants, a record or change without one belongs to the nameless tenant.
        let are_any =
            !self.rows.keys_of_records.is_empty() || !self.rows.keys_of_changes.is_empty();
        let nameless = are_any && only.is_none();
        let nameless = nameless.then(|| self.history.names.tenants.intern(""));
        for (change, key) in std::mem::take(&mut self.rows.keys_of_changes) {
            if let Some(tenant) = only.or(nameless) {
                self.history.transitions[change].key = self.key_text(tenant, &key);
            }
        }
        for (_, key, state) in std::mem::take(&mut self.rows.keys_of_records) {
            if let Some(tenant) = only.or(nameless) {
                let key = self.key_text(tenant, &key);
                self.rows.keys.rows.push(AuditKey { key, state });
            }
        }
    }

    /// A row may name a payload that no request names, because requests were recorded without names: it is then of the payload that is
    /// named after its items. If no request has a name, a row's name says nothing.
    fn resolve_unnamed(&mut self) {
        if !self.unresolved.has_unnamed {
            return;
        }
        let names = &self.history.names;
        let mut is_sent = vec![false; names.payloads.len()];
        let mut are_all_unnamed = true;
        for event in &self.history.events {
            let What::Invoke(invoke) = &event.what else {
                continue;
            };
            let Some(payload) = invoke.payload else {
                continue;
            };
            if !std::mem::replace(&mut is_sent[payload.index()], true) {
                let items = names.payload_items(payload);
                let name = items.map(|items| self.list(items));
                are_all_unnamed &= name.as_deref() == Some(&*names.payloads.text(payload.index()));
            }
        }
        for row in 0..self.rows.orders.rows.len() {
            let order = self.rows.orders.rows[row];
            let is_strange = order
                .payload
                .is_some_and(|payload| !is_sent[payload.index()]);
            let after_items = order.items.filter(|_| is_strange).and_then(|items| {
                let payload = self
                    .history
                    .names
                    .payloads
                    .find::<PayloadRef>(&self.list(items));
                payload.filter(|payload| is_sent[payload.index()])
            });
            if is_strange && (after_items.is_some() || are_all_unnamed) {
                self.rows.orders.rows[row].payload = after_items;
            }
        }
    }

    /// If one name came with two lists of items, each is a payload, and the name without items is a third. A row has the payload with
    /// exactly its items.
    fn resolve_payloads(&mut self) {
        let unresolved = std::mem::take(&mut self.unresolved);
        if unresolved.ambiguous.is_empty() {
            return;
        }
        for (event, payload) in unresolved.bare {
            if unresolved.ambiguous.contains_key(&payload) {
                let payload = self.unspecified(payload);
                if let What::Invoke(invoke) = &mut self.history.events[event].what {
                    invoke.payload = Some(payload);
                }
            }
        }
        for row in 0..self.rows.orders.rows.len() {
            let order = self.rows.orders.rows[row];
            let named = order.payload;
            let ambiguous = named.and_then(|payload| unresolved.ambiguous.get_key_value(&payload));
            let Some((&payload, variants)) = ambiguous else {
                continue;
            };
            if let Some(sole) = self.sole_whole(payload, variants, order.items) {
                self.rows.orders.rows[row].payload = sole;
                continue;
            }
            let names = &self.history.names;
            let own = order
                .items
                .filter(|items| names.payload_items(payload) != Some(*items));
            let resolved = match (order.items, own) {
                // Which of the payloads of that name it is made of is not said.
                (None, _) => None,
                (Some(_), None) => Some(payload),
                (Some(_), Some(items)) => {
                    let name = self.variant(&names.payloads.text(payload.index()), items);
                    let sent = self.history.names.payloads.find(&name);
                    sent.or_else(|| Some(self.unspecified(payload)))
                }
            };
            self.rows.orders.rows[row].payload = resolved;
        }
        self.name_by_items(&unresolved.ambiguous);
    }

    /// If a purchase may be split into several orders: the payload of this name of which the order is a part. If there are several, only
    /// the order's key or purchase can tell.
    fn sole_whole(
        &self,
        payload: PayloadRef,
        variants: &BTreeSet<PayloadRef>,
        items: Option<BasketRef>,
    ) -> Option<Option<PayloadRef>> {
        let names = &self.history.names;
        let items = names.items(items.filter(|_| self.history.contract.split)?);
        let has = |whole: &[Item], part: &Item| {
            let enough = |item: &Item| item.sku == part.sku && item.quantity >= part.quantity;
            whole.iter().any(enough)
        };
        let is_whole = |payload: &PayloadRef| {
            let whole = names
                .payload_items(*payload)
                .map(|basket| names.items(basket));
            whole.is_some_and(|whole| items.iter().all(|part| has(whole, part)))
        };
        let all = std::iter::once(payload).chain(variants.iter().copied());
        let mut wholes = all.filter(is_whole);
        let first = wholes.next()?;
        Some(wholes.next().is_none().then_some(first))
    }

    /// Adds its items to the name of a payload whose name has several lists of items, so that the first one is not special.
    fn name_by_items(&mut self, ambiguous: &BTreeMap<PayloadRef, BTreeSet<PayloadRef>>) {
        for payload in ambiguous.keys() {
            let names = &self.history.names;
            let Some(items) = names.payload_items(*payload) else {
                continue;
            };
            let name = self.variant(&names.payloads.text(payload.index()), items);
            self.history.names.payloads.rename(payload.index(), &name);
        }
    }

    /// The payload of a name that has several lists of items, where none is given.
    fn unspecified(&mut self, payload: PayloadRef) -> PayloadRef {
        let name = self
            .history
            .names
            .payloads
            .text(payload.index())
            .into_owned();
        self.content(&format!("{name} (items not given)"), None)
    }

    /// The audit, with its rows in the order of their ids.
    fn audit_of(mut self, mut source: Source) -> Result<Finished, Mistakes> {
        let Some(head) = self.rows.audit.take() else {
            if let Some(line) = self.first_row() {
                self.number = line as usize;
                self.mistake(None, "here is a row, and no `audit` line says when the rows were read and which parts are complete");
                return Err(self.give_up(false));
            }
            return Ok(Finished {
                history: self.history,
                source,
                left_out: Vec::new(),
            });
        };
        debug_assert!(
            !self.has_mistakes(),
            "a history with mistakes is not finished"
        );
        let names = &self.history.names;
        let rows = &mut self.rows;
        source.orders = by_id(&mut rows.orders, &names.orders, |row| row.id.index());
        source.charges = by_id(&mut rows.charges, &names.charges, |row| row.id.index());
        by_id(&mut rows.refunds, &names.refunds, |row| row.id.index());
        let audit = whole_parts(&head, rows);
        let note = |(part, rows): &(&str, u64)| {
            format!(
                "left out {rows} rows of {part}: the audit's `complete` does not name that part"
            )
        };
        let notes = audit.left_out.iter().map(note).collect();
        self.history.audit = Some(audit);
        Ok(Finished {
            history: self.history,
            source,
            left_out: notes,
        })
    }

    /// The line of a row with a line of its own, if there is one.
    fn first_row(&self) -> Option<u32> {
        let rows = &self.rows;
        let lines = [
            &rows.orders.lines,
            &rows.charges.lines,
            &rows.refunds.lines,
            &rows.stock.lines,
        ];
        let first = lines
            .into_iter()
            .filter_map(|lines| lines.first())
            .min()
            .copied();
        let others = [
            rows.notifications.rows.len(),
            rows.keys.rows.len(),
            rows.coupons.rows.len(),
            rows.carts.rows.len(),
            rows.sales.rows.len(),
            rows.moves.rows.len(),
            rows.recorded.rows.len(),
        ];
        first.or_else(|| others.iter().any(|count| *count > 0).then_some(1))
    }
}

/// The result of finishing.
struct Finished {
    history: History,
    source: Source,
    /// Notes about rows that were left out.
    left_out: Vec<String>,
}

/// The audit of the rows. A part is only in it if it is complete.
fn whole_parts(head: &Head, rows: &mut Rows) -> Audit {
    let mut left_out = LeftOut {
        head,
        parts: Vec::new(),
    };
    macro_rules! part {
        ($part:ident, $name:literal, $rows:ident) => {
            left_out.part(AuditPart::$part, $name, std::mem::take(&mut rows.$rows))
        };
    }
    Audit {
        t: head.t,
        orders: part!(Orders, "orders", orders),
        baseline: std::mem::take(&mut rows.baseline),
        charges: part!(Charges, "charges", charges),
        stock: part!(Stock, "stock", stock),
        notifications: part!(Notifications, "notifications", notifications),
        keys: part!(Keys, "keys", keys),
        coupons: part!(Coupons, "coupons", coupons),
        refunds: part!(Refunds, "refunds", refunds),
        carts: part!(Carts, "carts", carts),
        sales: part!(Sales, "sales", sales),
        inventory_log: part!(InventoryLog, "inventory_log", moves),
        recorded_charges: part!(RecordedCharges, "recorded_charges", recorded),
        left_out: left_out.parts,
    }
}

/// Which parts are left out, and why.
struct LeftOut<'a> {
    head: &'a Head,
    parts: Vec<(&'static str, u64)>,
}

impl LeftOut<'_> {
    /// The rows of a part, if it was looked at.
    fn part<T>(&mut self, part: AuditPart, name: &'static str, found: Part<T>) -> Option<Vec<T>> {
        let same = |complete: &AuditPart| {
            let complete = match complete {
                AuditPart::Messages => AuditPart::Notifications,
                other => *other,
            };
            complete == part
        };
        let is_complete = found.is_in_audit || self.head.complete.iter().any(same);
        if !is_complete && !found.rows.is_empty() {
            self.parts.push((name, found.rows.len() as u64));
        }
        is_complete.then_some(found.rows)
    }
}

/// Puts rows in the order of their ids, numbers by value, and returns the line of each.
fn by_id<T: Copy>(part: &mut Part<T>, names: &Symbols, id: impl Fn(&T) -> usize) -> Vec<u32> {
    let lines = std::mem::take(&mut part.lines);
    let compare = |a: &T, b: &T| compare_names(&names.text(id(a)), &names.text(id(b)));
    if part
        .rows
        .is_sorted_by(|a, b| compare(a, b) != Ordering::Greater)
    {
        return lines;
    }
    let mut order: Vec<usize> = (0..part.rows.len()).collect();
    order.sort_by(|a, b| compare(&part.rows[*a], &part.rows[*b]));
    part.rows = order.iter().map(|row| part.rows[*row]).collect();
    order.iter().map(|row| lines[*row]).collect()
}
