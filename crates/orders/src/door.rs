//! The service's front door: what is decided before a strategy sees a request and after it has answered, the same for every strategy.
//!
//! A server and a simulated replica both come in here, so that neither decides for itself what a malformed key is answered with.

use protocol::{ChargeNotice, KeyError, OrderRequest, Problem, Response, Span};

use crate::contract::Contract;
use crate::ports::Ports;
use crate::strategy::StrategyName;

/// What a replica is asked to do.
#[derive(Clone, Debug)]
pub enum Job {
    /// Answer a request.
    Serve(OrderRequest),
    /// Answer a request whose `Idempotency-Key` header cannot be read. No strategy sees it.
    Refuse(KeyError),
    /// Take over claims whose owner died, and delete keys past their time to live.
    Upkeep,
    /// Hear from the payment gateway how a capture ended.
    Webhook(ChargeNotice),
}

/// The order service of one deployment: a strategy under a contract.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    strategy: StrategyName,
    contract: Contract,
}

impl Door {
    /// The service under a strategy and a contract.
    pub const fn new(strategy: StrategyName, contract: Contract) -> Door {
        Door { strategy, contract }
    }

    /// The strategy behind it.
    pub const fn strategy(&self) -> StrategyName {
        self.strategy
    }

    /// Does a job. A request is answered. Upkeep is not; a webhook only if it was not taken: the gateway then sends it again.
    pub async fn handle<P: Ports>(&self, ports: &P, job: &Job) -> Option<Response> {
        match job {
            Job::Serve(request) => Some(self.strategy.create(ports, &self.contract, request).await),
            Job::Refuse(_) => Some(Response::refused(400, Problem::Invalid)),
            Job::Upkeep => {
                self.strategy.maintain(ports, &self.contract).await;
                None
            }
            Job::Webhook(notice) => {
                let is_taken = self.strategy.hear(ports, &self.contract, notice).await;
                (!is_taken).then_some(Response::refused(503, Problem::Unavailable))
            }
        }
    }

    /// How often each replica does its upkeep; `None` if the strategy has none.
    pub fn upkeep_every(&self) -> Option<Span> {
        let needs_upkeep = self.strategy.needs_maintenance();
        needs_upkeep.then_some(self.contract.maintenance_interval)
    }
}

/// The `Idempotent-Replayed` header of a successful answer; `None` where the contract has no such header.
pub fn replay_header(contract: &Contract, answer: &Response) -> Option<bool> {
    contract.replay_header.then_some(answer.replayed)
}
