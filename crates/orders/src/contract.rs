//! The policies on which real systems disagree: what a client may rely on when it repeats itself.

use std::fmt;

use protocol::{Preset, Problem, Response, Span};
use serde::{Deserialize, Serialize};

/// What the service promises about repeated requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Contract {
    /// The status of an answer to a key that comes with another content: 422, 409 or 400.
    pub mismatch_status: u16,
    /// What a request gets whose twin is being worked on.
    pub in_flight: InFlightPolicy,
    /// Which refusals are stored and repeated. The others give the key back. [`Problem::OutcomeUnknown`] is never stored
    /// by the reference strategy, whatever is said here: an unknown outcome is not a terminal one.
    pub stored_errors: Problems,
    /// The status of a repeated answer; `None` repeats the original status.
    pub replay_status: Option<u16>,
    /// Whether a repeated answer says so (the `Idempotent-Replayed` header).
    pub replay_header: bool,
    /// How long a key is remembered at least, counted from its answer. Longer than the clients' retry horizon, shorter than the
    /// gateway's memory.
    pub ttl: Span,
    /// How long after that both remembering and forgetting are right, because clocks differ.
    pub grace: Span,
    /// How long a claim holds without its owner's completing it.
    pub lease: Span,
    /// Whether a request without a key is refused. Otherwise the cart is its natural key.
    pub key_required: bool,
    /// Whether a cart is sold once, whatever keys are sent with it. If not, only the client's key tells copies of a request from the
    /// next purchase, so that a request without one is refused.
    pub natural_key: bool,
    /// Whether a replica's memory answers for the claims that it works on and has ended. If not, every request asks the database.
    pub claim_table: bool,
    /// How often completer and reaper run on every replica.
    pub maintenance_interval: Span,
    /// Whether an order that was acknowledged is never cancelled by the service itself.
    pub is_final: bool,
}

/// What a request gets whose twin is being worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InFlightPolicy {
    /// `409 in_progress`.
    Conflict,
    /// `202 in_progress`: it is being worked on, ask again.
    Accepted,
    /// The twin's answer, if it comes in time; `409 in_progress` otherwise.
    Wait {
        /// How long a request waits.
        span_max: Span,
    },
}

/// A set of problem types.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Problem>", into = "Vec<Problem>")]
pub struct Problems(u16);

impl Problems {
    /// No problem type.
    pub const NONE: Problems = Problems(0);

    /// The set of these.
    pub const fn of(problems: &[Problem]) -> Problems {
        let mut bits = 0;
        let mut i = 0;
        while i < problems.len() {
            bits |= 1 << problems[i] as u16;
            i += 1;
        }
        Problems(bits)
    }

    /// Whether the set has it.
    #[inline]
    pub const fn contains(self, problem: Problem) -> bool {
        self.0 & (1 << problem as u16) != 0
    }

    /// Its members, in the order of [`Problem::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Problem> {
        Problem::ALL
            .into_iter()
            .filter(move |problem| self.contains(*problem))
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Problems {
        Problems::of(&problems)
    }
}

