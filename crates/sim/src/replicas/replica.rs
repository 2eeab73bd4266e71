//! A process that serves. It keeps nothing but its memory, and that dies with it.

use explore::{Kind, Lineage, TaskId};
use history::FaultRef;
use orders::Owner;

use crate::packed::{Word, halves, join};

pub(super) const REPLICA: Kind = Kind::new("replica");

/// A process that runs the service.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) up: bool,
    /// If it is down: when it is back.
    pub(crate) back_at_us: u64,
    /// It stands still until then.
    pub(crate) paused_until_us: u64,
    /// The owner under which it claims keys, new after each restart.
    pub(crate) owner: Owner,
    /// How much its clock is fast, by now.
    pub(crate) skew_us: i64,
    pub(crate) lineage: Lineage,
    /// Its upkeep task, while one runs.
    pub(crate) upkeep: Option<TaskId>,
    /// How often it looked after its claims.
    pub(crate) upkeeps: u64,
}

impl Replica {
    pub(crate) fn new(number: u32, skew_us: i64) -> Replica {
        Replica {
            up: true,
            back_at_us: 0,
            paused_until_us: 0,
            owner: Owner(u64::from(number)),
            skew_us,
            lineage: Lineage::ROOT.child(REPLICA, u64::from(number)),
            upkeep: None,
            upkeeps: 0,
        }
    }
}

/// A replica that is to die.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dying {
    pub(crate) replica: u32,
    pub(crate) fault: FaultRef,
    pub(crate) down_for_us: u64,
}

/// A replica's turn in a rolling restart: which of the plan's, and whose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(super) restart: u16,
    pub(super) replica: u16,
}

impl Word for Turn {
    #[inline]
    fn to_word(self) -> u64 {
        join(self.restart.into(), self.replica.into())
    }

    #[inline]
    fn from_word(word: u64) -> Turn {
        let (restart, replica) = halves(word);
        Turn {
            restart: restart as u16,
            replica: replica as u16,
        }
    }
}
