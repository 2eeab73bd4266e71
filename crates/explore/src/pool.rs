//! Tasks of one type, in slots that are used again: a task costs no allocation once its slot exists.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// A task of a [`Pool`]: its slot, and which of the slot's tenants it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskId {
    /// The slot: small numbers, used again.
    pub slot: u32,
    /// How many tasks had the slot before.
    pub generation: u32,
}

impl TaskId {
    fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }

    fn from_bits(bits: u64) -> TaskId {
        TaskId {
            slot: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

/// Tasks woken by a [`Waker`] rather than by an event, in the order of waking.
#[derive(Debug, Default)]
pub struct Woken {
    any: AtomicBool,
    tasks: Mutex<Vec<TaskId>>,
}

impl Woken {
    /// Moves the woken tasks to `into`, in the order of waking.
    #[inline(always)]
    pub fn drain_into(&self, into: &mut Vec<TaskId>) {
        if self.any.load(Ordering::Relaxed) {
            self.take(into);
        }
    }

    #[cold]
    fn take(&self, into: &mut Vec<TaskId>) {
        self.any.store(false, Ordering::Relaxed);
        into.append(
            &mut self
                .tasks
                .lock()
                .expect("no task panics while it is being woken"),
        );
    }

    fn push(&self, task: TaskId) {
        self.tasks
            .lock()
            .expect("no task panics while it is being woken")
            .push(task);
        self.any.store(true, Ordering::Relaxed);
    }
}

/// The waker of a slot. One for all its tenants: a wake-up meant for an earlier one does no harm, since every future of the
/// harness checks whether what it waits for has happened.
#[derive(Debug)]
struct SlotWaker {
    task: AtomicU64,
    woken: Arc<Woken>,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken
            .push(TaskId::from_bits(self.task.load(Ordering::Relaxed)));
    }
}

#[derive(Debug)]
struct Slot<F> {
    future: Pin<Box<Option<F>>>,
    generation: u32,
    address: Arc<SlotWaker>,
    waker: Waker,
}

/// Tasks of one type.
#[derive(Debug)]
pub struct Pool<F> {
    slots: Vec<Slot<F>>,
    free: Vec<u32>,
    woken: Arc<Woken>,
}

impl<F: Future> Default for Pool<F> {
    fn default() -> Pool<F> {
        Pool {
            slots: Vec::new(),
            free: Vec::new(),
            woken: Arc::default(),
        }
    }
}

impl<F: Future> Pool<F> {
    /// The list of tasks woken by wakers.
    pub fn woken(&self) -> Arc<Woken> {
        Arc::clone(&self.woken)
    }

    /// The identity that the next task will have.
    #[inline]
    pub fn next_id(&self) -> TaskId {
        match self.free.last() {
            Some(slot) => TaskId {
                slot: *slot,
                generation: self.slots[*slot as usize].generation,
            },
            None => TaskId {
                slot: self.slots.len() as u32,
                generation: 0,
            },
        }
    }

    /// Takes a task in. It does not run before it is polled.
    #[inline]
    pub fn spawn(&mut self, future: F) -> TaskId {
        self.spawn_with(|_| future)
    }

    /// Takes in a task that is made where it will stand, knowing its identity: a large future is not carried about.
    #[inline(always)]
    pub fn spawn_with(&mut self, make: impl FnOnce(TaskId) -> F) -> TaskId {
        let id = self.next_id();
        if self.free.pop().is_none() {
            let address = Arc::new(SlotWaker {
                task: AtomicU64::new(0),
                woken: Arc::clone(&self.woken),
            });
            let waker = Waker::from(Arc::clone(&address));
            self.slots.push(Slot {
                future: Box::pin(None),
                generation: 0,
                address,
                waker,
            });
        }
        let slot = &mut self.slots[id.slot as usize];
        slot.address.task.store(id.to_bits(), Ordering::Relaxed);
        slot.future.as_mut().set(Some(make(id)));
        id
    }

    /// Lets a task go on; `None` if it is gone. A task that is ready leaves its slot.
    #[inline]
    pub fn poll(&mut self, id: TaskId) -> Option<Poll<F::Output>> {
        let slot = self
            .slots
            .get_mut(id.slot as usize)
            .filter(|slot| slot.generation == id.generation)?;
        let poll = slot
            .future
            .as_mut()
            .as_pin_mut()?
            .poll(&mut Context::from_waker(&slot.waker));
        if poll.is_ready() {
            self.remove(id);
        }
        Some(poll)
    }

    /// Drops a task at the await where it stands. `false` if it was gone.
    pub fn remove(&mut self, id: TaskId) -> bool {
        match self.slots.get_mut(id.slot as usize) {
            Some(slot) if slot.generation == id.generation && slot.future.is_some() => {
                slot.future.as_mut().set(None);
                slot.generation = slot.generation.wrapping_add(1);
                self.free.push(id.slot);
                true
            }
            _ => false,
        }
    }

    /// Whether a task is still there.
    #[inline]
    pub fn contains(&self, id: TaskId) -> bool {
        self.slots
            .get(id.slot as usize)
            .is_some_and(|slot| slot.generation == id.generation && slot.future.is_some())
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is no task.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops every task, keeping the slots, which are given out again in the order of a new pool.
    pub fn clear(&mut self) {
        for slot in 0..self.slots.len() as u32 {
            self.remove(TaskId {
                slot,
                generation: self.slots[slot as usize].generation,
            });
        }
        self.free.clear();
        self.free.extend((0..self.slots.len() as u32).rev());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::{pending, ready};

    #[test]
    fn a_stale_identity_does_not_reach_the_next_tenant_of_its_slot() {
        let mut pool = Pool::default();
        let first = pool.spawn(ready(1));
        assert_eq!(pool.poll(first), Some(Poll::Ready(1)));
        let second = pool.spawn(ready(2));
        assert_eq!(second.slot, first.slot);
        assert_eq!(pool.poll(first), None);
        assert!(!pool.remove(first));
        assert_eq!(pool.poll(second), Some(Poll::Ready(2)));
    }

    #[test]
    fn a_removed_task_is_dropped_where_it_stands() {
        struct Bell<'a>(&'a Cell<bool>);
        impl Drop for Bell<'_> {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        let dropped = Cell::new(false);
        let mut pool = Pool::default();
        let task = pool.spawn(async {
            let _bell = Bell(&dropped);
            pending::<()>().await;
        });
        assert_eq!(pool.poll(task), Some(Poll::Pending));
        assert!(!dropped.get());
        assert!(pool.remove(task));
        assert!(dropped.get() && pool.is_empty());
    }

    #[test]
    fn a_cleared_pool_gives_out_its_slots_as_a_new_one_does() {
        let mut pool = Pool::default();
        let tasks: Vec<TaskId> = (0..4).map(|_| pool.spawn(pending::<()>())).collect();
        pool.remove(tasks[1]);
        pool.remove(tasks[0]);
        pool.clear();
        assert!(pool.is_empty());
        let slots: Vec<u32> = (0..5).map(|_| pool.spawn(pending::<()>()).slot).collect();
        assert_eq!(slots, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_waker_names_the_present_tenant() {
        let mut pool = Pool::default();
        let woken = pool.woken();
        let nap = || {
            let mut polled = false;
            std::future::poll_fn(move |cx| {
                cx.waker().wake_by_ref();
                if std::mem::replace(&mut polled, true) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
        };
        let task = pool.spawn(nap());
        assert_eq!(pool.poll(task), Some(Poll::Pending));
        let mut list = Vec::new();
        woken.drain_into(&mut list);
        assert_eq!(list, [task]);
    }
}
