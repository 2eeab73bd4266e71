//! A world on the bench: no load and no clients, but handlers that a test begins, lets go on one event at a time, and drops.
//!
//! It adds nothing to what a world does. The same engine gives the same events to the same ports; only who goes next is not the time's
//! decision but the test's, and what others have to hear meanwhile is kept until it is their turn.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Debug, Formatter};
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use explore::{Class, Kind, Lineage, TaskId};
use orders::{Job, Ledgers, Metrics};
use protocol::{ChargeId, ChargeState, GatewayKey, Money, OrderId, Response, Span, Time};

use super::Engine;
use crate::call::Cause;
use crate::client::Visit;
use crate::database::Committed;
use crate::ports::{BEGINS_US, ReplicaPorts};
use crate::service::Service;
use crate::world::{Event, World};

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
    /// Whose it is, if that was said.
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
            if let Some(call) = state.calls.get_mut(task.slot as usize) {
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
        // An answer of the gateway is heard by nobody.
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
        Time(BEGINS_US + self.engine.world.now_us())
    }

    /// What is committed.
    pub fn committed(&self) -> Committed {
        self.engine.world.state.borrow_mut().database.committed()
    }

    /// What the gateway has.
    pub fn ledger(&self) -> Vec<Charged> {
        let state = self.engine.world.state.borrow();
        let rows = state
            .gateway
            .ledger
            .iter()
            .zip(0..)
            .map(|(charge, id)| Charged {
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
        self.engine.world.state.borrow().metrics
    }
}

type Bare<'w> = Engine<'w, Work<'w>, Handle<'w>, Ready<()>, Stay>;

/// Who hears what.
impl<'w> Bench<'w> {
    /// An event happens, perhaps to a handler.
    fn happen(&mut self, task: Option<TaskId>, event: Event) {
        match task {
            Some(task) => {
                if let Some(coming) = self.coming.get_mut(&task) {
                    *coming = coming.saturating_sub(1);
                }
                self.act(task, |engine| engine.dispatch(event));
            }
            None => {
                self.engine.dispatch(event);
                self.notice_released();
            }
        }
    }

    /// A handler does something. What it sends comes back to it, as every message does, unless it waits for a lock.
    fn act(&mut self, task: TaskId, what: impl FnOnce(&mut Bare<'w>)) {
        let before = self.len();
        what(&mut self.engine);
        let posted = self.len() - before - self.notice_released();
        if self.waits(Handler(task)) {
            // All that was posted is the deadlock check.
            if !self.waiting.contains(&task) {
                self.waiting.push(task);
            }
        } else if self.engine.handlers.contains(task) {
            *self.coming.entry(task).or_default() += posted;
        } else {
            self.coming.remove(&task);
        }
        self.wake();
    }

    fn len(&self) -> u64 {
        self.engine.world.state.borrow().kernel.len() as u64
    }

    /// Of those who waited for a lock, an event is on its way to whoever does not any more. How many they are.
    fn notice_released(&mut self) -> u64 {
        let state = self.engine.world.state.borrow();
        let (waiting, released) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|task| state.database.waits(*task));
        self.waiting = waiting;
        let released: Vec<TaskId> = released;
        for task in &released {
            *self.coming.entry(*task).or_default() += 1;
        }
        released.len() as u64
    }

    /// Tasks that others woke hear of it by an event, as in any world.
    fn wake(&mut self) {
        let woken = self.engine.handlers.woken();
        woken.drain_into(&mut self.engine.woken);
        for task in &self.engine.woken {
            *self.coming.entry(*task).or_default() += 1;
        }
        self.engine.resume_woken();
    }

    /// The next event of a handler: one that was kept for it, or the next that comes. What comes for others before is kept.
    fn next_of(&mut self, task: TaskId) -> Option<Event> {
        if let Some(place) = self.held.iter().position(|(other, _)| *other == task) {
            return self.held.remove(place).map(|(_, event)| event);
        }
        while self.coming.get(&task).is_some_and(|coming| *coming > 0) {
            let event = self.engine.take(u64::MAX)?;
            if self.whose(event) == Some(task) {
                return Some(event);
            }
            self.happen_or_wait(event);
        }
        None
    }

    /// An event happens that the world needs no handler for; what reaches one whose turn it is not is kept.
    fn happen_or_wait(&mut self, event: Event) {
        let is_the_gateways = matches!(event, Event::GatewayArrive(_) | Event::GatewayCapture(_));
        match self.whose(event) {
            Some(task) if !is_the_gateways => self.held.push_back((task, event)),
            task => self.happen(task, event),
        }
    }

    /// Whom an event reaches, or whose message; none if that handler is gone.
    fn whose(&self, event: Event) -> Option<TaskId> {
        let state = self.engine.world.state.borrow();
        let task = match event {
            Event::Reach(task) | Event::Reply(task) => task.get(),
            Event::GatewayArrive(slot)
            | Event::GatewayCapture(slot)
            | Event::GatewayReply(slot) => state.gateway.operations[slot.get() as usize].task,
            _ => return None,
        };
        self.engine.handlers.contains(task).then_some(task)
    }

    /// Sets the end of a span of time, by an event that nothing else needs here: no load comes on the bench.
    fn mark(&mut self, span: Span) {
        let kernel = &mut self.engine.world.state.borrow_mut().kernel;
        kernel.after(span.0, Class::Timer, Event::Intent);
    }

    /// The next event before the end that was set.
    fn take(&mut self) -> Option<Event> {
        let event = self.engine.take(u64::MAX).expect("the mark is there");
        (!matches!(event, Event::Intent)).then_some(event)
    }
}
