//! The cart of a confirmed order is cleared, and a cart is cleared only by one. A cart is known by its tenant and its name; where a row
//! does not say its tenant, it may be the cart of that name of any.

use std::collections::BTreeSet;

use history::{Audit, AuditCart, AuditOrder, CartRef, TenantRef};

use super::confirmed::{confirmed, lacks};
use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

/// The rows of carts, or of the orders made from them, sorted by the cart's name. There may be millions of carts, so this is one array.
struct ByName<'a, T>(Vec<(CartRef, &'a T)>);

impl<'a, T> ByName<'a, T> {
    fn new(rows: impl Iterator<Item = (CartRef, &'a T)>) -> ByName<'a, T> {
        let mut by_name: Vec<(CartRef, &T)> = rows.collect();
        // Stable: the rows of one name stay in their order.
        by_name.sort_by_key(|(cart, _)| *cart);
        ByName(by_name)
    }

    /// The rows of a name that are of a tenant, or may be if none says that it is.
    fn of(&self, cart: CartRef, own: Option<TenantRef>, tenant: impl Fn(&T) -> Option<TenantRef>) -> Vec<&'a T> {
        let begin = self.0.partition_point(|(name, _)| *name < cart);
        let rows = self.0[begin..].iter().take_while(|(name, _)| *name == cart).map(|(_, row)| *row);
        let is_own = |row: &&T| own.is_some() && tenant(row) == own;
        let certain: Vec<&T> = rows.clone().filter(is_own).collect();
        if !certain.is_empty() && !mutant!("partial-order/carts-have-no-tenant") {
            return certain;
        }
        let is_other = |row: &&T| matches!((own, tenant(row)), (Some(own), Some(other)) if own != other);
        rows.filter(|row| !is_other(row) || mutant!("partial-order/carts-have-no-tenant")).collect()
    }
}

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally, audit: &Audit, orders: &[AuditOrder]) {
    let Some(carts) = &audit.carts else { return };
    let rows = ByName::new(carts.iter().map(|row| (row.cart, row)));
    let unclear = "carts of one name are some full and some cleared, and it is not said whose they are";
    for order in confirmed(case, orders) {
        let Some(cart) = order.cart else { continue };
        tally.checked(1);
        let own = rows.of(cart, order.tenant, |row: &AuditCart| row.tenant);
        let full = own.iter().filter(|row| !row.is_cleared).count();
        if full == 0 || mutant!("partial-order/carts-may-stay-full") {
            continue;
        }
        if full < own.len() && !mutant!("partial-order/any-full-cart-will-do") {
            tally.unknown(1, unclear);
            continue;
        }
        let name = case.history.names.carts.text(cart.index());
        lacks(case, tally, order, &format!("its cart {name} was not cleared"));
    }
    judge_cleared(case, tally, carts, orders);
}

/// Carts that were cleared although no confirmed order has them. A cart that was bought stays cleared when the order is cancelled later
/// because the client asked for it.
fn judge_cleared(case: &Case<'_>, tally: &mut Tally, carts: &[AuditCart], orders: &[AuditOrder]) {
    let given_up = match mutant!("partial-order/cancelled-orders-fill-their-cart") {
        true => BTreeSet::new(),
        false => case.cancelled_on_request(),
    };
    let is_known = orders.iter().all(|order| order.cart.is_some());
    let given_up = orders.iter().filter(|order| given_up.contains(&order.id));
    let makers = confirmed(case, orders).chain(given_up);
    let makers = ByName::new(makers.filter_map(|order| Some((order.cart?, order))));
    let is_bought = |row: &AuditCart| !makers.of(row.cart, row.tenant, |order: &AuditOrder| order.tenant).is_empty();
    // A cart that no order names may be that of an order of its tenant which does not say its own.
    let others: BTreeSet<Option<TenantRef>> =
        carts.iter().filter(|row| !is_bought(row)).map(|row| row.tenant).collect();
    let may_have = |order: &&AuditOrder| {
        let is_of_any = others.contains(&None) || order.tenant.is_none() && !others.is_empty();
        order.cart.is_none() && (is_of_any || others.contains(&order.tenant))
    };
    let cartless = confirmed(case, orders).filter(may_have).count() as u64;
    if !mutant!("partial-order/orders-without-a-cart-had-none") {
        tally.unknown(cartless, "an order does not say its cart, and there are carts that no order names");
    }
    for row in carts.iter().filter(|row| row.is_cleared && is_known) {
        tally.checked(1);
        if is_bought(row) || mutant!("partial-order/carts-may-be-lost") {
            continue;
        }
        tally.violation(case.audit_time(), || {
            let name = case.history.names.carts.text(row.cart.index());
            witness(format!(
                "cart {name} was cleared, and no confirmed order has it. What is written with an order stands or falls with it."
            ))
        });
    }
}
