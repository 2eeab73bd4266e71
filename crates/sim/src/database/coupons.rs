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
    /// Whether one more order may have it, if it was used so often.
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

#[cfg(test)]
mod tests {
    use explore::TaskId;
    use orders::StoreError;

    use super::*;

    const SHOP: Tenant = Tenant(0);

    fn coupon(code: &str) -> Coupon {
        Coupon {
            code: code.into(),
            off: Money(5),
        }
    }

    /// A database with a coupon that two orders may have, and a seat.
    fn database() -> Database {
        let mut db = Database::default();
        db.coupons.add(SHOP, "C", 2, Money(5));
        db.coupons.add(SHOP, "A1", 1, Money(0));
        db.coupons.add(Tenant(1), "A1", 1, Money(0));
        db
    }

    /// What a statement came to; `None`: it waits.
    type Ran<T> = Option<Result<T, StoreError>>;

    fn redeem(db: &mut Database, tx: Tx, code: &str) -> Ran<bool> {
        let task = TaskId {
            slot: tx.0,
            generation: 0,
        };
        db.run(tx, task, &mut |db, tx| {
            db.redeem_coupon(tx, SHOP, &coupon(code))
        })
    }

    fn count(db: &mut Database, tx: Tx, code: &str, change: i64) -> Ran<()> {
        let task = TaskId {
            slot: tx.0,
            generation: 0,
        };
        db.run(tx, task, &mut |db, tx| {
            db.count_coupon(tx, SHOP, &coupon(code), change)
        })
    }

    fn check(db: &mut Database, tx: Tx, code: &str) -> bool {
        db.check_coupon(tx, SHOP, &coupon(code)).unwrap()
    }

    fn used(db: &Database) -> [i64; 3] {
        [0, 1, 2].map(|row: usize| db.coupons.slots[row].used)
    }

    #[test]
    fn a_guarded_update_waits_for_the_row_and_then_judges_what_was_committed() {
        for (commits, left) in [(true, false), (false, true)] {
            let mut db = database();
            let (a, b) = (db.begin(), db.begin());
            assert_eq!(redeem(&mut db, a, "A1"), Some(Ok(true)));
            assert_eq!(
                redeem(&mut db, b, "A1"),
                None,
                "it was left, as far as was committed"
            );
            match commits {
                true => assert_eq!(db.commit(a), orders::CommitTag::Committed),
                false => db.rollback(a),
            }
            assert_eq!(db.open.released.len(), 1);
            assert_eq!(redeem(&mut db, b, "A1"), Some(Ok(left)));
            assert_eq!(used(&db), [0, 1, 0], "once, and in this shop only");
        }
    }

    #[test]
    fn a_coupon_that_is_used_up_as_committed_is_neither_waited_for_nor_locked() {
        let mut db = database();
        let a = db.begin();
        assert_eq!(redeem(&mut db, a, "A1"), Some(Ok(true)));
        assert_eq!(
            redeem(&mut db, a, "A1"),
            Some(Ok(false)),
            "its own use counts"
        );
        assert_eq!(db.commit(a), orders::CommitTag::Committed);
        let (a, b, c) = (db.begin(), db.begin(), db.begin());
        assert_eq!(redeem(&mut db, b, "A1"), Some(Ok(false)));
        assert_eq!(
            count(&mut db, a, "A1", -1),
            Some(Ok(())),
            "b has not locked it"
        );
        assert_eq!(
            redeem(&mut db, c, "A1"),
            Some(Ok(false)),
            "what is given back is not committed"
        );
        assert!(!check(&mut db, c, "A1") && check(&mut db, a, "A1"));
        assert_eq!(db.commit(a), orders::CommitTag::Committed);
        assert_eq!(redeem(&mut db, c, "A1"), Some(Ok(true)));
    }

    #[test]
    fn validate_then_increment_uses_a_coupon_more_often_than_it_may_be() {
        let mut db = database();
        let (a, b) = (db.begin(), db.begin());
        assert!(check(&mut db, a, "A1") && check(&mut db, b, "A1"));
        assert_eq!(count(&mut db, a, "A1", 1), Some(Ok(())));
        assert!(
            check(&mut db, b, "A1"),
            "not committed yet, and nobody waits to look"
        );
        assert_eq!(count(&mut db, b, "A1", 1), None, "a writer waits");
        assert_eq!(db.commit(a), orders::CommitTag::Committed);
        assert_eq!(count(&mut db, b, "A1", 1), Some(Ok(())));
        assert_eq!(db.commit(b), orders::CommitTag::Committed);
        assert_eq!(used(&db), [0, 2, 0]);
    }

    #[test]
    fn a_rollback_gives_back_what_a_transaction_used_and_its_locks() {
        let mut db = database();
        let a = db.begin();
        for left in [true, true, false] {
            assert_eq!(redeem(&mut db, a, "C"), Some(Ok(left)));
        }
        assert_eq!(redeem(&mut db, a, "A1"), Some(Ok(true)));
        assert_eq!(used(&db), [2, 1, 0]);
        db.rollback(a);
        assert_eq!(used(&db), [0, 0, 0]);
        let b = db.begin();
        assert_eq!(redeem(&mut db, b, "C"), Some(Ok(true)));
    }

    #[test]
    fn a_coupon_that_nobody_knows_is_never_left() {
        let mut db = database();
        let tx = db.begin();
        assert_eq!(redeem(&mut db, tx, "D"), Some(Ok(false)));
        assert!(!check(&mut db, tx, "D"));
    }
}
