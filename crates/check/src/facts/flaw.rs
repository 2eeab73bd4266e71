//! What `malformed` asks for.

/// What is wrong with the record itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The event completes nothing.
    CompletionAlone(usize),
    /// The event begins an operation of a process that has not finished another.
    Overlap(usize),
    /// The event begins an operation of a process that got `info` before.
    AfterInfo(usize),
    /// The event is earlier than the one before it.
    Backwards(usize),
    /// The change of a key record is earlier than the one before it.
    ChangeBackwards(usize),
    /// The audit's row repeats the order of an earlier row.
    OrderTwice(usize),
    /// The audit's row repeats the charge of an earlier row.
    ChargeTwice(usize),
    /// The audit's row contradicts that of an earlier row of the same key.
    KeyTwice(usize),
    /// The audit is earlier than the last event, which is this one.
    AuditBeforeEvent(usize),
    /// The audit is earlier than the last change of a key record, which is this one.
    AuditBeforeChange(usize),
}
