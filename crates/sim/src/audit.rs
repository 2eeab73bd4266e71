//! What is stored at the end, in one snapshot: the database's committed rows and the gateway's ledger.
//!
//! - [`ledgers`]: what is written with an order beside its row, as far as the service keeps it

mod ledgers;

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashTable;
use history::names::{Item, Names};
use history::{
    Audit, AuditCharge, AuditCoupon, AuditKey, AuditNotification, AuditOrder, AuditStock,
    BasketRef, ChargeRef, CodeRef, CouponRef, HostRef, KeyRef, OrderRef, PayloadRef,
    ProviderKeyRef, RecordState, SkuRef, TenantRef, Transition,
};
use orders::NotificationKind;
use outside::menu::{Menu, coupon_name};
use outside::provider::{Charge, Provider, hash_key};
use protocol::{Line, OrderId, Scope, ScopedKey, Sku, Tenant};

use crate::database::Database;
use crate::database::changes::{KeyChanges, standing};
use crate::database::coupons::CouponSlot;
use crate::database::keys::Keys;
use crate::database::orders::{order_at, row_of};
use crate::database::place::Place;
use crate::database::placed::Placed;
use crate::gateway::Gateway;
use crate::kitchen::Kitchen;
use crate::memory::give_back;
use crate::simulated::Simulated;
use crate::state::State;
use crate::tally::Traffic;
use crate::world::World;

impl World {
    /// What the run gives, with the audit at its end.
    ///
    /// # Panics
    /// If a transaction is still open: an audit is taken of a database at rest.
    pub fn finish(self) -> Simulated {
        self.close()
    }

    /// The same of a world that may begin again.
    pub(crate) fn close(&self) -> Simulated {
        let state = &mut *self.state.borrow_mut();
        // No event comes any more that would tell the database of what was let go of in the last moments.
        state.database.hang_up_abandoned();
        assert!(
            state.database.open_transactions() == 0,
            "an audit is taken when every transaction has ended"
        );
        let changes = std::mem::take(&mut state.database.changes);
        let now_us = state.kernel.now_us();
        let (audit, rows) = audit(state, &self.setting.script.menu);
        let names = state.recorder.names_mut();
        let lives = (self.setting.plan.world.replicas, &*state.replicas.reborn);
        let transitions = transitions(changes, rows, lives, names);
        Simulated {
            history: state.recorder.end(transitions, audit),
            metrics: std::mem::take(&mut state.tally.metrics),
            traffic: Traffic {
                held_back: state.devices.held_back,
                ..state.tally.traffic
            },
            upkeep_statements: state.tally.upkeep_statements,
            idle_rounds: state.tally.idle_rounds,
            cache_commands: state.tally.cache_commands,
            silent_replays: std::mem::take(&mut state.tally.silent_replays),
            digest: state.chooser.digest(),
            chooser: std::mem::take(&mut state.chooser),
            events: state.kernel.steps(),
            ended_us: now_us,
            statements: state.database.counts.statements,
            lock_waits: state.database.counts.waits,
            deadlocks: state.database.counts.deadlocks,
        }
    }
}

/// The audit, and the names of the key records by row. Here a run takes the most memory, so a large one gives up what is not needed
/// any more: the indexes at first, and each table as soon as its rows stand in the audit. The memory of a small run is used again.
fn audit(state: &mut State, menu: &Menu) -> (Audit, Vec<Option<KeyRef>>) {
    let t = state.kernel.now_us();
    state.clients.close();
    state.recorder.close_bodies();
    let (database, gateway) = (&mut state.database, &mut state.gateway);
    let names = state.recorder.names_mut();
    database.close_indexes();
    gateway.provider.close();
    name_rows(database, gateway, names);
    let (keys, rows) = keys(&database.keys, names);
    database.keys.release();
    let mut audit = Audit {
        t,
        keys: Some(keys).filter(|_| database.ledgers.keys),
        notifications: Some(notifications(database, &state.kitchen, names)),
        ..Audit::default()
    };
    give_back(&mut database.notes.slots);
    ledgers::add(&mut audit, database, menu, names);
    audit.charges = Some(charges(database, gateway, names));
    gateway.provider.release();
    database.charges.release();
    audit.orders = Some(orders(database, menu, names));
    audit.coupons = coupons(database, names);
    database.orders.release();
    audit.stock = Some(stock(database, menu));
    (audit, rows)
}

