//! The payment gateway: operations on their way to the provider and back.
//!
//! - [`webhook`]: what the provider tells unasked
//! - [`telling`]: webhooks are sent, taken, or sent again

mod telling;
mod webhook;

use explore::TaskId;
use history::IntentRef;
use orders::GatewayError;
use outside::Provider;
use outside::provider::Begun;
use protocol::{ChargeAnswer, ChargeId, ChargeRequest};
use scenario::faults::Who;

pub(crate) use webhook::Webhook;

/// What is asked of the gateway.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Charge(ChargeRequest),
    Refund(ChargeId),
}

/// What the gateway answers, before anything is lost on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    Charge(ChargeAnswer),
    Refunded,
}

/// What reaches the caller.
pub(crate) type Answered = Result<Told, GatewayError>;

/// A request on its way to the gateway and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) ask: Ask,
    pub(crate) task: TaskId,
    /// For which purchase it is asked, if for one.
    pub(crate) intent: Option<IntentRef>,
    /// Who asks, for what is drawn at the gateway.
    pub(crate) who: Who,
    /// The ledger row of a capture that runs for this operation.
    pub(crate) captures: Option<u32>,
    /// What was drawn for it when it left.
    pub(crate) fate: Fate,
    pub(crate) told: Option<Answered>,
    /// When its answer is back, or would be.
    pub(crate) reply_at_us: u64,
    /// The caller has given up before the answer is back, or there is no caller: it goes on unheard.
    pub(crate) unheard: bool,
    /// How many ends are open: the asker's, and of what goes on unheard the gateway's.
    pub(crate) ends: u8,
}

/// What the faults of the plan do to an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    #[default]
    Fair,
    Declined,
    Unavailable,
    TimeoutBefore,
    TimeoutAfter,
}

/// The gateway.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) provider: Provider,
    pub(crate) operations: Vec<Operation>,
    free: Vec<u32>,
    /// Until when webhooks are under way.
    pub(crate) webhooks_until_us: u64,
}

impl Gateway {
    /// One whose provider remembers a key for this many microseconds.
    pub(crate) fn new(key_ttl_us: u64) -> Gateway {
        Gateway {
            provider: Provider::new(key_ttl_us),
            ..Gateway::default()
        }
    }

