//! The order service, as something that a replica runs.

use orders::{Button, Contract, Ledgers, StrategyName};
use protocol::{ChargeNotice, KeyError, OrderRequest, Problem, Response};

use crate::ports::ReplicaPorts;

/// What a replica has to do.
#[derive(Clone, Debug)]
pub enum Job {
    /// Answer a request.
    Serve(OrderRequest),
    /// Refuse a request whose key is none: the door reads headers, before any strategy does.
    Refuse(KeyError),
    /// Look after claims whose owner has gone, and keys past their time.
    Upkeep,
    /// Hear from the gateway how a capture ended.
    Webhook(ChargeNotice),
}

/// Something that replicas run.
pub trait Service {
    /// Does a job. A request is answered. Upkeep is not; a webhook only if it is refused, and then the gateway tells it again.
    #[expect(async_fn_in_trait, reason = "worlds run on one thread")]
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response>;

    /// How often each replica looks after its claims, in microseconds; `None` if it has nothing to look after.
    fn upkeep_every_us(&self) -> Option<u64>;

    /// Whether it wants to hear webhooks.
    fn hears_webhooks(&self) -> bool {
        false
    }

    /// Whether its kitchen knows a message by its id, and prints one ticket of it however often it comes.
    fn knows_messages(&self) -> bool {
        false
    }

    /// Which tables it writes beside its orders: the audit shows those, and no others.
    fn ledgers(&self) -> Ledgers {
        Ledgers::default()
    }

    /// What the button of its clients does.
    fn button(&self) -> Button {
        Button::Plain
    }

    /// Whether its clients send a key for every purchase, even where the plan's send none.
    fn brings_client_key(&self) -> bool {
        false
    }
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
            Job::Refuse(_) => Some(Response::refused(400, Problem::Invalid)),
            Job::Upkeep => {
                self.strategy.maintain(ports, &self.contract).await;
                None
            }
            Job::Webhook(notice) => {
                let taken = self.strategy.hear(ports, &self.contract, notice).await;
                (!taken).then_some(Response::refused(503, Problem::Unavailable))
            }
        }
    }

    fn hears_webhooks(&self) -> bool {
        self.strategy.hears_webhooks()
    }

    fn knows_messages(&self) -> bool {
        self.strategy.knows_messages()
    }

    fn ledgers(&self) -> Ledgers {
        self.strategy.ledgers()
    }

    fn button(&self) -> Button {
        self.strategy.button()
    }

    fn brings_client_key(&self) -> bool {
        self.strategy.brings_client_key()
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        self.strategy
            .needs_maintenance()
            .then_some(self.contract.maintenance_interval.0)
    }
}
