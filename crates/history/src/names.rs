//! Numbers for names. A world that makes up its names uses counted ones (`i17`), which cost no memory; a file has listed ones.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::num::NonZeroU32;

use compact_str::CompactString;
use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// The reference types: small numbers that cannot be mixed up, and of which `Option` costs nothing.
macro_rules! references {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The reference to the name with this index.
            #[inline]
            pub const fn new(index: u32) -> $name {
                $name(NonZeroU32::new(index + 1).expect("fewer than 2^32 - 1 names"))
            }

            /// The index, from 0.
            #[inline]
            pub const fn index(self) -> usize {
                self.0.get() as usize - 1
            }
        }

        impl Reference for $name {
            fn at(index: u32) -> $name {
                $name::new(index)
            }
        }
    )*};
}

/// What the reference types have in common.
pub trait Reference {
    /// The reference to the name with this index.
    fn at(index: u32) -> Self;
}

references! {
    /// A tenant.
    TenantRef
    /// A key of a tenant: the same text of two tenants is two.
    KeyRef
    /// A purchase that a person meant.
    IntentRef
    /// The content of a request.
    PayloadRef
    /// A list of items.
    BasketRef
    /// A stock-keeping unit.
    SkuRef
    /// An order.
    OrderRef
    /// The body of an answer.
    ResponseRef
    /// The machine-readable reason of a refusal or of an unknown outcome.
    CodeRef
    /// A fault of the plan.
    FaultRef
    /// A host, or the owner of a claim.
    HostRef
    /// A charge in the gateway's ledger.
    ChargeRef
    /// A notification's message id.
    MessageRef
    /// A coupon.
    CouponRef
    /// An attempt.
    ProcessRef
    /// A key under which the gateway was asked for a charge.
    ProviderKeyRef
    /// A purse that a charge was taken from.
    TenderRef
    /// A refund in the gateway's ledger.
    RefundRef
    /// The key of a refund.
    RefundKeyRef
    /// A cart.
    CartRef
}

/// The names of one kind: first the counted ones, then the listed ones.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    prefix: &'static str,
    counted: u32,
    listed: Vec<CompactString>,
    /// After which listed name the last one asked for comes: rows and requests mostly come in one order.
    next: usize,
    /// Each listed name with a part of its hash, so that a table that grows or looks up reads no texts in vain.
    table: HashTable<(u32, u32)>,
    /// Counted names that are spelt otherwise, if there are any.
    spelt: Option<Box<Spelt>>,
}

/// Counted names that are spelt otherwise than by counting.
#[derive(Clone, Debug, Default)]
struct Spelt {
    texts: BTreeMap<u32, CompactString>,
    indices: BTreeMap<CompactString, u32>,
}

impl Symbols {
    /// No names; counted ones will begin with `prefix`.
    pub fn with_prefix(prefix: &'static str) -> Symbols {
        Symbols {
            prefix,
            ..Symbols::default()
        }
    }

    /// Forgets the counted names, and with them every name that was listed after one.
    pub fn forget_counted(&mut self) {
        if self.counted > 0 {
            self.counted = 0;
            self.spelt = None;
            self.listed.clear();
            self.table.clear();
        }
    }

    /// How many names are counted.
    pub fn counted(&self) -> u64 {
        u64::from(self.counted)
    }

