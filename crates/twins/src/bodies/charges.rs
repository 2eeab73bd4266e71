//! `charges`: one of each order.

use orders::ports::Constraint;
use orders::{ChargeRow, StoreError};
use protocol::{ChargeId, Money, OrderId};

use super::claims;
use super::orders::committed_order;
use crate::play::Play;
use crate::statement::Statement;
use crate::twin::Need::{Database, RowLocks};

claims! {
    a_charge_of_an_order_is_unique needs [Database];
    a_second_charge_of_an_order_waits_and_is_refused_only_if_the_first_commits needs [RowLocks];
}

fn charge(id: u64, order: OrderId) -> ChargeRow {
    ChargeRow {
        id: ChargeId(id),
        order,
        amount: Money(200),
    }
}

pub(super) fn insert(id: u64, order: OrderId) -> Statement {
    let charge = charge(id, order);
    Statement::InsertCharge { charge }
}

const REFUSED: StoreError = StoreError::Unique(Constraint::ChargesOrder);

fn a_charge_of_an_order_is_unique(play: &mut Play<'_>) {
    let (order, other) = (committed_order(play, None), committed_order(play, None));
    let tx = play.begin();
    play.done(tx, insert(5, order));
    play.done(tx, insert(6, other));
    play.commit(tx);
    assert_eq!(play.audit().charges, [charge(5, order), charge(6, other)]);
    let tx = play.begin();
    play.fails(tx, insert(7, order), REFUSED);
}

fn a_second_charge_of_an_order_waits_and_is_refused_only_if_the_first_commits(play: &mut Play<'_>) {
    let order = committed_order(play, None);
    for commits in [false, true] {
        let (a, b) = (play.begin(), play.begin());
        play.done(a, insert(5, order));
        play.blocks(b, insert(6, order));
        play.end(a, commits);
        match commits {
            true => play.goes_on_to_fail(b, REFUSED),
            false => play.goes_on(b, ()),
        }
        play.roll_back(b);
    }
    assert_eq!(play.audit().charges, [charge(5, order)]);
}
