//! Per-handler bookkeeping: one [`Call`] per running handler, indexed by its task's slot.

use explore::{Lineage, TaskId};
use history::FaultRef;
use scenario::faults::Who;

use crate::clients::answers::AnswerId;
use crate::clients::flights::AttemptId;
use crate::gateway::{Answered, Webhook};

/// A handler's standing in the world, by its task's slot.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) task: Option<TaskId>,
    pub(crate) replica: u32,
    pub(crate) serves: Serves,
    pub(crate) lineage: Lineage,
    /// How many round trips it has begun.
    pub(crate) steps: u64,
    pub(crate) received_us: u64,
    /// When the gateway's answer is back, if the handler takes as long as was drawn.
    pub(crate) gateway_by_us: u64,
    pub(crate) has_read: bool,
    pub(crate) progress: Progress,
    /// Its process died while a message was under way: it ends when that message has taken effect.
    pub(crate) doomed: bool,
    /// Its process dies when the message under way has taken effect.
    pub(crate) dies: Option<Doom>,
    pub(crate) effects: Effects,
    pub(crate) told: Option<Answered>,
    /// The answer to its request, when it has one.
    pub(crate) answer: Option<AnswerId>,
    /// How far the handler is ahead of the world: it has been given an answer that is still on its way to it. See
    /// [`crate::ports::ReplicaPorts::statement_trip`].
    pub(crate) ahead_us: u64,
}

/// What a handler serves: a request, a webhook, or neither if it does the upkeep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Serves {
    /// The request it serves; none for upkeep and webhooks.
    pub(crate) attempt: Option<AttemptId>,
    /// Which delivery of the request it serves, from 0.
    pub(crate) delivery: u32,
    /// The webhook it hears.
    pub(crate) webhook: Option<Webhook>,
    pub(crate) client: Option<usize>,
    /// The process, in the history, of the attempt that it serves; [`Who::NO_ATTEMPT`] for upkeep and webhooks.
    pub(crate) process: u32,
}

impl Serves {
    /// What a handler is begun for.
    pub(super) fn of(cause: Cause) -> Serves {
        let none = Serves {
            attempt: None,
            delivery: 0,
            webhook: None,
            client: None,
            process: Who::NO_ATTEMPT,
        };
        match cause {
            Cause::Request {
                attempt,
                client,
                process,
                delivery,
            } => Serves {
                attempt: Some(attempt),
                delivery,
                webhook: None,
                client: Some(client),
                process,
            },
            Cause::Upkeep => none,
            Cause::Webhook(webhook) => Serves {
                webhook: Some(webhook),
                ..none
            },
        }
    }
}

/// What a handler has brought about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effects {
    /// The latest message was a COMMIT that took effect.
    pub(crate) committed: bool,
    /// When its latest change of the database took effect.
    pub(crate) committed_at_us: Option<u64>,
    /// The gateway captured, and no commit has recorded it.
    pub(crate) charged: bool,
}

/// What kills a process when the message under way has taken effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doom {
    pub(crate) fault: FaultRef,
    pub(crate) down_for_us: u64,
    /// Only if the message is a COMMIT that takes effect.
    pub(crate) at_commit: bool,
}

/// What a handler is begun for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause {
    Request {
        attempt: AttemptId,
        client: usize,
        process: u32,
        delivery: u32,
    },
    Upkeep,
    Webhook(Webhook),
}

impl Call {
    /// Whether no client asked for it.
    pub(crate) fn is_upkeep(&self) -> bool {
        self.serves.attempt.is_none() && self.serves.webhook.is_none()
    }
}

/// Where the message of a handler is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is none.
    Idle,
    /// On its way, not yet effective.
    Sent,
    /// It took effect; the answer is on its way.
    Answered,
}

impl Call {
    pub(crate) fn who(&self) -> Who {
        Who {
            lineage: self.lineage,
            ordinal: self.steps,
            client: self.serves.client,
            replica: self.replica,
            process: self.serves.process,
        }
    }
}
