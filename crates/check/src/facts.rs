//! What all rules need to know, in plain arrays indexed by name: one pass over the events, few over the audit.
//!
//! The arrays are kept between histories. What is rare (a key with different answers, an order that does not look like its request)
//! is put on a list here and decided by its rule; what is common costs a rule nothing.

mod asked;
mod audit;
mod born;
mod by_key;
mod changes;
mod charges;
mod crowds;
mod differing;
mod events;
mod extras;
mod gaps;
mod orders;
mod refusals;
mod rows;
mod splits;
mod stock;

use std::cell::OnceCell;

use history::{History, RecordState, TenantRef};

use crate::counts::Counts;
use crate::taken::Taken;
use by_key::ByKey;

pub(crate) use asked::{Asked, Content, Purchase};
pub(crate) use born::stamped;
pub(crate) use charges::{ExtraCharge, Money, charge_rows};
pub(crate) use differing::{Differing, difference};
pub(crate) use events::is_acceptance;
pub(crate) use extras::{ApartPair, Clause, ExtraOrder};
use gaps::Gaps;
pub(crate) use orders::{is_live, may_be_asked, order_rows};
pub(crate) use refusals::{Refusal, is_server_error};
use rows::OddRows;
pub(crate) use stock::{SkuFacts, is_part_of, items_of, stock_table};

/// An index that may be missing, in four bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Maybe(u32);

impl Maybe {
    /// This index. Events and rows are fewer than 2^32 - 1, which [`Facts::gather`] makes sure of.
    #[inline]
    pub(crate) const fn at(index: usize) -> Maybe {
        Maybe(index as u32 + 1)
    }

    /// The index, if there is one.
    #[inline]
    pub(crate) const fn get(self) -> Option<usize> {
        match self.0 {
            0 => None,
            n => Some(n as usize - 1),
        }
    }
}

/// Which of the others something was used for: none so far, exactly one, or not exactly one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sole(u32);

impl Sole {
    const MANY: u32 = u32::MAX;

    /// Records one more use; an unknown user counts as "many".
    #[inline]
    pub(crate) fn see(&mut self, one: Option<usize>) {
        let seen = one.map_or(Sole::MANY, |i| i as u32 + 1);
        if self.0 != seen {
            self.0 = if self.0 == 0 { seen } else { Sole::MANY };
        }
    }

    /// The one.
    #[inline]
    pub(crate) fn get(self) -> Option<usize> {
        (self.0 != 0 && self.0 != Sole::MANY).then(|| self.0 as usize - 1)
    }

    /// Whether it was never used.
    #[inline]
    pub(crate) fn is_unused(self) -> bool {
        self.0 == 0
    }

    /// Whether it was used for more than one, or by an unknown user.
    #[inline]
    pub(crate) fn is_many(self) -> bool {
        self.0 == Sole::MANY
    }
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyFacts {
    /// When the last attempt that may have held the claim ended.
    pub(crate) holder_end: u64,
    /// When it was first sent.
    pub(crate) first_sent: u64,
    /// Which intent it was sent for.
    pub(crate) intent: Sole,
    /// The event of its first `ok`.
    pub(crate) first_ok: Maybe,
    /// The event of its last invocation; [`Link::previous`] goes on from there.
    pub(crate) last_invoke: Maybe,
    /// The first live order with it, by row.
    pub(crate) live: Maybe,
    /// The first payload that it was sent with.
    pub(crate) payload: Maybe,
    /// The first failure that the contract stores, by event.
    pub(crate) stored_error: Maybe,
    /// How many attempts ended without a certain answer; at most 255 are counted.
    pub(crate) infos: u8,
    /// Whether it was sent with another payload too.
    pub(crate) reused: bool,
    /// Whether a request with it was refused.
    pub(crate) refused: bool,
    /// Whether its `ok` answers, or their payloads, differ.
    pub(crate) mixed: bool,
    /// Whether it has more than one live order.
    pub(crate) crowded: bool,
    /// Whether a request with it says its intent.
    pub(crate) is_meant: bool,
    /// Whether a request with it does not say its intent.
    pub(crate) is_silent: bool,
    /// Whether a request with it does not say its payload.
    pub(crate) is_unsaid: bool,
}

impl KeyFacts {
    /// Whether it stands for the purchase: it was sent, and never for an intent, whatever other requests say of theirs.
    #[inline]
    pub(crate) fn is_purchase(&self) -> bool {
        self.is_silent && !self.is_meant
    }

