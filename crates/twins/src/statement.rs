//! The statements of a transaction as values: a script can be written down, shown when it fails, and drawn at random.

use std::sync::Arc;

use orders::{
    ChargeRow, KeyRecord, KeyState, NewOrder, NotificationKind, StoreError, Token, Transaction,
};
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, OrderContent, OrderId, OrderState, ScopedKey,
    Sku, Span, Tenant, Time,
};

use crate::call::Answer;

/// Declares a statement for every method of the ports' tables, with its arguments by value, and how each is run.
macro_rules! statements {
    ($($name:ident = $method:ident($($field:ident: $type:ty => $pass:expr),*);)*) => {
        /// A statement: a method of [`Transaction`], with its arguments.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Statement {
            $(
                #[doc = concat!("`", stringify!($method), "`.")]
                $name {
                    $(#[doc = concat!("Its argument `", stringify!($field), "`.")] $field: $type),*
                },
            )*
        }

        impl Statement {
            /// Runs it in a transaction.
            ///
            /// # Errors
            /// Those of the method.
            pub async fn run<T: Transaction>(self, tx: &mut T) -> Result<Answer, StoreError> {
                match self {
                    $(Statement::$name { $($field),* } => {
                        tx.$method($($pass),*).await.map(Answer::from)
                    })*
                }
            }
        }
    };
}

statements! {
    LockKey = lock_key(key: ScopedKey => &key);
    InsertKey = insert_key(key: ScopedKey => &key, record: KeyRecord => record);
    FindKey = find_key(key: ScopedKey => &key);
    SetKeyState = set_key_state(key: ScopedKey => &key, state: KeyState => state);
    UpdateKey = update_key(key: ScopedKey => &key, held: Token => held, record: KeyRecord => record);
    LockOverdueClaims = lock_overdue_claims(now: Time => now, limit: usize => limit);
    DeleteExpiredKeys = delete_expired_keys(before: Time => before, limit: usize => limit);
    InsertOrder = insert_order(new: NewOrder => new);
    InsertItems = insert_items(order: OrderId => order, content: Arc<OrderContent> => &content);
    InsertItem = insert_item(order: OrderId => order, line: Line => &line);
    FindItems = find_items(order: OrderId => order);
    UpdateOrder = update_order(order: OrderId => order, from: OrderState => from, to: OrderState => to);
    FindOrder = find_order(order: OrderId => order);
    FindOrderByCart = find_order_by_cart(tenant: Tenant => tenant, cart: Cart => cart);
    FindOrderByKey = find_order_by_key(tenant: Option<Tenant> => tenant, key: IdempotencyKey => &key);
    FindRecentOrders = find_recent_orders(tenant: Tenant => tenant, customer: Customer => customer, within: Span => within, limit: usize => limit);
    ReserveStock = reserve_stock(tenant: Tenant => tenant, lines: Vec<Line> => &lines);
    SettleStock = settle_stock(tenant: Tenant => tenant, lines: Vec<Line> => &lines);
    ReleaseStock = release_stock(tenant: Tenant => tenant, lines: Vec<Line> => &lines);
    SellStock = sell_stock(tenant: Tenant => tenant, lines: Vec<Line> => &lines);
    ReadStock = read_stock(tenant: Tenant => tenant, lines: Vec<Line> => &lines);
    TakeStock = take_stock(tenant: Tenant => tenant, lines: Vec<Line> => &lines);
    WriteStock = write_stock(tenant: Tenant => tenant, sku: Sku => &sku, on_hand: i64 => on_hand);
    InsertInventoryLog = insert_inventory_log(order: OrderId => order, lines: Vec<Line> => &lines);
    CheckCoupon = check_coupon(tenant: Tenant => tenant, coupon: Coupon => &coupon);
    RedeemCoupon = redeem_coupon(tenant: Tenant => tenant, coupon: Coupon => &coupon);
    CountCoupon = count_coupon(tenant: Tenant => tenant, coupon: Coupon => &coupon);
    ReleaseCoupon = release_coupon(tenant: Tenant => tenant, coupon: Coupon => &coupon);
    InsertCharge = insert_charge(charge: ChargeRow => charge);
    IncrementSales = increment_sales(tenant: Tenant => tenant, lines: Vec<Line> => &lines);
    FindCart = find_cart(tenant: Tenant => tenant, cart: Cart => cart);
    ClearCart = clear_cart(tenant: Tenant => tenant, cart: Cart => cart);
    InsertNotification = insert_notification(order: OrderId => order, kind: NotificationKind => kind);
}
