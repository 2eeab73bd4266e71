//! `outbox`: notifications that leave after the commit.

use orders::NotificationKind;
use protocol::OrderId;

use super::claims;
use super::orders::committed_order;
use crate::call::Call;
use crate::play::Play;
use crate::statement::Statement;
use crate::twin::Need::RowLocks;

claims! {
    only_what_was_committed_is_notified_and_nobody_waits needs [RowLocks];
}

pub(super) fn notify(order: OrderId) -> Statement {
    let kind = NotificationKind::Created;
    Statement::InsertNotification { order, kind }
}

fn only_what_was_committed_is_notified_and_nobody_waits(play: &mut Play<'_>) {
    let order = committed_order(play, None);
    let (a, b, c) = (play.begin(), play.begin(), play.begin());
    for seat in [a, b, c] {
        play.done(seat, notify(order));
    }
    assert_eq!(play.audit().notifications, []);
    play.roll_back(a);
    play.done(b, Call::HangUp);
    play.commit(c);
    assert_eq!(
        play.audit().notifications,
        [(order, NotificationKind::Created)]
    );
}
