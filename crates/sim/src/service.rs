//! The order service, as something that a replica runs.

use orders::{Contract, StrategyName};
use protocol::{OrderRequest, Response};

use crate::ports::ReplicaPorts;

/// What a replica has to do.
#[derive(Clone, Debug)]
pub enum Job {
    /// Answer a request.
    Serve(OrderRequest),
    /// Look after claims whose owner has gone, and keys past their time.
    Upkeep,
}

/// Something that replicas run.
pub trait Service {
    /// Does a job; a request is answered, the rest is not.
    #[expect(async_fn_in_trait, reason = "worlds run on one thread")]
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response>;

    /// How often each replica looks after its claims, in microseconds; `None` if it has nothing to look after.
    fn upkeep_every_us(&self) -> Option<u64>;
}

/// The order service under a strategy and a contract.
#[derive(Clone, Debug)]
pub struct OrderService {
    strategy: StrategyName,
    contract: Contract,
}

impl OrderService {
    /// The service under a strategy.
    pub fn new(strategy: StrategyName, contract: Contract) -> OrderService {
        OrderService { strategy, contract }
    }
}

impl Service for OrderService {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        match job {
            Job::Serve(request) => Some(self.strategy.create(ports, &self.contract, request).await),
            Job::Upkeep => {
                self.strategy.maintain(ports, &self.contract).await;
                None
            }
        }
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        self.strategy
            .needs_maintenance()
            .then_some(self.contract.maintenance_interval.0)
    }
}
