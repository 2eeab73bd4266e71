//! Virtual time and the event queue. Timed worlds take events by time; untimed worlds let any enabled step go next.

use crate::chooser::Chooser;
use crate::queue::Queue;
use crate::site::{Kind, Lineage, Object, Site};

/// How the next event is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By virtual time: for scale and latency figures.
    #[default]
    Timed,
    /// Any step that is enabled, or the earliest timer: the strongest adversary, for search.
    Untimed,
}

/// What an event is to an untimed world, and to the strategy that picks among events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It may go next at any moment; it touches this object.
    Step(Object),
    /// It may go at any moment, but not before an earlier timer.
    Timer,
}

/// A constant delay with a queue of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(usize);

/// Virtual time and what is still to happen.
#[derive(Debug)]
pub struct Kernel<E> {
    now_us: u64,
    order: Order,
    queue: Queue<E>,
    lane_delays_us: Vec<u64>,
    /// Untimed worlds only: everything that may happen, unordered.
    pending: Vec<Pending<E>>,
    waited: u64,
    steps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Pending<E> {
    at_us: u64,
    order: u64,
    /// After which step it was set.
    since: u64,
    class: Class,
    event: E,
}

const NEXT: Kind = Kind::new("kernel.next");

impl<E: Copy> Kernel<E> {
    /// A kernel at time zero with nothing to do.
    pub fn new(order: Order) -> Kernel<E> {
        Kernel {
            now_us: 0,
            order,
            queue: Queue::new(),
            lane_delays_us: Vec::new(),
            pending: Vec::new(),
            waited: 0,
            steps: 0,
        }
    }

    /// The present, in microseconds.
    #[inline]
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// How many events have happened.
    #[inline]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The lane of a constant delay.
    #[inline]
    pub fn lane(&mut self, delay_us: u64) -> Lane {
        match self
            .lane_delays_us
            .iter()
            .position(|delay| *delay == delay_us)
        {
            Some(lane) => Lane(lane),
            None => {
                self.lane_delays_us.push(delay_us);
                Lane(self.queue.add_ring(delay_us))
            }
        }
    }

    /// Something happens at an instant; not before now.
    #[inline]
    pub fn at(&mut self, at_us: u64, class: Class, event: E) {
        let at_us = at_us.max(self.now_us);
        match self.order {
            Order::Timed => self.queue.push(self.now_us, at_us, event),
            Order::Untimed => self.wait(at_us, class, event),
        }
    }

    /// Something happens after a span.
    #[inline]
    pub fn after(&mut self, span_us: u64, class: Class, event: E) {
        self.at(self.now_us + span_us, class, event);
    }

    /// Something happens after the lane's delay.
    #[inline]
    pub fn after_lane(&mut self, lane: Lane, class: Class, event: E) {
        match self.order {
            Order::Timed => self.queue.push_ring(lane.0, self.now_us, event),
            Order::Untimed => self.wait(self.now_us + self.lane_delays_us[lane.0], class, event),
        }
    }

    #[cold]
    fn wait(&mut self, at_us: u64, class: Class, event: E) {
        self.waited += 1;
        self.pending.push(Pending {
            at_us,
            order: self.waited,
            since: self.steps,
            class,
            event,
        });
    }

    /// The next event; `None` when nothing is left to happen.
    #[inline]
    pub fn next(&mut self, chooser: &mut Chooser) -> Option<E> {
        let (at_us, event) = match self.order {
            Order::Timed => self.queue.pop()?,
            Order::Untimed => self.choose(chooser)?,
        };
        assert!(
            at_us >= self.now_us || self.order == Order::Untimed,
            "time went back"
        );
        self.now_us = self.now_us.max(at_us);
        self.steps += 1;
        Some(event)
    }

    /// Any enabled step, or the earliest timer. The dull pick is to go on with what the last event led to: the same task.
    #[cold]
    fn choose(&mut self, chooser: &mut Chooser) -> Option<(u64, E)> {
        let latest = self.steps;
        self.pending
            .sort_unstable_by_key(|p| (p.since != latest, p.at_us, p.order));
        let timers = self.pending.iter().filter(|p| p.class == Class::Timer);
        let first_timer = timers.map(|p| (p.at_us, p.order)).min();
        let enabled: Vec<usize> = (0..self.pending.len())
            .filter(|i| {
                let p = &self.pending[*i];
                p.class != Class::Timer || Some((p.at_us, p.order)) == first_timer
            })
            .collect();
        if enabled.is_empty() {
            return None;
        }
        let classes: Vec<Class> = enabled.iter().map(|i| self.pending[*i].class).collect();
        let pick = chooser.next(&Site::new(NEXT, Lineage::ROOT, self.steps), &classes);
        let chosen = self.pending.remove(enabled[pick as usize]);
        Some((chosen.at_us, chosen.event))
    }

    /// When the next event of a timed world is due; `None` when nothing is left to happen.
    #[inline]
    pub fn next_at_us(&self) -> Option<u64> {
        self.queue.first_at_us()
    }

    /// An event happens of which it is known that it leads to nothing, so it was never set: it is counted, and its time has come.
    #[inline]
    pub fn pass_event(&mut self, at_us: u64) {
        debug_assert!(at_us >= self.now_us, "time went back");
        self.now_us = at_us;
        self.steps += 1;
    }

    /// Time passes without an event, up to an instant: at the end of a run, whose events after it will not happen. A timed world that is
    /// asked for an event from before it panics.
    pub fn pass_until(&mut self, at_us: u64) {
        self.now_us = self.now_us.max(at_us);
    }

    /// How much is still to happen.
    pub fn len(&self) -> usize {
        self.queue.len() + self.pending.len()
    }

    /// Whether nothing is left to happen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Back to time zero with nothing to do; memory and lanes are kept.
    pub fn reset(&mut self) {
        self.queue.clear();
        self.pending.clear();
        (self.now_us, self.steps, self.waited) = (0, 0, 0);
    }
}
