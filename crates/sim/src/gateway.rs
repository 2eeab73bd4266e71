//! A payment gateway with a key table of its own: the same key is the same charge, until the gateway forgets the key.

use explore::TaskId;
use hashbrown::HashTable;
use history::IntentRef;
use orders::GatewayError;
use protocol::{
    ChargeAnswer, ChargeId, ChargeNotice, ChargeRequest, ChargeState, GatewayKey, Money, OrderId,
    Tenant,
};

use crate::database::hashes::neighbourly;
use crate::packed::{Word, halves, join};
use scenario::faults::Who;

/// A charge in the ledger.
#[derive(Debug)]
pub(crate) struct Charge {
    pub(crate) key: GatewayKey,
    pub(crate) tenant: Tenant,
    pub(crate) order: Option<OrderId>,
    pub(crate) amount: Money,
    /// For which purchase it was asked; only the harness knows.
    pub(crate) intent: Option<IntentRef>,
    pub(crate) state: ChargeState,
    /// The capture is running: another call with the key is told so meanwhile.
    pub(crate) in_use: bool,
    since_us: u64,
    /// When it came to its state.
    pub(crate) at_us: u64,
}

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

/// A webhook under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    /// The ledger row.
    pub(crate) charge: u32,
    /// Which of the two, if it was sent twice.
    pub(crate) copy: u16,
    /// How often it was not taken.
    pub(crate) tries: u16,
}

impl Word for Webhook {
    #[inline]
    fn to_word(self) -> u64 {
        join(
            self.charge,
            u32::from(self.copy) << 16 | u32::from(self.tries),
        )
    }

    #[inline]
    fn from_word(word: u64) -> Webhook {
        let (charge, rest) = halves(word);
        let (copy, tries) = ((rest >> 16) as u16, rest as u16);
        Webhook {
            charge,
            copy,
            tries,
        }
    }
}

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
    /// For how long it remembers a key.
    key_ttl_us: u64,
    pub(crate) ledger: Vec<Charge>,
    index: HashTable<u32>,
    pub(crate) operations: Vec<Operation>,
    free: Vec<u32>,
}

impl Gateway {
    /// One that remembers a key so long.
    pub(crate) fn new(key_ttl_us: u64) -> Gateway {
        Gateway {
            key_ttl_us,
            ..Gateway::default()
        }
    }

    pub(crate) fn reserve(&mut self, charges: usize) {
        self.ledger.reserve(charges);
        self.index.reserve(charges, |_| {
            unreachable!("an empty index has nothing to move")
        });
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

    /// What a webhook says of a charge.
    pub(crate) fn notice(&self, charge: u32) -> ChargeNotice {
        let row = &self.ledger[charge as usize];
        ChargeNotice {
            id: ChargeId(u64::from(charge)),
            key: row.key,
            tenant: row.tenant,
            order: row.order,
            amount: row.amount,
            state: match row.state {
                ChargeState::Declined => ChargeState::Declined,
                _ => ChargeState::Captured,
            },
        }
    }

    /// Forgets everything, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.ledger.clear();
        self.index.clear();
        self.operations.clear();
        self.free.clear();
    }

    /// Gives the memory of a large ledger back. That of a small one is kept, for the run that follows in the same world.
    pub(crate) fn release(&mut self) {
        const KEPT_MAX: usize = 1 << 14;
        if self.ledger.len() > KEPT_MAX {
            (self.ledger, self.index) = (Vec::new(), HashTable::new());
        }
    }

    fn find(&self, key: GatewayKey, now_us: u64) -> Option<u32> {
        let row = *self
            .index
            .find(hash_key(key), |row| self.ledger[*row as usize].key == key)?;
        (now_us < self.ledger[row as usize].since_us + self.key_ttl_us).then_some(row)
    }

    fn answer(&self, row: u32, replayed: bool) -> ChargeAnswer {
        ChargeAnswer {
            id: ChargeId(u64::from(row)),
            state: self.ledger[row as usize].state,
            replayed,
        }
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
        if let Some(row) = self.find(request.key, now_us) {
            let charge = &self.ledger[row as usize];
            return Some(match charge {
                Charge { in_use: true, .. } => Err(GatewayError::InUse),
                // Another amount under the same key: a definite refusal.
                _ if charge.amount != request.amount => Err(GatewayError::Unavailable),
                _ => Ok(Told::Charge(self.answer(row, true))),
            });
        }
        let row = self.ledger.len() as u32;
        self.ledger.push(Charge {
            key: request.key,
            tenant: request.tenant,
            order: request.order,
            amount: request.amount,
            intent: self.operations[slot as usize].intent,
            state: ChargeState::Authorized,
            in_use: true,
            since_us: now_us,
            at_us: now_us,
        });
        self.enter(request.key, row);
        self.operations[slot as usize].captures = Some(row);
        None
    }

    /// The key now stands for this row; a row that stood for it before was forgotten.
    fn enter(&mut self, key: GatewayKey, row: u32) {
        let (ledger, index) = (&self.ledger, &mut self.index);
        match index.find_mut(hash_key(key), |other| {
            ledger[*other as usize].key == key && *other != row
        }) {
            Some(forgotten) => *forgotten = row,
            None => {
                index.insert_unique(hash_key(key), row, |row| {
                    hash_key(ledger[*row as usize].key)
                });
            }
        }
    }

