//! Live orders beyond the first: of an intent, of a key inside its time to live, of a group of purchases.

use history::{AuditOrder, History};

use super::orders::order_rows;
use super::{Facts, Maybe};

/// Why an order is one too many, the strongest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clause {
    /// Its intent has another live order.
    Intent,
    /// There are more live orders of this key, payload or content than purchases that asked for it.
    Crowd,
    /// The live orders of its purchase, which may be split, hold more than was asked for.
    Split,
    /// Its key has another live order, created less than the time to live apart.
    Key,
    /// Its key was answered with another order inside the time to live.
    Answers,
}

/// An order that is one too many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtraOrder {
    /// When it was created, or answered, as far as that is known.
    pub(crate) at: u64,
    /// The order, by name.
    pub(crate) order: u32,
    /// The order that was there before, by name.
    pub(crate) other: u32,
    /// Why.
    pub(crate) clause: Clause,
    /// The key or the intent.
    pub(crate) group: u32,
}

impl Facts {
    /// A live order: is it the first of its intent and of its key?
    #[inline]
    pub(super) fn see_live_order(
        &mut self,
        history: &History,
        row: usize,
        order: &AuditOrder,
        intent: Option<usize>,
    ) {
        if history.contract.split {
            self.split_orders.push((intent, row as u32));
            return;
        }
        if let Some(intent) = intent {
            let rows = order_rows(history);
            match self.intents[intent].live.get() {
                None => self.intents[intent].live = Maybe::at(row),
                Some(first) if creation(order, row) < creation(&rows[first], first) => {
                    self.intents[intent].live = Maybe::at(row);
                    self.push_extra(history, first, row, Clause::Intent, intent);
                }
                Some(first) => self.push_extra(history, row, first, Clause::Intent, intent),
            }
        } else if self.counts.intents > 0 || order.key.is_none() {
            self.strays.push(row as u32);
        }
        if let Some(key) = order.key {
            self.see_order_of_key(history, row, key.index());
        }
    }

    /// A live order of a key: is it the first?
    #[inline]
    pub(super) fn see_order_of_key(&mut self, history: &History, row: usize, key: usize) {
        let facts = &mut self.keys[key];
        match facts.live.get() {
            None => facts.live = Maybe::at(row),
            Some(first) => {
                let rows = order_rows(history);
                if !facts.crowded {
                    facts.crowded = true;
                    self.crowd.push((key as u32, rows[first].t, first as u32));
                }
                self.crowd.push((key as u32, rows[row].t, row as u32));
            }
        }
    }

    /// Collects every live order beyond the first, each once.
    pub(super) fn find_extra_orders(&mut self, history: &History) {
        self.gaps.strays = self.strays.len() as u64;
        if !self.strays.is_empty() {
            self.attribute_by_answers(history);
        }
        self.compare_within_keys(history);
        self.compare_answers(history);
        if history.contract.split {
            self.count_splits(history);
        }
        if !self.strays.is_empty() {
            self.count_crowds(history);
            self.keep_the_strongest();
        }
        if !self.gaps.keyless.is_empty() {
            self.see_unexplained(history);
        }
        self.extra_orders.sort_unstable_by_key(|e| (e.at, e.order));
        let intents_known = self.counts.intents > 0;
        for i in 0..self.extra_orders.len() {
            let extra = self.extra_orders[i];
            let wanted = match extra.clause {
                Clause::Intent | Clause::Crowd | Clause::Split => true,
                Clause::Key => !intents_known,
                Clause::Answers => false,
            };
            if wanted {
                let row = self.orders[extra.order as usize].row.get();
                let price = row.and_then(|row| self.price_of(history, &order_rows(history)[row]));
                let price = history.contract.amounts.hundredths(price.unwrap_or(0));
                let amount = &mut self.counts.extra_orders_amount;
                *amount = amount.saturating_add(price);
                self.counts.extra_orders += 1;
            }
        }
    }

