//! Live orders that belong to no certain purchase. They are counted: where more live orders of one key, payload or content exist than
//! purchases asked for it, one of them is too many, whatever purchase it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditOrder, History, KeyRef, OrderRef, PayloadRef, TenantRef, What};

use super::asked::{Content, Purchase};
use super::extra::Clause;
use super::refusals::is_server_error;
use super::store::Facts;
use super::tables::{is_live, items_of, order_rows};

/// What the orders of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// A key.
    Key(u32),
    /// A payload.
    Payload(PayloadRef),
    /// A content, of one tenant or of all.
    Content(Content, Option<TenantRef>),
    /// Nothing: all purchases together.
    All,
}

impl Facts {
    /// Counts the orders of each group against the purchases that may have made them.
    pub(super) fn count_crowds(&mut self, history: &History) {
        let mut further = 0;
        let mut crowds = Vec::new();
        let given_up = self.given_up(history);
        let mut perhaps_second: BTreeSet<u32> = BTreeSet::new();
        let mut asked_for: BTreeSet<u32> = BTreeSet::new();
        for (group, mut rows) in in_order(self.groups(history)) {
            rows.sort_unstable_by_key(|row| self.creation(history, *row));
            rows.retain(|row| !self.is_extra(history, *row));
            let purchases = self.purchases_of(history, group);
            // What was never asked for is no purchase's second order.
            if purchases.is_empty() && !mutant!("duplicate-order/orders-of-nobody-count") {
                continue;
            }
            asked_for.extend(rows.iter().map(|row| *row as u32));
            let room = |purchase: &Purchase| self.room(history, *purchase);
            let free: u64 = purchases.iter().map(room).sum();
            let may_succeed = purchases
                .iter()
                .filter(|purchase| !self.has_failed(history, **purchase));
            let possible: u64 = may_succeed.map(room).sum();
            let known = purchases.iter();
            let known = known.filter_map(|purchase| self.order_of(history, *purchase));
            let taken = known.clone().min();
            let other = taken.unwrap_or(rows.first().copied().unwrap_or(0));
            if rows.len() as u64 > free {
                let all: BTreeSet<usize> = known.chain(rows.iter().copied()).collect();
                let capacity = all.len() as u64 - (rows.len() as u64 - free);
                crowds.push((all.into_iter().collect(), capacity));
            }
            // Beyond the first of each purchase there is room only where a key may have been used anew.
            let first_lives = purchases.iter().filter(|purchase| room(purchase) > 0);
            let first_lives =
                first_lives.filter(|purchase| self.order_of(history, **purchase).is_none());
            let certain = first_lives.count() as u64;
            further = further.max((rows.len() as u64).min(free).saturating_sub(certain));
            let is_tight = given_up > 0 && rows.len() as u64 + given_up > free;
            perhaps_second.extend(self.perhaps_second(history, group, &rows, &purchases, is_tight));
            for (place, row) in rows.iter().enumerate() {
                let place = place as u64;
                if place >= free {
                    self.push_extra(history, *row, other, Clause::Crowd, 0);
                } else if place >= possible {
                    self.extras.applied_after_failure.push(*row as u32);
                }
            }
        }
        self.gaps.further_lives = further;
        self.extras.scratch.crowds.append(&mut crowds);
        self.gaps.perhaps_second.extend(perhaps_second);
        let strays = self.extras.scratch.strays.iter();
        let unexplained = strays.filter(|row| !asked_for.contains(row));
        self.extras.scratch.unexplained = unexplained.copied().collect();
        self.extras.applied_after_failure.sort_unstable();
        self.extras.applied_after_failure.dedup();
    }

    /// The orders of a group, by row, that may each be the second of a purchase. Where it is tight, because what was given up may be any
    /// purchase's only order, they all may.
    fn perhaps_second(
        &self,
        history: &History,
        group: Group,
        rows: &[usize],
        purchases: &[Purchase],
        is_tight: bool,
    ) -> Vec<u32> {
        let is_full = |purchase: &Purchase| {
            self.has_key(*purchase) && self.order_of(history, *purchase).is_some()
        };
        // A copy of a request that was answered may have made one more, but need not.
        let open = purchases
            .iter()
            .map(|purchase| self.open_requests(history, *purchase));
        let is_any = is_tight || rows.len() as u64 > open.sum();
        if !is_any && !purchases.iter().any(is_full) {
            return Vec::new();
        }
        let keyless = rows
            .iter()
            .filter(|row| order_rows(history)[**row].key.is_none());
        let keyless = keyless.filter(|row| is_any || self.may_be_of(history, group, **row));
        keyless.map(|row| *row as u32).collect()
    }

