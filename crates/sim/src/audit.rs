//! What is stored at the end, in one snapshot: the database's committed rows and the gateway's ledger.

use history::names::Names;
use history::{
    Audit, AuditCharge, AuditKey, AuditNotification, AuditOrder, AuditStock, BasketRef, ChargeRef,
    CodeRef, KeyRef, MessageRef, OrderRef, PayloadRef, RecordState, SkuRef, TenantRef,
};
use orders::{KeyState, NotificationKind};
use protocol::{OrderId, Scope};

use crate::database::Database;
use crate::database::rows::Keys;
use crate::gateway::Gateway;
use crate::run::Simulated;
use crate::world::World;

impl World {
    /// What the run gives, with the audit at its end.
    ///
    /// # Panics
    /// If a transaction is still open: nobody takes an audit of a database at work.
    pub fn finish(self) -> Simulated {
        let mut state = self.state.into_inner();
        let (digest, now_us) = (state.chooser.digest(), state.kernel.now_us());
        let database = std::mem::take(&mut state.database);
        let gateway = std::mem::take(&mut state.gateway);
        assert!(
            database.open_transactions() == 0,
            "an audit is taken when every transaction has ended"
        );
        let (statements, lock_waits, deadlocks) =
            (database.statements, database.waits, database.deadlocks);
        let names = &mut state.recorder.history_mut().names;
        let audit = audit(now_us, database, &gateway, names);
        Simulated {
            history: state.recorder.finish(audit),
            digest,
            events: state.kernel.steps(),
            ended_us: now_us,
            statements,
            lock_waits,
            deadlocks,
        }
    }
}

fn audit(now_us: u64, database: Database, gateway: &Gateway, names: &mut Names) -> Audit {
    names
        .orders
        .count_to::<OrderRef>(database.orders.slots.len() as u32);
    if !gateway.ledger.is_empty() {
        names
            .charges
            .count_to::<ChargeRef>(gateway.ledger.len() as u32 - 1);
    }
    Audit {
        t: now_us,
        orders: Some(orders(&database, names)),
        baseline: Vec::new(),
        charges: Some(charges(&database, gateway)),
        stock: Some(stock(&database, names)),
        notifications: Some(notifications(&database, names)),
        keys: Some(keys(database.keys, names)),
        coupons: None,
    }
}

fn order_name(id: OrderId) -> OrderRef {
    OrderRef::new(id.0 as u32)
}

fn orders(database: &Database, names: &mut Names) -> Vec<AuditOrder> {
    let nothing: BasketRef = names.basket(Vec::new());
    let mut rows = Vec::with_capacity(database.orders.slots.len());
    for (row, slot) in database.orders.slots.iter().enumerate() {
        let Some(order) = &slot.row else { continue };
        let payload = PayloadRef::new(order.cart.id as u32);
        rows.push(AuditOrder {
            id: order_name(OrderId(row as u64 + 1)),
            tenant: Some(TenantRef::new(order.tenant.0)),
            key: order
                .key
                .as_ref()
                .and_then(|key| names.keys.find(key.as_str())),
            payload: Some(payload),
            items: if slot.has_items {
                names.payload_items(payload)
            } else {
                Some(nothing)
            },
            coupon: None,
            state: slot.state,
            t: Some(slot.inserted_us),
        });
    }
    rows
}

/// The gateway's ledger; a charge made before its order had a number is known by the service's own table.
fn charges(database: &Database, gateway: &Gateway) -> Vec<AuditCharge> {
    let mut orders: Vec<Option<OrderId>> =
        gateway.ledger.iter().map(|charge| charge.order).collect();
    for charge in database
        .charges
        .slots
        .iter()
        .filter_map(|(charge, _)| *charge)
    {
        orders[charge.id.0 as usize].get_or_insert(charge.order);
    }
    let row = |(number, charge): (usize, &crate::gateway::Charge)| AuditCharge {
        id: ChargeRef::new(number as u32),
        order: orders[number].map(order_name),
        intent: None,
        provider_key: Some(number as u32),
        state: charge.state,
        amount: charge.amount.minor(),
    };
    gateway.ledger.iter().enumerate().map(row).collect()
}

fn stock(database: &Database, names: &mut Names) -> Vec<AuditStock> {
    let mut rows = Vec::with_capacity(database.stocks.slots.len());
    for slot in &database.stocks.slots {
        let sku: SkuRef = names.skus.intern(&format!("{}/{}", slot.tenant, slot.sku));
        let (initial, on_hand, reserved) = (slot.initial, slot.on_hand, slot.reserved);
        rows.push(AuditStock {
            sku,
            initial,
            restocked: 0,
            on_hand,
            reserved,
        });
    }
    rows
}

fn notifications(database: &Database, names: &mut Names) -> Vec<AuditNotification> {
    let created: CodeRef = names.codes.intern("created");
    let cancelled: CodeRef = names.codes.intern("cancelled");
    let mut rows = Vec::with_capacity(database.notes.slots.len());
    for (order, kind) in database.notes.slots.iter().flatten() {
        let message: MessageRef = names.messages.count();
        let event = match kind {
            NotificationKind::Created => created,
            NotificationKind::Cancelled => cancelled,
        };
        rows.push(AuditNotification {
            message,
            order: Some(order_name(*order)),
            event,
            t: None,
        });
    }
    rows
}

/// The key records. A record in a scope of the service's own gets a new counted name if it is settled; one that is still open
/// is named by its text, because somebody will want to look for it.
fn keys(keys: Keys, names: &mut Names) -> Vec<AuditKey> {
    let mut rows = Vec::with_capacity(keys.slots.len());
    let mut open = Vec::new();
    for slot in keys.slots.into_iter().filter(|slot| !slot.deleted) {
        let state = match slot.record.state {
            KeyState::Claimed => RecordState::InProgress,
            KeyState::Completed => RecordState::Completed,
            // Given back: as good as absent, and nothing that a client waits for.
            KeyState::Released => continue,
        };
        let sent = (slot.key.scope == Scope::CreateOrder)
            .then(|| names.keys.find(slot.key.key.as_str()))
            .flatten();
        match sent {
            Some(key) => rows.push(AuditKey { key, state }),
            None if state == RecordState::Completed => {
                let key: KeyRef = names.keys.count();
                rows.push(AuditKey { key, state });
            }
            None => open.push(slot.key),
        }
    }
    for key in open {
        let key: KeyRef =
            names.intern_key(TenantRef::new(key.tenant.0), &format!("cart {}", key.key));
        rows.push(AuditKey {
            key,
            state: RecordState::InProgress,
        });
    }
    rows
}
