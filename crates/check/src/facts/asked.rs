//! Who asked for what: the purchases behind each content. Built only where a row says too little to be known by its key or intent.

use std::collections::{BTreeMap, BTreeSet};

use history::{AuditOrder, History, Invoke, Item, TenantRef, What};

use super::tables::{is_part_of, items_of};

/// A purchase: an intent where intents are known, else a key, else a single request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purchase {
    /// An intent.
    Intent(u32),
    /// A key, of requests that do not say for which intent they are.
    Key(u32),
    /// A request with neither, by its event.
    Request(u32),
}

impl Purchase {
    /// The purchase of a request.
    pub(crate) fn of(invoke: &Invoke, event: usize) -> Purchase {
        match (invoke.intent, invoke.key) {
            (Some(intent), _) => Purchase::Intent(intent.index() as u32),
            (None, Some(key)) => Purchase::Key(key.index() as u32),
            (None, None) => Purchase::Request(event as u32),
        }
    }
}

/// A content, by its number among all that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Content(u32);

/// Who asked for what.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    contents: BTreeMap<Vec<Item>, Content>,
    /// The purchases that asked for each content, each once, sorted.
    purchases: Vec<(Content, TenantRef, Purchase)>,
    /// The purchases that asked for one content by two names, as where only the address differs.
    renamed: BTreeSet<(Content, Purchase)>,
    /// Which contents were asked for without an intent, each once for each tenant, sorted; `None` for what may be anything.
    without_intent: Vec<(TenantRef, Option<Content>)>,
    /// The purchases of which a request does not say what it asked for: it may be anything.
    blind: Vec<(TenantRef, Purchase)>,
}

impl Asked {
    /// Gathers what was asked for. One pass over the events.
    pub(super) fn gather(history: &History) -> Asked {
        let mut asked = Asked::default();
        let names = &history.names;
        let mut named = Vec::new();
        for (event, what) in history
            .events
            .iter()
            .enumerate()
            .map(|(i, event)| (i, &event.what))
        {
            let What::Invoke(invoke) = what else { continue };
            let purchase = Purchase::of(invoke, event);
            let basket = invoke
                .payload
                .and_then(|payload| names.payload_items(payload));
            match basket {
                Some(basket) => {
                    let content = asked.number(names.items(basket));
                    asked.purchases.push((content, invoke.tenant, purchase));
                    named.push((content, purchase, invoke.payload));
                }
                None => asked.blind.push((invoke.tenant, purchase)),
            }
        }
        named.sort_unstable();
        named.dedup();
        let twice = |pair: &[(Content, Purchase, _)]| {
            let ((content, purchase, _), (other, by, _)) = (pair[0], pair[1]);
            (content == other && purchase == by).then_some((content, purchase))
        };
        asked.renamed = named.windows(2).filter_map(twice).collect();
        asked.purchases.sort_unstable();
        asked.purchases.dedup();
        asked.blind.sort_unstable();
        asked.blind.dedup();
        asked.note_without_intent();
        asked
    }

    fn note_without_intent(&mut self) {
        let is_silent = |purchase: &Purchase| !matches!(purchase, Purchase::Intent(_));
        let told = self
            .purchases
            .iter()
            .filter(|(.., purchase)| is_silent(purchase));
        let told = told.map(|(content, tenant, _)| (*tenant, Some(*content)));
        let blind = self
            .blind
            .iter()
            .filter(|(_, purchase)| is_silent(purchase));
        let all = &mut self.without_intent;
        all.extend(told.chain(blind.map(|(tenant, _)| (*tenant, None))));
        all.sort_unstable();
        all.dedup();
    }

    /// Whether a request that does not say its intent may have asked for an order. One whose tenant or content is not known, or that is a
    /// part of what was asked for, may be of any of them.
    pub(crate) fn is_asked_without_intent(&self, history: &History, order: &AuditOrder) -> bool {
        let all = &self.without_intent;
        let Some(tenant) = order.tenant else {
            return !all.is_empty();
        };
        let first = all.partition_point(|(other, _)| *other < tenant);
        let any = all.get(first).filter(|(other, _)| *other == tenant);
        match (any, self.content_of(history, order)) {
            (None, _) => false,
            // What may be anything comes first.
            (Some((_, None)), _) | (_, None) => true,
            (_, Some(content)) => all.binary_search(&(tenant, Some(content))).is_ok(),
        }
    }

    fn number(&mut self, items: &[Item]) -> Content {
        let next = Content(self.contents.len() as u32);
        match self.contents.get(items) {
            Some(content) => *content,
            None => *self.contents.entry(items.to_vec()).or_insert(next),
        }
    }

    /// The content of an order, if it was asked for by a request that says so.
    pub(crate) fn content_of(&self, history: &History, order: &AuditOrder) -> Option<Content> {
        let items = history.names.items(items_of(history, order)?);
        self.contents.get(items).copied()
    }

    /// The purchases that asked for a content, of one tenant or of all.
    pub(crate) fn for_content(
        &self,
        content: Content,
        tenant: Option<TenantRef>,
    ) -> impl Iterator<Item = Purchase> + '_ {
        let first = self
            .purchases
            .partition_point(|(other, ..)| *other < content);
        let own = self.purchases[first..].iter();
        own.take_while(move |(other, ..)| *other == content)
            .filter(move |(_, asker, _)| tenant.is_none_or(|tenant| tenant == *asker))
            .map(|(.., purchase)| *purchase)
    }

    /// Whether more was asked for than a content, and it included what an order of that content has.
    pub(crate) fn is_part_of_others(
        &self,
        history: &History,
        content: Content,
        order: &AuditOrder,
    ) -> bool {
        let Some(items) = items_of(history, order) else {
            return false;
        };
        let items = history.names.items(items);
        let mut others = self.contents.iter().filter(|(_, other)| **other != content);
        others.any(|(whole, other)| {
            is_part_of(items, whole) && self.for_content(*other, order.tenant).next().is_some()
        })
    }

    /// Whether a purchase asked for a content by more than one name, so that a row of that content may be of either.
    pub(crate) fn is_renamed(&self, content: Content, purchase: Purchase) -> bool {
        self.renamed.contains(&(content, purchase))
    }

    /// The purchases that may have asked for anything, of one tenant or of all.
    pub(crate) fn blind(&self, tenant: Option<TenantRef>) -> impl Iterator<Item = Purchase> + '_ {
        let own = self.blind.iter();
        own.filter(move |(asker, _)| tenant.is_none_or(|tenant| tenant == *asker))
            .map(|(_, purchase)| *purchase)
    }

    /// Whether no request says what it asked for.
    pub(crate) fn is_all_blind(&self) -> bool {
        self.purchases.is_empty()
            || mutant!("duplicate-order/bare-orders-are-counted-beside-others")
    }

    /// Every purchase, each once.
    pub(crate) fn all(&self) -> Vec<Purchase> {
        let told = self.purchases.iter().map(|(.., purchase)| *purchase);
        let mut all: Vec<Purchase> = told.chain(self.blind(None)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The one purchase that may have asked for an order of this content, if there is only one.
    pub(crate) fn sole(&self, content: Content, tenant: Option<TenantRef>) -> Option<Purchase> {
        let mut all = self.for_content(content, tenant).chain(self.blind(tenant));
        let first = all.next()?;
        all.all(|other| other == first).then_some(first)
    }
}
