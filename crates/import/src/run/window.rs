//! Which orders a log can say nothing about, because their requests may not be in it.
//!
//! A log is cut at both ends, and a request is logged when it has ended. An order that was made before the first request of the
//! log ended may be of a request that was logged in the file before; one that was made shortly before the last ended, or later,
//! of a request that is logged in the file after. A judge would take them for orders that were never asked for. Whether it is so
//! is decided by the key: an order whose key is in the log belongs to it, also near either end.

use crate::requests::Covered;

/// When an order was made, seen from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the log, or about its begin with a key that it does not have.
    Before,
    /// Within the log, or with a key of it.
    Inside,
    /// About the end of the log or after it, with a key that it does not have.
    After,
}

/// The time that a log covers, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Before this nothing in the log had begun.
    first: i64,
    /// Orders before this may be of a request that ended before the log.
    sure_from: i64,
    /// Orders after this may be of a request that ended after the log.
    sure_until: i64,
}

impl Window {
    /// The window of the requests that were seen; without any, nothing is known, and everything is inside.
    pub(super) fn new(covered: Option<Covered>, has_keys: bool, tolerance: i64) -> Window {
        let Some(Covered {
            first,
            first_end,
            last,
            longest,
        }) = covered
        else {
            return Window {
                first: i64::MIN,
                sure_from: i64::MIN,
                sure_until: i64::MAX,
            };
        };
        let first = first.saturating_sub(tolerance);
        // Near the ends of the log, only keys tell its orders from others.
        let (sure_from, sure_until) = match has_keys {
            true => (
                first_end.saturating_add(tolerance),
                last.saturating_sub(longest).saturating_sub(tolerance),
            ),
            false => (first, last.saturating_add(tolerance)),
        };
        Window {
            first,
            sure_from,
            sure_until,
        }
    }

    /// How an order that was made at a time relates to the log. `is_known` says whether its key is in the log.
    pub(super) fn place(&self, t: i64, is_known: bool) -> Place {
        match t {
            t if t < self.first => Place::Before,
            _ if is_known => Place::Inside,
            t if t < self.sure_from => Place::Before,
            t if t > self.sure_until => Place::After,
            _ => Place::Inside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests from 100 to 500, the first of which ended at 130; the longest took 60.
    const COVERED: Covered = Covered {
        first: 100,
        first_end: 130,
        last: 500,
        longest: 60,
    };

    #[test]
    fn an_order_about_the_ends_of_a_log_is_of_it_only_if_its_key_is() {
        let window = Window::new(Some(COVERED), true, 5);
        for (t, known, unknown) in [
            (94, Place::Before, Place::Before),
            (95, Place::Inside, Place::Before),
            (134, Place::Inside, Place::Before),
            (135, Place::Inside, Place::Inside),
            (435, Place::Inside, Place::Inside),
            (436, Place::Inside, Place::After),
            (900, Place::Inside, Place::After),
        ] {
            assert_eq!(
                (window.place(t, true), window.place(t, false)),
                (known, unknown),
                "{t}"
            );
        }
    }

    #[test]
    fn without_keys_only_what_lies_outside_of_the_log_is_not_of_it() {
        let window = Window::new(Some(COVERED), false, 5);
        let places = [94, 95, 505, 506].map(|t| window.place(t, false));
        assert_eq!(
            places,
            [Place::Before, Place::Inside, Place::Inside, Place::After]
        );
        assert_eq!(Window::new(None, false, 5).place(0, false), Place::Inside);
    }
}
