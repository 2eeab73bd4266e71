//! The lines as they are written: the contract, events and key records. Rows are in `raw_rows`.

use super::body::Body;
use super::record::record;
use super::scalar::{
    Amount, AmountsWord, CaptureWord, ExpiryWord, InFlightWord, KeyState, Name, Op, Pairs, Part,
    Status, Text, Time, UnitWord,
};

/// Which kind of line it is, when it does not begin with it.
#[derive(serde::Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow)]
    pub(super) kind: Option<Text<'a>>,
}

record! {
    /// What the service promised: the first line.
    Contract<'a> {
        required {
            /// The unit of every time.
            time_unit: UnitWord,
        }
        optional {
            /// How long a key is kept; for ever if absent.
            ttl: u64,
            /// How long after that both remembering and forgetting a key are right; 0 if absent.
            grace: u64,
            /// Whether a key may be kept longer than its time to live (`at-least`, if absent) or not (`exact`).
            expiry: ExpiryWord,
            /// How long after the last fault everything must be settled.
            recovery_deadline: u64,
            /// By how much the times of rows may differ from the clients' clock; 0 if absent.
            clock_tolerance: u64,
            /// What a duplicate of a running request is answered: a status (202 accepts it), `wait` for the answer, or `replay`.
            in_flight: InFlightWord,
            /// The status for a key that comes with another payload.
            mismatch: Status,
            /// The status of a repeated answer; that of the first if absent.
            replay_status: Status,
            /// Whether a repeated answer must say that it is one.
            replay_header: bool,
            /// Whether amounts are whole numbers of the smallest unit (`minor`, if absent), or decimal texts.
            amounts: AmountsWord,
            /// What one unit of each SKU costs.
            prices: Pairs<'a, Amount<'a>>,
            /// How many units of each SKU there are at first.
            stock: Pairs<'a, i64>,
            /// The statuses of refusals that are stored and repeated; an empty list promises to store none.
            stored_errors: Vec<Status>,
            /// The fields of a body, at any depth, that may differ between replays.
            volatile: Vec<Text<'a>>,
            /// What the recorder could see of answers; all of it if absent.
            observed: Vec<Part>,
            /// Whether a confirmed order needs a captured charge (`now`, if absent) or an authorisation (`later`).
            capture: CaptureWord,
            /// Whether one purchase may become several orders, which together hold what was asked for.
            split: bool,
            /// Whether an acknowledged order stays, unless a cancellation was asked for.
            is_final = "final": bool,
            /// Whether one notification may be delivered more than once.
            at_least_once: bool,
            /// Situations without which the history proves nothing.
            required_coverage: Vec<Text<'a>>,
            /// The share of intents that must succeed, in millionths.
            success_floor_ppm: u32,
        }
    }
}

record! {
    /// A request leaves a client.
    Invoke<'a> {
        required {
            /// When.
            t: Time<'a>,
            /// Whose: each attempt is an operation of a process of its own.
            process: Name<'a>,
        }
        optional {
            /// What it asks for; `create` if absent.
            op: Op,
            /// The shop; the one without a name if absent.
            tenant: Text<'a>,
            /// The idempotency key.
            key: Text<'a>,
            /// Which purchase, or refund, the person meant.
            intent: Text<'a>,
            /// What was asked for: two requests ask for the same if and only if this is the same.
            payload: Text<'a>,
            /// What was asked for, item by item.
            items: Vec<Item<'a>>,
            /// The coupon to be redeemed.
            coupon: Text<'a>,
            /// The order that a `read`, `cancel` or `refund` is about.
            order: Text<'a>,
            /// How much a `refund` asks for; everything if absent.
            amount: Amount<'a>,
            /// The replica that it was sent to.
            host: Text<'a>,
        }
    }
}

record! {
    /// Some units of a SKU.
    Item<'a> {
        required {
            /// What.
            sku: Text<'a>,
            /// How many.
            quantity: u32,
        }
        optional {
        }
    }
}

record! {
    /// How a request ended.
    Completion<'a> {
        required {
            /// When.
            t: Time<'a>,
            /// Whose.
            process: Name<'a>,
        }
        optional {
            /// The HTTP status.
            status: Status,
            /// Whether the answer says that it repeats an earlier one.
            replayed: bool,
            /// The order that the answer names.
            order: Text<'a>,
            /// The body.
            response: Body<'a>,
            /// Why it was refused.
            code: Text<'a>,
            /// Why nothing is known.
            error: Text<'a>,
        }
    }
}

record! {
    /// A whole request: what an access log has of it.
    Request<'a> {
        required {
            /// When it began.
            t: Time<'a>,
            /// How long it took.
            duration: u64,
        }
        optional {
            /// Whose; a process of its own if absent.
            process: Name<'a>,
            /// What it asks for; `create` if absent.
            op: Op,
            /// The shop; the one without a name if absent.
            tenant: Text<'a>,
            /// The idempotency key.
            key: Text<'a>,
            /// Which purchase, or refund, the person meant.
            intent: Text<'a>,
            /// What was asked for: two requests ask for the same if and only if this is the same.
            payload: Text<'a>,
            /// What was asked for, item by item.
            items: Vec<Item<'a>>,
            /// The coupon to be redeemed.
            coupon: Text<'a>,
            /// How much a `refund` asks for; everything if absent.
            amount: Amount<'a>,
            /// The replica that it was sent to.
            host: Text<'a>,
            /// The HTTP status, which decides how it ended; not known if absent.
            status: Status,
            /// Whether the answer says that it repeats an earlier one.
            replayed: bool,
            /// The order that the answer names; of a `read`, `cancel` or `refund`, the order that it is about.
            order: Text<'a>,
            /// The body.
            response: Body<'a>,
            /// Why it was refused.
            code: Text<'a>,
            /// Why nothing is known.
            error: Text<'a>,
        }
    }
}

record! {
    /// Something was made to go wrong.
    Fault<'a> {
        required {
            /// When.
            t: Time<'a>,
            /// What.
            fault: Text<'a>,
        }
        optional {
            /// Where, if it struck a host.
            host: Text<'a>,
            /// Which attempt, if it struck one.
            process: Name<'a>,
        }
    }
}

record! {
    /// A key record changed, as the database committed it.
    Transition<'a> {
        required {
            /// When.
            t: Time<'a>,
            /// Which key.
            key: Text<'a>,
            /// From where.
            from: KeyState,
            /// To where.
            to: KeyState,
        }
        optional {
            /// The shop; the one without a name if absent.
            tenant: Text<'a>,
            /// Who did it, or for whom.
            owner: Text<'a>,
            /// The fencing token of the claim; 0 if absent.
            token: u32,
        }
    }
}
