//! Whether something happened inside a key's time to live, outside, or neither is certain.

/// Where in a key's life something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// The key must still have been known.
    Inside,
    /// It may have been forgotten.
    Outside,
    /// The history does not say when exactly.
    Unknown,
}

/// An instant that is known only by its bounds: `[earliest, latest]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Not before.
    pub(crate) earliest: u64,
    /// Not after.
    pub(crate) latest: u64,
}

impl Bounds {
    /// An instant that is known.
    pub(crate) const fn exactly(t: u64) -> Bounds {
        Bounds {
            earliest: t,
            latest: t,
        }
    }
}

/// Whether `event` came inside the time to live of a record made at `made`; no time to live is for ever.
pub(crate) fn within(ttl: Option<u64>, made: Bounds, event: Bounds) -> Within {
    let Some(ttl) = ttl else {
        return Within::Inside;
    };
    if event.latest < made.earliest.saturating_add(ttl) {
        Within::Inside
    } else if event.earliest >= made.latest.saturating_add(ttl) {
        Within::Outside
    } else {
        Within::Unknown
    }
}

/// Whether two things happened less than the time to live apart, in whatever order.
pub(crate) fn apart(ttl: Option<u64>, a: Bounds, b: Bounds) -> Within {
    match (within(ttl, a, b), within(ttl, b, a)) {
        (Within::Inside, Within::Inside) => Within::Inside,
        (Within::Outside, _) | (_, Within::Outside) => Within::Outside,
        _ => Within::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instant_of_expiry_is_outside() {
        let made = Bounds::exactly(3);
        let at = |t| within(Some(1000), made, Bounds::exactly(t));
        assert_eq!((at(1002), at(1003)), (Within::Inside, Within::Outside));
        assert_eq!(within(None, made, Bounds::exactly(9999)), Within::Inside);
    }

    #[test]
    fn an_interval_that_holds_the_expiry_is_undecided() {
        let made = Bounds {
            earliest: 1,
            latest: 5,
        };
        let at = |earliest, latest| within(Some(1000), made, Bounds { earliest, latest });
        assert_eq!(at(900, 1000), Within::Inside);
        assert_eq!(at(900, 1001), Within::Unknown);
        assert_eq!(at(1004, 1010), Within::Unknown);
        assert_eq!(at(1005, 1010), Within::Outside);
    }

    #[test]
    fn the_order_of_two_instants_does_not_matter() {
        let (a, b) = (Bounds::exactly(5), Bounds::exactly(1004));
        assert_eq!(apart(Some(1000), a, b), Within::Inside);
        assert_eq!(apart(Some(1000), b, a), Within::Inside);
        assert_eq!(apart(Some(1000), Bounds::exactly(1005), a), Within::Outside);
        let long = Bounds {
            earliest: 0,
            latest: 1200,
        };
        let late = Bounds::exactly(1100);
        assert_eq!(apart(Some(1000), late, long), Within::Unknown);
        assert_eq!(apart(Some(1000), long, late), Within::Unknown);
    }
}
