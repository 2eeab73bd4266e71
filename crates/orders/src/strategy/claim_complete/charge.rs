//! The charge, under the order's own key: asked again, it is the same charge.

use protocol::{ChargeId, ChargeRequest, ChargeState, GatewayKey, Money, Span};

use super::held::Held;
use crate::contract::Contract;
use crate::ports::{Clock, Gateway, GatewayError, Ports};

/// Maximum attempts at the gateway.
const ATTEMPTS_MAX: u32 = 5;
const PAUSE_FIRST: Span = Span::millis(100);

/// What is known about a charge.
pub(super) enum Charge {
    /// The money is ours.
    Captured(ChargeId),
    /// There is nothing to pay, and the gateway was not asked.
    Free,
    /// It is not, and will not be under this key.
    Declined,
    /// No attempt reached the gateway.
    Untouched,
    /// Another process's attempt is under way there, and none of ours was carried out.
    InUse,
    /// Some attempt may have been carried out.
    Unknown,
}

/// Charges the order. Pauses between attempts fit well inside the lease: what is not known by half of it, the completer
/// finds out. A first attempt is made even with the lease over, or a lease of no length would never charge anything; it is
/// harmless, because the process that took over charges under the same key. So is asking on while its attempt is under way: it ends soon.
pub(super) async fn charge<P: Ports>(ports: &P, contract: &Contract, held: &Held) -> Charge {
    if held.total == Money(0) {
        return Charge::Free;
    }
    let tenant = held.key.tenant;
    let key = GatewayKey::of_order(tenant, held.order);
    let asked = ChargeRequest {
        key,
        tenant,
        order: Some(held.order),
        amount: held.total,
    };
    let (mut touched, mut in_use) = (false, false);
    let mut pause = PAUSE_FIRST;
    for _ in 0..ATTEMPTS_MAX {
        let mut under_way = false;
        match ports.gateway().charge(asked).await {
            Ok(answer) => match answer.state {
                ChargeState::Captured => return Charge::Captured(answer.id),
                // Refunded and voided: it was given back by hand. There is no money, so there is no order.
                ChargeState::Declined | ChargeState::Refunded | ChargeState::Voided => {
                    return Charge::Declined;
                }
                // Reserved but not taken is neither yes nor no.
                ChargeState::Authorized => touched = true,
            },
            Err(GatewayError::Unknown) => touched = true,
            Err(GatewayError::InUse) => (in_use, under_way) = (true, true),
            Err(GatewayError::Unavailable) => {}
        }
        let is_late = ports.clock().now() + pause + Span(contract.lease.0 / 2) > held.works_until;
        if is_late && !under_way {
            break;
        }
        ports.clock().sleep(pause).await;
        pause = pause * 2;
    }
    match (touched, in_use) {
        (true, _) => Charge::Unknown,
        (false, true) => Charge::InUse,
        (false, false) => Charge::Untouched,
    }
}
