//! Live orders beyond the first: of an intent, of a key inside its time to live, of more requests than there were intents.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditOrder, History, KeyRef, What};

use super::orders::order_rows;
use super::{Facts, Maybe};

/// Why an order is one too many, the strongest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clause {
    /// Its intent has another live order.
    Intent,
    /// There are more live orders than intents that sent this key or payload.
    Crowd,
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

/// Live orders with one key or one payload, each of one of several intents.
struct Crowd {
    is_key: bool,
    name: u32,
    rows: Vec<usize>,
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
        } else if self.counts.intents > 0 {
            self.strays.push(row as u32);
        }
        if let Some(key) = order.key {
            let facts = &mut self.keys[key.index()];
            match facts.live.get() {
                None => facts.live = Maybe::at(row),
                Some(first) => {
                    let key = key.index() as u32;
                    if !facts.crowded {
                        facts.crowded = true;
                        let t = order_rows(history)[first].t;
                        self.crowd.push((key, t, first as u32));
                    }
                    self.crowd.push((key, order.t, row as u32));
                }
            }
        }
    }

    /// Collects every live order beyond the first, each once.
    pub(super) fn find_extra_orders(&mut self, history: &History) {
        self.compare_within_keys(history);
        self.compare_answers(history);
        if !self.strays.is_empty() {
            self.count_crowds(history);
            self.keep_the_strongest();
        }
        self.extra_orders.sort_unstable_by_key(|e| (e.at, e.order));
        let intents_known = self.counts.intents > 0;
        for i in 0..self.extra_orders.len() {
            let extra = self.extra_orders[i];
            let wanted = match extra.clause {
                Clause::Intent | Clause::Crowd => true,
                Clause::Key => !intents_known,
                Clause::Answers => false,
            };
            if wanted {
                let row = self.orders[extra.order as usize].row.get();
                let price = row.and_then(|row| self.price_of(history, &order_rows(history)[row]));
                let amount = &mut self.counts.extra_orders_amount;
                *amount = amount.saturating_add(price.unwrap_or(0));
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
            let ttl = ttl.filter(|_| !mutant!("duplicate-order/for-ever"));
            match (ttl, before, after) {
                (Some(ttl), Some(before), Some(after))
                    if after - before >= ttl || mutant!("duplicate-order/no-ttl") =>
                {
                    self.apart_pairs.push((first, second));
                }
                (Some(_), None, _) | (Some(_), _, None) => self.undated_pairs += 1,
                _ => {
                    let (first, second) = (first as usize, second as usize);
                    self.push_extra(history, second, first, Clause::Key, key as usize);
                }
            }
        }
        self.crowd = crowd;
    }

    /// Live orders that belong to one of several intents, nobody knows to which: there may be as many as there are intents that sent
    /// their key or payload and have no order yet, and no more.
    fn count_crowds(&mut self, history: &History) {
        let crowds = self.crowds(history);
        let entitled = self.entitled_intents(history, &crowds);
        for (crowd, intents) in crowds.iter().zip(entitled) {
            let Some(intents) = intents else {
                continue;
            };
            // What nobody asked for is no purchase's second order.
            if intents.is_empty() && !mutant!("duplicate-order/orders-of-nobody-count") {
                continue;
            }
            let live = |intent: &usize| self.intents[*intent].live.get();
            let taken: Vec<usize> = intents.iter().filter_map(live).collect();
            let other = *taken.first().unwrap_or(&crowd.rows[0]);
            for row in crowd.rows.iter().skip(intents.len() - taken.len()) {
                let group = crowd.name as usize;
                self.push_extra(history, *row, other, Clause::Crowd, group);
            }
        }
    }

    /// The strays by key and by payload, in the order of their creation. A payload under a key that nobody sent proves nothing.
    fn crowds(&self, history: &History) -> Vec<Crowd> {
        let rows = order_rows(history);
        let mut crowds: BTreeMap<(bool, u32), Vec<usize>> = BTreeMap::new();
        for row in &self.strays {
            let order = &rows[*row as usize];
            let sent = |key: KeyRef| !self.keys[key.index()].intent.is_unused();
            if !order.key.is_none_or(sent) {
                continue;
            }
            let key = order.key.map(|key| (true, key.index() as u32));
            let payload = order.payload.map(|payload| (false, payload.index() as u32));
            for name in [key, payload].into_iter().flatten() {
                crowds.entry(name).or_default().push(*row as usize);
            }
        }
        let crowds = crowds.into_iter().map(|((is_key, name), mut crowd)| {
            crowd.sort_unstable_by_key(|row| creation(&rows[*row], *row));
            Crowd {
                is_key,
                name,
                rows: crowd,
            }
        });
        crowds.collect()
    }

    /// The intents that sent the key or payload of each crowd; `None` where a request did not say for which. Crowds come sorted.
    fn entitled_intents(&self, history: &History, crowds: &[Crowd]) -> Vec<Option<Vec<usize>>> {
        let mut entitled: Vec<Option<BTreeSet<usize>>> = vec![Some(BTreeSet::new()); crowds.len()];
        for event in &history.events {
            let What::Invoke(invoke) = &event.what else {
                continue;
            };
            let key = invoke.key.map(|key| (true, key.index() as u32));
            let payload = invoke
                .payload
                .map(|payload| (false, payload.index() as u32));
            for name in [key, payload].into_iter().flatten() {
                let place = crowds.binary_search_by_key(&name, |c| (c.is_key, c.name));
                let Ok(place) = place else {
                    continue;
                };
                match (invoke.intent, &mut entitled[place]) {
                    (Some(intent), Some(intents)) => {
                        intents.insert(intent.index());
                    }
                    (_, place) => *place = None,
                }
            }
        }
        let sorted = |intents: Option<BTreeSet<usize>>| Some(intents?.into_iter().collect());
        entitled.into_iter().map(sorted).collect()
    }

    fn push_extra(
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

    /// Crowds come last, and are a stronger reason than keys and answers.
    fn keep_the_strongest(&mut self) {
        self.extra_orders
            .sort_unstable_by_key(|extra| (extra.order, extra.clause));
        self.extra_orders.dedup_by_key(|extra| extra.order);
    }
}

/// The order of creation; orders of which nobody knows the time come last, in the order of the rows.
fn creation(order: &AuditOrder, row: usize) -> (u64, usize) {
    (order.t.unwrap_or(u64::MAX), row)
}
