//! Values as the form of a history has them: amounts, items, payloads, yes and no.

use compact_str::CompactString;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::format::json::paths::shown;
use crate::line::quote;
use crate::mistake::quoted;

/// An amount of money, as a history writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Whether it was below zero.
    pub negative: bool,
    /// The JSON of its size: a number of the smallest unit, or a decimal text.
    pub json: String,
}

/// Decimals that the form of a history has at most.
const DECIMALS_MAX: usize = 6;

/// Reads an amount: whole numbers of the smallest unit, or decimals. Commas between thousands are left out.
///
/// # Errors
///
/// If it is no number, or has decimals and amounts are whole.
pub fn amount(text: &str, decimal: bool) -> Result<Amount, String> {
    let plain = without_commas(text.trim());
    let (negative, size) = match plain.strip_prefix('-') {
        Some(size) => (true, size),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (whole, fraction) = size
        .split_once('.')
        .map_or((size, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) || whole.len() > 18 {
        return Err(format!(
            "{} is no amount; expected {}",
            quoted(text),
            if decimal { "149.99" } else { "14999" }
        ));
    }
    if !decimal && fraction.is_some() {
        return Err(format!(
            "{} has a decimal point; say --decimal if amounts are written so",
            quoted(text)
        ));
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = fraction.unwrap_or("");
    let fraction = match fraction.len() > DECIMALS_MAX {
        true => fraction.trim_end_matches('0'),
        false => fraction,
    };
    if fraction.len() > DECIMALS_MAX {
        return Err(format!(
            "{} has more than {DECIMALS_MAX} decimals",
            quoted(text)
        ));
    }
    let json = match (decimal, fraction) {
        (false, _) => whole.to_owned(),
        (true, "") => format!("\"{whole}\""),
        (true, fraction) => format!("\"{whole}.{fraction}\""),
    };
    Ok(Amount { negative, json })
}

/// `1,050.00` without its comma. A text whose commas do not separate thousands is unchanged, and not a number.
fn without_commas(text: &str) -> String {
    let whole = text
        .split('.')
        .next()
        .unwrap_or(text)
        .trim_start_matches(['-', '+']);
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let thousands = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    match thousands {
        true => text.replace(',', ""),
        false => text.to_owned(),
    }
}

/// A SKU and how many of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What.
    pub sku: CompactString,
    /// How many; not zero.
    pub quantity: u32,
}

const SKUS: [&str; 7] = [
    "sku",
    "product_id",
    "productId",
    "variant_id",
    "variantId",
    "item_id",
    "id",
];
const QUANTITIES: [&str; 4] = ["quantity", "qty", "count", "units"];

/// Reads items from JSON: a list of objects with a SKU and a quantity (1 if absent), or an object from SKU to quantity.
///
/// # Errors
///
/// If it is neither.
pub fn items(json: &str) -> Result<Vec<Item>, String> {
    let expected = || {
        format!(
            "{} are no items; expected [{{\"sku\":\"S\",\"quantity\":1}}]",
            quoted(json)
        )
    };
    let value: Value = serde_json::from_str(json).map_err(|_| expected())?;
    let items: Option<Vec<Item>> = match &value {
        Value::Array(list) => list.iter().map(item).collect(),
        Value::Object(object) => {
            let pairs = object.iter();
            pairs
                .map(|(sku, count)| {
                    Some(Item {
                        sku: sku.into(),
                        quantity: whole(&shown(count)?)?,
                    })
                })
                .collect()
        }
        _ => None,
    };
    items.ok_or_else(expected)
}

fn item(value: &Value) -> Option<Item> {
    let object = value.as_object()?;
    let sku = SKUS.iter().find_map(|name| shown(object.get(*name)?))?;
    let quantity = match QUANTITIES.iter().find_map(|name| object.get(*name)) {
        Some(quantity) => whole(&shown(quantity)?)?,
        None => 1,
    };
    Some(Item {
        sku: sku.into(),
        quantity,
    })
}

/// A quantity: a whole number above zero, which databases may write as `2.00`.
pub fn whole(text: &str) -> Option<u32> {
    let (number, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let number = number.parse().ok().filter(|number| *number > 0);
    number.filter(|_| fraction.bytes().all(|byte| byte == b'0'))
}

/// Adds an item to those of an order: a SKU on two lines is bought twice.
pub fn add(items: &mut Vec<Item>, item: Item) {
    match items.iter_mut().find(|known| known.sku == item.sku) {
        Some(known) => known.quantity = known.quantity.saturating_add(item.quantity),
        None => items.push(item),
    }
}

/// Writes items as JSON.
pub fn write_items(items: &[Item], out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"sku\":");
        quote(&item.sku, out);
        out.extend_from_slice(b",\"quantity\":");
        out.extend_from_slice(itoa::Buffer::new().format(item.quantity).as_bytes());
        out.push(b'}');
    }
    out.push(b']');
}

/// A name for a body: two bodies have the same if and only if they say the same, whatever the order of their fields and however
/// they are spaced. It is a digest, because bodies hold addresses and cards. `without` is a JSON pointer to what does not count:
/// the key, if it stands in the body.
pub fn payload(body: &str, without: Option<&str>) -> String {
    let canonical = serde_json::from_str::<Value>(body).map(|mut value| {
        if let Some((parent, name)) = without.and_then(|pointer| pointer.rsplit_once('/')) {
            let parent = value.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.and_then(|parent| parent.remove(name));
        }
        // Objects are sorted by the names of their fields.
        value.to_string()
    });
    let digest = Sha256::digest(canonical.as_deref().unwrap_or(body));
    let hex: Vec<String> = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256-{}", hex.concat())
}

/// Yes or no, as headers and databases write it.
pub fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" => Some(true),
        "false" | "f" | "0" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn read(text: &str, decimal: bool) -> Result<(bool, String), String> {
        amount(text, decimal).map(|amount| (amount.negative, amount.json))
    }

    #[test]
    fn amounts_are_whole_or_decimal_as_the_command_line_says() {
        for (text, decimal, negative, json) in [
            ("14999", false, false, "14999"),
            ("007", false, false, "7"),
            ("149.99", true, false, r#""149.99""#),
            ("-249.00", true, true, r#""249.00""#),
            ("1,050.00", true, false, r#""1050.00""#),
            ("30", true, false, r#""30""#),
            ("0.123456000", true, false, r#""0.123456""#),
        ] {
            assert_eq!(
                read(text, decimal),
                Ok((negative, json.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_the_option_that_may_help() {
        for (text, decimal, part) in [
            ("149.99", false, "say --decimal"),
            ("12,50", true, "is no amount"),
            ("$5", false, "is no amount"),
            ("", true, "is no amount"),
            ("1.", true, "is no amount"),
            ("0.1234567", true, "more than 6 decimals"),
            ("9999999999999999999", false, "is no amount"),
        ] {
            let said = read(text, decimal).expect_err(text);
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn items_are_read_as_lists_and_as_objects() {
        let item = |sku: &str, quantity| Item {
            sku: sku.into(),
            quantity,
        };
        for (json, expected) in [
            (
                r#"[{"sku":"S","quantity":2},{"product_id":7}]"#,
                vec![item("S", 2), item("7", 1)],
            ),
            (r#"{"S":2,"T":"1.00"}"#, vec![item("S", 2), item("T", 1)]),
            ("[]", vec![]),
        ] {
            assert_eq!(items(json), Ok(expected), "{json}");
        }
        for json in [
            "",
            "7",
            r#"[{"quantity":1}]"#,
            r#"[{"sku":"S","quantity":0}]"#,
            r#"[{"sku":"S","quantity":1.5}]"#,
        ] {
            assert!(items(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_payload_is_what_was_asked_for_and_not_how_it_was_written_nor_its_key() {
        let one = payload(r#"{"a":1,"b":[2],"key":"k1"}"#, Some("/key"));
        assert_eq!(
            one,
            payload(r#"{ "b": [2], "key": "k2", "a": 1 }"#, Some("/key"))
        );
        assert_ne!(one, payload(r#"{"a":1,"b":[3]}"#, Some("/key")));
        assert_ne!(payload("a=1", None), payload("a=2", None));
        assert!(one.starts_with("sha256-") && one.len() == 23, "{one}");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[-+,.0-9]*|[{}\\[\\]\":,sku0-9]*") {
            let _: Result<Amount, String> = amount(&text, true);
            let _: Result<Vec<Item>, String> = items(&text);
            payload(&text, Some(&text));
            whole(&text);
        }

        #[test]
        fn an_amount_is_json(text in "[-+]?[0-9,]{1,12}(\\.[0-9]{1,8})?", decimal in any::<bool>()) {
            if let Ok(amount) = amount(&text, decimal) {
                prop_assert!(serde_json::from_str::<Value>(&amount.json).is_ok(), "{}", amount.json);
            }
        }
    }
}
