//! A small executor over [`Kernel`] and [`Pool`], for models of a few tasks: every `step` is a place where another may go next.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::chooser::Chooser;
use crate::kernel::{Class, Kernel, Order};
use crate::pool::{Pool, TaskId};
use crate::site::Object;

type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs tasks to their end under a chooser.
pub struct Executor<'a> {
    tasks: Pool<Boxed<'a>>,
    handle: Handle,
}

impl std::fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor")
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

/// What a task holds of its executor.
#[derive(Clone, Debug)]
pub struct Handle(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    kernel: RefCell<Kernel<Wake>>,
    running: Cell<Option<TaskId>>,
    /// The waits whose event has not come yet.
    waiting: RefCell<BTreeSet<u64>>,
    waits: Cell<u64>,
}

/// A task goes on; because of this wait, if not because it was spawned or woken by a waker.
#[derive(Clone, Copy, Debug)]
struct Wake {
    task: TaskId,
    wait: Option<u64>,
}

impl<'a> Executor<'a> {
    /// An executor without tasks.
    pub fn new(order: Order) -> Executor<'a> {
        let shared = Shared {
            kernel: RefCell::new(Kernel::new(order)),
            running: Cell::new(None),
            waiting: RefCell::default(),
            waits: Cell::new(0),
        };
        Executor {
            tasks: Pool::default(),
            handle: Handle(Rc::new(shared)),
        }
    }

    /// What tasks wait on.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes a task in; its beginning is a step of its own.
    pub fn spawn(&mut self, task: impl Future<Output = ()> + 'a) {
        let id = self.tasks.spawn(Box::pin(task));
        self.handle.0.begin(id);
    }

    /// Runs until nothing is left to happen. Returns how many tasks never ended: they wait for what cannot come.
    pub fn run(&mut self, chooser: &mut Chooser) -> usize {
        let woken = self.tasks.woken();
        let mut by_waker = Vec::new();
        loop {
            let event = self.handle.0.kernel.borrow_mut().next(chooser);
            let Some(Wake { task: id, wait }) = event else {
                return self.tasks.len();
            };
            if let Some(wait) = wait {
                self.handle.0.waiting.borrow_mut().remove(&wait);
            }
            chooser.note(u64::from(id.slot));
            self.handle.0.running.set(Some(id));
            self.tasks.poll(id);
            self.handle.0.running.set(None);
            woken.drain_into(&mut by_waker);
            for id in by_waker.drain(..) {
                self.handle.0.begin(id);
            }
        }
    }
}

impl Shared {
    /// A task goes on by itself: that touches nothing but the task.
    fn begin(&self, task: TaskId) {
        let class = Class::Step(Object(u64::from(task.slot)));
        let wake = Wake { task, wait: None };
        self.kernel.borrow_mut().after(0, class, wake);
    }
}

impl Handle {
    /// Lets others go first, if the chooser wants it. What follows touches `object`.
    pub fn step(&self, object: Object) -> impl Future<Output = ()> {
        self.wait(0, Class::Step(object))
    }

    /// Waits for a span of virtual time, in microseconds.
    pub fn sleep(&self, span_us: u64) -> impl Future<Output = ()> {
        self.wait(span_us, Class::Timer)
    }

    /// The present, in microseconds.
    pub fn now_us(&self) -> u64 {
        self.0.kernel.borrow().now_us()
    }

    fn wait(&self, span_us: u64, class: Class) -> Wait<'_> {
        Wait {
            shared: &self.0,
            span_us,
            class,
            number: None,
        }
    }
}

struct Wait<'h> {
    shared: &'h Shared,
    span_us: u64,
    class: Class,
    /// Which wait it is, once it has begun. Its own event ends it, and no other: a task may have several.
    number: Option<u64>,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        let shared = self.shared;
        if let Some(number) = self.number {
            return match shared.waiting.borrow().contains(&number) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            };
        }
        let task = shared.running.get();
        let task = task.expect("a task waits only while it runs");
        let number = shared.waits.replace(shared.waits.get() + 1);
        let wait = Some(number);
        let wake = Wake { task, wait };
        shared.waiting.borrow_mut().insert(number);
        let mut kernel = shared.kernel.borrow_mut();
        kernel.after(self.span_us, self.class, wake);
        self.number = wait;
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.shared.waiting.borrow_mut().remove(&number);
        }
    }
}
