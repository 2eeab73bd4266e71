//! A webhook: how the provider tells a service what became of a capture.

use explore::{Kind, Lineage};

use crate::packed::{Word, halves, join};

const WEBHOOK: Kind = Kind::new("gateway.webhook");
const COPY: Kind = Kind::new("gateway.webhook.copy");
/// A webhook under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    /// The ledger row.
    pub(crate) charge: u32,
    /// Which of the two, if it was sent twice.
    pub(crate) copy: u16,
    /// How often it was not taken.
    pub(crate) tries: u16,
}

impl Word for Webhook {
    #[inline]
    fn to_word(self) -> u64 {
        join(
            self.charge,
            u32::from(self.copy) << 16 | u32::from(self.tries),
        )
    }

    #[inline]
    fn from_word(word: u64) -> Webhook {
        let (charge, rest) = halves(word);
        let (copy, tries) = ((rest >> 16) as u16, rest as u16);
        Webhook {
            charge,
            copy,
            tries,
        }
    }
}

impl Webhook {
    pub(super) fn of_charge(charge: u32) -> Lineage {
        Lineage::ROOT.child(WEBHOOK, u64::from(charge))
    }

    /// Every try of every copy has chances of its own.
    pub(crate) fn lineage(self) -> Lineage {
        let number = u64::from(self.copy) << 16 | u64::from(self.tries);
        Webhook::of_charge(self.charge).child(COPY, number)
    }
}
