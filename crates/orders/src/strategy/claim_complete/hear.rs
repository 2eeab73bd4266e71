//! What the gateway tells unasked: late, perhaps twice, in any order. It may be all that anybody ever learns of a charge.

use protocol::{ChargeNotice, ChargeState, OrderId};

use super::clocks::{Clocks, begin};
use super::held::Held;
use super::identity::identity;
use super::patience::{self, ROUNDS_MAX};
use super::settle::{Endable, Ending, Written, write};
use super::undo::undo;
use crate::contract::Contract;
use crate::ports::{Ports, StoreError, Transaction};

/// Finishes the order that a charge was for, if it still waits for that. `false` if the gateway is to tell again.
pub(super) async fn hear<P: Ports>(ports: &P, contract: &Contract, notice: &ChargeNotice) -> bool {
    // Without our reference it is no charge of ours.
    let Some(order) = notice.order else {
        return true;
    };
    let ending = match notice.state {
        ChargeState::Captured => Ending::Confirm(Some(notice.id)),
        ChargeState::Declined => Ending::Decline,
        ChargeState::Authorized | ChargeState::Refunded | ChargeState::Voided => return true,
    };
    for round in 0..ROUNDS_MAX {
        match hear_once(ports, contract, order, ending).await {
            Ok(()) => return true,
            Err(_) => patience::back_off(ports.clock(), round).await,
        }
    }
    false
}

async fn hear_once<P: Ports>(
    ports: &P,
    contract: &Contract,
    order: OrderId,
    ending: Ending,
) -> Result<(), StoreError> {
    let (mut tx, clocks) = begin(ports).await?;
    match hear_in(&mut tx, clocks, contract, order, ending).await {
        Ok(true) => tx.commit().await?.committed(),
        Ok(false) => {
            tx.rollback().await;
            Ok(())
        }
        Err(error) => Err(undo(tx, error).await),
    }
}

/// Whether there is anything to commit. It acts for the holder of the claim, under the holder's token and with the claim's row
/// locked: what it writes is what the holder would have written, had the gateway's answer reached it. A holder that comes later
/// finds its own token on a completed claim, and answers with what is stored there.
async fn hear_in(
    tx: &mut impl Transaction,
    clocks: Clocks,
    contract: &Contract,
    order: OrderId,
    ending: Ending,
) -> Result<bool, StoreError> {
    let Some(row) = tx.find_order(order).await? else {
        return Ok(false);
    };
    let key = identity(row.new.tenant, row.new.key.as_ref(), row.new.cart);
    let claim = tx.lock_key(&key).await?;
    // The key may stand for another order by now. That ours is still open, and its claim, is for `write` to say: confirmed or
    // cancelled is the end, and whatever is told late, or for the second time, does not take it back.
    let Some(record) = claim.filter(|record| record.order == Some(order)) else {
        return Ok(false);
    };
    let held = Held::taken_over(key, &record, row, clocks);
    let over = record.token;
    let written = write(
        tx,
        clocks,
        contract,
        &held,
        Endable { over, record },
        ending,
    )
    .await?;
    Ok(matches!(written, Written::Now(_)))
}
