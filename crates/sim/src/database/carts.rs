//! `carts`: those that were bought, because all others are there.

use hashbrown::HashTable;
use protocol::{Cart, Tenant};

use super::hashes::{CartKey, hash_cart};
use super::undo::Undo;
use super::{Database, Omission, Stop, Tx, Writer, writable};
use crate::memory::KEPT_MAX;

/// A cart that was bought, and by whom it was cleared: a transaction that is committed (`None`), or an open one. Its parts stand
/// side by side, because there are as many as orders.
#[derive(Debug)]
struct Cleared {
    id: u64,
    version: u32,
    tenant: Tenant,
    writer: Writer,
}

const _: () = assert!(size_of::<Cleared>() == 24, "a million of them");

impl Cleared {
    #[inline]
    fn key(&self) -> CartKey {
        let (id, version) = (self.id, self.version);
        (self.tenant, Cart { id, version })
    }
}

/// `carts`: those that were bought, because all others are there.
#[derive(Debug, Default)]
pub(crate) struct Carts {
    /// Whether a statement has looked. Where none does, and the audit does not either, nothing is kept.
    pub(crate) are_read: bool,
    /// Whether the audit shows them: then they are kept even if no statement reads them.
    pub(crate) are_audited: bool,
    cleared: HashTable<Cleared>,
}

impl Carts {
    /// No cart was cleared, and none was looked at; the memory is kept.
    pub(crate) fn forget(&mut self) {
        self.are_read = false;
        self.cleared.clear();
    }

    /// No cart is looked at any more: the memory of a large table is given back.
    pub(crate) fn release(&mut self) {
        if self.cleared.len() > KEPT_MAX {
            self.cleared = HashTable::new();
        }
    }

    /// The carts that are cleared, in no order.
    pub(crate) fn cleared(&self) -> impl Iterator<Item = (Tenant, Cart)> {
        let rows = self.cleared.iter();
        rows.filter(|row| row.writer.is_none()).map(Cleared::key)
    }

    /// Who cleared a cart, if it was cleared: a transaction that is committed (`None`), or an open one.
    pub(crate) fn cleared_by(&self, tenant: Tenant, cart: Cart) -> Option<Writer> {
        let key = (tenant, cart);
        let found = self
            .cleared
            .find(hash_cart(key), |other| other.key() == key);
        found.map(|row| row.writer)
    }

    pub(crate) fn clear(&mut self, tenant: Tenant, cart: Cart, tx: Tx) {
        let key = (tenant, cart);
        let row = Cleared {
            id: cart.id,
            version: cart.version,
            tenant,
            writer: Some(tx),
        };
        self.cleared
            .insert_unique(hash_cart(key), row, |row| hash_cart(row.key()));
    }

    pub(crate) fn settle(&mut self, tenant: Tenant, cart: Cart) {
        let key = (tenant, cart);
        let found = self
            .cleared
            .find_mut(hash_cart(key), |other| other.key() == key);
        found.expect("it was cleared").writer = None;
    }

    pub(crate) fn revert(&mut self, tenant: Tenant, cart: Cart) {
        let key = (tenant, cart);
        let found = self
            .cleared
            .find_entry(hash_cart(key), |other| other.key() == key);
        found.expect("it was cleared").remove();
    }
}

impl Database {
    /// Whether `tx` sees a cart: it is there until a transaction has committed that cleared it.
    pub(crate) fn find_cart(&mut self, tx: Tx, tenant: Tenant, cart: Cart) -> Result<bool, Stop> {
        self.carts.are_read = true;
        Ok(match self.carts.cleared_by(tenant, cart) {
            None => true,
            Some(writer) => writer.is_some_and(|writer| writer != tx),
        })
    }

    pub(crate) fn clear_cart(&mut self, tx: Tx, tenant: Tenant, cart: Cart) -> Result<(), Stop> {
        let is_kept = self.carts.are_read || self.carts.are_audited;
        if !is_kept || self.leaves_out == Some(Omission::Cart) {
            return Ok(());
        }
        match self.carts.cleared_by(tenant, cart) {
            // A second DELETE waits, and then hits no row.
            Some(writer) => writable(writer, tx),
            None => {
                self.carts.clear(tenant, cart, tx);
                self.log(tx, Undo::ClearCart(tenant, cart));
                Ok(())
            }
        }
    }
}
