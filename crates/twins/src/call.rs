//! What a connection is told to do, and what comes of it.

use compact_str::CompactString;
use orders::ports::CacheError;
use orders::{CommitTag, GatewayError, Isolation, KeyRecord, OrderRow, StoreError};
use protocol::{
    ChargeAnswer, ChargeId, ChargeRequest, Line, Order, OrderId, ScopedKey, Span, Time,
};

use crate::statement::Statement;

/// A call on the ports of one connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// `BEGIN`.
    Begin(Isolation),
    /// What follows is in autocommit mode, until [`Call::HangUp`].
    Autocommit,
    /// A statement of the open transaction.
    Statement(Statement),
    /// `NOW()` of the open transaction.
    Now,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`.
    Rollback,
    /// The transaction is dropped, as when a handler is cancelled between two statements.
    HangUp,
    /// A command to the cache.
    Cache(CacheCall),
    /// The gateway is to capture an amount.
    Charge(ChargeRequest),
    /// The gateway is to give an amount back.
    Refund(ChargeId),
}

/// A command to the cache.
#[derive(Clone, Debug, PartialEq)]
pub enum CacheCall {
    /// `GET`.
    Get(CompactString),
    /// `SETEX`.
    Set(CompactString, CompactString, Span),
    /// `SET … NX EX`.
    SetIfAbsent(CompactString, CompactString, Span),
    /// `DEL`.
    Delete(CompactString),
    /// `DEL` if the value is this one.
    DeleteIf(CompactString, CompactString),
}

/// What a call is answered with.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was done, and there is nothing to say of it.
    Nothing,
    /// How many rows it hit.
    Count(u64),
    /// Whether it did what it was to do.
    Did(bool),
    /// A row of `idempotency_keys`.
    Key(Option<KeyRecord>),
    /// Rows of `idempotency_keys`.
    Keys(Vec<(ScopedKey, KeyRecord)>),
    /// The number of a new order.
    Id(OrderId),
    /// Items.
    Lines(Vec<Line>),
    /// A row of `orders`.
    Row(Option<Box<OrderRow>>),
    /// An order as it is shown.
    Order(Option<Order>),
    /// The same of several.
    Orders(Vec<Order>),
    /// What is on hand of each line.
    OnHand(Option<Vec<i64>>),
    /// How a transaction ended.
    Tag(CommitTag),
    /// A time.
    Time(Time),
    /// What the cache has.
    Value(Option<CompactString>),
    /// What the gateway says of a charge.
    Charge(ChargeAnswer),
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The database says so.
    Store(StoreError),
    /// The cache says so.
    Cache(CacheError),
    /// The gateway says so.
    Gateway(GatewayError),
}

/// What came of a call.
pub type Told = Result<Answer, Failure>;

/// An answer, or a failure, from the type that a port gives.
macro_rules! from {
    ($($type:ty => $into:ident, $value:ident => $made:expr;)*) => {
        $(impl From<$type> for $into {
            fn from($value: $type) -> $into {
                $made
            }
        })*
    };
}

from! {
    () => Answer, _nothing => Answer::Nothing;
    u64 => Answer, rows => Answer::Count(rows);
    bool => Answer, did => Answer::Did(did);
    Option<KeyRecord> => Answer, record => Answer::Key(record);
    Vec<(ScopedKey, KeyRecord)> => Answer, records => Answer::Keys(records);
    OrderId => Answer, id => Answer::Id(id);
    Vec<Line> => Answer, lines => Answer::Lines(lines);
    Option<OrderRow> => Answer, row => Answer::Row(row.map(Box::new));
    Option<Order> => Answer, order => Answer::Order(order);
    Vec<Order> => Answer, orders => Answer::Orders(orders);
    Option<Vec<i64>> => Answer, on_hand => Answer::OnHand(on_hand);
    CommitTag => Answer, tag => Answer::Tag(tag);
    Time => Answer, time => Answer::Time(time);
    Option<CompactString> => Answer, value => Answer::Value(value);
    ChargeAnswer => Answer, answer => Answer::Charge(answer);
    StoreError => Failure, error => Failure::Store(error);
    CacheError => Failure, error => Failure::Cache(error);
    GatewayError => Failure, error => Failure::Gateway(error);
    Statement => Call, statement => Call::Statement(statement);
    CacheCall => Call, command => Call::Cache(command);
}
