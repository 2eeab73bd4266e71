//! What is written with an order beside its row, its stock and its message: its cart, the sales counters, the inventory log, the
//! records of keys, and what the service knows of its charge. A service that does not keep one has no such part in its audit.

use history::{
    Audit, AuditCart, AuditMove, AuditRecordedCharge, AuditSale, CartRef, ChargeRef, Names,
    TenantRef,
};
use orders::ChargeRow;
use protocol::Cart;

use super::order_name;
use crate::database::Database;
use crate::database::moves::Move;
use crate::database::orders::order_at;
use crate::memory::give_back;
use outside::menu::Menu;

/// Adds the parts that the service keeps. Of the tables that no other part is made from, the memory is given back.
pub(super) fn add(audit: &mut Audit, database: &mut Database, menu: &Menu, names: &Names) {
    let ledgers = database.ledgers;
    audit.inventory_log = ledgers.inventory_log.then(|| moves(database, menu));
    give_back(&mut database.moves.slots);
    audit.carts = ledgers.carts.then(|| carts(database, names));
    database.carts.release();
    audit.sales = ledgers.sales.then(|| sales(database, menu));
    audit.recorded_charges = ledgers.charges.then(|| charges(database));
}

/// Declares the names of carts: a version of a cart has the number of the payload that it is sent as.
pub(super) fn name_carts(names: &mut Names) {
    if let Some(last) = names.contents.len().checked_sub(1) {
        names.carts.count_to::<CartRef>(last as u32);
    }
}

/// The name of a cart, if a client had it.
pub(super) fn cart_name(cart: Cart, names: &Names) -> Option<CartRef> {
    let number = number_of(cart).filter(|number| (*number as usize) < names.contents.len());
    number.map(CartRef::new)
}

/// The number of the payload that a version of a cart is sent as: an edited cart is the payload after the one that it was before.
pub(super) fn number_of(cart: Cart) -> Option<u32> {
    let edits = u64::from(cart.version.saturating_sub(1));
    u32::try_from(cart.id + edits).ok()
}

/// The carts that orders were made from, and those that were cleared, by their numbers.
fn carts(database: &Database, names: &Names) -> Vec<AuditCart> {
    let mut rows: Vec<Option<AuditCart>> = vec![None; names.contents.len()];
    let orders = database.orders.slots.iter();
    let bought = orders
        .filter_map(|slot| slot.row.as_ref())
        .map(|order| (order.tenant, order.cart(), false));
    let cleared = database
        .carts
        .cleared()
        .map(|(tenant, cart)| (tenant, cart, true));
    for (tenant, cart, is_cleared) in bought.chain(cleared) {
        if let Some(cart) = cart_name(cart, names) {
            rows[cart.index()] = Some(AuditCart {
                cart,
                tenant: Some(TenantRef::new(tenant.0)),
                is_cleared,
            });
        }
    }
    rows.into_iter().flatten().collect()
}

/// A counter for every row of the stock.
fn sales(database: &Database, menu: &Menu) -> Vec<AuditSale> {
    let counters = database.sales.slots.iter().enumerate();
    let row = counters.map(|(row, (sold, _))| AuditSale {
        sku: menu.stock(row),
        sold: i64::try_from(*sold).unwrap_or(i64::MAX),
    });
    row.collect()
}

fn moves(database: &Database, menu: &Menu) -> Vec<AuditMove> {
    let rows = database.moves.slots.iter();
    let row = |row: &Move| {
        Some(AuditMove {
            order: order_name(order_at(row.order?)),
            sku: menu.stock(row.stock as usize),
            quantity: i64::from(row.quantity),
        })
    };
    rows.filter_map(row).collect()
}

fn charges(database: &Database) -> Vec<AuditRecordedCharge> {
    let rows = database.charges.rows(&database.orders);
    let row = |row: ChargeRow| AuditRecordedCharge {
        charge: ChargeRef::new(row.id.0 as u32),
        order: order_name(row.order),
        amount: Some(row.amount.minor()),
    };
    rows.map(row).collect()
}
