//! Live orders beyond the first: of an intent, of a key inside its time to live, of a group of purchases.

use history::{AuditOrder, BasketRef, History, KeyRef, PayloadRef};

use super::extra::{ApartPair, Clause, ExtraOrder};
use super::index::Maybe;
use super::stamps::OfKey;
use super::store::Facts;
use super::tables::order_rows;
use crate::ttl::{Within, apart};

/// What an order is of, as far as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Unknown,
    Payload(PayloadRef),
    Items(BasketRef),
}

impl What {
    fn of(order: &AuditOrder) -> What {
        match (order.payload, order.items) {
            (Some(payload), _) => What::Payload(payload),
            (None, Some(items)) => What::Items(items),
            (None, None) => What::Unknown,
        }
    }
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
            self.extras.scratch.split_orders.push((intent, row as u32));
            return;
        }
        if let Some(intent) = intent {
            match self.intents[intent].live.get() {
                None => self.intents[intent].live = Maybe::at(row),
                Some(first) if self.creation(history, row) < self.creation(history, first) => {
                    self.intents[intent].live = Maybe::at(row);
                    self.push_extra(history, first, row, Clause::Intent, intent);
                }
                Some(first) => self.push_extra(history, row, first, Clause::Intent, intent),
            }
        } else if order.key.is_none_or(|key| self.is_among_intents(key)) {
            self.extras.scratch.strays.push(row as u32);
        }
        if let Some(key) = order.key {
            self.see_order_of_key(history, row, key.index());
        }
    }

    /// Whether a key was sent for intents, so that it stands for no purchase of its own.
    #[inline]
    pub(super) fn is_among_intents(&self, key: KeyRef) -> bool {
        match mutant!("duplicate-order/one-intent-is-an-intent-of-all") {
            true => self.counts.intents > 0,
            false => self.keys[key.index()].is_meant,
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
                    self.extras.scratch.crowd.push(OfKey::new(
                        key as u32,
                        rows[first].t,
                        first as u32,
                    ));
                }
                self.extras
                    .scratch
                    .crowd
                    .push(OfKey::new(key as u32, rows[row].t, row as u32));
            }
        }
    }

    /// Collects every live order beyond the first, each once.
    pub(super) fn find_extra_orders(&mut self, history: &History) {
        self.gaps.strays = self.extras.scratch.strays.len() as u64;
        if !self.extras.scratch.strays.is_empty() {
            self.attribute_by_answers(history);
        }
        self.compare_within_keys(history);
        self.compare_answers(history);
        if history.contract.split {
            self.count_splits(history);
        }
        if !self.extras.scratch.strays.is_empty() {
            self.count_crowds(history);
            self.keep_the_strongest();
        }
        if !self.gaps.keyless.is_empty() {
            self.see_unexplained(history);
        }
        self.extras.orders.sort_unstable_by_key(|e| (e.at, e.order));
        for i in 0..self.extras.orders.len() {
            let extra = self.extras.orders[i];
            let wanted = match extra.clause {
                Clause::Intent | Clause::Crowd | Clause::Split => true,
                Clause::Key => !self.keys[extra.group as usize].is_meant,
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
        let mut crowd = std::mem::take(&mut self.extras.scratch.crowd);
        let ttl = history.contract.ttl;
        if ttl.is_some() {
            self.find_births(history, &mut crowd);
        }
        // Of those that were created at once, those that were answered come first.
        let rows = order_rows(history);
        let is_unseen = |row: u32| self.is_unseen(&rows[row as usize]);
        crowd.sort_unstable_by_key(|order| {
            (
                order.key,
                order.born.latest,
                order.t,
                is_unseen(order.row),
                order.row,
            )
        });
        let ttl = ttl.filter(|_| !mutant!("duplicate-order/for-ever"));
        for of_key in crowd.chunk_by(|a, b| a.key == b.key) {
            let mut last_born = of_key[0];
            for pair in of_key.windows(2) {
                // One that may be old hides none that is certainly near.
                self.compare_pair(history, ttl, &last_born, &pair[0], &pair[1]);
                if pair[1].born.earliest >= last_born.born.earliest {
                    last_born = pair[1];
                }
            }
        }
        self.extras.scratch.crowd = crowd;
        self.group_by_purchase(history);
    }

    /// An order against the one before it, and the one before it that was certainly created last.
    fn compare_pair(
        &mut self,
        history: &History,
        ttl: Option<u64>,
        last_born: &OfKey,
        before: &OfKey,
        order: &OfKey,
    ) {
        let is_apart = |other: &OfKey| match mutant!("duplicate-order/no-ttl") && ttl.is_some() {
            true => Within::Outside,
            false => apart(ttl, other.born, order.born),
        };
        let near = match mutant!("duplicate-order/an-old-one-hides-the-others") {
            true => before,
            false => last_born,
        };
        match (is_apart(near), is_apart(before)) {
            (Within::Inside, _) => {
                let (row, other) = (order.row as usize, near.row as usize);
                self.push_extra(history, row, other, Clause::Key, order.key as usize);
            }
            (Within::Unknown, _) | (_, Within::Unknown) => self.extras.undated_pairs += 1,
            _ => self.extras.apart_pairs.push(ApartPair {
                key: order.key,
                orders: [near.row, order.row],
                made: near.born,
                then: order.t.unwrap_or(order.born.latest),
            }),
        }
    }

    /// Without intents a key stands for the purchase: the orders of one key and payload, created less than the time to live
    /// apart, are paid for once. A client that was answered with several of them may have meant each.
    fn group_by_purchase(&mut self, history: &History) {
        let mut crowd = std::mem::take(&mut self.extras.scratch.crowd);
        let rows = order_rows(history);
        let has_intent = |row: u32| {
            let facts = &self.orders[rows[row as usize].id.index()];
            facts.intent.get().is_some()
        };
        let content = |row: u32| match mutant!("double-charge/any-payload-of-the-key") {
            true => What::Unknown,
            false => What::of(&rows[row as usize]),
        };
        crowd.sort_unstable_by_key(|order| {
            (
                order.key,
                content(order.row),
                order.born.latest,
                order.t,
                order.row,
            )
        });
        let ttl = history.contract.ttl;
        let is_one_life = |a: &OfKey, b: &OfKey| {
            let is_near = ttl.is_none() || apart(ttl, a.born, b.born) == Within::Inside;
            a.key == b.key && content(a.row) == content(b.row) && is_near
        };
        // Where a request with the key does not say its intent, an order may be of that of the others or not.
        let is_half_meant = |life: &&[OfKey]| {
            let key = &self.keys[life[0].key as usize];
            key.is_meant && key.is_silent && !life.iter().all(|order| has_intent(order.row))
        };
        for life in crowd.chunk_by(is_one_life).filter(is_half_meant) {
            let orders: Vec<usize> = life.iter().map(|order| order.row as usize).collect();
            let purchases = orders.len() as u64;
            if !mutant!("double-charge/a-request-without-its-intent-is-another-purchase") {
                self.extras.scratch.crowds.push((orders, purchases));
            }
        }
        crowd.retain(|order| !has_intent(order.row));
        for life in crowd.chunk_by(is_one_life).filter(|life| life.len() > 1) {
            let orders: Vec<usize> = life.iter().map(|order| order.row as usize).collect();
            let is_acked = |row: &&usize| self.orders[rows[**row].id.index()].acked.get().is_some();
            let acked = orders.iter().filter(is_acked).count() as u64;
            let purchases = match mutant!("double-charge/acknowledged-orders-too") {
                true => 1,
                false => acked.max(1),
            };
            self.extras.scratch.crowds.push((orders, purchases));
        }
        self.relate_unclear(history, &crowd);
        self.extras.scratch.crowd = crowd;
    }

    /// Orders of one key of which it is not known whether they are of one content, or how far apart they were created, may be one purchase.
    fn relate_unclear(&mut self, history: &History, crowd: &[OfKey]) {
        let rows = order_rows(history);
        let ttl = history.contract.ttl;
        let content = |order: &OfKey| What::of(&rows[order.row as usize]);
        let is_unclear = |pair: &[OfKey]| {
            content(&pair[0]) == content(&pair[1])
                && apart(ttl, pair[0].born, pair[1].born) == Within::Unknown
        };
        for of_key in crowd.chunk_by(|a, b| a.key == b.key) {
            let is_undated = of_key.windows(2).any(is_unclear);
            let mut contents = of_key.iter().map(content);
            let has_items = contents
                .clone()
                .any(|content| matches!(content, What::Items(_)));
            let has_payload = contents
                .clone()
                .any(|content| matches!(content, What::Payload(_)));
            let is_unclear =
                contents.any(|content| content == What::Unknown) || has_items && has_payload;
            if is_unclear || is_undated {
                let orders: Vec<usize> = of_key.iter().map(|order| order.row as usize).collect();
                let purchases = orders.len() as u64;
                self.extras.scratch.crowds.push((orders, purchases));
            }
        }
    }

    /// Whether no `ok` named an order.
    fn is_unseen(&self, order: &AuditOrder) -> bool {
        self.orders[order.id.index()].acked == Maybe::default()
    }

    /// In which order orders were created. Of those of one instant, those that were answered come first, and then as their rows do; those
    /// whose time is not known come last.
    pub(super) fn creation(&self, history: &History, row: usize) -> (u64, bool, usize) {
        let order = &order_rows(history)[row];
        (order.t.unwrap_or(u64::MAX), self.is_unseen(order), row)
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
            self.extras.orders.push(extra);
        }
    }

    /// Whether an order in a row is one too many.
    pub(super) fn is_extra(&self, history: &History, row: usize) -> bool {
        self.orders[order_rows(history)[row].id.index()].is_extra
    }

    /// Crowds come last, and are a stronger reason than keys and answers.
    fn keep_the_strongest(&mut self) {
        self.extras
            .orders
            .sort_unstable_by_key(|extra| (extra.order, extra.clause));
        self.extras.orders.dedup_by_key(|extra| extra.order);
    }
}