    /// Whether an order may be of any purchase of its group. Of all purchases together it may be of those of its content only, which are a
    /// group of their own.
    fn may_be_of(&self, history: &History, group: Group, row: usize) -> bool {
        let is_placed = || {
            let order = &order_rows(history)[row];
            self.asked(history).content_of(history, order).is_some()
        };
        group != Group::All
            || mutant!("duplicate-order/any-content-may-be-anybodys-second")
            || !is_placed()
    }

    /// An order that an `ok` names belongs to the purchase that was answered, where that is known by its key or request only. One that
    /// belongs to a key is from then on compared with the other orders of that key.
    pub(super) fn attribute_by_answers(&mut self, history: &History) {
        let strays = std::mem::take(&mut self.extras.scratch.strays);
        for row in strays {
            let order = &order_rows(history)[row as usize];
            if order.key.is_none() && self.orders[order.id.index()].has_other_keys {
                // It was answered to several purchases, and may be the second of each.
                self.gaps.perhaps_second.push(row);
            }
            match self.answered_purchase(history, row as usize) {
                Some(purchase) => {
                    if let Purchase::Key(key) = purchase {
                        self.see_order_of_key(history, row as usize, key as usize);
                    }
                    self.extras
                        .scratch
                        .answered
                        .entry(purchase)
                        .or_default()
                        .push(row as usize);
                }
                None => self.extras.scratch.strays.push(row),
            }
        }
        let answered = std::mem::take(&mut self.extras.scratch.answered);
        for (purchase, rows) in &answered {
            if let Purchase::Request(_) = purchase {
                for row in rows.iter().skip(1) {
                    self.push_extra(history, *row, rows[0], Clause::Crowd, 0);
                }
            }
        }
        self.extras.scratch.answered = answered;
    }

    /// The purchase that was answered with an order without a key, if that is no intent.
    fn answered_purchase(&self, history: &History, row: usize) -> Option<Purchase> {
        let order = &order_rows(history)[row];
        let done = self.orders[order.id.index()].acked.get()?;
        let begun = self.links[done].partner.get()?;
        let What::Invoke(invoke) = &history.events[begun].what else {
            return None;
        };
        let purchase = Purchase::of(invoke, begun);
        let is_intent = matches!(purchase, Purchase::Intent(_));
        (order.key.is_none() && !is_intent).then_some(purchase)
    }

    /// An order without a key that no purchase asked for may be the second of any key; and any order without a key that of a key which
    /// no request had, if there is one.
    pub(super) fn see_unexplained(&mut self, history: &History) {
        let rows = order_rows(history);
        let counts =
            |order: &AuditOrder| is_live(order) && !self.orders[order.id.index()].is_baseline;
        let is_sent = |key: KeyRef| !self.keys[key.index()].intent.is_unused();
        let is_strange = |order: &AuditOrder| order.key.is_some_and(|key| !is_sent(key));
        let mut unexplained = std::mem::take(&mut self.extras.scratch.unexplained);
        if rows.iter().any(|order| counts(order) && is_strange(order)) {
            unexplained.extend(&self.gaps.keyless);
        }
        unexplained.retain(|row| {
            let order = &rows[*row as usize];
            order.key.is_none() && counts(order)
        });
        self.extras.unattributed.append(&mut unexplained);
        self.extras.unattributed.sort_unstable();
        self.extras.unattributed.dedup();
    }

    /// The orders that belong to no certain purchase, by what they have in common; the narrowest groups first.
    fn groups(&mut self, history: &History) -> BTreeMap<Group, Vec<usize>> {
        let mut groups: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
        let strays = std::mem::take(&mut self.extras.scratch.strays);
        for row in strays.iter().map(|row| *row as usize) {
            let order = &order_rows(history)[row];
            let facts = &self.orders[order.id.index()];
            let was_sent = order
                .key
                .map(|key| !self.keys[key.index()].intent.is_unused());
            if facts.is_baseline || was_sent == Some(false) {
                continue;
            }
            let content = self.asked(history).content_of(history, order);
            let is_sent = |payload: &PayloadRef| self.payloads[payload.index()].attempts > 0;
            let payload = order.payload.filter(is_sent);
            let is_known = order.key.is_some() || payload.is_some() || content.is_some();
            if !is_known && items_of(history, order).is_none() {
                self.extras.unattributed.push(row as u32);
            }
            let by_content = content.into_iter().flat_map(|content| {
                let own = order
                    .tenant
                    .map(|tenant| Group::Content(content, Some(tenant)));
                own.into_iter().chain([Group::Content(content, None)])
            });
            let by_key = order.key.map(|key| Group::Key(key.index() as u32));
            let named = by_key.into_iter().chain(payload.map(Group::Payload));
            // Where one request says what it asked for, a row that says nothing of its content is not counted beside the others.
            let is_bare = !is_known && items_of(history, order).is_none();
            let asked = self.asked(history);
            let is_any_blind = asked.blind(order.tenant).next().is_some();
            let every = (is_known || is_any_blind && (!is_bare || asked.is_all_blind()))
                .then_some(Group::All);
            for group in named.chain(by_content).chain(every) {
                groups.entry(group).or_default().push(row);
            }
        }
        self.extras.scratch.strays = strays;
        groups
    }

