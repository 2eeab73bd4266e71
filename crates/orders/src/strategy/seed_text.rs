//! Texts and comparisons of seed 002 and 003 as their JavaScript and Java do them, flaws included.

use std::fmt::Write;

use protocol::{Customer, Line, OrderContent, OrderRequest};
use sha2::{Digest, Sha256};

use crate::fingerprint::Fingerprint;

/// `items.map(item => `${item.id}:${item.quantity}`).sort()`: no prices, lines not merged, names not escaped.
fn sorted_items(lines: &[Line]) -> Vec<String> {
    let mut items: Vec<String> = lines
        .iter()
        .map(|line| format!("{}:{}", line.sku, line.quantity))
        .collect();
    items.sort_unstable();
    items
}

/// `itemsMatch` (seed 002, lines 467-480): the same lines in any order.
pub(super) fn items_match(ours: &[Line], theirs: &[Line]) -> bool {
    ours.len() == theirs.len() && sorted_items(ours) == sorted_items(theirs)
}

/// `itemsAreIdentical` (seed 002, lines 933-947): both are collapsed into maps in which the last line of an item wins, and the
/// comparison goes over the keys of the first alone.
pub(super) fn items_are_identical(ours: &[Line], theirs: &[Line]) -> bool {
    let last = |lines: &[Line], sku| {
        let of_sku = lines.iter().rev().find(|line| line.sku == sku);
        of_sku.map(|line| line.quantity)
    };
    let same = |line: &Line| last(ours, line.sku.clone()) == last(theirs, line.sku.clone());
    ours.len() == theirs.len() && ours.iter().all(same)
}

/// `generateOrderFingerprint` (seed 002, lines 335-355) for one time window: user, items and window, joined by colons and commas. A user
/// is known by shop and number.
pub(super) fn seed_fingerprint(request: &OrderRequest, bucket: u64) -> String {
    let items = sorted_items(&request.content.lines).join(",");
    let user = user(request);
    let mut text = hex(format!("{user}:{items}:{bucket}").as_bytes());
    text.truncate(16);
    text
}

/// Who asks, in a text.
pub(super) fn user(request: &OrderRequest) -> String {
    match request.customer {
        Customer::User(id) => format!("{}/{}", request.tenant, id.0),
        Customer::Guest => format!("{}/guest", request.tenant),
    }
}

/// `IdempotencyKeyGenerator.generateKey(request)` of seed 003: SHA-256 of the request's content as it came: the customer, and
/// the items in the order of the client, with their prices. Neither a time nor a cart is part of it.
pub(super) fn auto_key(request: &OrderRequest) -> String {
    hex(body(&user(request), &request.content).as_bytes())
}

/// The hash of a request's body, as it came.
pub(super) fn body_hash(content: &OrderContent) -> Fingerprint {
    Fingerprint(Sha256::digest(body("", content).as_bytes()).into())
}

fn body(customer: &str, content: &OrderContent) -> String {
    let mut text = format!(
        "{{\"customerId\":{customer:?},\"note\":{:?},\"items\":[",
        content.note
    );
    for line in &content.lines {
        let (sku, quantity, price) = (&line.sku.0, line.quantity, line.unit_price.0);
        let written = write!(text, "{{{sku:?},{quantity},{price}}}");
        written.expect("a string takes every text");
    }
    if let Some(coupon) = &content.coupon {
        let (code, off) = (&coupon.code, coupon.off.0);
        write!(text, "],\"coupon\":{{{code:?},{off}}}").expect("a string takes every text");
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    Fingerprint(Sha256::digest(bytes).into()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Money, Sku};

    fn lines(lines: &[(&str, u32)]) -> Vec<Line> {
        let line = |(sku, quantity): &(&str, u32)| Line {
            sku: Sku((*sku).into()),
            quantity: *quantity,
            unit_price: Money(1),
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn the_cache_first_code_compares_lines_in_any_order_but_does_not_merge_them() {
        let cart = lines(&[("A", 1), ("B", 2)]);
        assert!(items_match(&cart, &lines(&[("B", 2), ("A", 1)])));
        assert!(!items_match(
            &lines(&[("A", 1), ("A", 1)]),
            &lines(&[("A", 2)])
        ));
        assert!(!items_match(&cart, &lines(&[("A", 1)])));
    }

    #[test]
    fn collapsing_into_maps_takes_different_carts_for_the_same() {
        let asked = lines(&[("A", 1), ("A", 2)]);
        assert!(items_are_identical(&asked, &lines(&[("A", 2), ("B", 9)])));
        assert!(!items_are_identical(
            &lines(&[("A", 1), ("A", 1)]),
            &lines(&[("A", 2)])
        ));
        assert!(!items_are_identical(
            &lines(&[("A", 1)]),
            &lines(&[("A", 2)])
        ));
        assert!(!items_are_identical(&asked, &[]));
    }
}