    /// A capture ends: the bank has paid, or refused. Returns the row if it was captured.
    pub(crate) fn capture(&mut self, slot: u32, now_us: u64) -> Option<u32> {
        let operation = self.operations[slot as usize];
        let row = operation.captures?;
        let declined = operation.fate == Fate::Declined;
        let charge = &mut self.ledger[row as usize];
        (charge.in_use, charge.at_us) = (false, now_us);
        charge.state = if declined {
            ChargeState::Declined
        } else {
            ChargeState::Captured
        };
        let told = Ok(Told::Charge(self.answer(row, false)));
        self.operations[slot as usize].told = Some(told);
        (!declined).then_some(row)
    }

    fn refund(&mut self, charge: ChargeId, now_us: u64) -> Answered {
        match self.ledger.get_mut(charge.0 as usize) {
            Some(row) if matches!(row.state, ChargeState::Captured | ChargeState::Refunded) => {
                if row.state == ChargeState::Captured {
                    row.at_us = now_us;
                }
                row.state = ChargeState::Refunded;
                Ok(Told::Refunded)
            }
            _ => Err(GatewayError::Unavailable),
        }
    }
}

/// Keys are derived from numbers that grow: an order's, or a nonce.
pub(crate) fn hash_key(key: GatewayKey) -> u64 {
    neighbourly(key.0 as u64)
}

#[cfg(test)]
mod tests {
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
    fn the_same_key_is_the_same_charge_and_says_so_while_it_is_in_use() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        let first = ask(&mut gateway, order(100), Fate::Fair, 0);
        let meanwhile = ask(&mut gateway, order(100), Fate::Fair, 1);
        assert_eq!(charged(&mut gateway, meanwhile), Err(GatewayError::InUse));
        assert_eq!(gateway.capture(first, 0), Some(0));
        assert_eq!(
            charged(&mut gateway, first),
            Ok((0, ChargeState::Captured, false))
        );
        let again = ask(&mut gateway, order(100), Fate::Fair, 2);
        assert_eq!(
            charged(&mut gateway, again),
            Ok((0, ChargeState::Captured, true))
        );
        let dearer = ask(&mut gateway, order(101), Fate::Fair, 3);
        assert_eq!(
            charged(&mut gateway, dearer),
            Err(GatewayError::Unavailable)
        );
        assert_eq!(gateway.ledger.len(), 1);
    }

    #[test]
    fn a_timeout_before_captures_nothing_and_a_timeout_after_captures_and_tells_nobody() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        let before = ask(&mut gateway, order(100), Fate::TimeoutBefore, 0);
        assert_eq!(charged(&mut gateway, before), Err(GatewayError::Unknown));
        assert!(gateway.ledger.is_empty());
        let after = ask(&mut gateway, order(100), Fate::TimeoutAfter, 0);
        gateway.capture(after, 0);
        assert_eq!(charged(&mut gateway, after), Err(GatewayError::Unknown));
        assert_eq!(gateway.ledger[0].state, ChargeState::Captured);
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
        assert_eq!(gateway.ledger.len(), 1);
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

    #[test]
    fn a_declined_charge_stays_declined_under_its_key() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        let first = ask(&mut gateway, order(100), Fate::Declined, 0);
        assert_eq!(gateway.capture(first, 0), None);
        assert_eq!(
            charged(&mut gateway, first),
            Ok((0, ChargeState::Declined, false))
        );
        let again = ask(&mut gateway, order(100), Fate::Fair, 5);
        assert_eq!(
            charged(&mut gateway, again),
            Ok((0, ChargeState::Declined, true))
        );
    }

    #[test]
    fn a_forgotten_key_charges_a_second_time() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        let first = ask(&mut gateway, order(100), Fate::Fair, 0);
        gateway.capture(first, 0);
        charged(&mut gateway, first).unwrap();
        let in_time = ask(&mut gateway, order(100), Fate::Fair, KEY_TTL_US - 1);
        assert_eq!(
            charged(&mut gateway, in_time),
            Ok((0, ChargeState::Captured, true))
        );
        let too_late = ask(&mut gateway, order(100), Fate::Fair, KEY_TTL_US);
        gateway.capture(too_late, 0);
        assert_eq!(
            charged(&mut gateway, too_late),
            Ok((1, ChargeState::Captured, false))
        );
    }

    #[test]
    fn refunding_twice_is_refunding_once_and_what_was_not_captured_is_not_refunded() {
        let mut gateway = Gateway::new(KEY_TTL_US);
        let refund = Ask::Refund(ChargeId(0));
        let unknown = ask(&mut gateway, refund, Fate::Fair, 0);
        assert!(matches!(
            gateway.take(unknown),
            Err(GatewayError::Unavailable)
        ));
        let first = ask(&mut gateway, order(100), Fate::Fair, 0);
        gateway.capture(first, 0);
        charged(&mut gateway, first).unwrap();
        for _ in 0..2 {
            let slot = ask(&mut gateway, refund, Fate::Fair, 1);
            assert!(matches!(gateway.take(slot), Ok(Told::Refunded)));
            assert_eq!(gateway.ledger[0].state, ChargeState::Refunded);
        }
    }
}
