//! A panic inside a run becomes one line that the caller prints, instead of a backtrace for every seed of a batch.

use std::cell::{Cell, RefCell};
use std::panic::{set_hook, take_hook};

thread_local! {
    /// Whether this thread plays a run.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
    /// Where its last panic was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on a panic inside a run prints nothing, and its place becomes part of [`Failure::Harness`](crate::Failure::Harness). Every
/// other panic is told as before.
pub fn keep_quiet() {
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        if !WITHIN.get() {
            return before(panic);
        }
        let place = panic
            .location()
            .map(|place| format!("{}:{}", place.file(), place.line()));
        PLACE.set(place);
    }));
}

/// Plays a run on this thread.
pub(crate) fn within<T>(play: impl FnOnce() -> T) -> T {
    WITHIN.set(true);
    let outcome = play();
    WITHIN.set(false);
    outcome
}

/// Where the last panic of a run on this thread was, if panics are kept quiet.
pub(crate) fn place() -> Option<String> {
    PLACE.take()
}
