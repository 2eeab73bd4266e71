//! The committed rows, as a transaction of its own sees them while others are open.

use compact_str::CompactString;
use orders::{ChargeRow, KeyRecord, NotificationKind, OrderRow};
use protocol::{
    Cart, ChargeId, ChargeState, GatewayKey, Money, OrderId, OrderState, ScopedKey, Sku, Tenant,
};

/// Every table, and the gateway's ledger. Rows stand in the order of their keys; of tables without one, as they were inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// `idempotency_keys`.
    pub keys: Vec<(ScopedKey, KeyRecord)>,
    /// `orders`, with how many of their items there are.
    pub orders: Vec<OrderRow>,
    /// `charges`.
    pub charges: Vec<ChargeRow>,
    /// `stock`: on hand and reserved.
    pub stock: Vec<(Tenant, Sku, [i64; 2])>,
    /// `sales`.
    pub sales: Vec<(Tenant, Sku, u64)>,
    /// `coupons`: how often each was used.
    pub coupons: Vec<(Tenant, CompactString, i64)>,
    /// `outbox`.
    pub notifications: Vec<(OrderId, NotificationKind)>,
    /// The carts that are not there any more.
    pub cleared: Vec<(Tenant, Cart)>,
    /// `inventory_logs`.
    pub moves: Vec<(OrderId, Sku, u32)>,
    /// What the gateway has.
    pub ledger: Vec<Charged>,
}

/// A charge as the gateway has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// Its number.
    pub id: ChargeId,
    /// Under which key.
    pub key: GatewayKey,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: ChargeState,
}

impl Audit {
    /// On hand and reserved of a SKU.
    pub fn shelf(&self, tenant: Tenant, sku: &str) -> Option<[i64; 2]> {
        let mut rows = self.stock.iter();
        let found = rows.find(|(shop, name, _)| *shop == tenant && name.0 == sku);
        found.map(|(_, _, columns)| *columns)
    }

    /// How many of a SKU were sold.
    pub fn sold(&self, tenant: Tenant, sku: &str) -> Option<u64> {
        let mut rows = self.sales.iter();
        let found = rows.find(|(shop, name, _)| *shop == tenant && name.0 == sku);
        found.map(|(_, _, sold)| *sold)
    }

    /// How often a coupon was used.
    pub fn used(&self, tenant: Tenant, code: &str) -> Option<i64> {
        let mut rows = self.coupons.iter();
        let found = rows.find(|(shop, name, _)| *shop == tenant && *name == code);
        found.map(|(_, _, used)| *used)
    }

    /// How many orders are in a state.
    pub fn orders_in(&self, state: OrderState) -> usize {
        self.orders.iter().filter(|row| row.state == state).count()
    }

    /// How many charges hold money.
    pub fn captured(&self) -> usize {
        let captured = |charge: &&Charged| charge.state == ChargeState::Captured;
        self.ledger.iter().filter(captured).count()
    }
}