/// Declares the names of rows that are counted.
fn name_rows(database: &Database, gateway: &Gateway, names: &mut Names) {
    ledgers::name_carts(names);
    names
        .orders
        .count_to::<OrderRef>(database.orders.slots.len() as u32);
    if let Some(last) = gateway.provider.ledger().len().checked_sub(1) {
        names.charges.count_to::<ChargeRef>(last as u32);
    }
}

fn order_name(id: OrderId) -> OrderRef {
    OrderRef::new(id.0 as u32)
}

fn orders(database: &Database, menu: &Menu, names: &mut Names) -> Vec<AuditOrder> {
    let nothing: BasketRef = names.basket(Vec::new());
    let mut others = BTreeMap::new();
    let mut rows = Vec::with_capacity(database.orders.slots.len());
    for (row, slot) in database.orders.slots.iter().enumerate() {
        let Some(order) = &slot.row else { continue };
        let (payload, items) = stored(order, menu, names, &mut others);
        rows.push(AuditOrder {
            id: order_name(OrderId(row as u64 + 1)),
            tenant: Some(TenantRef::new(order.tenant.0)),
            key: database
                .orders
                .key_text(order)
                .and_then(|key| names.find_key(TenantRef::new(order.tenant.0), key)),
            intent: None,
            payload,
            items: Some(match slot.items {
                0 => nothing,
                some if some == slot.lines() => items,
                some => basket_of_lines(order, some as usize, names, &mut others),
            }),
            coupon: coupon_of(database, order, names),
            cart: ledgers::cart_name(order.cart(), names),
            state: slot.state,
            t: Some(slot.inserted_us),
        });
    }
    rows
}

/// The request that an order was created from, which is known by its cart; and the lines that are stored. An order with other
/// lines than the request was created from no request that was sent.
fn stored(
    order: &Placed,
    menu: &Menu,
    names: &mut Names,
    others: &mut BTreeMap<Vec<Item>, BasketRef>,
) -> (Option<PayloadRef>, BasketRef) {
    let asked = ledgers::number_of(order.cart()).and_then(|cart| {
        let payload = (cart < u32::MAX).then(|| PayloadRef::new(cart))?;
        Some((payload, names.payload_items(payload)?))
    });
    if let Some((payload, basket)) = asked
        && menu.is_content(order.tenant, basket, &order.content)
    {
        return (Some(payload), basket);
    }
    let basket = basket_of_lines(order, order.content.lines.len(), names, others);
    let same = |(_, asked): &(PayloadRef, BasketRef)| names.items(*asked) == names.items(basket);
    match asked.filter(same) {
        Some((payload, asked)) => (Some(payload), asked),
        None => (None, basket),
    }
}

/// The basket of an order's first lines, if they are not those of the menu.
fn basket_of_lines(
    order: &Placed,
    count: usize,
    names: &mut Names,
    others: &mut BTreeMap<Vec<Item>, BasketRef>,
) -> BasketRef {
    let item = |line: &Line| Item {
        sku: sku_name(order.tenant, &line.sku, names),
        quantity: line.quantity,
    };
    let items: Vec<Item> = order.content.lines[..count].iter().map(item).collect();
    *others
        .entry(items)
        .or_insert_with_key(|items| names.basket(items.clone()))
}

fn sku_name(tenant: Tenant, sku: &Sku, names: &mut Names) -> SkuRef {
    names.skus.intern(&format!("{tenant}/{sku}"))
}

/// The gateway's ledger; a charge made before its order had a number is known by the service's own table.
fn charges(database: &Database, gateway: &Gateway, names: &mut Names) -> Vec<AuditCharge> {
    if let Some(last) = gateway.provider.ledger().len().checked_sub(1) {
        names.provider_keys.count_to::<ProviderKeyRef>(last as u32);
    }
    let provider = &gateway.provider;
    let place = |order: OrderId| Place::of(row_of(order));
    let asked = provider.ledger().map(|charge| charge.order.map(place));
    let mut orders: Vec<Option<Place>> = asked.collect();
    for charge in database.charges.rows(&database.orders) {
        orders[charge.id.0 as usize].get_or_insert(place(charge.order));
    }
    let mut keys = ProviderKeys::new(provider);
    let row = |(number, charge): (usize, Charge)| {
        let order = orders[number].map(order_at);
        AuditCharge {
            id: ChargeRef::new(number as u32),
            order: order.map(order_name),
            // Where the order tells whose purchase it is, the charge need not.
            intent: charge
                .intent
                .filter(|_| !order.is_some_and(|order| is_stored(database, order))),
            provider_key: Some(ProviderKeyRef::new(keys.number(number as u32))),
            tender: None,
            state: charge.state,
            amount: charge.amount.minor(),
            t: Some(charge.at_us),
        }
    };
    provider.ledger().enumerate().map(row).collect()
}