    /// Two live orders of one key, neighbours in time, less than the time to live apart.
    fn compare_within_keys(&mut self, history: &History) {
        let mut crowd = std::mem::take(&mut self.crowd);
        crowd.sort_unstable();
        let ttl = history.contract.ttl;
        for pair in crowd.windows(2) {
            let [(key, before, first), (other_key, after, second)] = *pair else {
                continue;
            };
            if key != other_key {
                continue;
            }
            let head = self.head_of(history, first as usize);
            let ttl = ttl.filter(|_| !mutant!("duplicate-order/for-ever"));
            match (ttl, before, after) {
                (Some(ttl), Some(before), Some(after))
                    if after - before >= ttl || mutant!("duplicate-order/no-ttl") =>
                {
                    self.apart_pairs.push((key, first, second));
                }
                (Some(_), None, _) | (Some(_), _, None) => {
                    self.undated_pairs += 1;
                    let name = |row: u32| order_rows(history)[row as usize].id.index() as u32;
                    self.perhaps_one.push((name(first), name(second)));
                }
                _ => {
                    let (first, second) = (first as usize, second as usize);
                    self.link_to_head(history, first, second, head);
                    self.push_extra(history, second, first, Clause::Key, key as usize);
                }
            }
        }
        self.crowd = crowd;
    }

    /// The order that began the life of its key which an order in a row belongs to.
    fn head_of(&self, history: &History, row: usize) -> u32 {
        let order = order_rows(history)[row].id.index() as u32;
        self.heads.get(&order).copied().unwrap_or(order)
    }

    /// Where no intents are known, a key stands for the purchase: two orders of one key and payload are paid for once. If both were
    /// acknowledged, the client may have meant both, and their charges are undecided.
    fn link_to_head(&mut self, history: &History, first: usize, second: usize, head: u32) {
        let rows = order_rows(history);
        let (one, other) = (&rows[first], &rows[second]);
        let payloads = one.payload.zip(other.payload);
        if payloads.is_some_and(|(a, b)| a != b) && !mutant!("double-charge/any-payload-of-the-key")
        {
            return;
        }
        let is_acked = |order: &AuditOrder| self.orders[order.id.index()].acked.get().is_some();
        let are_acked =
            is_acked(one) && is_acked(other) && !mutant!("double-charge/acknowledged-orders-too");
        let order = other.id.index() as u32;
        match are_acked {
            true => self.perhaps_one.push((one.id.index() as u32, order)),
            false => drop(self.heads.insert(order, head)),
        }
    }

    pub(super) fn push_extra(
        &mut self,
        history: &History,
        row: usize,
        other: usize,
        clause: Clause,
        group: usize,
    ) {
        let rows = order_rows(history);
        let end = history.audit.as_ref().map_or(0, |audit| audit.t);
        self.keep_first(ExtraOrder {
            at: rows[row].t.unwrap_or(end),
            order: rows[row].id.index() as u32,
            other: rows[other].id.index() as u32,
            clause,
            group: group as u32,
        });
    }

    /// Reasons come with the strongest first, but for crowds.
    pub(super) fn keep_first(&mut self, extra: ExtraOrder) {
        let is_extra = &mut self.orders[extra.order as usize].is_extra;
        if !std::mem::replace(is_extra, true) || extra.clause == Clause::Crowd {
            self.extra_orders.push(extra);
        }
    }

    /// Whether an order in a row is one too many.
    pub(super) fn is_extra(&self, history: &History, row: usize) -> bool {
        self.orders[order_rows(history)[row].id.index()].is_extra
    }

    /// Crowds come last, and are a stronger reason than keys and answers.
    fn keep_the_strongest(&mut self) {
        self.extra_orders
            .sort_unstable_by_key(|extra| (extra.order, extra.clause));
        self.extra_orders.dedup_by_key(|extra| extra.order);
    }
}

/// The order of creation; orders whose time is not known come last, in the order of the rows.
pub(super) fn creation(order: &AuditOrder, row: usize) -> (u64, usize) {
    (order.t.unwrap_or(u64::MAX), row)
}
