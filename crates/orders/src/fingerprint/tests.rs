//! Tests of the fingerprint: what a retry may change by accident, and what it may not.

use std::sync::Arc;

use proptest::prelude::*;
use protocol::{Cart, Coupon, IdempotencyKey, Money, OrderContent, Sku, Tenant};

use super::*;

type RawLine = (String, u32, i64);

fn request(lines: &[RawLine], note: &str) -> OrderRequest {
    let lines = lines
        .iter()
        .map(|(sku, quantity, price)| Line {
            sku: Sku(sku.into()),
            quantity: *quantity,
            unit_price: Money(*price),
        })
        .collect();
    OrderRequest {
        tenant: Tenant(1),
        customer: Customer::User(UserId(5)),
        key: None,
        body_key: None,
        cart: Cart { id: 9, version: 1 },
        content: Arc::new(OrderContent {
            lines,
            note: note.into(),
            coupon: None,
        }),
    }
}

fn with_coupon(lines: &[RawLine], note: &str, code: &str, off: i64) -> OrderRequest {
    let mut request = request(lines, note);
    let content = Arc::get_mut(&mut request.content).expect("nobody else has it");
    content.coupon = Some(Coupon {
        code: code.into(),
        off: Money(off),
    });
    request
}

fn print(lines: &[(&str, u32, i64)], note: &str) -> Fingerprint {
    let lines: Vec<RawLine> = lines
        .iter()
        .map(|(sku, quantity, price)| ((*sku).into(), *quantity, *price))
        .collect();
    fingerprint(&request(&lines, note))
}

#[test]
fn the_form_is_fixed_because_stored_keys_outlive_a_release() {
    let text = print(&[("A", 2, 300), ("B", 1, 500)], "").to_string();
    // sha256 of 01 01 0105 09 01 | 01 01"A" 02 ac02 | 01 01"B" 01 f403 | 00 | 00, computed elsewhere.
    assert_eq!(
        text,
        "939db21faf2460dc102a582067038aa051fa64d4380b6988b3c52944ccc59776"
    );
}

#[test]
fn split_lines_are_one_line_only_at_the_same_price() {
    assert_eq!(
        print(&[("A", 1, 5), ("A", 1, 5)], ""),
        print(&[("A", 2, 5)], "")
    );
    assert_ne!(
        print(&[("A", 1, 5), ("A", 1, 6)], ""),
        print(&[("A", 2, 5)], "")
    );
    assert_eq!(
        print(&[("A", u32::MAX, 5), ("A", 1, 5)], ""),
        print(&[("A", 1, 5), ("A", u32::MAX, 5)], "")
    );
    assert_ne!(
        print(&[("A", u32::MAX, 5), ("A", 1, 5)], ""),
        print(&[("A", 0, 5)], "")
    );
}

#[test]
fn composed_and_decomposed_letters_are_the_same_text() {
    let (nfc, nfd) = ("cr\u{e8}me", "cre\u{300}me");
    assert_eq!(print(&[(nfc, 1, 5)], nfd), print(&[(nfd, 1, 5)], nfc));
    assert_eq!(
        print(&[(nfc, 1, 5), (nfd, 1, 5)], ""),
        print(&[(nfd, 2, 5)], "")
    );
    assert_eq!(
        print(&[("A", 1, 5)], "\u{212b}"),
        print(&[("A", 1, 5)], "A\u{30a}")
    );
    // Compatibility forms are other characters.
    assert_ne!(
        print(&[("A", 1, 5)], "\u{fb01}"),
        print(&[("A", 1, 5)], "fi")
    );
}

#[test]
fn who_asks_and_for_which_cart_is_content_and_the_key_is_not() {
    let base = request(&[("A".into(), 1, 5)], "");
    let print = fingerprint(&base);
    let keyed = OrderRequest {
        key: Some(IdempotencyKey::new("k").expect("a key")),
        ..base.clone()
    };
    assert_eq!(fingerprint(&keyed), print);
    for other in [
        OrderRequest {
            tenant: Tenant(2),
            ..base.clone()
        },
        OrderRequest {
            customer: Customer::Guest,
            ..base.clone()
        },
        OrderRequest {
            customer: Customer::User(UserId(6)),
            ..base.clone()
        },
        OrderRequest {
            cart: Cart { id: 8, version: 1 },
            ..base.clone()
        },
        OrderRequest {
            cart: Cart { id: 9, version: 2 },
            ..base.clone()
        },
    ] {
        assert_ne!(fingerprint(&other), print, "{other:?}");
    }
}