fn is_stored(database: &Database, order: OrderId) -> bool {
    let row = order.0.checked_sub(1).map(|row| row as usize);
    let slot = row.and_then(|row| database.orders.slots.get(row));
    slot.is_some_and(|slot| slot.row.is_some())
}

/// The gateway's keys, numbered: a key has the number of the first charge under it.
struct ProviderKeys<'a> {
    provider: &'a Provider,
    first: HashTable<u32>,
}

impl<'a> ProviderKeys<'a> {
    fn new(provider: &'a Provider) -> ProviderKeys<'a> {
        ProviderKeys {
            provider,
            first: HashTable::with_capacity(provider.ledger().len()),
        }
    }

    fn number(&mut self, row: u32) -> u32 {
        let provider = self.provider;
        let key = |row: &u32| provider.key(*row);
        let hash = |row: &u32| hash_key(key(row));
        let same = |other: &u32| key(other) == key(&row);
        *self
            .first
            .entry(hash(&row), same, hash)
            .or_insert(row)
            .get()
    }
}

fn stock(database: &Database, menu: &Menu) -> Vec<AuditStock> {
    let mut rows = Vec::with_capacity(database.stocks.slots.len());
    for (row, slot) in database.stocks.slots.iter().enumerate() {
        let sku = menu.stock(row);
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

/// The coupons, if there are any.
fn coupons(database: &Database, names: &mut Names) -> Option<Vec<AuditCoupon>> {
    let slots = &database.coupons.slots;
    let row = |slot: &CouponSlot| AuditCoupon {
        coupon: coupon_name(slot.tenant, &slot.code, names),
        limit: slot.limit,
        // What was given back more often than it was used shows in the orders that have it.
        used: Some(slot.used.max(0) as u64),
        off: Some(slot.off.minor()),
    };
    (!slots.is_empty()).then(|| slots.iter().map(row).collect())
}

/// The coupon that an order says it has. Where there are none, its content is not looked at.
fn coupon_of(database: &Database, order: &Placed, names: &mut Names) -> Option<CouponRef> {
    if database.coupons.slots.is_empty() {
        return None;
    }
    let coupon = order.content.coupon.as_ref();
    coupon.map(|coupon| coupon_name(order.tenant, &coupon.code, names))
}

/// What was told: the rows of the outbox, or where there is a kitchen, what it printed.
fn notifications(
    database: &Database,
    kitchen: &Kitchen,
    names: &mut Names,
) -> Vec<AuditNotification> {
    let created: CodeRef = names.codes.intern("created");
    let mut row = |order: OrderId, kind: NotificationKind, t: Option<u64>| AuditNotification {
        message: names.messages.count(),
        order: Some(order_name(order)),
        event: match kind {
            NotificationKind::Created => created,
        },
        t,
    };
    if database.notes.are_relayed {
        let tickets = kitchen.tickets.iter();
        return tickets
            .map(|ticket| row(ticket.order, ticket.kind, Some(ticket.printed_us)))
            .collect();
    }
    let notes = database.notes.rows();
    let mut rows = Vec::with_capacity(notes.len());
    rows.extend(notes.flatten().map(|(order, kind)| row(order, kind, None)));
    rows
}

/// The key records, and the name of each by its row. A record in a scope of the service's own gets a new counted name if it is
/// settled; one that is still open is named by its text, because a reader will look for it. Where a service keeps a record
/// for every user of a key, only the first of them is the key's own, and the others have names of theirs.
fn keys(keys: &Keys, names: &mut Names) -> (Vec<AuditKey>, Vec<Option<KeyRef>>) {
    let mut rows = Vec::with_capacity(keys.slots.len());
    let mut named = vec![None; keys.slots.len()];
    let mut open = Vec::new();
    let mut first_of: BTreeSet<KeyRef> = BTreeSet::new();
    for (row, slot) in keys.slots.iter().enumerate() {
        if slot.deleted {
            continue;
        }
        let state = standing(slot.record.state);
        let text = keys.text(row as u32);
        let key = match find_sent(slot.tenant, slot.scope, text, names) {
            Some(key) => key,
            None if state == RecordState::InProgress => {
                open.push((row, keys.key(row as u32)));
                continue;
            }
            None => names.keys.count(),
        };
        let is_first = slot.scope != Scope::OrderIdempotencies || first_of.insert(key);
        named[row] = Some(if is_first { key } else { names.keys.count() });
        // What was given back is nothing that a client waits for.
        if state != RecordState::Absent {
            rows.push(AuditKey { key, state });
        }
    }
    for (row, key) in open {
        let key = name_by_text(&key, names);
        named[row] = Some(key);
        rows.push(AuditKey {
            key,
            state: RecordState::InProgress,
        });
    }
    (rows, named)
}

/// The name of a record in a scope of the service's own, by its text.
fn name_by_text(key: &ScopedKey, names: &mut Names) -> KeyRef {
    let text = format!("cart {}", key.key);
    names.intern_key(TenantRef::new(key.tenant.0), &text)
}

/// The key that a client sent, if a record is one's.
fn sent_key(key: &ScopedKey, names: &Names) -> Option<KeyRef> {
    find_sent(key.tenant, key.scope, key.key.as_str(), names)
}

fn find_sent(tenant: Tenant, scope: Scope, text: &str, names: &Names) -> Option<KeyRef> {
    names.find_key(TenantRef::new(tenant.0), scope.sent(text)?)
}

/// How key records changed. `rows` are the names of those that are still there; the replicas, and which of them came back in what
/// order, tell who the owners are.
fn transitions(
    changes: KeyChanges,
    rows: Vec<Option<KeyRef>>,
    (replicas, reborn): (u32, &[u32]),
    names: &mut Names,
) -> Vec<Transition> {
    if changes.is_empty() {
        return Vec::new();
    }
    let mut lives = vec![0; replicas as usize];
    let owners = (0..replicas).chain(reborn.iter().copied());
    let hosts: Vec<HostRef> = owners
        .map(|replica| {
            let life: &mut u32 = &mut lives[replica as usize];
            *life += 1;
            match *life {
                // Named when the world was built, in the order of their numbers.
                1 => HostRef::new(replica),
                life => names
                    .hosts
                    .intern(&format!("replica-{replica} in life {life}")),
            }
        })
        .collect();
    // Names are counted until the first that is a text: after that, a record that is gone is named by its text too.
    let name = |key: &ScopedKey| match sent_key(key, names) {
        Some(sent) => sent,
        None if names.keys.is_counted() => names.keys.count(),
        None => name_by_text(key, names),
    };
    changes.named(rows, name, &hosts)
}

#[cfg(test)]
mod tests {
    use protocol::{ChargeRequest, GatewayKey, Money};

    use super::*;
    use outside::provider::Begun;

    const KEY_TTL_US: u64 = 1_000_000;

    /// Captures a charge for an order.
    fn capture(gateway: &mut Gateway, order: u64, now_us: u64) {
        let tenant = Tenant(0);
        let request = ChargeRequest {
            key: GatewayKey::of_order(tenant, OrderId(order)),
            tenant,
            order: Some(OrderId(order)),
            amount: Money(100),
        };
        let Begun::Captures(row) = gateway.provider.charge(&request, None, now_us) else {
            panic!("the key is known");
        };
        gateway.provider.capture(row, false, now_us);
    }

    #[test]
    fn two_charges_under_one_key_have_one_number() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        capture(&mut gateway, 7, 0);
        capture(&mut gateway, 8, 0);
        capture(&mut gateway, 7, KEY_TTL_US);
        capture(&mut gateway, 9, KEY_TTL_US);
        let mut names = Names::default();
        let keys: Vec<Option<usize>> = charges(&Database::default(), &gateway, &mut names)
            .iter()
            .map(|charge| charge.provider_key.map(|key| key.index()))
            .collect();
        assert_eq!(keys, [Some(0), Some(1), Some(0), Some(3)]);
    }
}
