//! Whether an order can be taken at all, and what it comes to.

use protocol::{Money, OrderContent};

/// What the order comes to, less what its coupon takes off and at least nothing: an order may be free. `None` if it is not valid: no
/// lines, a quantity of zero, a negative price or discount, or more than the types hold.
pub(super) fn valid_total(content: &OrderContent) -> Option<Money> {
    let (mut total, mut quantity) = (0_i64, 0_u32);
    for line in &content.lines {
        if line.quantity == 0 || line.unit_price.0 < 0 {
            return None;
        }
        total = total.checked_add(line.unit_price.0.checked_mul(i64::from(line.quantity))?)?;
        // Stores add up the lines of one SKU, and their counters are no wider.
        quantity = quantity.checked_add(line.quantity)?;
    }
    if content.lines.is_empty() {
        return None;
    }
    let off = content.coupon.as_ref().map_or(0, |coupon| coupon.off.0);
    if off < 0 {
        return None;
    }
    // Neither is negative, so there is no overflow.
    Some(Money((total - off).max(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Coupon, Line, Sku};

    fn total(lines: &[(u32, i64)]) -> Option<i64> {
        total_with(lines, None)
    }

    fn total_with(lines: &[(u32, i64)], off: Option<i64>) -> Option<i64> {
        let line = |&(quantity, price): &(u32, i64)| Line {
            sku: Sku("A".into()),
            quantity,
            unit_price: Money(price),
        };
        let content = OrderContent {
            lines: lines.iter().map(line).collect(),
            note: "".into(),
            coupon: off.map(|off| Coupon {
                code: "C".into(),
                off: Money(off),
            }),
        };
        valid_total(&content).map(Money::minor)
    }

    #[test]
    fn an_order_needs_lines_and_quantities_and_may_be_free() {
        assert_eq!(total(&[(2, 300), (1, 0)]), Some(600));
        assert_eq!(total(&[(1, 0)]), Some(0));
        for lines in [
            &[][..],
            &[(0, 5)],
            &[(1, 5), (0, 5)],
            &[(1, -5)],
            &[(3, 5), (1, -5)],
        ] {
            assert_eq!(total(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn a_coupon_takes_off_what_it_says_and_no_more_than_there_is_to_pay() {
        let total = |off| total_with(&[(2, 300)], Some(off));
        assert_eq!([total(0), total(599)], [Some(600), Some(1)]);
        assert_eq!([total(600), total(i64::MAX)], [Some(0); 2]);
        assert_eq!(total(-1), None);
    }

    #[test]
    fn an_order_too_large_to_count_is_invalid_not_a_panic() {
        assert_eq!(total(&[(2, i64::MAX)]), None);
        assert_eq!(total(&[(1, i64::MAX), (1, 1)]), None);
        assert_eq!(total(&[(u32::MAX, 1), (1, 1)]), None);
        assert_eq!(total(&[(1, i64::MAX)]), Some(i64::MAX));
    }
}
