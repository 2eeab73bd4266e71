//! The rows of the audit with which anything is not as usual at first sight.

/// Each list is of rows.
#[derive(Debug, Default)]
pub(crate) struct OddRows {
    /// Orders that do not look like what was asked for.
    pub(crate) contents: Vec<u32>,
    /// Orders of which a request was refused and none was answered `ok`.
    pub(crate) refused: Vec<u32>,
    /// Orders that are not confirmed; or lack a charge or a message, where the audit has those tables; or are from before the run.
    pub(crate) unfinished: Vec<u32>,
    /// Charges that are not captured for a live order at its price, or whose purchase may have failed.
    pub(crate) charges: Vec<u32>,
    /// Messages that did not leave after their order was made.
    pub(crate) messages: Vec<u32>,
    /// Messages about an order that had one before, and that one.
    pub(crate) told_again: Vec<u32>,
}

impl OddRows {
    pub(super) fn clear(&mut self) {
        let OddRows {
            contents,
            refused,
            unfinished,
            charges,
            messages,
            told_again,
        } = self;
        for list in [contents, refused, unfinished, charges, messages, told_again] {
            list.clear();
        }
    }
}
