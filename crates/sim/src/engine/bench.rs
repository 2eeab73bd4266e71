//! A world on the bench: no load and no clients, but handlers that a test begins, lets go on one event at a time, and drops.
//!
//! It adds nothing to what a world does. The same engine gives the same events to the same ports; only who goes next is not the time's
//! decision but the test's, and what others have to hear meanwhile is kept until it is their turn.
//!
//! - [`events`]: who hears what

mod events;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Debug, Formatter};
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use explore::{Kind, Lineage, TaskId};
use orders::{Job, Ledgers, Metrics};
use outside::Visit;
use protocol::{ChargeId, ChargeState, GatewayKey, Money, OrderId, Response, Span, Time};

use super::Engine;
use crate::database::Committed;
use crate::event::Event;
use crate::ports::ReplicaPorts;
use crate::replicas::call::Cause;
use crate::replicas::service::Service;
use crate::world::World;

/// What a handler on the bench does.
pub type Work<'w> = Pin<Box<dyn Future<Output = ()> + 'w>>;
/// A handler that is to begin.
type Begin<'w> = Box<dyn FnOnce(ReplicaPorts<'w>) -> Work<'w> + 'w>;
type Handle<'w> = Box<dyn Fn(ReplicaPorts<'w>, Job) -> Work<'w> + 'w>;
type Stay = fn(Visit) -> Ready<()>;

/// A handler that was begun on the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handler(TaskId);

/// Where a handler stands after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It has ended, or was dropped.
    Ended,
    /// Something reached it, or what it had sent.
    Moved,
    /// Its statement waits for the transaction of another.
    Waits,
    /// Nothing will reach it but what another wakes it for.
    Idle,
}

/// A charge as the gateway has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// Its number.
    pub id: ChargeId,
    /// Under which key.
    pub key: GatewayKey,
    /// The order that it pays for, if the request named one.
    pub order: Option<OrderId>,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: ChargeState,
}

/// A world whose handlers a test moves by hand. Its plan's load does not come; its plan's faults strike.
pub struct Bench<'w> {
    engine: Engine<'w, Work<'w>, Handle<'w>, Ready<()>, Stay>,
    /// The handler that the engine is about to begin.
    next: Rc<RefCell<Option<Begin<'w>>>>,
    begun: u64,
    /// What has come for handlers whose turn it was not.
    held: VecDeque<(TaskId, Event)>,
    /// How many events are on their way to each handler.
    coming: BTreeMap<TaskId, u64>,
    /// The handlers whose statement waits.
    waiting: Vec<TaskId>,
}

/// Nothing is answered here: a test hears for itself what its handlers come to.
struct Silent;

impl Service for Silent {
    async fn handle(&self, _: &ReplicaPorts<'_>, _: &Job) -> Option<Response> {
        None
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }

    fn ledgers(&self) -> Ledgers {
        Ledgers::ALL
    }
}

fn stay(_: Visit) -> Ready<()> {
    ready(())
}

const HANDLER: Kind = Kind::new("bench.handler");

impl Debug for Bench<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bench").field("held", &self.held).finish()
    }
}

