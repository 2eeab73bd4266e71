//! When a table's memory is given back.

/// Tables of up to this many rows keep their memory, for the next run in the same world.
pub(crate) const KEPT_MAX: usize = 1 << 14;

/// Gives the memory of a large table back, whose rows are not looked at any more. A small one keeps its rows until the next run.
pub(crate) fn give_back<T>(rows: &mut Vec<T>) {
    if rows.len() > KEPT_MAX {
        *rows = Vec::new();
    }
}