    /// An operation leaves a replica.
    pub(crate) fn send(&mut self, operation: Operation) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.operations[slot as usize] = operation;
                slot
            }
            None => {
                self.operations.push(operation);
                self.operations.len() as u32 - 1
            }
        }
    }

    /// One end of an operation is closed; with the last one its slot is free.
    pub(crate) fn close(&mut self, slot: u32) {
        let operation = &mut self.operations[slot as usize];
        operation.ends -= 1;
        if operation.ends == 0 {
            self.free.push(slot);
        }
    }

    /// What the caller hears in the end.
    pub(crate) fn take(&mut self, slot: u32) -> Answered {
        let operation = self.operations[slot as usize];
        self.close(slot);
        match operation.told {
            Some(told) if !operation.unheard => told,
            _ => Err(GatewayError::Unknown),
        }
    }

    /// Whether an operation is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.free.len() < self.operations.len()
    }

    /// When the last operation ends that is under way.
    pub(crate) fn busy_until_us(&self) -> u64 {
        let open = self
            .operations
            .iter()
            .filter(|operation| operation.ends > 0);
        open.map(|operation| operation.reply_at_us)
            .max()
            .unwrap_or(0)
    }

    /// Forgets everything, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.provider.forget();
        self.operations.clear();
        self.free.clear();
        self.webhooks_until_us = 0;
    }

    /// An operation arrives. A charge that begins to be captured ends with [`Gateway::capture`].
    pub(crate) fn arrive(&mut self, slot: u32, now_us: u64) {
        let operation = self.operations[slot as usize];
        let told = match (operation.ask, operation.fate) {
            (_, Fate::Unavailable) => Some(Err(GatewayError::Unavailable)),
            (Ask::Charge(request), _) => self.charge(slot, request, now_us),
            (Ask::Refund(charge), _) => Some(self.refund(charge, now_us)),
        };
        self.operations[slot as usize].told = told;
    }

    fn charge(&mut self, slot: u32, request: ChargeRequest, now_us: u64) -> Option<Answered> {
        let operation = &mut self.operations[slot as usize];
        match self.provider.charge(&request, operation.intent, now_us) {
            Begun::Captures(row) => {
                operation.captures = Some(row);
                None
            }
            Begun::Known(answer) => Some(Ok(Told::Charge(answer))),
            Begun::InUse => Some(Err(GatewayError::InUse)),
            Begun::Refused => Some(Err(GatewayError::Unavailable)),
        }
    }

    /// A capture ends: the bank has paid, or declined. Returns the row if it was captured.
    pub(crate) fn capture(&mut self, slot: u32, now_us: u64) -> Option<u32> {
        let operation = &mut self.operations[slot as usize];
        let row = operation.captures?;
        let is_declined = operation.fate == Fate::Declined;
        let answer = self.provider.capture(row, is_declined, now_us);
        operation.told = Some(Ok(Told::Charge(answer)));
        (!is_declined).then_some(row)
    }

    fn refund(&mut self, charge: ChargeId, now_us: u64) -> Answered {
        match self.provider.refund(charge, now_us) {
            true => Ok(Told::Refunded),
            false => Err(GatewayError::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ChargeState, GatewayKey, Money, OrderId, Tenant};

    use super::*;

    const KEY_TTL_US: u64 = 1_000_000;

    const TASK: TaskId = TaskId {
        slot: 0,
        generation: 0,
    };

    fn ask(gateway: &mut Gateway, ask: Ask, fate: Fate, now_us: u64) -> u32 {
        let who = Who {
            lineage: explore::Lineage::ROOT,
            ordinal: 0,
            client: None,
            replica: 0,
            process: Who::NO_ATTEMPT,
        };
        let slot = gateway.send(Operation {
            ask,
            task: TASK,
            intent: None,
            who,
            captures: None,
            fate,
            told: None,
            reply_at_us: 0,
            unheard: matches!(fate, Fate::TimeoutBefore | Fate::TimeoutAfter),
            ends: 1,
        });
        if fate != Fate::TimeoutBefore {
            gateway.arrive(slot, now_us);
        }
        slot
    }

    fn order(amount: i64) -> Ask {
        Ask::Charge(ChargeRequest {
            key: GatewayKey::of_order(Tenant(1), OrderId(7)),
            tenant: Tenant(1),
            order: Some(OrderId(7)),
            amount: Money(amount),
        })
    }

    fn charged(gateway: &mut Gateway, slot: u32) -> Result<(u64, ChargeState, bool), GatewayError> {
        match gateway.take(slot) {
            Ok(Told::Charge(answer)) => Ok((answer.id.0, answer.state, answer.replayed)),
            Ok(other) => panic!("not a charge: {other:?}"),
            Err(error) => Err(error),
        }
    }

    #[test]
    fn a_timeout_before_captures_nothing_and_a_timeout_after_captures_and_tells_nobody() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        let before = ask(&mut gateway, order(100), Fate::TimeoutBefore, 0);
        assert_eq!(charged(&mut gateway, before), Err(GatewayError::Unknown));
        assert_eq!(gateway.provider.ledger().len(), 0);
        let after = ask(&mut gateway, order(100), Fate::TimeoutAfter, 0);
        gateway.capture(after, 0);
        assert_eq!(charged(&mut gateway, after), Err(GatewayError::Unknown));
        let charge = gateway.provider.ledger().next().expect("there is one");
        assert_eq!(charge.state, ChargeState::Captured);
    }

    #[test]
    fn an_answer_that_gets_lost_is_unknown_on_a_known_key_too() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        let first = ask(&mut gateway, order(100), Fate::Fair, 0);
        let in_use = ask(&mut gateway, order(100), Fate::TimeoutAfter, 1);
        assert_eq!(charged(&mut gateway, in_use), Err(GatewayError::Unknown));
        gateway.capture(first, 0);
        let replayed = ask(&mut gateway, order(100), Fate::TimeoutAfter, 2);
        assert_eq!(charged(&mut gateway, replayed), Err(GatewayError::Unknown));
        assert_eq!(gateway.provider.ledger().len(), 1);
    }

    #[test]
    fn an_operation_that_goes_on_unheard_keeps_its_place_until_both_ends_are_closed() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        let first = ask(&mut gateway, order(100), Fate::TimeoutAfter, 0);
        gateway.operations[first as usize].ends = 2;
        assert_eq!(charged(&mut gateway, first), Err(GatewayError::Unknown));
        let second = ask(&mut gateway, Ask::Refund(ChargeId(7)), Fate::Fair, 0);
        assert_ne!(first, second);
        assert_eq!(gateway.capture(first, 0), Some(0));
        gateway.close(first);
        let third = ask(&mut gateway, Ask::Refund(ChargeId(7)), Fate::Fair, 0);
        assert_eq!(third, first);
    }
}