impl<'w> Bench<'w> {
    /// Puts a world on the bench in which nothing happened yet.
    pub fn new(world: &'w World) -> Bench<'w> {
        let next: Rc<RefCell<Option<Begin<'w>>>> = Rc::default();
        let begins = Rc::clone(&next);
        let handle: Handle<'w> = Box::new(move |ports, _| {
            let begin = begins.borrow_mut().take();
            begin.expect("a handler begins when the bench says so")(ports)
        });
        Bench {
            engine: Engine::new(world, handle, stay as Stay, &Silent),
            next,
            begun: 0,
            held: VecDeque::new(),
            coming: BTreeMap::new(),
            waiting: Vec::new(),
        }
    }

    /// A handler begins on a replica, and goes as far as to its first message.
    pub fn begin(
        &mut self,
        replica: u32,
        work: impl FnOnce(ReplicaPorts<'w>) -> Work<'w> + 'w,
    ) -> Handler {
        *self.next.borrow_mut() = Some(Box::new(work));
        self.begun += 1;
        let lineage = Lineage::ROOT.child(HANDLER, self.begun);
        let task = self.engine.handlers.next_id();
        self.act(task, |engine| {
            engine.start(replica, Cause::Upkeep, lineage, Job::Upkeep);
        });
        Handler(task)
    }

    /// Lets one handler go on by one event; all others stand still, as if their processes did. What they have sent to the gateway goes on
    /// there.
    pub fn step(&mut self, handler: Handler) -> Step {
        let task = handler.0;
        self.wake();
        if !self.engine.handlers.contains(task) {
            return Step::Ended;
        }
        if self.waits(handler) {
            return Step::Waits;
        }
        let Some(event) = self.next_of(task) else {
            return Step::Idle;
        };
        self.happen(Some(task), event);
        match self.engine.handlers.contains(task) {
            true if self.waits(handler) => Step::Waits,
            true => Step::Moved,
            false => Step::Ended,
        }
    }

    /// Whether a handler's statement waits for the transaction of another.
    pub fn waits(&self, handler: Handler) -> bool {
        let state = self.engine.world.state.borrow();
        state.database.waits(handler.0)
    }

    /// Time passes for the world, while every handler stands still.
    pub fn pass(&mut self, span: Span) {
        self.mark(span);
        while let Some(event) = self.take() {
            self.happen_or_wait(event);
        }
    }

    /// Time passes, and everything goes on in it as in any world. With a span of zero, everything that is due at this moment.
    pub fn run(&mut self, span: Span) {
        loop {
            self.wake();
            while let Some((task, event)) = self.held.pop_front() {
                self.happen(Some(task), event);
            }
            self.mark(span);
            let mut happened = false;
            while let Some(event) = self.take() {
                happened = true;
                self.happen(self.whose(event), event);
            }
            if span > Span::ZERO || !happened {
                return;
            }
        }
    }

    /// A handler's process dies: it is dropped where it stands, with what had come for it; its transaction is rolled back.
    pub fn kill(&mut self, handler: Handler) {
        let task = handler.0;
        self.engine.handlers.remove(task);
        {
            let state = &mut *self.engine.world.state.borrow_mut();
            if let Some(call) = state.replicas.calls.get_mut(task.slot as usize) {
                call.task = call.task.filter(|other| *other != task);
            }
            state.release_waiters();
        }
        self.notice_released();
        self.coming.remove(&task);
        let mut lost = Vec::new();
        self.held.retain(|(other, event)| {
            let is_lost = *other == task;
            lost.extend(is_lost.then_some(*event));
            !is_lost
        });
        // No caller is left for an answer of the gateway.
        for event in lost {
            self.happen(None, event);
        }
        self.wake();
    }

    /// A replica forgets what its process kept in memory, as if it began a new life.
    pub fn forget_memory(&mut self, replica: u32) {
        self.engine.world.forget_memory(replica);
    }

    /// The right time, as every replica's clock shows it that is right.
    pub fn now(&self) -> Time {
        self.engine.world.instant(self.engine.world.now_us())
    }

    /// What is committed.
    pub fn committed(&self) -> Committed {
        self.engine.world.state.borrow_mut().database.committed()
    }

    /// What the gateway has.
    pub fn ledger(&self) -> Vec<Charged> {
        let state = self.engine.world.state.borrow();
        let ledger = state.gateway.provider.ledger();
        let rows = ledger.zip(0..).map(|(charge, id)| Charged {
            id: ChargeId(id),
            key: charge.key,
            order: charge.order,
            amount: charge.amount,
            state: charge.state,
        });
        rows.collect()
    }

    /// What the service's monitoring has counted.
    pub fn metrics(&self) -> Metrics {
        self.engine.world.state.borrow().tally.metrics
    }
}
