//! What each rule goes by, and how much of it a history has: the answer to "why was this not judged?".

mod needs;

use history::{Audit, Completion, History, Invoke, What};
use serde::Serialize;

pub use needs::needs;

use crate::rules::Rule;

/// Something in a history that rules go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// Requests for an order.
    Requests,
    /// Requests that say which purchase was meant.
    RequestIntents,
    /// Requests with a key.
    RequestKeys,
    /// Requests that say what was asked for.
    RequestPayloads,
    /// Answers `ok`.
    Accepted,
    /// Answers `ok` that name their order.
    AnsweredOrders,
    /// Answers `ok` with their body.
    AnsweredBodies,
    /// Answers `ok` that say whether they repeat an earlier one.
    AnsweredReplayed,
    /// Refusals.
    Refusals,
    /// Refusals with a status.
    RefusalStatuses,
    /// Refusals that say why.
    RefusalCodes,
    /// Requests to read an order.
    Reads,
    /// Requests to give money back.
    RefundRequests,
    /// Faults.
    Faults,
    /// Changes of key records.
    Transitions,
    /// Changes of key records that name their owner.
    TransitionOwners,
    /// Orders.
    Orders,
    /// Orders with their key.
    OrderKeys,
    /// Orders that say which purchase they are of.
    OrderIntents,
    /// Orders that say what is in them.
    OrderContents,
    /// Orders with the time of their creation.
    OrderTimes,
    /// Charges.
    Charges,
    /// Charges that name their order.
    ChargeOrders,
    /// Charges with the key that the provider was given.
    ChargeKeys,
    /// Refunds.
    Refunds,
    /// Counted stock.
    Stock,
    /// Messages.
    Messages,
    /// Messages with the time at which they left.
    MessageTimes,
    /// Key records.
    KeyRecords,
    /// Coupons.
    Coupons,
    /// Carts.
    Carts,
    /// Sales counters.
    Sales,
    /// Entries of the inventory log.
    InventoryLog,
    /// The service's own rows of charges.
    RecordedCharges,
    /// The contract's prices.
    Prices,
    /// The contract's time to live.
    Ttl,
    /// The contract's list of stored failures.
    StoredErrors,
    /// The contract's statuses of refusals.
    Statuses,
    /// The contract's recovery deadline.
    Deadline,
    /// The contract's floor of success.
    Floor,
}

use Input::*;

/// Inputs with the words for them.
const WORDS: &[(Input, &str)] = &[
    (Requests, "requests"),
    (RequestIntents, "requests that name their intent"),
    (RequestKeys, "requests with a key"),
    (RequestPayloads, "requests with a payload"),
    (Accepted, "answers `ok`"),
    (AnsweredOrders, "answers `ok` that name their order"),
    (AnsweredBodies, "answers `ok` with their body"),
    (
        AnsweredReplayed,
        "answers `ok` that say whether they are replayed",
    ),
    (Refusals, "refusals"),
    (RefusalStatuses, "refusals with a status"),
    (RefusalCodes, "refusals with a code"),
    (Reads, "reads"),
    (RefundRequests, "requests for a refund"),
    (Faults, "faults"),
    (Transitions, "changes of key records"),
    (
        TransitionOwners,
        "changes of key records that name their owner",
    ),
    (Orders, "orders"),
    (OrderKeys, "orders with their key"),
    (OrderIntents, "orders with their intent"),
    (OrderContents, "orders with their items or payload"),
    (OrderTimes, "orders with their time"),
    (Charges, "charges"),
    (ChargeOrders, "charges that name their order"),
    (ChargeKeys, "charges with the provider's key"),
    (Refunds, "refunds"),
    (Stock, "counted SKUs"),
    (Messages, "messages"),
    (MessageTimes, "messages with their time"),
    (KeyRecords, "key records"),
    (Coupons, "coupons"),
    (Carts, "carts"),
    (Sales, "sales counters"),
    (InventoryLog, "entries of the inventory log"),
    (RecordedCharges, "charge rows of the service itself"),
    (Prices, "prices in the contract"),
    (Ttl, "the contract's time to live"),
    (StoredErrors, "the contract's list of stored failures"),
    (Statuses, "the contract's statuses of refusals"),
    (Deadline, "the contract's recovery deadline"),
    (Floor, "the contract's floor of success"),
];

impl Input {
    /// Whether there is one of it or none, so that counting it says nothing.
    const fn is_single(self) -> bool {
        matches!(self, Ttl | StoredErrors | Statuses | Deadline | Floor)
    }

    /// The input in words, many of it.
    pub fn words(self) -> &'static str {
        let (input, words) = WORDS[self as usize];
        debug_assert_eq!(input, self);
        words
    }
}

/// How much of an input a history has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Had {
    /// The input in words.
    pub what: &'static str,
    /// How many there are; `None` if that part of the audit was not looked at.
    pub count: Option<u64>,
    /// Whether there is one of it or none.
    #[serde(skip)]
    pub is_single: bool,
}

/// How much of everything a history has; gathered once, asked for each rule.
#[derive(Clone, Debug)]
pub struct Inventory {
    counts: Vec<Option<u64>>,
}

impl Inventory {
    /// Counts everything.
    pub fn of(history: &History) -> Inventory {
        let mut inventory = Inventory {
            counts: vec![None; WORDS.len()],
        };
        inventory.events(history);
        inventory.transitions(history);
        inventory.contract(history);
        if let Some(audit) = &history.audit {
            inventory.audit(audit);
        }
        inventory
    }

    /// How much of what a rule goes by there is.
    pub fn had_by(&self, rule: Rule) -> Vec<Had> {
        let had = |input: &Input| Had {
            what: input.words(),
            count: self.counts[*input as usize],
            is_single: input.is_single(),
        };
        needs(rule).iter().map(had).collect()
    }

