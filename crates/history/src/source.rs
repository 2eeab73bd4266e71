//! The lines of events and rows in a file, so that the person who recorded them can find them.

/// What a history remembers of the file that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The line of each event, from 1.
    pub lines: Vec<u32>,
    /// The line of the audit, if there is one.
    pub audit: Option<u32>,
    /// The line of each order of the audit; empty if all of them stand in the audit's line.
    pub orders: Vec<u32>,
    /// The line of each charge of the audit; empty if all of them stand in the audit's line.
    pub charges: Vec<u32>,
    /// Whether times were written as RFC 3339, so that they are those since 1970.
    pub is_dated: bool,
}

impl Source {
    /// The line of an order's row.
    pub fn order(&self, row: usize) -> Option<u32> {
        self.orders.get(row).copied().or(self.audit)
    }

    /// The line of a charge's row.
    pub fn charge(&self, row: usize) -> Option<u32> {
        self.charges.get(row).copied().or(self.audit)
    }
}
