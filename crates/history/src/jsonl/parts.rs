//! The rows that were read so far, by the parts of the audit.

use std::collections::BTreeSet;

use compact_str::CompactString;

use super::raw_rows as raw;
use super::scalar::AuditPart;
use crate::audit::{
    AuditCart, AuditCharge, AuditCoupon, AuditKey, AuditMove, AuditNotification, AuditOrder,
    AuditRecordedCharge, AuditRefund, AuditSale, AuditStock,
};
use crate::event::RecordState;
use crate::names::{CouponRef, OrderRef, SkuRef};

/// The rows of one part.
#[derive(Debug)]
pub(super) struct Part<T> {
    pub(super) rows: Vec<T>,
    /// The line of each.
    pub(super) lines: Vec<u32>,
    /// Whether the audit's line has the part.
    pub(super) is_in_audit: bool,
}

impl<T> Default for Part<T> {
    fn default() -> Part<T> {
        Part {
            rows: Vec::new(),
            lines: Vec::new(),
            is_in_audit: false,
        }
    }
}

/// What the audit's line says beside its rows.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) line: usize,
    pub(super) t: u64,
    pub(super) complete: Vec<AuditPart>,
}

/// A key whose tenant is not said: its text, and the row that has it.
pub(super) type Tenantless = Vec<(usize, CompactString)>;

/// All rows so far.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) audit: Option<Head>,
    pub(super) orders: Part<AuditOrder>,
    pub(super) charges: Part<AuditCharge>,
    pub(super) refunds: Part<AuditRefund>,
    pub(super) stock: Part<AuditStock>,
    pub(super) notifications: Part<AuditNotification>,
    pub(super) keys: Part<AuditKey>,
    pub(super) coupons: Part<AuditCoupon>,
    pub(super) carts: Part<AuditCart>,
    pub(super) sales: Part<AuditSale>,
    pub(super) moves: Part<AuditMove>,
    pub(super) recorded: Part<AuditRecordedCharge>,
    pub(super) baseline: Vec<OrderRef>,
    /// Keys of orders, and of key records, without a tenant.
    pub(super) keys_of_orders: Tenantless,
    pub(super) keys_of_records: Vec<(usize, CompactString, RecordState)>,
    /// Keys of transitions without a tenant, by the transition's place.
    pub(super) keys_of_changes: Vec<(usize, CompactString)>,
    pub(super) skus_in_stock: BTreeSet<SkuRef>,
    pub(super) skus_sold: BTreeSet<SkuRef>,
    pub(super) coupons_seen: BTreeSet<CouponRef>,
}

impl Rows {
    /// Which parts the audit's own line has.
    pub(super) fn see_parts(&mut self, raw: &raw::Audit<'_>) {
        for (is_in_audit, there) in [
            (&mut self.orders.is_in_audit, raw.orders.is_some()),
            (&mut self.charges.is_in_audit, raw.charges.is_some()),
            (&mut self.refunds.is_in_audit, raw.refunds.is_some()),
            (&mut self.stock.is_in_audit, raw.stock.is_some()),
            (
                &mut self.notifications.is_in_audit,
                raw.notifications.is_some(),
            ),
            (&mut self.keys.is_in_audit, raw.keys.is_some()),
            (&mut self.coupons.is_in_audit, raw.coupons.is_some()),
            (&mut self.carts.is_in_audit, raw.carts.is_some()),
            (&mut self.sales.is_in_audit, raw.sales.is_some()),
            (&mut self.moves.is_in_audit, raw.inventory_log.is_some()),
            (
                &mut self.recorded.is_in_audit,
                raw.recorded_charges.is_some(),
            ),
        ] {
            *is_in_audit |= there;
        }
    }
}
