//! What is rare in the events, on a list for the rule that decides it.

/// What is rare in the events: each list is of events, in the order of time, unless it says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Rare {
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
    /// Completions of reads.
    pub(crate) reads: Vec<u32>,
    /// Requests to cancel an order, by their first event.
    pub(crate) cancels: Vec<u32>,
    /// Requests for money back, by their first event.
    pub(crate) refunds: Vec<u32>,
    /// First answers that say that they repeat an earlier one.
    pub(crate) replayed_first: Vec<u32>,
    /// Answers that name no order although the recorder would have seen it.
    pub(crate) nameless: u64,
    /// When faults struck.
    pub(crate) faults: Vec<u64>,
    /// Keys that were sent with more than one payload.
    pub(crate) reused_keys: Vec<u32>,
    /// Keys of which some requests say their payload, and others do not.
    pub(crate) half_said_keys: Vec<u32>,
    /// Keys with a request that was refused.
    pub(crate) refused_keys: Vec<u32>,
    /// Keys with a failure that the contract stores.
    pub(crate) stored_keys: Vec<u32>,
    /// Keys with several requests whose outcome is unknown.
    pub(crate) unresolved_keys: Vec<u32>,
    /// Keys whose order was named so late that it must have been forgotten.
    pub(crate) late_replays: Vec<u32>,
    /// Requests taken for repetitions.
    pub(crate) duplicates: u64,
}

impl Rare {
    pub(super) fn clear(&mut self) {
        let Rare {
            stuck,
            unclear,
            mismatches,
            meant,
            sold_out,
            taken_for_repeats,
            after_ok,
            server_errors,
            merged,
            leaked,
            same_bodies,
            reads,
            cancels,
            refunds,
            replayed_first,
            nameless,
            faults,
            reused_keys,
            half_said_keys,
            refused_keys,
            stored_keys,
            unresolved_keys,
            late_replays,
            duplicates,
        } = self;
        faults.clear();
        same_bodies.clear();
        (*duplicates, *nameless) = (0, 0);
        for list in [
            stuck,
            unclear,
            mismatches,
            meant,
            sold_out,
            taken_for_repeats,
            after_ok,
            server_errors,
            merged,
            leaked,
            reads,
            cancels,
            refunds,
            replayed_first,
            reused_keys,
            half_said_keys,
            refused_keys,
            stored_keys,
            unresolved_keys,
            late_replays,
        ] {
            list.clear();
        }
    }
}