    /// Whether it was sent for two purchases, or may have been.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.is_meant && self.intent.is_many()
    }
}

/// What is known of an intent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IntentFacts {
    /// Its first live order, by row.
    pub(crate) live: Maybe,
    /// Its first captured charge, by row.
    pub(crate) captured: Maybe,
    /// Its first charge that is captured or authorised, by row.
    charged: Maybe,
    /// With which key it was sent.
    pub(crate) key: Sole,
    /// Whether a captured charge of it names no order.
    pub(crate) captured_without_order: bool,
    /// Whether a request was sent for it.
    pub(crate) sent: bool,
    /// Whether it was answered `ok`.
    pub(crate) ok: bool,
    /// Whether a request for it was refused because of another request.
    pub(crate) taken_for_repeat: bool,
    /// How many requests were sent for it.
    pub(crate) attempts: u32,
    /// How many of them certainly failed.
    pub(crate) failed: u32,
}

/// What is known of a payload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PayloadFacts {
    /// Which intent it was sent for.
    pub(crate) intent: Sole,
    /// How many requests were sent with it.
    pub(crate) attempts: u32,
    /// How many of them certainly failed.
    pub(crate) failed: u32,
    /// Whether any of them had no key.
    pub(crate) is_keyless: bool,
}

/// What is known of an order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OrderFacts {
    /// Its row in the audit.
    pub(crate) row: Maybe,
    /// For which intent an `ok` named it.
    pub(crate) named_for: Sole,
    /// The first `ok` that named it, by event.
    pub(crate) acked: Maybe,
    /// Whose `ok` that was.
    pub(crate) acked_to: Maybe,
    /// Whether an `ok` to another tenant named it too.
    pub(crate) is_leaked: bool,
    /// For which key an `ok` named it: 0 is none, and others are one more than the key's index.
    named_with: Sole,
    /// Its first message that tells that it was taken, by row.
    pub(crate) told: Maybe,
    /// Its first message of any kind, by row.
    pub(crate) messaged: Maybe,
    /// Whether it has more than one message.
    pub(crate) told_often: bool,
    /// Whether it has a message whose event may be that it was taken.
    pub(crate) told_unclearly: bool,
    /// Whether it is one too many.
    is_extra: bool,
    /// Whether it was there before the run.
    pub(crate) is_baseline: bool,
    /// The intent it belongs to, as far as that can be known for certain.
    pub(crate) intent: Maybe,
    /// Its first charge that pays for it, by row.
    pub(crate) captured: Maybe,
    /// The first charge that is captured or authorised for it, by row.
    kept: Maybe,
    /// The same, of those that name no purchase.
    charged: Maybe,
}

