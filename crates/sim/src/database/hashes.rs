//! Hashes of the indexes: neighbours stay neighbours.

use std::hash::{BuildHasher, BuildHasherDefault};

use outside::hash::{GOLDEN, neighbourly};
use protocol::{Cart, Customer, Sku, Tenant};
use rustc_hash::FxHasher;

/// A cart, and whose.
pub(super) type CartKey = (Tenant, Cart);

/// A neighbourly hash of a text: its digits are the number, its other characters spread. Eight at a time, because every look-up
/// of a key waits for it.
pub(crate) fn hash_text(text: &str) -> u64 {
    let (rest, last) = match text.as_bytes().split_last_chunk::<8>() {
        Some((rest, last)) => (rest, u64::from_le_bytes(*last)),
        None => (&[][..], led_by_zeros(text)),
    };
    let (mut number, mut spread) = (0_u64, 0_u64);
    for byte in rest {
        match byte {
            b'0'..=b'9' => number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            other => spread = spread_further(spread, u64::from(*other)),
        }
    }
    let (digits, mut others) = apart(last);
    while others != 0 {
        others >>= others.trailing_zeros() & !7;
        spread = spread_further(spread, others & 0xff);
        others &= !0xff;
    }
    let number = number.wrapping_mul(100_000_000) + eight_digits(digits);
    neighbourly(number.wrapping_add(spread))
}

#[inline]
fn spread_further(spread: u64, byte: u64) -> u64 {
    (spread.rotate_left(5) ^ byte).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// Up to eight characters as the last of eight.
fn led_by_zeros(text: &str) -> u64 {
    let byte = |word: u64, byte: u8| word >> 8 | u64::from(byte) << 56;
    text.bytes().fold(0, byte)
}

/// Of eight characters the values of those that are digits, and those that are not; the others are zero in each.
#[inline]
const fn apart(text: u64) -> (u64, u64) {
    const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let values = text ^ 0x3030_3030_3030_3030;
    // The high bit of each that is not below ten.
    let others = (((values & LOW_BITS) + 0x7676_7676_7676_7676) | values) & !LOW_BITS;
    let others = (others >> 7) * 0xff;
    (values & !others, text & others)
}

/// The number of eight digits, the first in the lowest byte: pairs are put together, then fours, then all (Lemire, "Quickly
/// parsing eight digits", 2018).
#[inline]
const fn eight_digits(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

pub(crate) fn hash_cart((_, cart): CartKey) -> u64 {
    neighbourly(cart.id)
}

/// Guests are not in the index. Every tenant may count its users from the beginning, so each has a stretch of its own.
pub(crate) fn hash_customer(tenant: Tenant, customer: Customer) -> u64 {
    match customer {
        Customer::User(id) => {
            let stretch = u64::from(tenant.0).wrapping_mul(GOLDEN) >> 16;
            neighbourly(id.0.wrapping_add(stretch))
        }
        Customer::Guest => 0,
    }
}

pub(crate) fn hash_sku(tenant: Tenant, sku: &Sku) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one((tenant, sku))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_of_numbered_texts_are_neighbours() {
        let place = |text: &str| hash_text(text) & 0xffff_ffff;
        for (text, next) in [
            ("7", "8"),
            ("k9", "k10"),
            ("k999999", "k1000000"),
            ("k9999999", "k10000000"),
            ("cart-99999999", "cart-100000000"),
        ] {
            assert_eq!(place(text) + 1, place(next), "{text}");
        }
        assert_ne!(place("a1"), place("b1"));
        assert_ne!(place("a000000001"), place("b000000001"));
    }

    #[test]
    fn eight_characters_come_apart_into_digits_and_others() {
        for number in [0_u64, 12_345_678, 99_999_999] {
            let text = format!("{number:08}");
            let bytes: [u8; 8] = text.as_bytes().try_into().expect("eight digits");
            let (digits, others) = apart(u64::from_le_bytes(bytes));
            assert_eq!((eight_digits(digits), others), (number, 0));
        }
        let (digits, others) = apart(u64::from_le_bytes(*b"/1:2\xff9a\0"));
        assert_eq!(digits.to_le_bytes(), [0, 1, 0, 2, 0, 9, 0, 0]);
        assert_eq!(&others.to_le_bytes(), b"/\0:\0\xff\0a\0");
    }
}
