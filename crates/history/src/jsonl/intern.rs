//! Names to numbers: tenants, keys, payloads and lists of items.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::FxHasher;

use super::raw;
use super::read::Reader;
use super::text::Text;
use crate::names::{
    BasketRef, Item, KEY_SEPARATOR, KeyRef, Names, Payload, PayloadRef, SkuRef, TenantRef,
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

    /// A payload with its items. One that has no name is named after its items.
    pub(super) fn payload(
        &mut self,
        name: Option<&Text<'_>>,
        items: Option<&[raw::Item<'_>]>,
    ) -> Option<PayloadRef> {
        let names = &mut self.history.names;
        let payload: PayloadRef = match (name, items) {
            (Some(name), _) => names.payloads.intern(&name.0),
            (None, Some(items)) => {
                let line = |item: &raw::Item<'_>| format!("{}*{}", item.sku.0, item.quantity);
                let name: Vec<String> = items.iter().map(line).collect();
                names.payloads.intern(&name.join("+"))
            }
            (None, None) => return None,
        };
        let known = names.contents.len();
        if payload.index() >= known {
            let empty = Payload { items: None };
            names.contents.resize(payload.index() + 1, empty);
        }
        // The first who says what is in a payload is believed; a long history says it again and again.
        if names.contents[payload.index()].items.is_none() {
            let basket = items.map(|items| self.basket(items));
            self.history.names.contents[payload.index()].items = basket;
        }
        Some(payload)
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
        self.items.sort_unstable();
        let is_canonical = self.items.is_sorted_by(|a, b| a.sku < b.sku);
        if !is_canonical {
            return names.basket(self.items.clone());
        }
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