    fn set(&mut self, input: Input, count: Option<usize>) {
        self.counts[input as usize] = count.map(|count| count as u64);
    }

    fn add(&mut self, input: Input, is_there: bool) {
        *self.counts[input as usize].get_or_insert(0) += u64::from(is_there);
    }

    fn events(&mut self, history: &History) {
        let always = [
            Requests,
            RequestIntents,
            RequestKeys,
            RequestPayloads,
            Accepted,
            AnsweredOrders,
            AnsweredBodies,
            AnsweredReplayed,
            Refusals,
            RefusalStatuses,
            RefusalCodes,
            Reads,
            RefundRequests,
            Faults,
        ];
        for input in always {
            self.add(input, false);
        }
        for event in &history.events {
            match &event.what {
                What::Invoke(asked) => self.request(asked),
                What::Ok(said) => self.accepted(said),
                What::Fail(said) => {
                    self.add(Refusals, true);
                    self.add(RefusalStatuses, said.status.is_some());
                    self.add(RefusalCodes, said.code.is_some());
                }
                What::Read { .. } => self.add(Reads, true),
                What::Refund(_) => self.add(RefundRequests, true),
                What::Fault { .. } => self.add(Faults, true),
                What::Info(_) | What::Cancel { .. } => {}
            }
        }
    }

    fn request(&mut self, asked: &Invoke) {
        self.add(Requests, true);
        self.add(RequestIntents, asked.intent.is_some());
        self.add(RequestKeys, asked.key.is_some());
        self.add(RequestPayloads, asked.payload.is_some());
    }

    fn accepted(&mut self, said: &Completion) {
        self.add(Accepted, true);
        self.add(AnsweredOrders, said.order.is_some());
        self.add(AnsweredBodies, said.response.is_some());
        self.add(AnsweredReplayed, said.replayed.is_some());
    }

    fn transitions(&mut self, history: &History) {
        let all = &history.transitions;
        let owned = all.iter().filter(|change| change.owner.is_some()).count();
        self.set(Transitions, Some(all.len()));
        self.set(TransitionOwners, Some(owned));
    }

    fn contract(&mut self, history: &History) {
        let contract = &history.contract;
        let statuses =
            usize::from(contract.mismatch.is_some()) + usize::from(contract.in_flight.is_some());
        self.set(Prices, Some(contract.prices.len()));
        self.set(Ttl, Some(usize::from(contract.ttl.is_some())));
        self.set(
            StoredErrors,
            Some(usize::from(contract.stored_errors.is_some())),
        );
        self.set(Statuses, Some(statuses));
        self.set(
            Deadline,
            Some(usize::from(contract.recovery_deadline.is_some())),
        );
        self.set(
            Floor,
            Some(usize::from(contract.success_floor_ppm.is_some())),
        );
    }

    fn audit(&mut self, audit: &Audit) {
        if let Some(orders) = &audit.orders {
            let having = |is_so: fn(&history::AuditOrder) -> bool| {
                orders.iter().filter(|order| is_so(order)).count()
            };
            self.set(Orders, Some(orders.len()));
            self.set(OrderKeys, Some(having(|order| order.key.is_some())));
            self.set(OrderIntents, Some(having(|order| order.intent.is_some())));
            self.set(
                OrderContents,
                Some(having(|order| {
                    order.items.is_some() || order.payload.is_some()
                })),
            );
            self.set(OrderTimes, Some(having(|order| order.t.is_some())));
        }
        if let Some(charges) = &audit.charges {
            let having = |is_so: fn(&history::AuditCharge) -> bool| {
                charges.iter().filter(|charge| is_so(charge)).count()
            };
            self.set(Charges, Some(charges.len()));
            self.set(ChargeOrders, Some(having(|charge| charge.order.is_some())));
            self.set(
                ChargeKeys,
                Some(having(|charge| charge.provider_key.is_some())),
            );
        }
        if let Some(messages) = &audit.notifications {
            self.set(Messages, Some(messages.len()));
            self.set(
                MessageTimes,
                Some(
                    messages
                        .iter()
                        .filter(|message| message.t.is_some())
                        .count(),
                ),
            );
        }
        self.set(Refunds, audit.refunds.as_ref().map(Vec::len));
        self.set(Stock, audit.stock.as_ref().map(Vec::len));
        self.set(KeyRecords, audit.keys.as_ref().map(Vec::len));
        self.set(Coupons, audit.coupons.as_ref().map(Vec::len));
        self.set(Carts, audit.carts.as_ref().map(Vec::len));
        self.set(Sales, audit.sales.as_ref().map(Vec::len));
        self.set(InventoryLog, audit.inventory_log.as_ref().map(Vec::len));
        self.set(
            RecordedCharges,
            audit.recorded_charges.as_ref().map(Vec::len),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_has_its_words_at_its_place() {
        for (place, (input, words)) in WORDS.iter().enumerate() {
            assert_eq!(*input as usize, place, "{words}");
        }
        assert_eq!(WORDS.len(), Floor as usize + 1);
    }

    #[test]
    fn what_was_not_looked_at_is_not_the_same_as_nothing() {
        let text = concat!(
            r#"{"kind":"contract","time_unit":"ms"}"#,
            "\n",
            r#"{"kind":"audit","t":9,"orders":[]}"#
        );
        let history = history::jsonl::read(text.as_bytes()).expect("it is a history");
        let had = Inventory::of(&history).had_by(Rule::OrphanCharge);
        let counts: Vec<Option<u64>> = had.iter().map(|had| had.count).collect();
        assert_eq!(counts, [None, None, Some(0)]);
    }
}
