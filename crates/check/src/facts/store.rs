//! All facts of one history, and the memory that is kept between histories.

use std::cell::OnceCell;

use history::{History, TenantRef};

use super::asked::Asked;
use super::by_key::ByKey;
use super::difference::Differing;
use super::extra::Extras;
use super::flaw::Flaw;
use super::gaps::Gaps;
use super::index::Maybe;
use super::known::{IntentFacts, KeyFacts, Link, OrderFacts, PayloadFacts, SkuFacts};
use super::memory::reset;
use super::money::Charges;
use super::odd::OddRows;
use super::rare::Rare;
use super::refusals::Meaning;
use super::taken::Taken;
use super::tells::Tells;
use crate::counts::Counts;

/// The facts of one history. The tables that are asked most stand here themselves; the rest is grouped by what fills it.
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
    /// By SKU.
    pub(crate) skus: Vec<SkuFacts>,
    /// By event.
    pub(crate) links: Vec<Link>,
    /// What is known of the run as a whole.
    pub(crate) run: Run,
    /// What is known of the `ok` answers.
    pub(crate) answers: AnswerFacts,
    /// Unusual events, for the rules that decide about them.
    pub(crate) rare: Rare,
    /// Rows of the audit that are not as usual at first sight.
    pub(crate) odd: OddRows,
    /// What rows and answers leave out.
    pub(crate) gaps: Gaps,
    /// Live orders that are one too many, or may be.
    pub(crate) extras: Extras,
    /// The money.
    pub(crate) charges: Charges,
    /// What is wrong with the record.
    pub(crate) flaws: Vec<Flaw>,
    /// Smaller tables.
    pub(crate) lookup: Lookup,
    /// The sums.
    pub(crate) counts: Counts,
}

/// What the walk over the events finds out about the run as a whole.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The tenant of the first request.
    pub(super) first_tenant: Maybe,
    /// Whether another tenant sent one too.
    pub(crate) has_tenants: bool,
    /// Keys that were sent.
    pub(crate) keys_sent: u64,
    /// Requests that do not say their intent.
    pub(super) attempts_without_intent: u64,
    /// Refusals of a duplicate as in flight.
    pub(crate) refusals_seen: u64,
    /// When the last fault struck.
    pub(crate) last_fault: Option<u64>,
    /// When the last event happened.
    pub(crate) last_event: u64,
    /// Whether the audit was taken after the recovery deadline.
    pub(crate) settled: bool,
}

/// What is known of the `ok` answers, and which of them repeat an earlier one.
#[derive(Debug, Default)]
pub(crate) struct AnswerFacts {
    /// Answers that must name an order.
    pub(crate) acknowledgements: u64,
    /// Completions whose order is not there, or not as it was asked for, at first sight.
    pub(crate) odd: Vec<u32>,
    /// Completions whose order is as it was asked for, but does not say its key, although its request had one.
    pub(crate) keyless: Vec<u32>,
    /// Keys whose `ok` answers or payloads differ.
    pub(crate) mixed_keys: Vec<u32>,
    /// Answers that repeat an earlier one, compared with it.
    pub(crate) repeats: u64,
    /// Answers that do not repeat an earlier one.
    pub(crate) differing: Vec<Differing>,
    /// Answers of which it cannot be told whether they had to.
    pub(crate) undecided_repeats: u64,
    /// Answers of which it cannot be told whether they repeat an earlier one, because one of the two has no body.
    pub(crate) bodiless_repeats: u64,
    /// How many keys have two different answers, of which one is to a request that does not say its payload.
    pub(crate) unsaid_repeats: u64,
}

impl AnswerFacts {
    fn clear(&mut self) {
        let AnswerFacts {
            acknowledgements,
            odd,
            keyless,
            mixed_keys,
            repeats,
            differing,
            undecided_repeats,
            bodiless_repeats,
            unsaid_repeats,
        } = self;
        differing.clear();
        for list in [odd, keyless, mixed_keys] {
            list.clear();
        }
        for count in [
            acknowledgements,
            repeats,
            undecided_repeats,
            bodiless_repeats,
            unsaid_repeats,
        ] {
            *count = 0;
        }
    }
}

/// Tables that one or two questions need: those of the walk over the events, and those that are filled on first use.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    /// By process: what it is doing. See `events`.
    pub(super) processes: Vec<u32>,
    /// By body: the first `ok` that had it, by event.
    pub(super) responses: Vec<Maybe>,
    /// By code: what a refusal with it means.
    pub(super) meanings: Vec<Meaning>,
    /// By code: what a message with that event tells, if there is one.
    pub(super) events_told: Vec<Option<Tells>>,
    /// The changes of key records.
    pub(crate) changes: ByKey,
    /// The orders that have a key, by row. Filled on first use.
    pub(super) keyed_orders: OnceCell<ByKey>,
    /// Who asked for what. Filled on first use.
    pub(super) asked: OnceCell<Asked>,
    /// What may have been taken of the stock. Filled on first use.
    pub(super) taken: OnceCell<Taken>,
    /// By SKU: its price. Filled on first use.
    pub(super) prices: OnceCell<Vec<Option<i64>>>,
}

impl Lookup {
    fn clear(&mut self, history: &History) {
        let Lookup {
            processes,
            responses,
            meanings,
            events_told,
            changes,
            keyed_orders,
            asked,
            taken,
            prices,
        } = self;
        reset(processes, history.processes());
        reset(responses, history.names.responses.len());
        meanings.clear();
        events_told.clear();
        changes.clear();
        keyed_orders.take();
        asked.take();
        taken.take();
        prices.take();
    }
}

impl Facts {
    /// Forgets the facts of the history before.
    pub(super) fn clear(&mut self, history: &History) {
        let Facts {
            keys,
            intents,
            payloads,
            orders,
            skus,
            links,
            run,
            answers,
            rare,
            odd,
            gaps,
            extras,
            charges,
            flaws,
            lookup,
            counts,
        } = self;
        let names = &history.names;
        reset(keys, names.keys.len());
        reset(intents, names.intents.len());
        reset(payloads, names.payloads.len());
        reset(orders, names.orders.len());
        reset(skus, names.skus.len());
        reset(links, history.events.len());
        *run = Run::default();
        answers.clear();
        rare.clear();
        odd.clear();
        gaps.clear();
        extras.clear();
        charges.clear();
        flaws.clear();
        lookup.clear(history);
        *counts = Counts::default();
    }

    /// Whether all requests are of this tenant, and there is one.
    pub(crate) fn is_only_tenant(&self, tenant: TenantRef) -> bool {
        !self.run.has_tenants && self.run.first_tenant == Maybe::at(tenant.index())
    }

    /// Whether every purchase is known by its intent, and was answered with an order.
    pub(crate) fn are_all_acknowledged(&self) -> bool {
        self.run.attempts_without_intent == 0
            && self.counts.intents == self.counts.intents_with_order
    }

    /// Who asked for what.
    pub(crate) fn asked(&self, history: &History) -> &Asked {
        self.lookup.asked.get_or_init(|| Asked::gather(history))
    }

    /// What may have been taken of the stock.
    pub(crate) fn taken(&self, history: &History) -> &Taken {
        self.lookup
            .taken
            .get_or_init(|| Taken::gather(history, &self.links))
    }
}
