//! Live orders beyond the first: of an intent, of a key inside its time to live, of more requests than there were intents.

use history::{AuditOrder, History, What};

use super::orders::{is_live, order_rows};
use super::{Facts, Maybe};
use crate::answers::KeyAnswers;
use crate::ttl::{Within, apart};

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
        self.keep_each_once();
        if !self.strays.is_empty() {
            self.count_crowds(history);
            self.keep_each_once();
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
                self.counts.extra_orders += 1;
                self.counts.extra_orders_amount += self.price_of(history, extra.order as usize);
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
            let inside = match (ttl, before, after) {
                (None, ..) => true,
                (Some(ttl), Some(before), Some(after)) => after - before < ttl,
                _ => {
                    self.undated_pairs += 1;
                    false
                }
            };
            if inside {
                let (first, second) = (first as usize, second as usize);
                self.push_extra(history, second, first, Clause::Key, key as usize);
            }
        }
        self.crowd = crowd;
    }

    /// Two `ok` of one key and payload that name different orders, created less than the time to live apart. An order that was
    /// cancelled made room for another.
    fn compare_answers(&mut self, history: &History) {
        let mut answers = KeyAnswers::default();
        for i in 0..self.mixed_keys.len() {
            let key = self.mixed_keys[i];
            answers.gather(history, self, key as usize);
            answers.for_each_payload(|group| {
                let orders = group.orders_by_creation();
                for pair in orders.windows(2) {
                    let [(first, made), (second, then)] = *pair else {
                        continue;
                    };
                    let gone = |order| self.is_cancelled(history, order);
                    if gone(first) || gone(second) {
                        continue;
                    }
                    match apart(history.contract.ttl, made, then) {
                        Within::Outside => {}
                        Within::Unknown => self.undated_pairs += 1,
                        Within::Inside => self.extra_orders.push(ExtraOrder {
                            at: then.latest,
                            order: second as u32,
                            other: first as u32,
                            clause: Clause::Answers,
                            group: key,
                        }),
                    }
                }
            });
        }
    }

    /// Orders that belong to one of several intents: there may be as many as intents, and no more.
    fn count_crowds(&mut self, history: &History) {
        let rows = order_rows(history);
        let strays = std::mem::take(&mut self.strays);
        let mut payloads: Vec<u32> = Vec::new();
        for row in &strays {
            let order = &rows[*row as usize];
            let stranger = order
                .key
                .is_some_and(|key| self.keys[key.index()].intent.is_unused());
            if let Some(payload) = order.payload.filter(|_| !stranger) {
                payloads.push(payload.index() as u32);
            }
        }
        self.strays = strays;
        payloads.sort_unstable();
        payloads.dedup();
        if payloads.is_empty() {
            return;
        }
        let entitled = entitlements(history, &payloads);
        let mut crowds: Vec<Vec<usize>> = vec![Vec::new(); payloads.len()];
        for (row, order) in rows.iter().enumerate().filter(|(_, order)| is_live(order)) {
            let stranger = order
                .key
                .is_some_and(|key| self.keys[key.index()].intent.is_unused());
            let place = order
                .payload
                .filter(|_| !stranger)
                .and_then(|p| payloads.binary_search(&(p.index() as u32)).ok());
            if let Some(place) = place {
                crowds[place].push(row);
            }
        }
        for (place, crowd) in crowds.iter().enumerate() {
            if let Some(intents) = entitled[place] {
                self.take_excess(history, crowd, intents, payloads[place]);
            }
        }
    }

    /// Marks the latest orders of a crowd that are not marked yet, until no more are left than there are intents.
    fn take_excess(&mut self, history: &History, crowd: &[usize], intents: usize, payload: u32) {
        let rows = order_rows(history);
        let marked = |facts: &Facts, row: usize| {
            let order = rows[row].id.index() as u32;
            facts.extra_orders.iter().any(|extra| extra.order == order)
        };
        if crowd.len() <= intents {
            return;
        }
        let mut unmarked: Vec<usize> = crowd
            .iter()
            .copied()
            .filter(|row| !marked(self, *row))
            .collect();
        unmarked.sort_unstable_by_key(|row| creation(&rows[*row], *row));
        for i in intents..unmarked.len() {
            self.push_extra(
                history,
                unmarked[i],
                unmarked[0],
                Clause::Crowd,
                payload as usize,
            );
        }
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
        self.extra_orders.push(ExtraOrder {
            at: rows[row].t.unwrap_or(end),
            order: rows[row].id.index() as u32,
            other: rows[other].id.index() as u32,
            clause,
            group: group as u32,
        });
    }

    fn keep_each_once(&mut self) {
        self.extra_orders
            .sort_unstable_by_key(|extra| (extra.order, extra.clause));
        self.extra_orders.dedup_by_key(|extra| extra.order);
    }

    fn is_cancelled(&self, history: &History, order: usize) -> bool {
        let row = self.orders[order].row.get();
        row.is_some_and(|row| !is_live(&order_rows(history)[row]))
    }
}

/// The order of creation; orders of which nobody knows the time come last, in the order of the rows.
fn creation(order: &AuditOrder, row: usize) -> (u64, usize) {
    (order.t.unwrap_or(u64::MAX), row)
}

/// How many intents sent each of these payloads; `None` where a request did not say for which.
fn entitlements(history: &History, payloads: &[u32]) -> Vec<Option<usize>> {
    let mut sent: Vec<(usize, Option<usize>)> = Vec::new();
    for event in &history.events {
        if let What::Invoke(invoke) = &event.what
            && let Some(payload) = invoke.payload
            && let Ok(place) = payloads.binary_search(&(payload.index() as u32))
        {
            sent.push((place, invoke.intent.map(|intent| intent.index())));
        }
    }
    sent.sort_unstable();
    sent.dedup();
    let mut entitled = vec![Some(0); payloads.len()];
    for (place, intent) in sent {
        entitled[place] = match (entitled[place], intent) {
            (Some(count), Some(_)) => Some(count + 1),
            _ => None,
        };
    }
    entitled
}