impl From<Problems> for Vec<Problem> {
    fn from(problems: Problems) -> Vec<Problem> {
        problems.iter().collect()
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Contract {
    /// Our own: 422 on mismatch, 409 in flight, every refusal that comes of carrying a request out is stored, keys live for a day,
    /// and a request without a key is guarded by its cart. Stock and coupons come back when orders are given up: a client that was told
    /// that there is none must not be sold the order all the same by a late copy of the request. Who wants it when it is back
    /// asks with a new key, or a new version of the cart.
    pub const REFERENCE: Contract = Contract {
        mismatch_status: 422,
        in_flight: InFlightPolicy::Conflict,
        stored_errors: REFUSALS,
        replay_status: None,
        replay_header: true,
        ttl: Span::hours(24),
        grace: Span::secs(60),
        lease: Span::secs(30),
        key_required: false,
        natural_key: true,
        claim_table: true,
        maintenance_interval: Span::secs(30),
        is_final: true,
    };

    /// Stripe's API v1 (docs.stripe.com/api/idempotent_requests): 409 in flight, everything that happens once execution
    /// has begun is repeated, keys may go after 24 hours. The documentation does not give the status of a mismatch;
    /// secondary sources say 400. Stripe repeats a 500 too; we do not, see [`Contract::stored_errors`].
    pub const STRIPE_V1: Contract = Contract {
        mismatch_status: 400,
        ..Contract::REFERENCE
    };

    /// draft-ietf-httpapi-idempotency-key-header-07: 422 on mismatch, 409 in flight, 400 without a key, and the result of
    /// a completed operation is repeated, "success or an error".
    pub const IETF_07: Contract = Contract {
        key_required: true,
        ..Contract::REFERENCE
    };

    /// Checkout.com: only 2xx are stored, after 4xx and 5xx the payment is attempted again; 24 hours.
    pub const CHECKOUT_COM: Contract = Contract {
        stored_errors: Problems::NONE,
        ..Contract::REFERENCE
    };

    /// `PayPal-Request-Id`: without the header there are duplicates, failures are attempted again, a repetition answers
    /// 200 with the latest state. PayPal gives the retention per API; a day here.
    pub const PAYPAL: Contract = Contract {
        stored_errors: Problems::NONE,
        replay_status: Some(200),
        replay_header: false,
        ..Contract::REFERENCE
    };

    /// Seed 001 (`scenarios/SOURCES.md` says what the seeds are): a repetition is answered as the first time, a pending one with 409;
    /// the record is rolled back with whatever failed, so that no refusal is stored.
    pub const SEED_001: Contract = Contract {
        stored_errors: Problems::NONE,
        replay_header: false,
        is_final: false,
        ..Contract::REFERENCE
    };

    /// Seed 002: a repetition is answered 200 with the order of the first time, and only orders are remembered.
    pub const SEED_002: Contract = Contract {
        replay_status: Some(200),
        ..Contract::SEED_001
    };

    /// Seed 003: "always return 201 for both new and existing orders", and only orders are remembered.
    pub const SEED_003: Contract = Contract::SEED_001;

    /// Seed 004 (`scenarios/SOURCES.md` says what the seeds are): 409 on mismatch, only successes are stored, a key is required.
    pub const SEED_004: Contract = Contract {
        mismatch_status: 409,
        stored_errors: Problems::NONE,
        replay_header: false,
        key_required: true,
        is_final: false,
        ..Contract::REFERENCE
    };

    /// Our own, but a request whose twin is being worked on is told `202`: the client asks again.
    pub const REFERENCE_202: Contract = Contract {
        in_flight: InFlightPolicy::Accepted,
        ..Contract::REFERENCE
    };

    /// Our own, but a request waits for its twin's answer, for as long as a client's patience may last.
    pub const REFERENCE_WAIT: Contract = Contract {
        in_flight: InFlightPolicy::Wait {
            span_max: Span::secs(10),
        },
        ..Contract::REFERENCE
    };

    /// The contract of a preset.
    pub const fn of(preset: Preset) -> Contract {
        match preset {
            Preset::Reference => Contract::REFERENCE,
            Preset::Reference202 => Contract::REFERENCE_202,
            Preset::ReferenceWait => Contract::REFERENCE_WAIT,
            Preset::StripeV1 => Contract::STRIPE_V1,
            Preset::Ietf07 => Contract::IETF_07,
            Preset::CheckoutCom => Contract::CHECKOUT_COM,
            Preset::Paypal => Contract::PAYPAL,
            Preset::Seed001 => Contract::SEED_001,
            Preset::Seed002 => Contract::SEED_002,
            Preset::Seed003 => Contract::SEED_003,
            Preset::Seed004 => Contract::SEED_004,
        }
    }

    /// The answer to a key that comes with another content.
    pub const fn mismatch(&self) -> Response {
        Response::refused(self.mismatch_status, Problem::KeyReused)
    }

    /// The answer to a request whose twin is being worked on, when there is no more waiting.
    pub const fn in_progress(&self) -> Response {
        let status = match self.in_flight {
            InFlightPolicy::Accepted => 202,
            InFlightPolicy::Conflict | InFlightPolicy::Wait { .. } => 409,
        };
        Response::refused(status, Problem::InProgress)
    }

    /// A stored answer as it is repeated. A refusal keeps its status in every contract.
    pub const fn replay(&self, stored: Response) -> Response {
        let status = match self.replay_status {
            Some(status) if stored.is_success() => status,
            _ => stored.status,
        };
        Response {
            status,
            replayed: true,
            ..stored
        }
    }

    /// The statuses of the refusals that are stored, as the strategies give them.
    pub fn stored_statuses(&self) -> Vec<u16> {
        let status = |problem| match problem {
            Problem::PaymentDeclined => Some(402),
            Problem::OutOfStock => Some(409),
            Problem::CouponUsed => Some(422),
            // Decided before a key is claimed, or never: not stored, whatever is said here.
            _ => None,
        };
        self.stored_errors.iter().filter_map(status).collect()
    }

    /// Whether an answer is stored and repeated: a success always, a refusal if the contract says so.
    pub const fn stores(&self, response: &Response) -> bool {
        match response.problem {
            None => response.is_success(),
            Some(Problem::OutcomeUnknown | Problem::InProgress) => false,
            Some(problem) => self.stored_errors.contains(problem),
        }
    }
}

/// Every refusal that comes of carrying a request out.
const REFUSALS: Problems = Problems::of(&[
    Problem::PaymentDeclined,
    Problem::OutOfStock,
    Problem::CouponUsed,
]);

impl Default for Contract {
    fn default() -> Contract {
        Contract::REFERENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_survives_json() {
        for preset in Preset::ALL {
            let contract = Contract::of(*preset);
            let text = serde_json::to_string(&contract).expect("serializes");
            assert_eq!(
                serde_json::from_str::<Contract>(&text).expect("parses"),
                contract,
                "{preset}: {text}"
            );
        }
    }

    #[test]
    fn presets_differ_where_the_systems_do() {
        let status = |preset| Contract::of(preset).mismatch_status;
        assert_eq!(
            [
                status(Preset::Reference),
                status(Preset::StripeV1),
                status(Preset::Seed004)
            ],
            [422, 400, 409]
        );
        let declined = Response::refused(402, Problem::PaymentDeclined);
        let stores = |preset| Contract::of(preset).stores(&declined);
        assert_eq!(
            [
                stores(Preset::Reference),
                stores(Preset::CheckoutCom),
                stores(Preset::Paypal)
            ],
            [true, false, false]
        );
        let demands_key = |preset| Contract::of(preset).key_required;
        assert_eq!(
            [demands_key(Preset::Ietf07), demands_key(Preset::Reference)],
            [true, false]
        );
    }

    #[test]
    fn an_unknown_outcome_is_stored_by_no_contract() {
        let greedy = Contract {
            stored_errors: Problems::of(&Problem::ALL),
            ..Contract::REFERENCE
        };
        assert!(!greedy.stores(&Response::refused(500, Problem::OutcomeUnknown)));
        assert!(!greedy.stores(&Response::refused(409, Problem::InProgress)));
        assert!(greedy.stores(&Response::refused(402, Problem::PaymentDeclined)));
    }

    #[test]
    fn a_contract_may_name_only_what_differs() {
        let contract: Contract =
            serde_json::from_str(r#"{"mismatch-status": 409, "stored-errors": ["out_of_stock"]}"#)
                .expect("parses");
        assert_eq!(contract.stored_errors, Problems::of(&[Problem::OutOfStock]));
        assert_eq!(
            Contract {
                mismatch_status: 422,
                stored_errors: Contract::REFERENCE.stored_errors,
                ..contract
            },
            Contract::REFERENCE
        );
        assert!(serde_json::from_str::<Contract>(r#"{"mismatch_statos": 409}"#).is_err());
    }
}