/// How events hang together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Link {
    /// Of an invocation: its completion. Of a completion: its invocation.
    pub(crate) partner: Maybe,
    /// Of an invocation: the one before it with the same key.
    pub(crate) previous: Maybe,
}

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
    fn clear(&mut self) {
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

/// The facts of one history.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// By key.
    pub(crate) keys: Vec<KeyFacts>,
    /// By intent.
    pub(crate) intents: Vec<IntentFacts>,
    /// By payload.
    pub(crate) payloads: Vec<PayloadFacts>,
    /// By order.
    pub(crate) orders: Vec<OrderFacts>,
    /// By body: the first `ok` that had it, by event.
    responses: Vec<Maybe>,
    /// By SKU.
    pub(crate) skus: Vec<SkuFacts>,
    /// By event.
    pub(crate) links: Vec<Link>,
    /// By process: what it is doing. See `events`.
    processes: Vec<u32>,
    /// By code: what a message with that event tells.
    events_told: Vec<rows::Tells>,
    /// By code: what a refusal with it means, if we know.
    meanings: Vec<Option<Refusal>>,
    /// What is rare in the events and decided by the rules.
    pub(crate) rare: Rare,
    /// Keys whose `ok` answers or payloads differ.
    pub(crate) mixed_keys: Vec<u32>,
    /// Completions whose order is not there, or not as it was asked for, at first sight.
    pub(crate) odd_answers: Vec<u32>,
    /// Rows of the audit that are not as usual at first sight.
    pub(crate) odd: OddRows,
    /// What rows and answers leave out.
    pub(crate) gaps: Gaps,
    /// The changes of key records.
    pub(crate) changes: ByKey,
    /// The orders that have a key, by row. Filled on first use.
    keyed_orders: OnceCell<ByKey>,
    /// What is wrong with the record.
    pub(crate) flaws: Vec<Flaw>,
    /// Who asked for what. Filled on first use.
    asked: OnceCell<Asked>,
    /// What may have been taken of the stock. Filled on first use.
    taken: OnceCell<Taken>,
    /// Live orders beyond the first, each once.
    pub(crate) extra_orders: Vec<ExtraOrder>,
    /// Live orders that no request can have made which did not fail for certain, by row.
    pub(crate) applied_after_failure: Vec<u32>,
    /// Live orders that say too little to be counted, by row.
    pub(crate) unattributed: Vec<u32>,
    /// Live orders of one key, neighbours in time, that were created the time to live apart or more.
    pub(crate) apart_pairs: Vec<ApartPair>,
    /// Live orders of one key, the time between whose creations is unknown.
    pub(crate) undated_pairs: u64,
    /// Scratch of `extras`: the live orders of keys that have several.
    crowd: Vec<born::OfKey>,
    /// Scratch of `extras`: live orders that belong to no certain purchase, by row.
    strays: Vec<u32>,
    /// Groups of orders, by row, each with how many purchases they may be of: more of them than that are not to be paid for.
    crowds: Vec<(Vec<usize>, u64)>,
    /// Purchases that may be split, with their orders.
    splits: Vec<splits::Split>,
    /// Scratch of `extras`: live orders that no purchase asked for, by row.
    unexplained: Vec<u32>,
    /// Scratch of `extras`: the orders that each purchase has because an answer names them, by row.
    answered: std::collections::BTreeMap<Purchase, Vec<usize>>,
    /// Scratch of `extras`: where purchases may be split, each live order by row, with its intent.
    split_orders: Vec<(Option<usize>, u32)>,
    /// Captured charges beyond the first, each once.
    pub(crate) extra_charges: Vec<ExtraCharge>,
    /// Captured charges that may be one too many or not, by row.
    pub(crate) unclear_charges: Vec<u32>,
    /// What was given back of each charge, by its name; empty if nothing was.
    pub(crate) refunded: Vec<i64>,
    /// Scratch of `charges`: by order, the intent that its charges name.
    charged_for: std::collections::BTreeMap<u32, Sole>,
    /// Scratch of `charges`: whether a charge names its intent.
    are_charged_by_intent: bool,
    /// Scratch of `charges`: the first captured charge of each provider key.
    provider_keys: Vec<Maybe>,
    /// By SKU: its price. Filled on first use.
    prices: OnceCell<Vec<Option<i64>>>,
    /// Answers that do not repeat an earlier one.
    pub(crate) differing: Vec<Differing>,
    /// Answers of which it cannot be told whether they had to.
    pub(crate) undecided_repeats: u64,
    /// Answers of which it cannot be told whether they repeat an earlier one, because one of the two has no body.
    pub(crate) bodiless_repeats: u64,
    /// How many keys have two different answers, of which one is to a request that does not say its payload.
    pub(crate) unsaid_repeats: u64,
    /// Answers that repeat an earlier one, compared with it.
    pub(crate) repeats: u64,
    /// Refusals of a duplicate as in flight.
    pub(crate) refusals_seen: u64,
    /// The tenant of the first request.
    first_tenant: Maybe,
    /// Whether another tenant sent one too.
    pub(crate) has_tenants: bool,
    /// Keys that were sent.
    pub(crate) keys_sent: u64,
    /// Answers that must name an order.
    pub(crate) acknowledgements: u64,
    /// Orders whose items are not said.
    pub(crate) orders_without_items: u64,
    /// Live ones among them.
    pub(crate) live_without_items: u64,
    /// Intents or orders with a captured charge.
    pub(crate) charged: u64,
    /// When the last fault struck.
    pub(crate) last_fault: Option<u64>,
    /// When the last event happened.
    pub(crate) last_event: u64,
    /// Whether the audit was taken after the recovery deadline.
    pub(crate) settled: bool,
    /// The sums.
    pub(crate) counts: Counts,
}

/// Clears an array and makes it so long.
fn reset<T: Clone + Default>(array: &mut Vec<T>, len: usize) {
    array.clear();
    array.resize(len, T::default());
}

