//! Hashes of the indexes: neighbours stay neighbours.

use std::hash::{BuildHasher, BuildHasherDefault};

use protocol::{Cart, Customer, ScopedKey, Sku, Tenant};
use rustc_hash::FxHasher;

/// A cart, and whose.
pub(super) type CartKey = (Tenant, Cart);

/// A hash under which neighbours stay neighbours: what is numbered in the order of time is looked up where the last look-up
/// was, which in a table of millions is the difference between a cache hit and a page walk. The low bits, which choose the
/// bucket, are the number itself; the high bits, by which a bucket is told from its neighbours, depend on everything.
/// Every tenant has a stretch of its own, because tenants may number alike.
#[inline]
pub(crate) fn neighbourly(number: u64, tenant: Tenant) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    const TAG: u64 = 0x7f << 57;
    let stretch = u64::from(tenant.0).wrapping_mul(GOLDEN) >> 16;
    let place = number.wrapping_add(stretch);
    (place & !TAG) | (place.wrapping_mul(GOLDEN) & TAG)
}

/// A neighbourly hash of a text: its digits are the number, its other characters spread.
pub(super) fn hash_text(text: &str, tenant: Tenant) -> u64 {
    let (mut number, mut spread) = (0_u64, 0_u64);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            other => {
                spread =
                    (spread.rotate_left(5) ^ u64::from(other)).wrapping_mul(0x517c_c1b7_2722_0a95)
            }
        }
    }
    neighbourly(number.wrapping_add(spread), tenant)
}

pub(super) fn hash_key(key: &ScopedKey) -> u64 {
    hash_text(key.key.as_str(), key.tenant)
}

pub(super) fn hash_cart((tenant, cart): CartKey) -> u64 {
    neighbourly(cart.id, tenant)
}

/// Guests are not in the index.
pub(super) fn hash_customer(tenant: Tenant, customer: Customer) -> u64 {
    match customer {
        Customer::User(id) => neighbourly(id.0, tenant),
        Customer::Guest => 0,
    }
}

pub(super) fn hash_sku(tenant: Tenant, sku: &Sku) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one((tenant, sku))
}