    /// The purchases that may have made the orders of a group, each once.
    fn purchases_of(&self, history: &History, group: Group) -> Vec<Purchase> {
        let asked = self.asked(history);
        let mut purchases: Vec<Purchase> = match group {
            Group::All => asked.all(),
            Group::Content(content, tenant) => asked
                .for_content(content, tenant)
                .chain(asked.blind(tenant))
                .collect(),
            Group::Key(_) | Group::Payload(_) => {
                let events = history.events.iter().enumerate();
                let sent = events.filter_map(|(event, what)| match &what.what {
                    What::Invoke(invoke) => {
                        let is_own = match group {
                            Group::Key(key) => invoke.key.is_some_and(|k| k.index() as u32 == key),
                            // What does not say what it asked for may have asked for this.
                            _ => invoke.payload.map_or(
                                !mutant!("duplicate-order/requests-say-their-payload"),
                                |payload| Group::Payload(payload) == group,
                            ),
                        };
                        is_own.then(|| Purchase::of(invoke, event))
                    }
                    _ => None,
                });
                sent.collect()
            }
        };
        purchases.sort_unstable();
        purchases.dedup();
        purchases
    }

    /// How many live orders more a purchase may have, beside those that are known to be its own.
    fn room(&self, history: &History, purchase: Purchase) -> u64 {
        let answered = self
            .extras
            .scratch
            .answered
            .get(&purchase)
            .into_iter()
            .flatten();
        let answered = answered
            .filter(|row| !self.is_extra(history, **row))
            .count() as u64;
        let room: u64 = match purchase {
            Purchase::Intent(intent) => {
                u64::from(self.intents[intent as usize].live.get().is_none())
            }
            // A repetition without a key is told the order of the first. Where the database lost what it was told, another may be its own.
            Purchase::Request(begun) => {
                u64::from(!self.is_told_a_live_order(history, begun as usize))
            }
            Purchase::Key(key) => {
                let lives = self.lives(history, key as usize);
                // Where it was sent for intents too, the orders with this key are among those that are counted.
                let is_counted =
                    match mutant!("duplicate-order/orders-of-a-key-beside-intents-are-counted") {
                        true => self.counts.intents > 0,
                        false => self.keys[key as usize].is_meant,
                    };
                let known = match is_counted {
                    false => self.live_with(history, key as usize),
                    true => 0,
                };
                lives.saturating_sub(known)
            }
        };
        room.saturating_sub(answered)
    }

    /// How many orders without a key were cancelled: each may have been its purchase's only one.
    fn given_up(&self, history: &History) -> u64 {
        let keyless = self.gaps.keyless.iter();
        let keyless = keyless.map(|row| &order_rows(history)[*row as usize]);
        let is_given_up =
            |order: &&AuditOrder| !is_live(order) && !self.orders[order.id.index()].is_baseline;
        keyless.filter(is_given_up).count() as u64
    }

    /// How many orders more a purchase may have if no request of it was delivered twice: at most one for each that was not answered with
    /// an order.
    fn open_requests(&self, history: &History, purchase: Purchase) -> u64 {
        let room = self.room(history, purchase);
        let Purchase::Key(key) = purchase else {
            return room;
        };
        let open = self.attempts_of(key as usize);
        let open = open.filter(|begun| !self.is_told_an_order(history, *begun));
        room.min(open.count() as u64)
    }

    /// Whether a request was answered with an order that the database holds.
    fn is_told_a_live_order(&self, history: &History, begun: usize) -> bool {
        let order = self.told_order(history, begun);
        let row = order.and_then(|order| self.orders[order.index()].row.get());
        row.is_some_and(|row| is_live(&order_rows(history)[row]))
    }

    /// Whether a request was answered with an order, be it one that the database lost: it made no other.
    fn is_told_an_order(&self, history: &History, begun: usize) -> bool {
        self.told_order(history, begun).is_some()
    }

