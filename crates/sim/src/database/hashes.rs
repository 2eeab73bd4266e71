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

/// A neighbourly hash of a text: the number that its last eight characters would be if all were digits, and the characters before
/// them spread. Eight at a time, because every look-up of a key waits for it.
pub(super) fn hash_text(text: &str, tenant: Tenant) -> u64 {
    let (rest, last) = match text.as_bytes().split_last_chunk::<8>() {
        Some((rest, last)) => (rest, u64::from_le_bytes(*last)),
        None => (&[][..], led_by_zeros(text)),
    };
    let spread = rest.iter().fold(0_u64, |spread, byte| {
        (spread.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(0x517c_c1b7_2722_0a95)
    });
    neighbourly(eight_digits(last).wrapping_add(spread), tenant)
}

/// Up to eight characters as the last of eight.
fn led_by_zeros(text: &str) -> u64 {
    let byte = |word: u64, byte: u8| word >> 8 | u64::from(byte) << 56;
    text.bytes().fold(0, byte)
}

/// The number of eight digits, the first in the lowest byte: pairs are put together, then fours, then all (Lemire, "Quickly
/// parsing eight digits", 2018). Of other characters, some number.
const fn eight_digits(text: u64) -> u64 {
    let digits = text & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_of_numbered_texts_are_neighbours() {
        let place = |text: &str| hash_text(text, Tenant(0)) & 0xffff_ffff;
        for (text, next) in [
            ("k7", "k8"),
            ("k4099", "k4100"),
            ("k1999999", "k2000000"),
            ("cart-10000041", "cart-10000042"),
        ] {
            assert_eq!(place(text) + 1, place(next), "{text}");
        }
        assert_ne!(place("a0000000"), place("b0000000"));
        assert_ne!(place("a00000000"), place("b00000000"));
    }

    #[test]
    fn eight_digits_are_their_number() {
        for number in [0_u64, 12_345_678, 99_999_999] {
            let text = format!("{number:08}");
            let bytes: [u8; 8] = text.as_bytes().try_into().expect("eight digits");
            assert_eq!(eight_digits(u64::from_le_bytes(bytes)), number);
        }
    }
}
