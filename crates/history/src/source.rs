//! Where in a file an event or the audit stands, so that whoever recorded it finds it again.

/// What a history read from a file remembers of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The line of each event, from 1.
    pub lines: Vec<u32>,
    /// The line of the audit, if there is one.
    pub audit: Option<u32>,
    /// The file's number of each process; empty if the file numbers them as we do, from 0 in the order of their first line.
    pub processes: Vec<u64>,
}
