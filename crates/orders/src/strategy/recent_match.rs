//! Is there a recent order of this customer with the same items? One SELECT, and another for every order that it finds.

use protocol::{Line, Order, OrderRequest, Span};

use crate::ports::{Orders, Ports, Store, StoreError};

/// The first of the customer's latest orders that `same` takes for this one. Autocommitted SELECTs that lock nothing.
pub(super) async fn recent_match<P: Ports>(
    ports: &P,
    request: &OrderRequest,
    within: Span,
    limit: usize,
    same: impl Fn(&[Line], &[Line]) -> bool,
) -> Result<Option<Order>, StoreError> {
    let mut db = ports.store().autocommit();
    let recent = db
        .find_recent_orders(request.tenant, request.customer, within, limit)
        .await?;
    for order in recent {
        let items = db.find_items(order.id).await?;
        if same(&request.content.lines, &items) {
            return Ok(Some(order));
        }
    }
    Ok(None)
}
