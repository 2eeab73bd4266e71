//! What a refusal means: by its code if it has one that we know, else by its status and the contract.

use history::{Completion, Contract, History, InFlight};

/// What a `fail` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A request with the key is being worked on.
    InFlight,
    /// The key came with another payload before.
    Mismatch,
    /// There is not enough stock.
    NoStock,
    /// The service takes the request for a repetition.
    Duplicate,
    /// The request itself is wrong.
    Invalid,
    /// The service turned it away before it looked at it.
    Shed,
    /// There is nothing of that name.
    NotFound,
    /// The payment was refused.
    Declined,
    /// Something definite that no rule asks about.
    #[default]
    Definite,
    /// It may be that a request is in flight, or not: the code is one that we do not know.
    Unclear,
}

/// Codes that services use. The first of each line is ours.
const CODES: [(Refusal, &[&str]); 8] = [
    (
        Refusal::InFlight,
        &[
            "in_progress",
            "in_flight",
            "in-progress",
            "in-flight",
            "request_in_progress",
            "idempotency_key_in_use",
            "idempotent_parameter_in_progress",
        ],
    ),
    (
        Refusal::Mismatch,
        &[
            "key_reused",
            "key-reused",
            "mismatch",
            "payload_mismatch",
            "idempotency_key_reused",
            "idempotency_mismatch",
            "idempotency_error",
        ],
    ),
    (
        Refusal::NoStock,
        &[
            "out_of_stock",
            "out-of-stock",
            "insufficient_stock",
            "insufficient-stock",
            "sold_out",
            "sold-out",
        ],
    ),
    (
        Refusal::Duplicate,
        &["duplicate", "duplicate_order", "duplicate_request"],
    ),
    (
        Refusal::Invalid,
        &[
            "invalid",
            "validation",
            "validation_error",
            "key_malformed",
            "key_missing",
        ],
    ),
    (
        Refusal::Shed,
        &[
            "rate_limited",
            "too_many_requests",
            "overloaded",
            "unavailable",
        ],
    ),
    (Refusal::NotFound, &["not_found", "not-found"]),
    (
        Refusal::Declined,
        &[
            "payment_declined",
            "card_declined",
            "declined",
            "insufficient_funds",
        ],
    ),
];

/// Codes that are definite, whatever the status.
const DEFINITE: &[&str] = &["unauthorized", "forbidden", "price_changed", "coupon_used"];

/// Whether a failure is a server error that the contract does not store: the recorder calls it a failure, and it is unknown whether
/// the request took effect.
#[inline]
pub(crate) fn is_server_error(contract: &Contract, said: &Completion) -> bool {
    let status = said.status.filter(|status| *status >= 500);
    status.is_some_and(|status| contract.stores(status) != Some(true))
        && !mutant!("failed-but-applied/server-errors-are-definite")
}

/// Whether an `ok` says only that the request was accepted, not what became of it; or may say so, as it has neither status nor order.
#[inline]
pub(crate) fn is_acceptance(history: &History, completion: &Completion) -> bool {
    let is_one = match completion.status {
        Some(status) => status == 202,
        None => completion.order.is_none(),
    };
    is_one && history.contract.in_flight == Some(InFlight::Accept)
}

/// What a code means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No refusal had it so far.
    #[default]
    NotAsked,
    /// It is none that we know.
    Unknown,
    Known(Refusal),
}

/// Learns what the code of a refusal means, with the first that has it.
#[inline]
pub(super) fn learn_meaning(history: &History, meanings: &mut Vec<Meaning>, said: &Completion) {
    let Some(code) = said.code.map(|code| code.index()) else {
        return;
    };
    let codes = &history.names.codes;
    if meanings.len() < codes.len() {
        meanings.resize(codes.len(), Meaning::NotAsked);
    }
    if meanings[code] == Meaning::NotAsked {
        let known = meaning(&codes.text(code));
        meanings[code] = known.map_or(Meaning::Unknown, Meaning::Known);
    }
}

fn meaning(text: &str) -> Option<Refusal> {
    let known = CODES.iter().find(|(_, codes)| codes.contains(&text));
    let definite = || DEFINITE.contains(&text).then_some(Refusal::Definite);
    known.map(|(refusal, _)| *refusal).or_else(definite)
}

/// What a refusal means. A coded one goes by its code. One without a code goes by its status; with an unknown code and the
/// status of an in-flight refusal it may be one.
pub(super) fn refusal(contract: &Contract, meanings: &[Meaning], said: &Completion) -> Refusal {
    if let Some(Meaning::Known(known)) = said.code.map(|code| meanings[code.index()]) {
        return known;
    }
    let in_flight = match contract.in_flight {
        Some(InFlight::Refuse(status)) => said.status == Some(status),
        // The contract does not say what a duplicate is answered: most services say 409.
        None => said.status == Some(409) && !mutant!("failed-but-applied/any-409-is-definite"),
        _ => false,
    };
    let mismatch = said.status.is_some() && said.status == contract.mismatch;
    let is_promised = contract.in_flight.is_some();
    match (in_flight, mismatch, said.code) {
        (true, true, None) if !is_promised => Refusal::Mismatch,
        (true, false, None) if is_promised => Refusal::InFlight,
        (true, ..) => Refusal::Unclear,
        (false, true, None) => Refusal::Mismatch,
        (false, ..) => match said.status {
            Some(400) => Refusal::Invalid,
            Some(402) => Refusal::Declined,
            Some(404) => Refusal::NotFound,
            Some(429) => Refusal::Shed,
            _ => Refusal::Definite,
        },
    }
}

impl Refusal {
    /// Whether the request did certainly not take effect.
    pub(crate) fn is_definite(self) -> bool {
        !matches!(self, Refusal::InFlight | Refusal::Unclear)
    }

    /// Whether the attempt never held the claim, or may not have.
    pub(crate) fn is_no_holder(self) -> bool {
        matches!(
            self,
            Refusal::InFlight | Refusal::Unclear | Refusal::Mismatch | Refusal::Duplicate
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_without_a_code_goes_by_its_status_and_one_with_a_code_by_its_code() {
        let contract = |mismatch| Contract {
            in_flight: Some(InFlight::Refuse(409)),
            mismatch,
            ..Contract::default()
        };
        let said = |status, code: Option<u32>| Completion {
            status: Some(status),
            code: code.map(history::CodeRef::new),
            ..Completion::default()
        };
        let meanings = [
            Meaning::Known(Refusal::NoStock),
            Meaning::Unknown,
            Meaning::Known(Refusal::InFlight),
        ];
        for (mismatch, status, code, expected) in [
            (Some(422), 409, None, Refusal::InFlight),
            (Some(409), 409, None, Refusal::Unclear),
            (Some(422), 422, None, Refusal::Mismatch),
            (Some(422), 409, Some(0), Refusal::NoStock),
            (Some(422), 409, Some(1), Refusal::Unclear),
            (Some(422), 425, Some(2), Refusal::InFlight),
            (Some(422), 402, None, Refusal::Declined),
            (Some(422), 402, Some(1), Refusal::Declined),
            (None, 429, None, Refusal::Shed),
        ] {
            let found = refusal(&contract(mismatch), &meanings, &said(status, code));
            assert_eq!(found, expected, "{mismatch:?} {status} {code:?}");
        }
    }
}