    /// The order that a request was answered with.
    fn told_order(&self, history: &History, begun: usize) -> Option<OrderRef> {
        let done = self.links[begun].partner.get()?;
        match history.events[done].what {
            What::Ok(said) => said.order,
            _ => None,
        }
    }

    /// Whether requests of a purchase had a key, which its order may have too.
    fn has_key(&self, purchase: Purchase) -> bool {
        match purchase {
            Purchase::Intent(intent) => !self.intents[intent as usize].key.is_unused(),
            Purchase::Key(_) => true,
            Purchase::Request(_) => false,
        }
    }

    /// The row of the live order of a key that was created first.
    fn first_live(&self, history: &History, key: usize) -> Option<usize> {
        self.keys[key].live.get()?;
        let own = self
            .orders_with(history, key)
            .filter(|order| is_live(order));
        let rows = own.filter_map(|order| self.orders[order.id.index()].row.get());
        let first = rows.min_by_key(|row| self.creation(history, *row));
        first.or(self.keys[key].live.get())
    }

    /// The row of an order that a purchase is known to have.
    fn order_of(&self, history: &History, purchase: Purchase) -> Option<usize> {
        let named = match purchase {
            Purchase::Intent(intent) => self.intents[intent as usize].live.get(),
            Purchase::Key(key) => self.first_live(history, key as usize),
            Purchase::Request(_) => None,
        };
        named.or_else(|| {
            self.extras
                .scratch
                .answered
                .get(&purchase)?
                .first()
                .copied()
        })
    }

    /// The live orders with a key that are not one too many.
    fn live_with(&self, history: &History, key: usize) -> u64 {
        if self.keys[key].live.get().is_none() {
            return 0;
        }
        let own = self.orders_with(history, key);
        let counts =
            |order: &&AuditOrder| is_live(order) && !self.orders[order.id.index()].is_extra;
        own.filter(counts).count() as u64
    }

    /// How many orders one key may make: one in each time to live, and no more than requests were sent.
    fn lives(&self, history: &History, key: usize) -> u64 {
        let Some(ttl) = history.contract.ttl.filter(|ttl| *ttl > 0) else {
            return 1;
        };
        let (mut attempts, mut last) = (0, 0);
        let end = history.audit.as_ref().map_or(u64::MAX, |audit| audit.t);
        for begun in self.attempts_of(key) {
            attempts += 1;
            let done = self.links[begun].partner.get();
            let returned = done.map(|done| history.events[done]);
            last = last.max(match returned.map(|event| (event.t, event.what)) {
                Some((t, What::Ok(_) | What::Fail(_))) => t,
                _ => end,
            });
        }
        let span = last.saturating_sub(self.first_sent(history, key));
        attempts.min(span / ttl + 1)
    }

    /// The requests with a key, by their events, the last first.
    fn attempts_of(&self, key: usize) -> impl Iterator<Item = usize> + '_ {
        let last = self.keys[key].last_invoke.get();
        std::iter::successors(last, |begun| self.links[*begun].previous.get())
    }

    /// Whether every request of a purchase was answered with a definite failure.
    fn has_failed(&self, history: &History, purchase: Purchase) -> bool {
        let is_failure = |begun: usize| {
            let done = self.links[begun].partner.get();
            match done.map(|done| history.events[done].what) {
                Some(What::Fail(said)) => {
                    !is_server_error(&history.contract, &said)
                        && self.refusal(history, &said).is_definite()
                }
                _ => false,
            }
        };
        match purchase {
            Purchase::Intent(intent) => {
                let facts = &self.intents[intent as usize];
                facts.failed > 0 && facts.failed == facts.attempts
            }
            Purchase::Key(key) => self.attempts_of(key as usize).all(is_failure),
            Purchase::Request(begun) => is_failure(begun as usize),
        }
    }
}

/// Groups in an order that does not depend on which of them a history named first: the narrowest first, and those of a kind by their rows.
fn in_order(groups: BTreeMap<Group, Vec<usize>>) -> Vec<(Group, Vec<usize>)> {
    let rank = |group: &Group| match group {
        Group::Key(_) => 0,
        Group::Payload(_) => 1,
        Group::Content(_, Some(_)) => 2,
        Group::Content(_, None) => 3,
        Group::All => 4,
    };
    let mut groups: Vec<(Group, Vec<usize>)> = groups.into_iter().collect();
    groups.sort_by(|(a, rows), (b, others)| (rank(a), rows).cmp(&(rank(b), others)));
    groups
}
