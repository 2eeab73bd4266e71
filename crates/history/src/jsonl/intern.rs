//! Names to numbers: tenants, keys, payloads and lists of items.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::FxHasher;

use super::raw;
use super::read::Reader;
use super::text::Text;
use crate::names::{
    BasketRef, Item, KEY_SEPARATOR, KeyRef, Names, Payload, PayloadRef, SkuRef, TenantRef,
    canonical,
};

impl Reader {
    /// The tenant of a line; one that is not named has no name.
    pub(super) fn tenant(&mut self, tenant: Option<&Text<'_>>) -> Result<TenantRef, String> {
        let name = tenant.map_or("", |tenant| &tenant.0);
        if name.contains(KEY_SEPARATOR) {
            return Err("a tenant's name has no U+001F".to_owned());
        }
        Ok(self.history.names.tenants.intern(name))
    }

    /// The key of a tenant.
    pub(super) fn key(&mut self, tenant: TenantRef, key: &Text<'_>) -> KeyRef {
        let Names { tenants, keys, .. } = &mut self.history.names;
        self.scoped.clear();
        self.scoped.push_str(&tenants.text(tenant.index()));
        self.scoped.push(KEY_SEPARATOR);
        self.scoped.push_str(&key.0);
        keys.intern(&self.scoped)
    }

    /// A payload with its items. One that has no name is named after its items; one name with two lists of items is two payloads.
    pub(super) fn payload(
        &mut self,
        name: Option<&Text<'_>>,
        items: Option<&[raw::Item<'_>]>,
    ) -> Option<PayloadRef> {
        let basket = items.map(|items| self.basket(items));
        match (name, basket) {
            (Some(name), basket) => {
                let payload = self.content(&name.0, basket);
                let known = self.history.names.contents[payload.index()].items;
                match basket.filter(|basket| known != Some(*basket)) {
                    None => Some(payload),
                    Some(basket) => {
                        Some(self.content(&self.variant(&name.0, basket), Some(basket)))
                    }
                }
            }
            (None, Some(basket)) => Some(self.content(&self.list(basket), Some(basket))),
            (None, None) => None,
        }
    }

    /// The payload of a row: that with its very items, if one was sent with its name.
    pub(super) fn row_payload(
        &mut self,
        name: Option<&Text<'_>>,
        basket: Option<BasketRef>,
    ) -> Option<PayloadRef> {
        let name = &name?.0;
        let payload = self.content(name, None);
        let names = &self.history.names;
        let known = names.contents[payload.index()].items;
        let other = basket.filter(|basket| known.is_some() && known != Some(*basket));
        let variant = other.and_then(|basket| names.payloads.find(&self.variant(name, basket)));
        Some(variant.unwrap_or(payload))
    }

    /// A payload by its name. The first who says what is in it is believed.
    fn content(&mut self, name: &str, basket: Option<BasketRef>) -> PayloadRef {
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
    fn variant(&self, name: &str, basket: BasketRef) -> String {
        format!("{name} ({})", self.list(basket))
    }

    /// A list of items in words; their order is no part of it.
    fn list(&self, basket: BasketRef) -> String {
        let names = &self.history.names;
        let line = |item: &Item| format!("{}*{}", names.skus.text(item.sku.index()), item.quantity);
        let mut lines: Vec<String> = names.items(basket).iter().map(line).collect();
        lines.sort_unstable();
        lines.join("+")
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
