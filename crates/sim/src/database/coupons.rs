//! `coupons`: how often each may be used, and how often it was. A seat is a coupon with a limit of one.

use std::hash::{BuildHasher, BuildHasherDefault};

use compact_str::CompactString;
use hashbrown::HashTable;
use protocol::{Coupon, Money, Tenant};
use rustc_hash::FxHasher;

use super::undo::Undo;
use super::{Database, Stop, Tx, Writer, writable};

/// A row of `coupons`, for one shop and code.
#[derive(Debug)]
pub(crate) struct CouponSlot {
    pub(crate) tenant: Tenant,
    pub(crate) code: CompactString,
    pub(crate) limit: u64,
    pub(crate) off: Money,
    /// Goes below zero if a use is given back that was not counted.
    pub(crate) used: i64,
    pub(crate) writer: Writer,
}

/// `coupons`.
#[derive(Debug, Default)]
pub(crate) struct Coupons {
    pub(crate) slots: Vec<CouponSlot>,
    index: HashTable<u32>,
}

fn hash_code(tenant: Tenant, code: &str) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one((tenant, code))
}

impl Coupons {
    /// No coupon was used.
    pub(crate) fn forget_uses(&mut self) {
        for slot in &mut self.slots {
            (slot.used, slot.writer) = (0, None);
        }
    }

    pub(crate) fn add(&mut self, tenant: Tenant, code: &str, limit: u64, off: Money) {
        let row = self.slots.len() as u32;
        self.slots.push(CouponSlot {
            tenant,
            code: CompactString::new(code),
            limit,
            off,
            used: 0,
            writer: None,
        });
        let slots = &self.slots;
        self.index
            .insert_unique(hash_code(tenant, code), row, |row| {
                let slot = &slots[*row as usize];
                hash_code(slot.tenant, &slot.code)
            });
    }

    fn find(&self, tenant: Tenant, coupon: &Coupon) -> Option<u32> {
        let same = |row: &u32| {
            let slot = &self.slots[*row as usize];
            slot.tenant == tenant && slot.code == coupon.code
        };
        let hash = hash_code(tenant, &coupon.code);
        self.index.find(hash, same).copied()
    }
}

impl CouponSlot {
    /// Whether one more order may have it, given how often it was used.
    fn is_left(&self, used: i64) -> bool {
        used < self.limit as i64
    }
}

impl Database {
    /// Whether `tx` sees a coupon that one more order may have.
    pub(crate) fn check_coupon(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        coupon: &Coupon,
    ) -> Result<bool, Stop> {
        let row = self.coupons.find(tenant, coupon);
        Ok(row.is_some_and(|row| self.sees_coupon_left(tx, row)))
    }

    /// Uses a coupon once more if its limit allows. A row that was used up when the statement began is neither waited for nor
    /// locked; one that was waited for is looked at again, and stays locked.
    pub(crate) fn redeem_coupon(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        coupon: &Coupon,
    ) -> Result<bool, Stop> {
        let Some(row) = self.coupons.find(tenant, coupon) else {
            return Ok(false);
        };
        if !self.at_hand.resumed && !self.sees_coupon_left(tx, row) {
            return Ok(false);
        }
        self.lock_coupon(tx, row)?;
        let slot = &mut self.coupons.slots[row as usize];
        let left = slot.is_left(slot.used);
        slot.used += i64::from(left);
        Ok(left)
    }

    /// Changes how often a coupon was used, whatever its limit is.
    pub(crate) fn count_coupon(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        coupon: &Coupon,
        change: i64,
    ) -> Result<(), Stop> {
        if let Some(row) = self.coupons.find(tenant, coupon) {
            self.lock_coupon(tx, row)?;
            self.coupons.slots[row as usize].used += change;
        }
        Ok(())
    }

    fn lock_coupon(&mut self, tx: Tx, row: u32) -> Result<(), Stop> {
        let slot = &mut self.coupons.slots[row as usize];
        writable(slot.writer, tx)?;
        if slot.writer.replace(tx).is_none() {
            let undo = Undo::Coupon(row, slot.used);
            self.log(tx, undo);
        }
        Ok(())
    }

    /// As far as it is committed, or its own.
    fn sees_coupon_left(&self, tx: Tx, row: u32) -> bool {
        let slot = &self.coupons.slots[row as usize];
        let other = slot.writer.filter(|writer| *writer != tx);
        let log = other.map_or(&[][..], |writer| self.undo_log(writer));
        let replaced = log.iter().find_map(|undo| match undo {
            Undo::Coupon(r, used) if *r == row => Some(*used),
            _ => None,
        });
        slot.is_left(replaced.unwrap_or(slot.used))
    }
}
