//! The confirmed orders of the run, the rows that name them, and what is said of one that lacks something.

use history::{AuditOrder, OrderRef};
use protocol::OrderState;

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

/// Rows by the order that they name: those of one order stand side by side.
pub(super) struct ByOrder<T> {
    /// Where the rows of each order begin, by its number; and where the last ones end.
    starts: Vec<usize>,
    rows: Vec<T>,
}

impl<T: Copy> ByOrder<T> {
    pub(super) fn new(rows: &[T], orders: usize, order: impl Fn(&T) -> OrderRef) -> ByOrder<T> {
        let mut starts = vec![0; orders + 1];
        for row in rows {
            starts[order(row).index() + 1] += 1;
        }
        for number in 0..orders {
            starts[number + 1] += starts[number];
        }
        let mut rows = rows.to_vec();
        if !rows.is_sorted_by_key(&order) {
            rows.sort_by_key(order);
        }
        ByOrder { starts, rows }
    }

    pub(super) fn of(&self, order: OrderRef) -> &[T] {
        &self.rows[self.starts[order.index()]..self.starts[order.index() + 1]]
    }

    /// The orders that have rows.
    pub(super) fn orders(&self) -> impl Iterator<Item = OrderRef> {
        let starts = self.starts.windows(2).enumerate();
        let with = starts.filter(|(_, ends)| ends[0] < ends[1]);
        with.map(|(number, _)| OrderRef::new(number as u32))
    }
}

/// An order lacks something that is written with it.
pub(super) fn lacks(case: &Case<'_>, tally: &mut Tally, order: &AuditOrder, what: &str) {
    tally.violation(order.t.unwrap_or(case.audit_time()), || {
        let why = format!(
            "{} is {}, and {what}. What is written with an order stands or falls with it.",
            case.tell_order(order.id.index()),
            match order.state {
                OrderState::Pending => "pending",
                OrderState::Confirmed => "confirmed",
                OrderState::Cancelled => "cancelled",
            },
        );
        let intent = case.facts.orders[order.id.index()].intent.get();
        witness(why).order_row(case, order).intent(case, intent)
    });
}

/// The confirmed orders that were made in the run.
pub(super) fn confirmed<'a>(case: &'a Case<'_>, orders: &'a [AuditOrder]) -> impl Iterator<Item = &'a AuditOrder> {
    let made = orders.iter().filter(|order| !case.is_baseline(order));
    made.filter(|order| order.state == OrderState::Confirmed)
}