impl Facts {
    /// Gathers the facts of a history, forgetting those of the one before.
    ///
    /// # Panics
    /// If there are 2^32 - 1 events or rows, which no memory holds, or if a reference has no name.
    pub(crate) fn gather(&mut self, history: &History) {
        assert!(history.events.len() < u32::MAX as usize, "too many events");
        self.clear(history);
        self.index_orders(history);
        self.walk_events(history);
        self.sort_changes(history);
        self.inspect_audit(history);
        if !self.flaws.is_empty() {
            return;
        }
        self.settled = self.is_settled(history);
        self.attribute_orders(history);
        self.find_extra_orders(history);
        self.join_charges(history);
        self.count_suppressed(history);
        self.count_stock(history);
        self.count_keys(history);
        self.join_notifications(history);
        self.find_unfinished(history);
    }

    fn clear(&mut self, history: &History) {
        let names = &history.names;
        reset(&mut self.keys, names.keys.len());
        reset(&mut self.intents, names.intents.len());
        reset(&mut self.payloads, names.payloads.len());
        reset(&mut self.orders, names.orders.len());
        reset(&mut self.responses, names.responses.len());
        reset(&mut self.skus, names.skus.len());
        reset(&mut self.links, history.events.len());
        reset(&mut self.processes, history.processes());
        self.rare.clear();
        self.odd.clear();
        self.gaps.clear();
        self.asked.take();
        self.taken.take();
        self.applied_after_failure.clear();
        self.unattributed.clear();
        self.unclear_charges.clear();
        self.refunded.clear();
        self.apart_pairs.clear();
        self.mixed_keys.clear();
        self.odd_answers.clear();
        self.flaws.clear();
        self.extra_orders.clear();
        self.crowd.clear();
        self.differing.clear();
        self.undecided_repeats = 0;
        self.bodiless_repeats = 0;
        self.unsaid_repeats = 0;
        self.strays.clear();
        self.unexplained.clear();
        self.crowds.clear();
        self.splits.clear();
        self.split_orders.clear();
        self.answered.clear();
        self.extra_charges.clear();
        self.charged_for.clear();
        self.provider_keys.clear();
        self.prices.take();
        self.keyed_orders.take();
        self.undated_pairs = 0;
        self.repeats = 0;
        self.keys_sent = 0;
        self.first_tenant = Maybe::default();
        self.has_tenants = false;
        self.refusals_seen = 0;
        self.acknowledgements = 0;
        self.orders_without_items = 0;
        self.live_without_items = 0;
        self.charged = 0;
        self.last_fault = None;
        self.last_event = 0;
        self.settled = false;
        self.counts = Counts::default();
    }

    /// Whether all requests are of this tenant, and there is one.
    pub(crate) fn is_only_tenant(&self, tenant: TenantRef) -> bool {
        !self.has_tenants && self.first_tenant == Maybe::at(tenant.index())
    }

    /// Who asked for what.
    pub(crate) fn asked(&self, history: &History) -> &Asked {
        self.asked.get_or_init(|| Asked::gather(history))
    }

    /// What may have been taken of the stock.
    pub(crate) fn taken(&self, history: &History) -> &Taken {
        self.taken.get_or_init(|| Taken::gather(history, self))
    }

    /// What is not in order before the recovery deadline may still come into order.
    fn is_settled(&self, history: &History) -> bool {
        let (Some(audit), Some(deadline)) = (&history.audit, history.contract.recovery_deadline)
        else {
            return true;
        };
        audit.t >= self.last_event.saturating_add(deadline)
    }

    /// Counts the purchases that were meant and got no order of their own, although nothing was wrong with them.
    fn count_suppressed(&mut self, history: &History) {
        if history
            .audit
            .as_ref()
            .is_none_or(|audit| audit.orders.is_none())
        {
            return;
        }
        for intent in self.intents.iter().filter(|intent| intent.sent) {
            let suppressed = intent.live == Maybe::default();
            let refused = intent.taken_for_repeat && !intent.ok;
            self.counts.intents_merged += u64::from(suppressed && intent.ok);
            self.counts.intents_refused += u64::from(suppressed && refused);
        }
    }

    fn count_keys(&mut self, history: &History) {
        let keys = history.audit.as_ref().and_then(|audit| audit.keys.as_ref());
        for key in keys.into_iter().flatten() {
            self.counts.keys += u64::from(key.state != RecordState::Absent);
            self.counts.keys_open += u64::from(key.state == RecordState::InProgress);
        }
    }
}
