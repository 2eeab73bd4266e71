//! What replicas run: the order service, or a test's own.

use orders::{Door, Job, Ledgers};
use protocol::{Button, Response};

use crate::ports::ReplicaPorts;

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

impl Service for Door {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        Door::handle(self, ports, job).await
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        self.upkeep_every().map(|span| span.0)
    }

    fn hears_webhooks(&self) -> bool {
        self.strategy().hears_webhooks()
    }

    fn knows_messages(&self) -> bool {
        self.strategy().knows_messages()
    }

    fn ledgers(&self) -> Ledgers {
        self.strategy().ledgers()
    }

    fn button(&self) -> Button {
        self.strategy().button()
    }

    fn brings_client_key(&self) -> bool {
        self.strategy().brings_client_key()
    }
}
