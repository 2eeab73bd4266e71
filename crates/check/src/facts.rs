//! What all rules need to know, in plain arrays indexed by name: one pass over the events, few over the audit.
//!
//! The arrays are kept between histories. What is rare (a key with different answers, an order that does not look like its request)
//! is put on a list here and decided by its rule; what is common costs a rule nothing.

mod acknowledged;
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
mod flaw;
mod gaps;
mod index;
mod known;
mod orders;
mod rare;
mod refusals;
mod refused;
mod rows;
mod splits;
mod stock;
mod told;

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
pub(crate) use flaw::Flaw;
use gaps::Gaps;
pub(crate) use index::{Maybe, Sole};
pub(crate) use known::{IntentFacts, KeyFacts, Link, OrderFacts, PayloadFacts};
pub(crate) use orders::{is_live, may_be_asked, order_rows};
use rare::Rare;
pub(crate) use refusals::{Refusal, is_server_error};
use rows::OddRows;
pub(crate) use stock::{SkuFacts, is_part_of, items_of, stock_table};

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
    /// By code: what a message with that event tells, if there is one.
    events_told: Vec<Option<rows::Tells>>,
    /// By code: what a refusal with it means.
    meanings: Vec<refusals::Meaning>,
    /// What is rare in the events and decided by the rules.
    pub(crate) rare: Rare,
    /// Keys whose `ok` answers or payloads differ.
    pub(crate) mixed_keys: Vec<u32>,
    /// Completions whose order is not there, or not as it was asked for, at first sight.
    pub(crate) odd_answers: Vec<u32>,
    /// Completions whose order is as it was asked for, but does not say its key, although its request had one.
    pub(crate) keyless_answers: Vec<u32>,
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
    /// Requests that do not say their intent.
    attempts_without_intent: u64,
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

/// Fills an array with `len` defaults.
fn reset<T: Clone + Default>(array: &mut Vec<T>, len: usize) {
    array.clear();
    array.resize(len, T::default());
}

/// Arrays of more elements than this are not kept once they are done with: a small history needs no new memory, a large one needs it
/// for something else.
const KEPT_MAX: usize = 1 << 16;

/// Frees the memory of an array that is done with, if it is large.
fn free_if_large<T>(array: &mut Vec<T>) {
    if array.capacity() > KEPT_MAX {
        *array = Vec::new();
    }
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
        self.keyless_answers.clear();
        self.meanings.clear();
        self.attempts_without_intent = 0;
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

    /// Whether every purchase is known by its intent, and was answered with an order.
    pub(crate) fn are_all_acknowledged(&self) -> bool {
        self.attempts_without_intent == 0 && self.counts.intents == self.counts.intents_with_order
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
