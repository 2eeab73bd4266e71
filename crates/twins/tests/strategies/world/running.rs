//! Something that a replica does, one event at a time.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::Span;
use sim::{Handler, Step};
use twins::Scripted;

use super::{TriedPorts, World};

pub(super) type Work<'w, T> =
    Box<dyn FnOnce(TriedPorts<'w>, Rc<RefCell<Option<T>>>) -> sim::Work<'w> + 'w>;
/// Nothing takes so many steps.
const STEPS_MAX: u32 = 100_000;
/// Longer than any deadlock check takes to come.
const LONG: Span = Span::secs(2);

/// Something that a replica does. It begins with its first step; dropped, its process is dead.
pub struct Running<'a, 'w, T> {
    pub(super) world: &'a World<'w>,
    pub(super) replica: u32,
    pub(super) work: Option<Work<'w, T>>,
    pub(super) handler: Option<Handler>,
    pub(super) told: Rc<RefCell<Option<T>>>,
}

impl<T: 'static> Running<'_, '_, T> {
    /// Lets it go on by one event, and begins it if it has not begun.
    pub fn step(&mut self) -> Option<T> {
        self.go_on();
        self.told.take()
    }

    fn go_on(&mut self) -> Step {
        let bench = &mut *self.world.bench.borrow_mut();
        let (work, script, told) = (self.work.take(), self.world.script, Rc::clone(&self.told));
        match (work, self.handler) {
            (Some(work), _) => {
                let begin = |ports| work(Scripted::new(ports, script), told);
                self.handler = Some(bench.begin(self.replica, begin));
                Step::Moved
            }
            (None, Some(handler)) => bench.step(handler),
            (None, None) => Step::Ended,
        }
    }

    /// Lets it go on until nothing reaches it any more, and it has not ended.
    pub fn stalls(&mut self) {
        for _ in 0..STEPS_MAX {
            match self.go_on() {
                Step::Moved => {}
                Step::Idle => return,
                Step::Waits => panic!("it waits for another, and not for the gateway"),
                Step::Ended => panic!("it stalls, and does not end"),
            }
        }
        panic!("it goes on for ever");
    }

    /// Lets it go on to its end, or until it waits for another's transaction.
    pub fn run_or_wait(&mut self) -> Option<T> {
        for _ in 0..STEPS_MAX {
            match self.go_on() {
                Step::Moved => {}
                Step::Waits => return None,
                Step::Ended => return self.told.take(),
                Step::Idle => panic!("nothing reaches it any more"),
            }
        }
        panic!("it does not end");
    }

    /// Lets it go on to its end. Nothing stands in its way.
    pub fn run(mut self) -> T {
        self.run_or_wait().expect("it waits for another")
    }
}

impl<T> Drop for Running<'_, '_, T> {
    fn drop(&mut self) {
        if let Some(handler) = self.handler {
            self.world.bench.borrow_mut().kill(handler);
        }
    }
}

/// Lets several go on to their ends, one event of each in turn.
pub fn run_all<T: 'static>(running: Vec<Running<'_, '_, T>>) -> Vec<T> {
    let mut told: Vec<Option<T>> = running.iter().map(|_| None).collect();
    let mut running: Vec<_> = running.into_iter().map(Some).collect();
    for _ in 0..STEPS_MAX {
        let mut moved = false;
        for (slot, told) in running.iter_mut().zip(&mut told) {
            let Some(one) = slot else { continue };
            moved |= matches!(one.go_on(), Step::Moved | Step::Ended);
            *told = one.told.take();
            if told.is_some() {
                *slot = None;
            }
        }
        let Some(left) = running.iter().flatten().next() else {
            break;
        };
        if !moved {
            // Each waits for the other: the database's deadlock check ends that.
            left.world.pass(LONG);
        }
    }
    let all: Option<Vec<T>> = told.into_iter().collect();
    all.expect("all come to an end")
}
