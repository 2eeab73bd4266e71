//! What an order was inserted with, in sixty-four bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use orders::{KeyIndex, NewOrder};
use protocol::{Cart, Customer, Money, OrderContent, OrderState, Tenant, Time, UserId};

use super::texts::{Text, Texts};

/// The natural keys of rows that have another than their cart, by row: no strategy gives one.
pub(crate) type NaturalKeys = BTreeMap<u32, Cart>;

/// A [`NewOrder`] whose parts stand side by side.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) content: Arc<OrderContent>,
    pub(crate) total: Money,
    created_at: Time,
    user: u64,
    cart_id: u64,
    cart_version: u32,
    pub(crate) tenant: Tenant,
    key: Option<Text>,
    pub(crate) key_index: KeyIndex,
    natural_key: NaturalKey,
    state: OrderState,
    is_guest: bool,
}

const _: () = assert!(size_of::<Placed>() == 64, "a million of them");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NaturalKey {
    Null,
    Cart,
    Other,
}

impl Placed {
    /// A row as it is kept.
    pub(super) fn new(
        new: NewOrder,
        row: u32,
        texts: &mut Texts,
        others: &mut NaturalKeys,
    ) -> Placed {
        let natural_key = match new.natural_key {
            None => NaturalKey::Null,
            Some(cart) if cart == new.cart => NaturalKey::Cart,
            Some(other) => {
                others.insert(row, other);
                NaturalKey::Other
            }
        };
        let (user, is_guest) = match new.customer {
            Customer::User(UserId(id)) => (id, false),
            Customer::Guest => (0, true),
        };
        Placed {
            content: new.content,
            total: new.total,
            created_at: new.created_at,
            user,
            cart_id: new.cart.id,
            cart_version: new.cart.version,
            tenant: new.tenant,
            key: new.key.as_ref().map(|key| texts.keep(key)),
            key_index: new.key_index,
            natural_key,
            state: new.state,
            is_guest,
        }
    }

    /// The row as it was inserted.
    pub(super) fn unpack(&self, row: u32, texts: &Texts, others: &NaturalKeys) -> NewOrder {
        NewOrder {
            tenant: self.tenant,
            customer: self.customer(),
            key: self.key.map(|key| texts.key(key)),
            key_index: self.key_index,
            cart: self.cart(),
            natural_key: self.natural_key(row, others),
            content: Arc::clone(&self.content),
            total: self.total,
            state: self.state,
            created_at: self.created_at,
        }
    }

    /// The insert is undone.
    pub(super) fn give_up(self, row: u32, texts: &mut Texts, others: &mut NaturalKeys) {
        if let Some(key) = self.key {
            texts.give_up(key);
        }
        if self.natural_key == NaturalKey::Other {
            others.remove(&row);
        }
    }

    /// Who ordered.
    #[inline]
    pub(crate) fn customer(&self) -> Customer {
        match self.is_guest {
            true => Customer::Guest,
            false => Customer::User(UserId(self.user)),
        }
    }

    /// The cart.
    #[inline]
    pub(crate) fn cart(&self) -> Cart {
        Cart {
            id: self.cart_id,
            version: self.cart_version,
        }
    }

    /// The column that the index `orders_cart` is over.
    #[inline]
    pub(super) fn natural_key(&self, row: u32, others: &NaturalKeys) -> Option<Cart> {
        match self.natural_key {
            NaturalKey::Null => None,
            NaturalKey::Cart => Some(self.cart()),
            NaturalKey::Other => others.get(&row).copied(),
        }
    }

    /// The text of the key, if there is one.
    #[inline]
    pub(super) fn key_text<'a>(&'a self, texts: &'a Texts) -> Option<&'a str> {
        self.key.as_ref().map(|key| texts.read(key))
    }
}