#[test]
fn texts_cannot_run_into_each_other() {
    assert_ne!(print(&[("a", 1, 5)], "b"), print(&[("ab", 1, 5)], ""));
    assert_ne!(
        print(&[("a:1,b", 2, 5)], ""),
        print(&[("a", 1, 5), ("b", 2, 5)], "")
    );
    assert_ne!(print(&[], "x"), print(&[("x", 1, 1)], ""));
}

#[test]
fn a_fingerprint_survives_its_text() {
    let print = print(&[("A", 1, 5)], "");
    assert_eq!(print.to_string().parse(), Ok(print));
    for text in ["", "0", &"g".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
        assert_eq!(
            text.parse::<Fingerprint>(),
            Err(FingerprintError),
            "{text:?}"
        );
    }
    let json = serde_json::to_string(&print).expect("serializes");
    assert_eq!(
        serde_json::from_str::<Fingerprint>(&json).expect("parses"),
        print
    );
}

fn lines() -> impl Strategy<Value = Vec<RawLine>> {
    // Few SKUs, so that lines meet; some beyond ASCII; sometimes more lines than fit on the stack.
    let sku = prop_oneof!["[ab]", "[a-c]{1,30}", "[aeéüñ\u{300}\u{308}]{1,4}"];
    prop::collection::vec((sku, 1..4_u32, 0..3_i64), 0..24)
}

/// The canonical content, computed the slow and obvious way.
fn canonical(
    lines: &[RawLine],
    note: &str,
) -> (std::collections::BTreeMap<(String, i64), u64>, String) {
    let mut sums = std::collections::BTreeMap::new();
    for (sku, quantity, price) in lines {
        *sums.entry((sku.nfc().collect(), *price)).or_default() += u64::from(*quantity);
    }
    (sums, note.nfc().collect())
}

proptest! {
    #[test]
    fn order_splits_and_unicode_form_do_not_matter(lines in lines(), note in "\\PC{0,300}", seed in any::<u64>()) {
        let mut other = lines.clone();
        let len = other.len().max(1);
        other.rotate_left(seed as usize % len);
        if let Some((sku, quantity, price)) = other.pop() {
            other.extend((0..quantity).map(|_| (sku.nfd().collect::<String>(), 1, price)));
        }
        let renoted: String = note.nfd().collect();
        prop_assert_eq!(fingerprint(&request(&lines, &note)), fingerprint(&request(&other, &renoted)));
    }

    #[test]
    fn prints_are_equal_exactly_where_contents_are(a in lines(), b in lines(), note in "[eé\u{301}]{0,2}", other in "[eé\u{301}]{0,2}") {
        let same = canonical(&a, &note) == canonical(&b, &other);
        prop_assert_eq!(fingerprint(&request(&a, &note)) == fingerprint(&request(&b, &other)), same);
    }

    #[test]
    fn a_coupon_is_content(lines in lines(), note in "[a-c1]{0,3}", a in ("[eé1]{0,3}", 0..200_i64), b in ("[eé1]{0,3}", 0..200_i64)) {
        let print = |(code, off): &(String, i64)| fingerprint(&with_coupon(&lines, &note, code, *off));
        prop_assert_eq!(print(&a) == print(&b), a == b);
        prop_assert_ne!(print(&a), fingerprint(&request(&lines, &note)));
        let decomposed = (a.0.nfd().collect(), a.1);
        prop_assert_eq!(print(&decomposed), print(&a));
        // What the note lacks at its end cannot be made up for by the coupon.
        let longer = format!("{note}{}", a.0);
        prop_assert_ne!(fingerprint(&request(&lines, &longer)), print(&a));
    }

    #[test]
    fn any_one_change_shows(lines in lines(), at in any::<prop::sample::Index>(), what in 0..4_u8) {
        prop_assume!(!lines.is_empty());
        let mut other = lines.clone();
        let line = &mut other[at.index(lines.len())];
        match what {
            0 => line.0.push('z'),
            1 => line.1 += 1,
            2 => line.2 += 1,
            _ => { other.remove(at.index(lines.len())); }
        }
        prop_assert_ne!(fingerprint(&request(&lines, "")), fingerprint(&request(&other, "")));
    }
}
