//! What a misspelt name may have meant.

use strsim::jaro_winkler;

/// Names that people write for those of the form: what they look like is no help.
const SYNONYMS: [(&str, &str); 34] = [
    ("amount_cents", "amount"),
    ("at", "t"),
    ("body", "response"),
    ("client", "process"),
    ("created", "t"),
    ("created_at", "t"),
    ("elapsed", "duration"),
    ("http_status", "status"),
    ("idempotency_key", "key"),
    ("idempotencykey", "key"),
    ("latency", "duration"),
    ("lines", "items"),
    ("merchant", "tenant"),
    ("operation", "op"),
    ("order_id", "order"),
    ("orderid", "order"),
    ("product", "sku"),
    ("purchase", "intent"),
    ("qty", "quantity"),
    ("quota", "limit"),
    ("reason", "code"),
    ("replay", "replayed"),
    ("replica", "host"),
    ("request_id", "process"),
    ("result", "status"),
    ("server", "host"),
    ("shop", "tenant"),
    ("stamp", "t"),
    ("thread", "process"),
    ("time", "t"),
    ("timestamp", "t"),
    ("ts", "t"),
    ("type", "kind"),
    ("unit", "time_unit"),
];

/// Spellings this similar are taken for one another.
const SIMILAR_MIN: f64 = 0.85;

/// The known name that is meant most likely: a synonym, a known name among the words of this one, or the most similar spelling.
pub(super) fn nearest(
    name: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let known: Vec<&'static str> = known.collect();
    let plain = name.to_lowercase().replace('-', "_");
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == plain);
    let synonym = synonym.and_then(|(_, meant)| known.iter().find(|name| *name == meant));
    let spelt = || {
        let similar = |other: &&&str| jaro_winkler(&plain, other) >= SIMILAR_MIN;
        let by_similarity =
            |a: &&&str, b: &&&str| jaro_winkler(&plain, a).total_cmp(&jaro_winkler(&plain, b));
        known.iter().filter(similar).max_by(by_similarity)
    };
    let words = words(name);
    let contained = || {
        known
            .iter()
            .find(|other| words.iter().any(|word| word == **other))
    };
    synonym.or_else(spelt).or_else(contained).copied()
}

/// The words of a name, in lower case: `idempotencyKey` and `idempotency-key` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c.is_uppercase() || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_recognised_by_meaning_spelling_or_word() {
        let known = [
            "t", "process", "key", "intent", "payload", "items", "tenant", "order",
        ];
        let guess = |name| nearest(name, known.into_iter());
        for (name, meant) in [
            ("idempotency_key", Some("key")),
            ("Idempotency-Key", Some("key")),
            ("idempotencyKey", Some("key")),
            ("timestamp", Some("t")),
            ("proces", Some("process")),
            ("payloads", Some("payload")),
            ("cart_items", Some("items")),
            ("weather", None),
        ] {
            assert_eq!(guess(name), meant, "{name}");
        }
    }
}
