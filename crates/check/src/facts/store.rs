//! All facts of one history, and the memory that is kept between histories.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use history::{History, TenantRef};

use super::asked::{Asked, Purchase};
use super::by_key::ByKey;
use super::difference::Differing;
use super::extra::{ApartPair, ExtraOrder};
use super::flaw::Flaw;
use super::gaps::Gaps;
use super::index::{Maybe, Sole};
use super::known::{IntentFacts, KeyFacts, Link, OrderFacts, PayloadFacts, SkuFacts};
use super::memory::reset;
use super::money::ExtraCharge;
use super::odd::OddRows;
use super::rare::Rare;
use super::refusals::Meaning;
use super::split::Split;
use super::stamps::OfKey;
use super::taken::Taken;
use super::tells::Tells;
use crate::counts::Counts;

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
    pub(super) responses: Vec<Maybe>,
    /// By SKU.
    pub(crate) skus: Vec<SkuFacts>,
    /// By event.
    pub(crate) links: Vec<Link>,
    /// By process: what it is doing. See `events`.
    pub(super) processes: Vec<u32>,
    /// By code: what a message with that event tells, if there is one.
    pub(super) events_told: Vec<Option<Tells>>,
    /// By code: what a refusal with it means.
    pub(super) meanings: Vec<Meaning>,
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
    pub(super) keyed_orders: OnceCell<ByKey>,
    /// What is wrong with the record.
    pub(crate) flaws: Vec<Flaw>,
    /// Who asked for what. Filled on first use.
    pub(super) asked: OnceCell<Asked>,
    /// What may have been taken of the stock. Filled on first use.
    pub(super) taken: OnceCell<Taken>,
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
    pub(super) crowd: Vec<OfKey>,
    /// Scratch of `extras`: live orders that belong to no certain purchase, by row.
    pub(super) strays: Vec<u32>,
    /// Groups of orders, by row, each with how many purchases they may be of: more of them than that are not to be paid for.
    pub(super) crowds: Vec<(Vec<usize>, u64)>,
    /// Purchases that may be split, with their orders.
    pub(super) splits: Vec<Split>,
    /// Scratch of `extras`: live orders that no purchase asked for, by row.
    pub(super) unexplained: Vec<u32>,
    /// Scratch of `extras`: the orders that each purchase has because an answer names them, by row.
    pub(super) answered: BTreeMap<Purchase, Vec<usize>>,
    /// Scratch of `extras`: where purchases may be split, each live order by row, with its intent.
    pub(super) split_orders: Vec<(Option<usize>, u32)>,
    /// Captured charges beyond the first, each once.
    pub(crate) extra_charges: Vec<ExtraCharge>,
    /// Captured charges that may be one too many or not, by row.
    pub(crate) unclear_charges: Vec<u32>,
    /// What was given back of each charge, by its name; empty if nothing was.
    pub(crate) refunded: Vec<i64>,
    /// Scratch of `charges`: by order, the intent that its charges name.
    pub(super) charged_for: BTreeMap<u32, Sole>,
    /// Scratch of `charges`: whether a charge names its intent.
    pub(super) are_charged_by_intent: bool,
    /// Scratch of `charges`: the first captured charge of each provider key.
    pub(super) provider_keys: Vec<Maybe>,
    /// By SKU: its price. Filled on first use.
    pub(super) prices: OnceCell<Vec<Option<i64>>>,
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
    pub(super) first_tenant: Maybe,
    /// Whether another tenant sent one too.
    pub(crate) has_tenants: bool,
    /// Keys that were sent.
    pub(crate) keys_sent: u64,
    /// Requests that do not say their intent.
    pub(super) attempts_without_intent: u64,
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

impl Facts {
    /// Forgets the facts of the history before.
    pub(super) fn clear(&mut self, history: &History) {
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
        self.taken
            .get_or_init(|| Taken::gather(history, &self.links))
    }
}
