//! A small executor over [`Kernel`] and [`Pool`], for models of a few tasks: every `step` is a place where another may go next.

use std::cell::{Cell, RefCell};
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
    kernel: RefCell<Kernel<TaskId>>,
    running: Cell<Option<TaskId>>,
}

impl<'a> Executor<'a> {
    /// An executor without tasks.
    pub fn new(order: Order) -> Executor<'a> {
        let shared = Shared {
            kernel: RefCell::new(Kernel::new(order)),
            running: Cell::new(None),
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
        let class = Class::Step(Object(u64::from(id.slot)));
        self.handle.0.kernel.borrow_mut().after(0, class, id);
    }

    /// Runs until nothing is left to happen. Returns how many tasks never ended: they wait for what cannot come.
    pub fn run(&mut self, chooser: &mut Chooser) -> usize {
        let woken = self.tasks.woken();
        let mut by_waker = Vec::new();
        loop {
            let event = self.handle.0.kernel.borrow_mut().next(chooser);
            let Some(id) = event else {
                return self.tasks.len();
            };
            chooser.note(u64::from(id.slot));
            self.handle.0.running.set(Some(id));
            self.tasks.poll(id);
            self.handle.0.running.set(None);
            woken.drain_into(&mut by_waker);
            for id in by_waker.drain(..) {
                self.handle.0.kernel.borrow_mut().after(
                    0,
                    Class::Step(Object(u64::from(id.slot))),
                    id,
                );
            }
        }
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
            since: None,
        }
    }
}

struct Wait<'h> {
    shared: &'h Shared,
    span_us: u64,
    class: Class,
    since: Option<u64>,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        let mut kernel = self.shared.kernel.borrow_mut();
        match self.since {
            Some(step) if kernel.steps() > step => Poll::Ready(()),
            Some(_) => Poll::Pending,
            None => {
                let running = self
                    .shared
                    .running
                    .get()
                    .expect("a task waits only while it runs");
                kernel.after(self.span_us, self.class, running);
                let step = kernel.steps();
                drop(kernel);
                self.since = Some(step);
                Poll::Pending
            }
        }
    }
}
