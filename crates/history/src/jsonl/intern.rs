//! Names to numbers: tenants, keys, processes, payloads and lists of items.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::FxHasher;

use super::mistake::{Complaint, complain};
use super::raw;
use super::reader::Reader;
use super::scalar::{Name, Text};
use crate::names::{
    BasketRef, Item, KEY_SEPARATOR, KeyRef, Names, Payload, PayloadRef, ProcessRef, SkuRef,
    TenantRef, canonical,
};

impl Reader {
    /// The tenant of a line; one that is not named has no name.
    pub(super) fn tenant(&mut self, tenant: Option<&Text<'_>>) -> Result<TenantRef, Complaint> {
        let name = tenant.map_or("", |tenant| &tenant.0);
        if name.contains(KEY_SEPARATOR) {
            return Err(complain(
                "tenant",
                "`tenant` has the character U+001F, which no name has",
            ));
        }
        Ok(self.history.names.tenants.intern(name))
    }

    /// The key of a tenant.
    pub(super) fn key(&mut self, tenant: TenantRef, key: &Text<'_>) -> KeyRef {
        self.key_text(tenant, &key.0)
    }

    /// The key of a tenant, by its text.
    pub(super) fn key_text(&mut self, tenant: TenantRef, key: &str) -> KeyRef {
        let Names { tenants, keys, .. } = &mut self.history.names;
        self.scoped.clear();
        self.scoped.push_str(&tenants.text(tenant.index()));
        self.scoped.push(KEY_SEPARATOR);
        self.scoped.push_str(key);
        keys.intern(&self.scoped)
    }

    /// The number of a process: its own while those are 0, 1, 2... in order, which costs nothing; else by first appearance.
    #[inline]
    pub(super) fn process(&mut self, name: &Name<'_>) -> u32 {
        let processes = &mut self.history.names.processes;
        match name {
            Name::Number(number) if *number < processes.counted() => *number as u32,
            Name::Number(number) if *number == processes.len() as u64 && processes.is_counted() => {
                processes.count::<ProcessRef>();
                *number as u32
            }
            Name::Number(number) => {
                let mut digits = itoa::Buffer::new();
                processes
                    .intern::<ProcessRef>(digits.format(*number))
                    .index() as u32
            }
            Name::Text(text) => processes.intern::<ProcessRef>(text).index() as u32,
        }
    }

    /// A payload with its items. One that has no name is named after its items; one name with two lists of items is two payloads.
    pub(super) fn payload(
        &mut self,
        name: Option<&Text<'_>>,
        items: Option<&[raw::Item<'_>]>,
    ) -> Option<PayloadRef> {
        let basket = items.map(|items| self.basket(items));
        match (name, basket) {
            (Some(name), Some(basket)) => {
                let payload = self.content(&name.0, Some(basket));
                if self.history.names.payload_items(payload) == Some(basket) {
                    return Some(payload);
                }
                let variant = self.content(&self.variant(&name.0, basket), Some(basket));
                let variants = self.unresolved.ambiguous.entry(payload).or_default();
                variants.insert(variant);
                Some(variant)
            }
            (Some(name), None) => {
                let payload = self.content(&name.0, None);
                self.unresolved
                    .bare
                    .push((self.history.events.len(), payload));
                Some(payload)
            }
            (None, Some(basket)) => {
                self.unresolved.has_unnamed = true;
                Some(self.content(&self.list(basket), Some(basket)))
            }
            (None, None) => None,
        }
    }

    /// A payload by its name. The first list of items that comes with it is its own.
    pub(super) fn content(&mut self, name: &str, basket: Option<BasketRef>) -> PayloadRef {
        let names = &mut self.history.names;
        let payload: PayloadRef = names.payloads.intern(name);
        if payload.index() >= names.contents.len() {
            let empty = Payload { items: None };
            names.contents.resize(payload.index() + 1, empty);
        }
        let content = &mut names.contents[payload.index()];
        content.items = content.items.or(basket);
        payload
    }

    /// The name of a payload that has another's name and other items.
    pub(super) fn variant(&self, name: &str, basket: BasketRef) -> String {
        format!("{name} ({})", self.list(basket))
    }

    /// A list of items in words; their order is no part of it.
    pub(super) fn list(&self, basket: BasketRef) -> String {
        let names = &self.history.names;
        let line = |item: &Item| format!("{}*{}", names.skus.text(item.sku.index()), item.quantity);
        let mut lines: Vec<String> = names.items(basket).iter().map(line).collect();
        lines.sort_unstable();
        lines.join("+")
    }

    /// Notes the fields of items that the form does not have.
    #[inline]
    pub(super) fn note_items(&mut self, items: Option<&[raw::Item<'_>]>) {
        for item in items.unwrap_or_default() {
            self.ignore("items", &item.unknown);
        }
    }

    /// A list of items: a known one, if there is an equal one.
    pub(super) fn basket(&mut self, raw: &[raw::Item<'_>]) -> BasketRef {
        let names = &mut self.history.names;
        self.items.clear();
        for item in raw {
            let sku: SkuRef = names.skus.intern(&item.sku.0);
            let quantity = item.quantity;
            self.items.push(Item { sku, quantity });
        }
        canonical(&mut self.items);
        let hash = hash_items(&self.items);
        let baskets = &names.baskets;
        let same = |basket: &BasketRef| *baskets[basket.index()] == *self.items;
        if let Some(basket) = self.baskets.find(hash, same) {
            return *basket;
        }
        let basket = names.basket(self.items.clone());
        let baskets = &names.baskets;
        self.baskets
            .insert_unique(hash, basket, |basket| hash_items(&baskets[basket.index()]));
        basket
    }
}

fn hash_items(items: &[Item]) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(items)
}
