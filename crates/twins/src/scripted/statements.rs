//! The statements of a transaction under a script, which are handed on as they are.

use orders::ports::{Carts, Charges, Coupons, Keys, Orders, Outbox, Sales, Stock};
use orders::{
    ChargeRow, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow, StoreError, Token,
    Transaction,
};
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, Order, OrderContent, OrderId, OrderState,
    ScopedKey, Sku, Span, Tenant, Time,
};

use super::ScriptedTransaction;

/// Hands the methods of a table's port on to the transaction underneath.
macro_rules! hand_on {
    ($($port:ident { $($method:ident($($argument:ident: $type:ty),*) -> $result:ty;)* })*) => {
        $(impl<T: Transaction> $port for ScriptedTransaction<T> {
            $(async fn $method(&mut self, $($argument: $type),*) -> Result<$result, StoreError> {
                self.tx.$method($($argument),*).await
            })*
        })*
    };
}

hand_on! {
    Keys {
        lock_key(key: &ScopedKey) -> Option<KeyRecord>;
        insert_key(key: &ScopedKey, record: KeyRecord) -> ();
        find_key(key: &ScopedKey) -> Option<KeyRecord>;
        set_key_state(key: &ScopedKey, state: KeyState) -> u64;
        update_key(key: &ScopedKey, held: Token, record: KeyRecord) -> u64;
        lock_overdue_claims(now: Time, limit: usize) -> Vec<(ScopedKey, KeyRecord)>;
        delete_expired_keys(before: Time, limit: usize) -> u64;
    }
    Orders {
        insert_order(new: NewOrder) -> OrderId;
        insert_items(order: OrderId, content: &OrderContent) -> ();
        insert_item(order: OrderId, line: &Line) -> ();
        find_items(order: OrderId) -> Vec<Line>;
        update_order(order: OrderId, from: OrderState, to: OrderState) -> u64;
        find_order(order: OrderId) -> Option<OrderRow>;
        find_order_by_cart(tenant: Tenant, cart: Cart) -> Option<Order>;
        find_order_by_key(tenant: Option<Tenant>, key: &IdempotencyKey) -> Option<Order>;
        find_recent_orders(tenant: Tenant, customer: Customer, within: Span, limit: usize) -> Vec<Order>;
    }
    Stock {
        reserve_stock(tenant: Tenant, lines: &[Line]) -> bool;
        settle_stock(tenant: Tenant, lines: &[Line]) -> ();
        release_stock(tenant: Tenant, lines: &[Line]) -> ();
        sell_stock(tenant: Tenant, lines: &[Line]) -> bool;
        read_stock(tenant: Tenant, lines: &[Line]) -> Option<Vec<i64>>;
        take_stock(tenant: Tenant, lines: &[Line]) -> ();
        write_stock(tenant: Tenant, sku: &Sku, on_hand: i64) -> ();
        insert_inventory_log(order: OrderId, lines: &[Line]) -> ();
    }
    Coupons {
        check_coupon(tenant: Tenant, coupon: &Coupon) -> bool;
        redeem_coupon(tenant: Tenant, coupon: &Coupon) -> bool;
        count_coupon(tenant: Tenant, coupon: &Coupon) -> ();
        release_coupon(tenant: Tenant, coupon: &Coupon) -> ();
    }
    Charges {
        insert_charge(charge: ChargeRow) -> ();
    }
    Sales {
        increment_sales(tenant: Tenant, lines: &[Line]) -> ();
    }
    Carts {
        find_cart(tenant: Tenant, cart: Cart) -> bool;
        clear_cart(tenant: Tenant, cart: Cart) -> ();
    }
    Outbox {
        insert_notification(order: OrderId, kind: NotificationKind) -> ();
    }
}
