//! Which situations a run met, and how often. A rule that was never put to the test has not held.

use crate::History;
use crate::event::{Event, What};

/// The labels, declared in this one place: what each means, and its name in scenario files and reports.
macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A situation worth meeting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Label { $($(#[$doc])* $name,)* }

        impl Label {
            /// Every label.
            pub const ALL: &[Label] = &[$(Label::$name,)*];

            /// The label's name.
            pub const fn name(self) -> &'static str {
                match self { $(Label::$name => $text,)* }
            }
        }
    };
}

labels! {
    /// A request did not reach the service.
    RequestLost = "request-lost",
    /// A reply was lost although the order was committed.
    ReplyLostAfterCommit = "reply-lost-after-commit",
    /// A request was delivered twice by the network.
    DuplicateDelivered = "duplicate-delivered",
    /// A request arrived while another of the same intent was being worked on.
    ConcurrentDuplicate = "concurrent-duplicate",
    /// A client sent a request again for an intent that had an order by then.
    RetryAfterCommit = "retry-after-commit",
    /// A client pressed the button twice.
    DoubleClick = "double-click",
    /// A client gave up waiting.
    ClientTimeout = "client-timeout",
    /// An answer was a replay of an earlier one.
    ReplayServed = "replay-served",
    /// A duplicate was refused because the first was still running.
    InFlightRefused = "in-flight-refused",
    /// A key came with another payload.
    KeyReused = "key-reused",
    /// A replica crashed while a request was on it.
    CrashInFlight = "crash-in-flight",
    /// A replica crashed after the charge and before the commit that records it.
    CrashAfterCharge = "crash-after-charge",
    /// A client retried after the replica that had its request crashed.
    RetryAfterCrash = "retry-after-crash",
    /// The acknowledgement of a commit was lost.
    CommitUnknown = "commit-unknown",
    /// The gateway captured, and its answer was lost.
    CaptureUnknown = "capture-unknown",
    /// A lease ran out and the claim was taken over.
    Takeover = "takeover",
    /// The gateway declined.
    Declined = "declined",
    /// A purchase was refused for lack of stock.
    OutOfStock = "out-of-stock",
    /// A purchase was refused because its coupon was used up, or its seat taken.
    CouponUsed = "coupon-used",
    /// An order that was given up gave its coupon, or its seat, back.
    CouponGivenBack = "coupon-given-back",
    /// A statement waited for another transaction's row lock or unique index entry.
    LockWait = "lock-wait",
    /// Transactions deadlocked, and one of them was rolled back.
    Deadlock = "deadlock",
    /// A key was forgotten after its time to live.
    KeyExpired = "key-expired",
    /// A replica was paused for longer than the lease.
    PausedBeyondLease = "paused-beyond-lease",
    /// Two requests for one intent reached two replicas.
    TwoReplicas = "two-replicas",
    /// An app died while it waited for an answer.
    AppCrash = "app-crash",
    /// The same cart was sent from a second tab.
    SecondTab = "second-tab",
    /// The payment's own channel asked for an order.
    SecondChannel = "second-channel",
    /// A customer intentionally bought the same again.
    RepeatPurchase = "repeat-purchase",
    /// A message of the outbox reached the kitchen again.
    MessageRedelivered = "message-redelivered",
    /// A key came that another tenant had used.
    KeyOfAnotherTenant = "key-of-another-tenant",
    /// A request came with a malformed key.
    MalformedKey = "malformed-key",
    /// A cart was edited and sent again.
    EditedCart = "edited-cart",
    /// A request serialised the content of an earlier one differently.
    Reserialised = "reserialised",
    /// A webhook led to a commit.
    WebhookCommit = "webhook-commit",
    /// A client had no network when it was used.
    Offline = "offline",
    /// Any fault struck.
    FaultStruck = "fault-struck",
}

impl Label {
    /// The label of a name.
    pub fn from_name(name: &str) -> Option<Label> {
        Label::ALL
            .iter()
            .copied()
            .find(|label| label.name() == name)
    }
}

/// How often each label was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    counts: Box<[u64]>,
}

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage {
            counts: vec![0; Label::ALL.len()].into_boxed_slice(),
        }
    }
}

impl Coverage {
    /// The situation was met once more.
    #[inline]
    pub fn hit(&mut self, label: Label) {
        self.counts[label as usize] += 1;
    }

    /// Adds to a label's count.
    pub fn add(&mut self, label: Label, count: u64) {
        self.counts[label as usize] += count;
    }

    /// How often the situation was met.
    pub fn count(&self, label: Label) -> u64 {
        self.counts[label as usize]
    }

    /// Every label with its count, in the order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (Label, u64)> + '_ {
        Label::ALL.iter().map(|label| (*label, self.count(*label)))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.counts.fill(0);
    }
}

impl History {
    /// How often a run met what its scenario requires: a situation by its label, or a fault by its word.
    pub fn times_met(&self, name: &str) -> u64 {
        if let Some(label) = Label::from_name(name) {
            return self.coverage.count(label);
        }
        let is_it = |event: &&Event| match event.what {
            What::Fault { fault, .. } => is_of(&self.names.faults.text(fault.index()), name),
            _ => false,
        };
        self.events.iter().filter(is_it).count() as u64
    }
}

/// Whether a fault is one of a word: the word itself, or numbered where there are several.
fn is_of(fault: &str, word: &str) -> bool {
    match fault.strip_prefix(word) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('-')
            .is_some_and(|number| number.parse::<u32>().is_ok()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_has_a_name_of_its_own() {
        for (i, label) in Label::ALL.iter().enumerate() {
            assert_eq!(Label::from_name(label.name()), Some(*label));
            assert_eq!(*label as usize, i);
        }
    }
}
