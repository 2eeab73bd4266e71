//! What the event of a message tells, by its name.

/// What the event of a message tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tells {
    /// That the order was taken.
    Taken,
    /// Something else, such as a cancellation or a delivery.
    SomethingElse,
    /// That cannot be told from its name.
    #[default]
    Unknown,
}

/// Words in the name of an event that tells that an order was taken.
const TAKEN: [&str; 9] = [
    "created",
    "confirmed",
    "confirmation",
    "placed",
    "received",
    "receipt",
    "accepted",
    "taken",
    "booked",
];

/// Words in the name of an event that tells something else.
const ELSE: [&str; 24] = [
    "cancelled",
    "canceled",
    "cancel",
    "cancellation",
    "refunded",
    "refund",
    "shipped",
    "delivered",
    "delivery",
    "dispatched",
    "declined",
    "failed",
    "failure",
    "expired",
    "reminder",
    "returned",
    "rejected",
    "updated",
    "voided",
    "delayed",
    "rated",
    "review",
    "feedback",
    "abandoned",
];

/// What an event's name tells.
pub(super) fn tells(event: &str) -> Tells {
    let words = words(event);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&&**word));
    // A cancellation may be confirmed too, so what is not the order's own comes first.
    if has(&ELSE) {
        Tells::SomethingElse
    } else if has(&TAKEN) {
        Tells::Taken
    } else {
        Tells::Unknown
    }
}

/// The words of a name in lower case: `OrderPlaced` and `order_placed` have the same.
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
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_event_tells_whether_it_is_the_orders_confirmation() {
        for (event, expected) in [
            ("created", Tells::Taken),
            ("order.confirmed", Tells::Taken),
            ("OrderPlaced", Tells::Taken),
            ("order_cancelled", Tells::SomethingElse),
            ("cancellation confirmed", Tells::SomethingElse),
            ("kitchen-ticket", Tells::Unknown),
        ] {
            assert_eq!(tells(event), expected, "{event}");
        }
    }
}
