//! What there is when a body begins: two shops with ten burgers, one pie, a coupon and a seat each, and every cart that is asked for.
//! No key, no order, no charge.

use std::sync::Arc;

use orders::{KeyIndex, KeyRecord, KeyState, NewOrder, Owner, Token, fingerprint};
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, Money, OrderContent, OrderRequest, OrderState,
    Scope, ScopedKey, Sku, Span, Tenant, Time, UserId,
};

/// The shop of the bodies.
pub const SHOP: Tenant = Tenant(0);
/// Another shop, which has the same.
pub const ELSEWHERE: Tenant = Tenant(1);
/// What is on hand of each SKU of a shop.
pub const STOCK: [(&str, i64); 2] = [("burger", 10), ("pie", 1)];
/// How many orders of a shop may have each coupon; what it takes off, in minor units.
pub const COUPONS: [(&str, u32, i64); 2] = [("C", 2, 5), ("A1", 1, 0)];
/// A cart.
pub const CART: Cart = Cart { id: 7, version: 1 };
/// For how long the gateway remembers a key.
pub const GATEWAY_KEY_TTL: Span = Span::hours(24);

/// A key of the shop.
pub fn key(text: &str) -> ScopedKey {
    ScopedKey {
        tenant: SHOP,
        scope: Scope::CreateOrder,
        key: text_key(text),
    }
}

/// A key as a client sends it.
pub fn text_key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).expect("a short text is a key")
}

/// A claim with this token, whose lease ends at 100.
pub fn claimed(token: u32) -> KeyRecord {
    let request = OrderRequest {
        tenant: SHOP,
        customer: Customer::Guest,
        key: None,
        body_key: None,
        cart: CART,
        content: content(),
    };
    KeyRecord {
        state: KeyState::Claimed,
        owner: Owner(1),
        token: Token(token),
        lease_until: Time(100),
        expires_at: Time(1_000),
        fingerprint: fingerprint(&request),
        order: None,
        response: None,
    }
}

/// A key that is done, and expires then.
pub fn answered(expires_at: u64) -> KeyRecord {
    KeyRecord {
        state: KeyState::Completed,
        expires_at: Time(expires_at),
        ..claimed(9)
    }
}

/// A quantity of a SKU.
pub fn line(sku: &str, quantity: u32) -> Line {
    Line {
        sku: Sku(sku.into()),
        quantity,
        unit_price: Money(100),
    }
}

/// A burger and a pie.
pub fn content() -> Arc<OrderContent> {
    Arc::new(OrderContent {
        lines: vec![line("burger", 1), line("pie", 1)],
        note: "".into(),
        coupon: None,
    })
}

/// A customer.
pub fn customer(id: u64) -> Customer {
    Customer::User(UserId(id))
}

/// An order without a key, whose cart is in the unique index if it is given here.
pub fn new_order(natural_key: Option<Cart>) -> NewOrder {
    NewOrder {
        tenant: SHOP,
        customer: customer(3),
        key: None,
        key_index: KeyIndex::None,
        cart: CART,
        natural_key,
        content: content(),
        total: Money(200),
        state: OrderState::Pending,
        created_at: Time(50),
    }
}

/// An order with the key `k`, in an index or in none.
pub fn keyed(tenant: Tenant, key_index: KeyIndex) -> NewOrder {
    NewOrder {
        tenant,
        key: Some(text_key("k")),
        key_index,
        ..new_order(None)
    }
}

/// A coupon, by its code.
pub fn coupon(code: &str) -> Coupon {
    Coupon {
        code: code.into(),
        off: Money(0),
    }
}
