//! Unusual events, listed once while the history is read, so that a rule need not search all events for them.

/// Lists of unusual events and keys, by what is unusual about them.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    /// Completions that refuse.
    pub(crate) refusals: RareRefusals,
    /// What else requests for orders were answered.
    pub(crate) answers: RareAnswers,
    /// What is not a request for an order.
    pub(crate) others: RareOthers,
    /// Keys that are not sent and answered as usual.
    pub(crate) keys: RareKeys,
}

impl Rare {
    pub(super) fn clear(&mut self) {
        self.refusals.clear();
        self.answers.clear();
        self.others.clear();
        self.keys.clear();
    }
}

/// Completions that refuse. Each list is of events, in the order of time.
#[derive(Debug, Default)]
pub(crate) struct RareRefusals {
    /// Completions that refuse a duplicate although no attempt on the key ended lately.
    pub(crate) stuck: Vec<u32>,
    /// Completions that refuse a duplicate in words that we do not know.
    pub(crate) unclear: Vec<u32>,
    /// Completions that say that a key came with another payload.
    pub(crate) mismatches: Vec<u32>,
    /// Completions that refuse a duplicate in flight, or another payload.
    pub(crate) meant: Vec<u32>,
    /// Completions that refuse for lack of stock.
    pub(crate) sold_out: Vec<u32>,
    /// Completions that take a request for a repetition.
    pub(crate) taken_for_repeats: Vec<u32>,
    /// Requests taken for repetitions.
    pub(crate) duplicates: u64,
}

impl RareRefusals {
    fn clear(&mut self) {
        let RareRefusals {
            stuck,
            unclear,
            mismatches,
            meant,
            sold_out,
            taken_for_repeats,
            duplicates,
        } = self;
        for list in [
            stuck,
            unclear,
            mismatches,
            meant,
            sold_out,
            taken_for_repeats,
        ] {
            list.clear();
        }
        *duplicates = 0;
    }
}

/// What else requests for orders were answered. Each list is of events, in the order of time.
#[derive(Debug, Default)]
pub(crate) struct RareAnswers {
    /// Completions that fail, or say only that they were accepted, although the key was answered `ok` before they were asked for.
    pub(crate) after_ok: Vec<u32>,
    /// Completions with a server error, whose outcome is unknown, of a request with a key.
    pub(crate) server_errors: Vec<u32>,
    /// Completions that name an order that was named for another intent before.
    pub(crate) merged: Vec<u32>,
    /// Completions that name an order that was named to another tenant before.
    pub(crate) leaked: Vec<u32>,
    /// Completions with the body that an answer with another order had before, and that answer.
    pub(crate) same_bodies: Vec<(u32, u32)>,
    /// First answers that say that they repeat an earlier one.
    pub(crate) replayed_first: Vec<u32>,
    /// Answers that name no order although the recorder would have seen it.
    pub(crate) nameless: u64,
}

impl RareAnswers {
    fn clear(&mut self) {
        let RareAnswers {
            after_ok,
            server_errors,
            merged,
            leaked,
            same_bodies,
            replayed_first,
            nameless,
        } = self;
        for list in [after_ok, server_errors, merged, leaked, replayed_first] {
            list.clear();
        }
        same_bodies.clear();
        *nameless = 0;
    }
}

/// What is not a request for an order. Each list is of events, in the order of time, unless it says otherwise.
#[derive(Debug, Default)]
pub(crate) struct RareOthers {
    /// Completions of reads.
    pub(crate) reads: Vec<u32>,
    /// Requests to cancel an order, by their first event.
    pub(crate) cancels: Vec<u32>,
    /// Requests for money back, by their first event.
    pub(crate) refunds: Vec<u32>,
    /// When faults struck.
    pub(crate) faults: Vec<u64>,
}

impl RareOthers {
    fn clear(&mut self) {
        let RareOthers {
            reads,
            cancels,
            refunds,
            faults,
        } = self;
        for list in [reads, cancels, refunds] {
            list.clear();
        }
        faults.clear();
    }
}

/// Keys that are not sent and answered as usual.
#[derive(Debug, Default)]
pub(crate) struct RareKeys {
    /// Keys that were sent with more than one payload.
    pub(crate) reused: Vec<u32>,
    /// Keys of which some requests say their payload, and others do not.
    pub(crate) half_said: Vec<u32>,
    /// Keys with a request that was refused.
    pub(crate) refused: Vec<u32>,
    /// Keys with a failure that the contract stores.
    pub(crate) stored: Vec<u32>,
    /// Keys with several requests whose outcome is unknown.
    pub(crate) unresolved: Vec<u32>,
    /// Keys whose order was named so late that it must have been forgotten.
    pub(crate) late_replays: Vec<u32>,
}

impl RareKeys {
    fn clear(&mut self) {
        let RareKeys {
            reused,
            half_said,
            refused,
            stored,
            unresolved,
            late_replays,
        } = self;
        for list in [reused, half_said, refused, stored, unresolved, late_replays] {
            list.clear();
        }
    }
}
