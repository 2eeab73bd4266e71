//! Virtual time and the event queue.

use crate::queue::Queue;

/// A constant delay with a queue of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(usize);

/// Virtual time and what is still to happen.
#[derive(Debug)]
pub struct Kernel<E> {
    now_us: u64,
    queue: Queue<E>,
    lane_delays_us: Vec<u64>,
    steps: u64,
}

impl<E: Copy> Default for Kernel<E> {
    fn default() -> Kernel<E> {
        Kernel::new()
    }
}

impl<E: Copy> Kernel<E> {
    /// A kernel at time zero with nothing to do.
    pub fn new() -> Kernel<E> {
        Kernel {
            now_us: 0,
            queue: Queue::new(),
            lane_delays_us: Vec::new(),
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
    pub fn at(&mut self, at_us: u64, event: E) {
        let at_us = at_us.max(self.now_us);
        self.queue.push(self.now_us, at_us, event);
    }

    /// Something happens after a span.
    #[inline]
    pub fn after(&mut self, span_us: u64, event: E) {
        self.at(self.now_us + span_us, event);
    }

    /// Something happens after the lane's delay.
    #[inline]
    pub fn after_lane(&mut self, lane: Lane, event: E) {
        self.queue.push_ring(lane.0, self.now_us, event);
    }

    /// The next event; `None` when nothing is left to happen.
    #[inline]
    pub fn next_event(&mut self) -> Option<E> {
        let (at_us, event) = self.queue.pop()?;
        assert!(at_us >= self.now_us, "time went back");
        self.now_us = at_us;
        self.steps += 1;
        Some(event)
    }

    /// When the next event is due; `None` when nothing is left to happen.
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

    /// Time passes without an event, up to an instant: at the end of a run, whose events after it will not happen. To ask for an event
    /// from before it panics.
    pub fn pass_until(&mut self, at_us: u64) {
        self.now_us = self.now_us.max(at_us);
    }

    /// How much is still to happen.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing is left to happen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Back to time zero with nothing to do; memory and lanes are kept.
    pub fn reset(&mut self) {
        self.queue.clear();
        (self.now_us, self.steps) = (0, 0);
    }
}
