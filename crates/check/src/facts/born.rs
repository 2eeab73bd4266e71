//! When the orders of a key were created, as far as their stamps and their clients' clocks tell.
//!
//! An order was not there before the first request that can have made it was sent, and it was there when an answer first named it. Its
//! stamp is off by at most the contract's tolerance; where there is none, it is the instant.

use std::collections::BTreeMap;

use history::{AuditOrder, History, Label, OrderRef, What};

use super::index::Maybe;
use super::refusals::{is_acceptance, is_server_error};
use super::stamps::{OfKey, stamped, tolerance};
use super::store::Facts;
use super::tables::order_rows;
use crate::ttl::Bounds;

/// The requests with a key that can have made an order.
struct Makers {
    /// When the first request was sent whose effect is unknown.
    unseen_from: Option<u64>,
    /// For each order, when the first request was sent that was answered with it.
    named: BTreeMap<OrderRef, u64>,
}

impl Makers {
    fn of(facts: &Facts, history: &History, key: usize) -> Makers {
        let mut makers = Makers {
            unseen_from: None,
            named: BTreeMap::new(),
        };
        // A copy that the network made of any request can have made an order.
        let copies = history.coverage.count(Label::DuplicateDelivered) > 0
            && !mutant!("duplicate-order/copies-make-nothing");
        let mut next = facts.keys[key].last_invoke.get();
        while let Some(begun) = next {
            next = facts.links[begun].previous.get();
            let sent = history.events[begun].t;
            let done = facts.links[begun]
                .partner
                .get()
                .map(|done| &history.events[done].what);
            let is_unseen = match done {
                Some(What::Ok(said)) if !is_acceptance(history, said) => {
                    if let Some(order) = said.order {
                        makers
                            .named
                            .entry(order)
                            .and_modify(|first| *first = sent.min(*first))
                            .or_insert(sent);
                    }
                    said.order.is_none()
                }
                Some(What::Fail(said)) => is_server_error(&history.contract, said),
                _ => true,
            };
            if is_unseen || copies {
                // They come backwards in time.
                makers.unseen_from = Some(sent);
            }
        }
        makers
    }
}

impl Facts {
    /// Finds when the orders were created of which the stamp does not tell exactly.
    pub(super) fn find_births(&self, history: &History, orders: &mut [OfKey]) {
        let is_exact = |order: &OfKey| order.t.is_some() && tolerance(history) == 0;
        if orders.iter().all(is_exact) {
            return;
        }
        orders.sort_unstable_by_key(|order| (order.key, order.row));
        for of_key in orders.chunk_by_mut(|a, b| a.key == b.key) {
            if of_key.iter().all(is_exact) {
                continue;
            }
            let makers = Makers::of(self, history, of_key[0].key as usize);
            for order in of_key {
                let row = &order_rows(history)[order.row as usize];
                let seen = self.seen(history, &makers, row, order.key as usize);
                order.born = stamped(history, order.t, seen);
            }
        }
    }

    /// When an order was created, by the clocks of the clients alone.
    fn seen(&self, history: &History, makers: &Makers, order: &AuditOrder, key: usize) -> Bounds {
        let facts = &self.orders[order.id.index()];
        let end = history.audit.as_ref().map_or(u64::MAX, |audit| audit.t);
        let latest = facts
            .acked
            .get()
            .map_or(end, |acked| history.events[acked].t);
        let named = makers.named.get(&order.id).copied();
        let made = named.into_iter().chain(makers.unseen_from).min();
        let is_sent = self.keys[key].last_invoke != Maybe::default();
        let sent = made.or(is_sent.then_some(self.first_sent(history, key)));
        let sent = sent.filter(|sent| !facts.is_baseline && *sent <= latest);
        let earliest = match mutant!("duplicate-order/orders-may-be-older-than-their-requests") {
            true => 0,
            false => sent.unwrap_or(0),
        };
        Bounds { earliest, latest }
    }
}
