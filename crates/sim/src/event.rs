//! What can be due in a world.

use explore::TaskId;

use crate::clients::flights::{AttemptId, Coming, Held};
use crate::database::Tx;
use crate::gateway::Webhook;
use crate::kitchen::Message;
use crate::packed::Packed;
use crate::replicas::Turn;

/// Something that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The next intent of the load.
    Intent,
    /// A client's task may go on.
    Client(Packed<TaskId>),
    /// A client may stop waiting for the attempt of a slot.
    Alarm(Packed<Held>),
    /// A client's app dies, if it still waits for an attempt.
    AppDies(Packed<AttemptId>),
    /// Nothing of an attempt is left that could reach its client, and the client has no timer: it waits for ever.
    NeverAnswered(Packed<AttemptId>),
    /// A request reaches its replica.
    Request(Packed<AttemptId>),
    /// A response, or a reset, reaches its client.
    Response(Packed<(Held, Coming)>),
    /// A handler's message reaches the database or the cache, or a lock it waited for is free.
    Reach(Packed<TaskId>),
    /// An answer, or a timer, reaches a handler.
    Reply(Packed<TaskId>),
    /// An operation reaches the gateway.
    GatewayArrive(Packed<u32>),
    /// A capture ends.
    GatewayCapture(Packed<u32>),
    /// The gateway's answer is back.
    GatewayReply(Packed<u32>),
    /// The gateway tells a replica of a capture.
    Webhook(Packed<Webhook>),
    /// A message of the outbox reaches the kitchen.
    Message(Packed<Message>),
    /// A replica looks after its claims.
    Upkeep(Packed<u32>),
    /// A replica comes back.
    Restart(Packed<u32>),
    /// A replica's turn in a rolling restart.
    Turn(Packed<Turn>),
    /// A transaction that its handler dropped is rolled back.
    Abandon(Packed<Tx>),
    /// `deadlock_timeout` has elapsed for this waiter: run the deadlock check.
    DeadlockCheck(Packed<Tx>),
}

/// Which event let the task at hand go on. A future acts only on the event that it waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fired {
    /// It was begun, or woken by a waker.
    #[default]
    Begun,
    Reach,
    Reply,
}

const _: () = assert!(size_of::<Event>() <= 16, "events are copied about");
