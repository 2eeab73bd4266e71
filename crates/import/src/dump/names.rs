//! The usual names of columns. They are recognised by default, with a note; `crates/history/IMPORT.md` lists them.

use crate::map::Part;

/// The names of a field's column, the best first, as [`crate::dump::columns::plain`] leaves them.
type Usual = (Part, &'static str, &'static [&'static str]);

/// When an order or a refund was made.
const MADE: &[&str] = &[
    "t",
    "createdat",
    "insertedat",
    "created",
    "placedat",
    "orderedat",
    "orderdate",
    "datecreated",
    "timestamp",
    "time",
    "date",
];

const NAMES: &[Usual] = &[
    (
        Part::Orders,
        "id",
        &["id", "orderid", "orderno", "ordernumber", "number", "order"],
    ),
    (
        Part::Orders,
        "state",
        &["state", "status", "orderstate", "orderstatus"],
    ),
    (
        Part::Orders,
        "key",
        &[
            "key",
            "idempotencykey",
            "idemkey",
            "clienttoken",
            "requestid",
        ],
    ),
    (
        Part::Orders,
        "tenant",
        &[
            "tenant",
            "tenantid",
            "shop",
            "shopid",
            "store",
            "storeid",
            "merchant",
            "merchantid",
        ],
    ),
    (Part::Orders, "intent", &["intent", "intentid"]),
    (Part::Orders, "items", &["items", "lineitems"]),
    (
        Part::Orders,
        "sku",
        &[
            "sku",
            "productsku",
            "itemsku",
            "productid",
            "variantid",
            "itemid",
            "product",
        ],
    ),
    (Part::Orders, "quantity", &["quantity", "qty", "units"]),
    (
        Part::Orders,
        "coupon",
        &["coupon", "couponcode", "voucher", "promocode"],
    ),
    (Part::Orders, "cart", &["cart", "cartid", "basketid"]),
    (Part::Orders, "t", MADE),
    (
        Part::Charges,
        "id",
        &["id", "chargeid", "charge", "paymentid", "transactionid"],
    ),
    (
        Part::Charges,
        "amount",
        &[
            "amount",
            "total",
            "gross",
            "amountcents",
            "amountminor",
            "totalcents",
        ],
    ),
    (
        Part::Charges,
        "state",
        &["state", "status", "chargestatus", "paymentstatus"],
    ),
    (
        Part::Charges,
        "order",
        &[
            "order",
            "orderid",
            "orderno",
            "ordernumber",
            "orderref",
            "merchantreference",
        ],
    ),
    (Part::Charges, "intent", &["intent", "intentid"]),
    (
        Part::Charges,
        "provider_key",
        &[
            "providerkey",
            "idempotencykey",
            "idemkey",
            "gatewaykey",
            "paymentintent",
            "paymentintentid",
        ],
    ),
    (Part::Charges, "tender", &["tender"]),
    (
        Part::Charges,
        "t",
        &[
            "t",
            "capturedat",
            "createdat",
            "insertedat",
            "created",
            "timestamp",
            "time",
            "date",
        ],
    ),
    (Part::Refunds, "id", &["id", "refundid", "refund"]),
    (
        Part::Refunds,
        "charge",
        &["charge", "chargeid", "paymentid", "transactionid"],
    ),
    (
        Part::Refunds,
        "amount",
        &[
            "amount",
            "total",
            "amountcents",
            "amountminor",
            "totalcents",
        ],
    ),
    (
        Part::Refunds,
        "key",
        &["key", "refundkey", "idempotencykey", "idemkey", "requestid"],
    ),
    (Part::Refunds, "t", MADE),
];

/// The usual names of a field's column, the best first.
pub fn usual(part: Part, field: &str) -> &'static [&'static str] {
    let found = NAMES
        .iter()
        .find(|(of, name, _)| (*of, *name) == (part, field));
    found.map_or(&[], |(.., names)| *names)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeSet;

    use crate::dump::columns::plain;

    #[test]
    fn the_page_has_every_usual_name() {
        let page = include_str!("../../../history/IMPORT.md");
        let dumps = page
            .split("\n## Dumps\n")
            .nth(1)
            .and_then(|rest| rest.split("\n## ").next())
            .expect("a section");
        let said: BTreeSet<String> = dumps.split('`').skip(1).step_by(2).map(plain).collect();
        for (part, field, names) in NAMES {
            for name in *names {
                assert!(
                    said.contains(*name),
                    "{name}, for {field} of {}",
                    part.name()
                );
            }
            assert!(part.fields().contains(field), "{field}");
        }
    }
}
