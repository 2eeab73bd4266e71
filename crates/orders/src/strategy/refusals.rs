//! The refusals that every strategy gives alike.

use protocol::{Problem, Response};

/// What is answered when stock is short.
pub(super) const OUT_OF_STOCK: Response = Response::refused(409, Problem::OutOfStock);

/// What is answered when the coupon is used up, or the seat taken.
pub(super) const COUPON_USED: Response = Response::refused(422, Problem::CouponUsed);
