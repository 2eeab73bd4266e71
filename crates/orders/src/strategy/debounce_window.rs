//! `debounce-window`: approach 3 (seed 002, lines 774-962).
//!
//! The button waits for 500 ms without another tap and is disabled while the request is under way; the server looks for an
//! order of the last 30 s with the same items. Order and items are statements of their own, not a transaction. The charge
//! stands between the check and the INSERT of the order; what the seed does not write (stock, coupon, charge, sales, notification)
//! is autocommitted as the rest is: stock and coupon before the order, the others after its items.

use protocol::{Button, ChargeId, Money, OrderId, OrderRequest, Preset, Problem, Response, Span};

use super::naive_purchase::{
    Name, OUT_OF_STOCK, UNKNOWN, book, confirmed, count_coupon, give_back, new_order,
    validate_and_charge,
};
use super::recent_match::recent_match;
use super::seed_text::items_are_identical;
use super::valid_total::valid_total;
use super::{StatedPrevention, Strategy};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::{Orders, Outbox, Ports, Stock, Store, StoreError};
use crate::rows::NotificationKind;

/// A quick second tap does not leave the page; a second request within thirty seconds gets the first order, once all items of
/// that order are inserted.
#[derive(Clone, Copy, Debug, Default)]
pub struct DebounceWindow;

/// `INTERVAL '30 seconds'`.
const WINDOW: Span = Span::secs(30);

impl Strategy for DebounceWindow {
    const NAME: &'static str = "debounce-window";
    const SUMMARY: &'static str =
        "500 ms debounce, then SELECT orders of 30 s with the same items; autocommitted INSERTs";
    const STATED: Option<StatedPrevention> = Some(StatedPrevention {
        share: 0.95,
        source: "seed 002, line 972",
    });
    const BUTTON: Button = Button::Debounced(Span::millis(500));
    const PRESET: Preset = Preset::Seed002;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        _contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let Some(total) = valid_total(&request.content) else {
            return Response::refused(400, Problem::Invalid);
        };
        match recent_match(ports, request, WINDOW, usize::MAX, items_are_identical).await {
            Ok(Some(order)) => {
                ports.count(Metric::Hit);
                Response {
                    status: 200,
                    ..Response::created(order).replay()
                }
            }
            Ok(None) => {
                ports.count(Metric::Miss);
                place(ports, request, total).await
            }
            Err(_) => UNKNOWN,
        }
    }
}

async fn place<P: Ports>(ports: &P, request: &OrderRequest, total: Money) -> Response {
    let charge = match validate_and_charge(ports, request, total).await {
        Ok(charge) => charge,
        Err(refusal) => return refusal,
    };
    match insert(ports, request, total, charge).await {
        Ok(Some(order)) => Response::created(confirmed(order, total)),
        Ok(None) => give_back(ports, charge, OUT_OF_STOCK).await,
        Err(_) => UNKNOWN,
    }
}

/// One statement after another, each for itself: what fails half way stays half done.
async fn insert<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    total: Money,
    charge: Option<ChargeId>,
) -> Result<Option<OrderId>, StoreError> {
    let mut db = ports.store().autocommit();
    let lines = &request.content.lines;
    if !db.sell_stock(request.tenant, lines).await? {
        return Ok(None);
    }
    count_coupon(&mut db, request).await?;
    let new = new_order(ports, request, Name::sent(request), total);
    let order = db.insert_order(new).await?;
    for line in lines {
        db.insert_item(order, line).await?;
    }
    book(&mut db, request, order, total, charge).await?;
    db.insert_notification(order, NotificationKind::Created)
        .await?;
    Ok(Some(order))
}
