//! The kitchen: it prints a ticket for every message of the outbox that reaches it.
//!
//! - [`relay`]: how messages come from the outbox to the kitchen

mod relay;

use explore::{Kind, Lineage};
use orders::NotificationKind;
use protocol::OrderId;
use scenario::faults::Who;

use crate::packed::{Word, halves, join};

/// A message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The row of the outbox, which is the message's id.
    row: u32,
    /// How often it was sent before.
    sent: u16,
    /// Whether it is the second of two that were sent at once.
    copy: bool,
}

impl Word for Message {
    #[inline]
    fn to_word(self) -> u64 {
        join(self.row, u32::from(self.copy) << 16 | u32::from(self.sent))
    }

    #[inline]
    fn from_word(word: u64) -> Message {
        let (row, rest) = halves(word);
        Message {
            row,
            sent: rest as u16,
            copy: rest >> 16 != 0,
        }
    }
}

/// What the kitchen printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) order: OrderId,
    pub(crate) kind: NotificationKind,
    pub(crate) printed_us: u64,
}

/// The relay and the kitchen.
#[derive(Debug, Default)]
pub(crate) struct Kitchen {
    pub(crate) tickets: Vec<Ticket>,
    /// Of each row of the outbox, whether the kitchen has had it.
    known: Vec<bool>,
    /// If the relay is down: when it is back.
    relay_back_at_us: u64,
    /// Until when messages are under way.
    pub(crate) busy_until_us: u64,
}

const MESSAGE: Kind = Kind::new("outbox.message");

impl Message {
    fn who(self) -> Who {
        Who {
            lineage: Lineage::ROOT.child(MESSAGE, u64::from(self.row)),
            ordinal: u64::from(self.sent) << 1 | u64::from(self.copy),
            client: None,
            replica: Who::NOWHERE,
            process: Who::NO_ATTEMPT,
        }
    }
}
