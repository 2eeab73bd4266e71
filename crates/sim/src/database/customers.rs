//! Every customer's orders, the latest first.

use hashbrown::HashTable;
use protocol::{Customer, Tenant};

use super::hashes::hash_customer;
use super::orders::OrderSlot;
use super::place::Place;

/// The index of customers. Guests have no identity, and are not in it.
#[derive(Debug, Default)]
pub(super) struct Customers {
    /// Every customer's latest order.
    latest: HashTable<u32>,
    /// By the row of an order: the same customer's order before it.
    before: Vec<Option<Place>>,
}

type Slots = [OrderSlot];

fn customer_of(slots: &Slots, row: u32) -> Option<(Tenant, Customer)> {
    let order = slots[row as usize].row.as_ref()?;
    Some((order.tenant, order.customer()))
}

impl Customers {
    /// The index of all orders that are there.
    #[cold]
    pub(super) fn of(slots: &Slots) -> Customers {
        let mut customers = Customers::default();
        for row in 0..slots.len() as u32 {
            customers.enter(slots, row);
        }
        customers
    }

    /// The latest order of a customer.
    pub(super) fn latest(&self, slots: &Slots, tenant: Tenant, customer: Customer) -> Option<u32> {
        let whose = Some((tenant, customer));
        let same = |row: &u32| customer_of(slots, *row) == whose;
        let hash = hash_customer(tenant, customer);
        self.latest.find(hash, same).copied()
    }

    /// The same customer's order before this one.
    pub(super) fn before(&self, row: u32) -> Option<u32> {
        self.before[row as usize].map(Place::row)
    }

    /// Makes the last row its customer's latest order.
    pub(super) fn enter(&mut self, slots: &Slots, row: u32) {
        self.before.push(None);
        let Some((tenant, customer)) = customer_of(slots, row) else {
            return;
        };
        if customer == Customer::Guest {
            return;
        }
        let hash = hash_customer(tenant, customer);
        let same = |other: &u32| customer_of(slots, *other) == Some((tenant, customer));
        if let Some(latest) = self.latest.find_mut(hash, same) {
            self.before[row as usize] = Some(Place::of(std::mem::replace(latest, row)));
            return;
        }
        let rehash = |row: &u32| {
            let customer = customer_of(slots, *row);
            let (tenant, customer) = customer.expect("a row in the index is there");
            hash_customer(tenant, customer)
        };
        self.latest.insert_unique(hash, row, rehash);
    }

    /// A row goes.
    pub(super) fn leave(&mut self, slots: &Slots, row: u32) {
        let customer = customer_of(slots, row);
        let (tenant, customer) = customer.expect("an order is removed once");
        if customer == Customer::Guest {
            return;
        }
        let hash = hash_customer(tenant, customer);
        match self.latest.find_entry(hash, |other| *other == row) {
            Ok(entry) => match self.before[row as usize] {
                Some(before) => *entry.into_mut() = before.row(),
                None => {
                    entry.remove();
                }
            },
            Err(_) => self.unlink(slots, (tenant, customer), row),
        }
    }

    /// Takes a row out of the middle of its customer's chain.
    fn unlink(&mut self, slots: &Slots, (tenant, customer): (Tenant, Customer), row: u32) {
        let latest = self.latest(slots, tenant, customer);
        let mut at = latest.expect("the chain has a head");
        while let Some(before) = self.before(at) {
            if before == row {
                self.before[at as usize] = self.before[row as usize];
                return;
            }
            at = before;
        }
    }
}
