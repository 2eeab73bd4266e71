//! Numbers for names. A world that makes up its names uses counted ones (`i17`), which cost no memory; a file has listed ones.

use std::borrow::Cow;

mod reference;
mod symbols;

pub use reference::*;
pub use symbols::Symbols;

/// A SKU and its number of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// What.
    pub sku: SkuRef,
    /// How many.
    pub quantity: u32,
}

/// The content of a request: a name and a list of items. Two payloads with equal items may differ in what is not an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Its items; `None` if they are not said.
    pub items: Option<BasketRef>,
}

/// Brings a list of items into canonical form: by SKU, each once.
pub(crate) fn canonical(items: &mut Vec<Item>) {
    items.sort_unstable();
    items.dedup_by(|next, kept| {
        let same = next.sku == kept.sku;
        kept.quantity = if same {
            kept.quantity.saturating_add(next.quantity)
        } else {
            kept.quantity
        };
        same
    });
}

/// Every name of a history.
#[derive(Clone, Debug)]
pub struct Names {
    /// Tenants.
    pub tenants: Symbols,
    /// Keys. A listed one is `tenant` + U+001F + `key`, so that it is one name.
    pub keys: Symbols,
    /// Intents.
    pub intents: Symbols,
    /// Payloads.
    pub payloads: Symbols,
    /// What is in each payload, by the payload's index.
    pub contents: Vec<Payload>,
    /// Lists of items, by the basket's index; sorted by SKU, each SKU once.
    pub baskets: Vec<Box<[Item]>>,
    /// SKUs.
    pub skus: Symbols,
    /// Orders.
    pub orders: Symbols,
    /// Bodies of answers.
    pub responses: Symbols,
    /// Reasons.
    pub codes: Symbols,
    /// Faults.
    pub faults: Symbols,
    /// Hosts and owners.
    pub hosts: Symbols,
    /// Charges.
    pub charges: Symbols,
    /// Messages.
    pub messages: Symbols,
    /// Coupons.
    pub coupons: Symbols,
    /// Attempts. Those of a run of ours are counted and spelt as their numbers.
    pub processes: Symbols,
    /// The gateway's keys.
    pub provider_keys: Symbols,
    /// Purses.
    pub tenders: Symbols,
    /// Refunds.
    pub refunds: Symbols,
    /// Keys of refunds.
    pub refund_keys: Symbols,
    /// Carts.
    pub carts: Symbols,
}

/// Separates tenant and key in a listed key's name.
pub const KEY_SEPARATOR: char = '\u{1f}';

impl Default for Names {
    fn default() -> Names {
        Names {
            tenants: Symbols::with_prefix("t"),
            keys: Symbols::with_prefix("k"),
            intents: Symbols::with_prefix("i"),
            payloads: Symbols::with_prefix("p"),
            contents: Vec::new(),
            baskets: Vec::new(),
            skus: Symbols::default(),
            orders: Symbols::with_prefix(""),
            responses: Symbols::with_prefix("r"),
            codes: Symbols::default(),
            faults: Symbols::default(),
            hosts: Symbols::default(),
            charges: Symbols::with_prefix("c"),
            messages: Symbols::with_prefix("m"),
            coupons: Symbols::default(),
            processes: Symbols::with_prefix(""),
            provider_keys: Symbols::with_prefix("g"),
            tenders: Symbols::default(),
            refunds: Symbols::with_prefix("f"),
            refund_keys: Symbols::default(),
            carts: Symbols::with_prefix("cart"),
        }
    }
}

impl Names {
    /// The number that is the name of a process, if its name is one.
    pub fn process_number(&self, process: u32) -> Option<u64> {
        let name = self.processes.text(process as usize);
        let number = name.parse::<u64>().ok();
        number.filter(|number| number.to_string() == *name)
    }

    /// The number of a key of a tenant.
    pub fn intern_key(&mut self, tenant: TenantRef, key: &str) -> KeyRef {
        let tenant = self.tenants.text(tenant.index()).into_owned();
        self.keys.intern(&format!("{tenant}{KEY_SEPARATOR}{key}"))
    }

    /// Gives a counted key of a tenant a text of its own.
    pub fn spell_key(&mut self, key: KeyRef, tenant: TenantRef, text: &str) {
        let tenant = self.tenants.text(tenant.index()).into_owned();
        let name = format!("{tenant}{KEY_SEPARATOR}{text}");
        self.keys.spell::<KeyRef>(key.index() as u32, &name);
    }

    /// The number of the key of a tenant that has this text, if it was spelt.
    pub fn find_spelt_key(&self, tenant: TenantRef, text: &str) -> Option<KeyRef> {
        if !self.keys.has_spellings() {
            return None;
        }
        let tenant = self.tenants.text(tenant.index());
        self.keys.find(&format!("{tenant}{KEY_SEPARATOR}{text}"))
    }

