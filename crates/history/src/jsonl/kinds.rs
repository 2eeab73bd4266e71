//! The kinds of lines.

use super::raw;
use super::raw_rows;
use super::shape::{Shape, Shaped};

/// The record of each kind of line.
pub(super) const KINDS: [(&str, Shape); 20] = [
    ("contract", raw::Contract::SHAPE),
    ("invoke", raw::Invoke::SHAPE),
    ("ok", raw::Completion::SHAPE),
    ("fail", raw::Completion::SHAPE),
    ("info", raw::Completion::SHAPE),
    ("request", raw::Request::SHAPE),
    ("fault", raw::Fault::SHAPE),
    ("transition", raw::Transition::SHAPE),
    ("audit", raw_rows::Audit::SHAPE),
    ("order", raw_rows::Order::SHAPE),
    ("charge", raw_rows::Charge::SHAPE),
    ("refund", raw_rows::Refund::SHAPE),
    ("stock", raw_rows::Stock::SHAPE),
    ("message", raw_rows::Message::SHAPE),
    ("key", raw_rows::KeyRow::SHAPE),
    ("coupon", raw_rows::Coupon::SHAPE),
    ("cart", raw_rows::Cart::SHAPE),
    ("sale", raw_rows::Sale::SHAPE),
    ("inventory_log", raw_rows::Move::SHAPE),
    ("recorded_charge", raw_rows::RecordedCharge::SHAPE),
];