    /// Whether every name is counted, so that the next one may be.
    pub fn is_counted(&self) -> bool {
        self.listed.is_empty()
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.counted as usize + self.listed.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next counted name.
    ///
    /// # Panics
    /// If a name was listed before: counted names come first.
    #[inline]
    pub fn count<R: Reference>(&mut self) -> R {
        self.counted += 1;
        assert!(
            self.listed.is_empty(),
            "counted names come before listed ones"
        );
        R::at(self.counted - 1)
    }

    /// Makes the counted names reach up to this index.
    pub fn count_to<R: Reference>(&mut self, index: u32) -> R {
        if index >= self.counted {
            assert!(
                self.listed.is_empty(),
                "counted names come before listed ones"
            );
            self.counted = index + 1;
        }
        R::at(index)
    }

    /// Spells a counted name otherwise. No other may have that name.
    pub fn spell<R: Reference>(&mut self, index: u32, text: &str) -> R {
        assert!(index < self.counted, "only counted names are spelt");
        let spelt = self.spelt.get_or_insert_default();
        let other = spelt.indices.insert(CompactString::new(text), index);
        assert!(other.is_none(), "`{text}` is the name of another");
        spelt.texts.insert(index, CompactString::new(text));
        R::at(index)
    }

    /// The number of a name, which is listed if it is new.
    pub fn intern<R: Reference>(&mut self, text: &str) -> R {
        if let Some(index) = self.counted_index(text) {
            return R::at(index);
        }
        if self.listed.get(self.next).is_some_and(|next| next == text) {
            self.next += 1;
            return R::at(self.counted + (self.next - 1) as u32);
        }
        let part = hash(text);
        let (listed, counted) = (&mut self.listed, self.counted);
        let is_it = |(index, other): &(u32, u32)| *other == part && listed[*index as usize] == text;
        let found = self.table.find(spread(part), is_it);
        let index = match found {
            Some((index, _)) => *index,
            None => {
                let index = u32::try_from(listed.len()).expect("fewer than 2^32 names");
                listed.push(CompactString::new(text));
                self.table
                    .insert_unique(spread(part), (index, part), |(_, part)| spread(*part));
                index
            }
        };
        self.next = index as usize + 1;
        R::at(counted + index)
    }

    /// Tells a listed name otherwise from now on. It is no longer found by its text: all lines are read when this is done.
    pub(crate) fn rename(&mut self, index: usize, text: &str) {
        if let Some(listed) = index.checked_sub(self.counted as usize) {
            self.listed[listed] = CompactString::new(text);
        }
    }

    /// The number of a name, if it has one.
    pub fn find<R: Reference>(&self, text: &str) -> Option<R> {
        let index = self.counted_index(text).or_else(|| {
            let part = hash(text);
            let is_it = |(index, other): &(u32, u32)| {
                *other == part && self.listed[*index as usize] == text
            };
            let found = self.table.find(spread(part), is_it);
            found.map(|(index, _)| self.counted + index)
        });
        index.map(R::at)
    }

    /// The index of a counted name, read from its digits.
    fn counted_index(&self, text: &str) -> Option<u32> {
        if self.counted == 0 {
            return None;
        }
        if let Some(spelt) = &self.spelt
            && let Some(index) = spelt.indices.get(text)
        {
            return Some(*index);
        }
        let digits = text.strip_prefix(self.prefix)?;
        let canonical = digits == "0" || !digits.starts_with(['0', '+']);
        let index: u32 = digits.parse().ok().filter(|_| canonical)?;
        let spelt = |spelt: &Spelt| spelt.texts.contains_key(&index);
        let is_plain = index < self.counted && !self.spelt.as_deref().is_some_and(spelt);
        is_plain.then_some(index)
    }

    /// The name of an index.
    pub fn text(&self, index: usize) -> Cow<'_, str> {
        match index.checked_sub(self.counted as usize) {
            Some(listed) => Cow::Borrowed(&self.listed[listed]),
            None if let Some(text) = self.spelling(index) => Cow::Borrowed(text),
            None => Cow::Owned(format!("{}{index}", self.prefix)),
        }
    }
}

impl Symbols {
    /// How a counted name is spelt, if otherwise than by counting.
    fn spelling(&self, index: usize) -> Option<&str> {
        let texts = &self.spelt.as_deref()?.texts;
        texts.get(&(index as u32)).map(CompactString::as_str)
    }
}

/// How many names a block of the table is for: those that differ in their last character.
const BLOCK: u32 = 16;

/// A part of the hash of a text: of all but its last byte, which says where in a block. Names are mostly sequence numbers and come
/// one after the other, so that ten of them in a row touch the same few lines of memory: a large table is slow by its cache misses.
fn hash(text: &str) -> u32 {
    let (last, stem) = text.as_bytes().split_last().unwrap_or((&0, &[]));
    let hash = BuildHasherDefault::<FxHasher>::default().hash_one(stem);
    let block = (hash ^ hash >> 32) as u32 & !(BLOCK - 1);
    block | (u32::from(*last) % BLOCK)
}

/// The hash for the table, which looks for a place by the low bits and compares the high ones first: the block by the stem alone, and
/// where a block's names begin depends on the stem too, because digits are but ten of sixteen.
const fn spread(part: u32) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let stem = ((part / BLOCK) as u64).wrapping_mul(GOLDEN) >> 28;
    let place = stem ^ (part % BLOCK) as u64;
    let tag = (part as u64).wrapping_mul(GOLDEN) >> 57 << 57;
    tag | place
}

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

    /// Spells a counted key of a tenant otherwise than by counting.
    pub fn spell_key(&mut self, key: KeyRef, tenant: TenantRef, text: &str) {
        let tenant = self.tenants.text(tenant.index()).into_owned();
        let name = format!("{tenant}{KEY_SEPARATOR}{text}");
        self.keys.spell::<KeyRef>(key.index() as u32, &name);
    }

    /// The number of the key of a tenant that has this text, if it was spelt.
    pub fn find_spelt_key(&self, tenant: TenantRef, text: &str) -> Option<KeyRef> {
        self.keys.spelt.as_ref()?;
        let tenant = self.tenants.text(tenant.index());
        self.keys.find(&format!("{tenant}{KEY_SEPARATOR}{text}"))
    }

    /// The number of a key of a tenant, if it has one; counted keys that nobody spelt otherwise have texts of their own, whoever
    /// their tenant is.
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
