//! What was asked for, by content, with when and by whom: gathered once, on first use, because most histories have no odd order.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use history::{AuditOrder, BasketRef, CouponRef, Invoke, Item, PayloadRef, TenantRef, What};
use rustc_hash::FxHashSet;

use crate::case::Case;
use crate::facts::{is_part_of, items_of};

/// The contents that were asked for.
#[derive(Default)]
pub(in crate::rules) struct Contents<'a> {
    gathered: OnceCell<Gathered<'a>>,
}

/// Who asked: a tenant, perhaps with a coupon.
type Asker = (TenantRef, Option<CouponRef>);
type Askers = BTreeSet<Asker>;

#[derive(Default)]
struct Gathered<'a> {
    /// When each list of items was first asked for.
    sent: BTreeMap<&'a [Item], u64>,
    /// When anything was, and when something was that does not say its items.
    first: Option<u64>,
    first_unspecified: Option<u64>,
    by_items: BTreeMap<&'a [Item], Askers>,
    /// Those whose payload has no items.
    itemless: Askers,
    /// Those without a payload: they may have asked for anything.
    blind: Askers,
    /// Those of each payload, of which there may be as many as purchases: sorted, each once.
    by_payload: Vec<(PayloadRef, Asker)>,
}

/// What a request says of its content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Said {
    Items(BasketRef),
    Payload,
    Nothing,
}

impl<'a> Gathered<'a> {
    fn of(case: &Case<'a>) -> Gathered<'a> {
        let names = &case.history.names;
        let mut gathered = Gathered::default();
        // A day has millions of requests, and few that differ in what is gathered here but their time, of which the first counts.
        let mut seen = FxHashSet::default();
        for event in &case.history.events {
            let What::Invoke(asked) = &event.what else { continue };
            let asker = (asked.tenant, asked.coupon);
            let items = asked.payload.map(|payload| names.payload_items(payload));
            if let Some(payload) = asked.payload {
                gathered.by_payload.push((payload, asker));
            }
            let said = match items {
                Some(Some(basket)) => Said::Items(basket),
                Some(None) => Said::Payload,
                None => Said::Nothing,
            };
            if !seen.insert((said, asker)) {
                continue;
            }
            gathered.first.get_or_insert(event.t);
            if let Said::Items(basket) = said {
                let items = names.items(basket);
                gathered.sent.entry(items).or_insert(event.t);
                gathered.by_items.entry(items).or_default().insert(asker);
            } else {
                gathered.first_unspecified.get_or_insert(event.t);
                let askers = match said {
                    Said::Payload => &mut gathered.itemless,
                    _ => &mut gathered.blind,
                };
                askers.insert(asker);
            }
        }
        // Stable, because that is fast where they are in order almost.
        gathered.by_payload.sort();
        gathered.by_payload.dedup();
        gathered
    }
}

impl<'a> Contents<'a> {
    fn gathered(&self, case: &Case<'a>) -> &Gathered<'a> {
        self.gathered.get_or_init(|| Gathered::of(case))
    }

    /// Whether a list of items was asked for, or more than it where orders may be split; `None` if no request says its items.
    pub(super) fn are_sent(&self, case: &Case<'a>, items: &[Item]) -> Option<bool> {
        let sent = &self.gathered(case).sent;
        let found = match case.history.contract.split {
            false => sent.contains_key(items),
            true => sent.keys().any(|asked| is_part_of(items, asked)),
        };
        (!sent.is_empty()).then_some(found)
    }

    /// Whether a list of items was never asked for, but more than it was.
    pub(in crate::rules) fn is_only_a_part(&self, case: &Case<'a>, items: &[Item]) -> bool {
        let sent = &self.gathered(case).sent;
        !sent.contains_key(items) && sent.keys().any(|asked| is_part_of(items, asked))
    }

    /// When an order's content was first asked for; where its content, or that of a request, is not known, when anything was.
    pub(super) fn first_asked(&self, case: &Case<'a>, order: &AuditOrder) -> Option<u64> {
        let gathered = self.gathered(case);
        let basket = items_of(case.history, order);
        let sent = basket.and_then(|basket| gathered.sent.get(case.history.names.items(basket)));
        match sent {
            Some(sent) => gathered.first_unspecified.into_iter().chain([*sent]).min(),
            None => gathered.first,
        }
    }

    /// Whether a request of an order's tenant, with its coupon if it has one, does not say what it asked for.
    pub(super) fn may_be_asked_blindly(&self, case: &Case<'a>, order: &AuditOrder) -> bool {
        let gathered = self.gathered(case);
        is_any_own(order, &gathered.blind) || is_any_own(order, &gathered.itemless)
    }

    /// Whether any request of an order's tenant, with its coupon if it has one, may have asked for it, as far as both say.
    pub(super) fn may_be_asked_by_its_own(&self, case: &Case<'a>, order: &AuditOrder) -> bool {
        let gathered = self.gathered(case);
        let any = |askers: &Askers| is_any_own(order, askers);
        let found = |askers: Option<&Askers>| askers.is_some_and(any);
        if any(&gathered.blind) {
            return true;
        }
        if let Some(payload) = order.payload {
            let askers = &gathered.by_payload;
            let least = order.tenant.map(|tenant| (tenant, None));
            let begin = askers.partition_point(|(other, asker)| {
                (*other, Some(*asker)) < (payload, least)
            });
            let own = askers[begin..].iter().take_while(|(other, (tenant, _))| {
                *other == payload && order.tenant.is_none_or(|own| own == *tenant)
            });
            return { own }.any(|(_, (_, coupon))| is_coupon_of(order, *coupon));
        }
        if any(&gathered.itemless) {
            return true;
        }
        let Some(basket) = items_of(case.history, order) else {
            return gathered.by_items.values().any(any);
        };
        let items = case.history.names.items(basket);
        let mut more = gathered.by_items.iter().filter(|_| case.history.contract.split);
        found(gathered.by_items.get(items))
            || more.any(|(asked, askers)| is_part_of(items, asked) && any(askers))
    }
}

/// Whether any of these is of an order's tenant, with its coupon if it has one.
fn is_any_own(order: &AuditOrder, askers: &Askers) -> bool {
    let of_tenant = order.tenant.map(|tenant| {
        askers.range((tenant, None)..).take_while(move |(asker, _)| *asker == tenant)
    });
    let of_any = order.tenant.is_none().then(|| askers.iter());
    let mut own = of_tenant.into_iter().flatten().chain(of_any.into_iter().flatten());
    own.any(|(_, coupon)| is_coupon_of(order, *coupon))
}

/// Whether a request may have asked with the coupon of an order, if it has one.
pub(super) fn has_coupon(order: &AuditOrder, asked: &Invoke) -> bool {
    is_coupon_of(order, asked.coupon)
}

/// Whether a coupon is that of an order, if it has one.
fn is_coupon_of(order: &AuditOrder, coupon: Option<CouponRef>) -> bool {
    order.coupon.is_none()
        || order.coupon == coupon
        || mutant!("phantom-order/coupon-may-be-anything")
}