    /// The number of a key of a tenant, if it has one. Counted keys without a text of their own are unique whatever their tenant is.
    pub fn find_key(&self, tenant: TenantRef, text: &str) -> Option<KeyRef> {
        self.find_spelt_key(tenant, text)
            .or_else(|| self.keys.find(text))
    }

    /// The text of a key, without its tenant.
    pub fn key_text(&self, key: KeyRef) -> Cow<'_, str> {
        match self.keys.text(key.index()) {
            Cow::Borrowed(name) => {
                Cow::Borrowed(name.split_once(KEY_SEPARATOR).map_or(name, |(_, key)| key))
            }
            owned => owned,
        }
    }

    /// A list of items, brought into canonical form: by SKU, each once. Equal lists are one basket only if the caller keeps them so.
    pub fn basket(&mut self, mut items: Vec<Item>) -> BasketRef {
        canonical(&mut items);
        self.baskets.push(items.into_boxed_slice());
        BasketRef::new(u32::try_from(self.baskets.len() - 1).expect("fewer than 2^32 baskets"))
    }

    /// The items of a basket.
    #[inline]
    pub fn items(&self, basket: BasketRef) -> &[Item] {
        &self.baskets[basket.index()]
    }

    /// The items of a payload, if anybody said what they are.
    #[inline]
    pub fn payload_items(&self, payload: PayloadRef) -> Option<BasketRef> {
        self.contents
            .get(payload.index())
            .and_then(|content| content.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_and_listed_names_find_their_numbers_again() {
        let mut orders = Symbols::with_prefix("");
        let first: OrderRef = orders.count();
        let second: OrderRef = orders.count();
        let listed: OrderRef = orders.intern("abc");
        assert_eq!((first.index(), second.index(), listed.index()), (0, 1, 2));
        assert_eq!(orders.intern::<OrderRef>("1"), second);
        assert_eq!(orders.find::<OrderRef>("abc"), Some(listed));
        assert_eq!(
            orders.find::<OrderRef>("2"),
            None,
            "not counted, not listed"
        );
        assert_eq!((orders.text(1), orders.text(2)), ("1".into(), "abc".into()));
    }

    #[test]
    fn a_number_spelt_otherwise_is_another_name() {
        let mut orders = Symbols::with_prefix("");
        orders.count_to::<OrderRef>(5);
        for text in ["01", "+1", "", "1 "] {
            assert_eq!(orders.find::<OrderRef>(text), None, "{text:?}");
        }
    }

    #[test]
    fn one_text_of_two_tenants_is_two_keys() {
        let mut names = Names::default();
        let (a, b) = (names.tenants.intern("A"), names.tenants.intern("B"));
        let (ka, kb) = (names.intern_key(a, "k"), names.intern_key(b, "k"));
        assert_ne!(ka, kb);
        assert_eq!(names.key_text(ka), names.key_text(kb));
    }

    #[test]
    fn a_counted_key_that_is_spelt_otherwise_is_found_by_its_tenant_and_its_text_alone() {
        let mut names = Names::default();
        let [a, b]: [TenantRef; 2] = [names.tenants.count(), names.tenants.count()];
        let keys: [KeyRef; 3] = [names.keys.count(), names.keys.count(), names.keys.count()];
        names.spell_key(keys[1], b, "k0");
        names.spell_key(keys[2], a, "K");
        assert_eq!(names.find_key(a, "k0"), Some(keys[0]));
        assert_eq!(names.find_key(b, "k0"), Some(keys[1]));
        assert_eq!(
            (names.find_key(a, "K"), names.find_key(b, "K")),
            (Some(keys[2]), None)
        );
        assert_eq!(names.find_key(b, "k1"), None, "it has another name now");
        assert_eq!(names.key_text(keys[1]), "k0");
        assert_eq!(names.key_text(keys[2]), "K");
        names.keys.forget_counted();
        names.keys.count_to::<KeyRef>(2);
        assert_eq!(names.key_text(keys[2]), "k2");
    }

    #[test]
    fn baskets_are_canonical() {
        let mut names = Names::default();
        let (a, b) = (SkuRef::new(0), SkuRef::new(1));
        let split = [
            Item {
                sku: b,
                quantity: 1,
            },
            Item {
                sku: a,
                quantity: 2,
            },
            Item {
                sku: b,
                quantity: 3,
            },
        ];
        let basket = names.basket(split.to_vec());
        assert_eq!(
            names.items(basket),
            [
                Item {
                    sku: a,
                    quantity: 2
                },
                Item {
                    sku: b,
                    quantity: 4
                }
            ]
        );
    }

    #[test]
    fn an_optional_reference_takes_four_bytes() {
        assert_eq!(size_of::<Option<KeyRef>>(), 4);
    }
}
