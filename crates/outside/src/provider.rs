//! The payment provider's ledger: the same key is the same charge, until the provider forgets the key. It has no clock and sends nothing.

use std::num::NonZeroU32;

use hashbrown::HashTable;
use history::IntentRef;
use protocol::{
    ChargeAnswer, ChargeId, ChargeNotice, ChargeRequest, ChargeState, GatewayKey, Money, OrderId,
    Tenant,
};

use crate::hash::neighbourly;

/// A charge in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The key under which it was asked for.
    pub key: GatewayKey,
    /// For which shop.
    pub tenant: Tenant,
    /// For which order, if the request said so.
    pub order: Option<OrderId>,
    /// How much.
    pub amount: Money,
    /// For which purchase it was asked; only the harness knows.
    pub intent: Option<IntentRef>,
    /// How far it is.
    pub state: ChargeState,
    /// When it came to its state.
    pub at_us: u64,
}

/// A charge as the ledger keeps it, its parts side by side: a day has a million of them.
#[derive(Debug)]
struct Row {
    /// The halves of its key: the high one, the low one.
    key: [u64; 2],
    amount: Money,
    since_us: u64,
    at_us: u64,
    tenant: Tenant,
    /// The order, plus one: orders are counted.
    order: Option<NonZeroU32>,
    intent: Option<IntentRef>,
    state: ChargeState,
    /// The capture is running: another request with the key is told so meanwhile.
    in_use: bool,
}

const _: () = assert!(size_of::<Row>() == 56, "a million of them");

impl Row {
    #[inline]
    fn key(&self) -> GatewayKey {
        let [high, low] = self.key;
        GatewayKey(u128::from(high) << 64 | u128::from(low))
    }

    #[inline]
    fn order(&self) -> Option<OrderId> {
        let order = self.order?;
        Some(OrderId(u64::from(order.get() - 1)))
    }

    fn charge(&self) -> Charge {
        Charge {
            key: self.key(),
            tenant: self.tenant,
            order: self.order(),
            amount: self.amount,
            intent: self.intent,
            state: self.state,
            at_us: self.at_us,
        }
    }
}

/// The number of an order, plus one.
fn counted(order: OrderId) -> NonZeroU32 {
    let order = u32::try_from(order.0).ok();
    let next = order.and_then(|order| NonZeroU32::MIN.checked_add(order));
    next.expect("fewer than 2^32 orders")
}

/// The longest ledger whose memory is kept for the next run in the same world.
const KEPT_MAX: usize = 1 << 14;

/// What becomes of a request for a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The key is new: this row is being captured, until [`Provider::capture`].
    Captures(u32),
    /// The key is known, and its charge has ended.
    Known(ChargeAnswer),
    /// The key is known, and its charge is being captured.
    InUse,
    /// The key is known, with another amount: a definite refusal.
    Refused,
}

/// The provider.
#[derive(Debug, Default)]
pub struct Provider {
    key_ttl_us: u64,
    ledger: Vec<Row>,
    index: HashTable<u32>,
}

impl Provider {
    /// An empty ledger that remembers a key for this many microseconds.
    pub fn new(key_ttl_us: u64) -> Provider {
        Provider {
            key_ttl_us,
            ..Provider::default()
        }
    }

    /// Makes room for this many charges.
    pub fn reserve(&mut self, charges: usize) {
        self.ledger.reserve(charges);
        self.index.reserve(charges, |_| {
            unreachable!("an empty index has nothing to move")
        });
    }

    /// Every charge, by its number.
    pub fn ledger(&self) -> impl ExactSizeIterator<Item = Charge> {
        self.ledger.iter().map(Row::charge)
    }

    /// The key of a charge.
    pub fn key(&self, charge: u32) -> GatewayKey {
        self.ledger[charge as usize].key()
    }

    /// No charge is asked for any more, so that no key is looked for. The memory of a large index is given back.
    pub fn close(&mut self) {
        if self.ledger.len() > KEPT_MAX {
            self.index = HashTable::new();
        }
    }

    /// Forgets everything, keeping the memory.
    pub fn forget(&mut self) {
        self.ledger.clear();
        self.index.clear();
    }

    /// Gives the memory of a large ledger back. That of a small one is kept, for the run that follows in the same world.
    pub fn release(&mut self) {
        if self.ledger.len() > KEPT_MAX {
            (self.ledger, self.index) = (Vec::new(), HashTable::new());
        }
    }

    /// A charge is asked for, for this purchase if the harness knows it.
    pub fn charge(
        &mut self,
        request: &ChargeRequest,
        intent: Option<IntentRef>,
        now_us: u64,
    ) -> Begun {
        if let Some(row) = self.find(request.key, now_us) {
            return match &self.ledger[row as usize] {
                Row { in_use: true, .. } => Begun::InUse,
                known if known.amount != request.amount => Begun::Refused,
                _ => Begun::Known(self.answer(row, true)),
            };
        }
        let row = self.ledger.len() as u32;
        let GatewayKey(key) = request.key;
        self.ledger.push(Row {
            key: [(key >> 64) as u64, key as u64],
            tenant: request.tenant,
            order: request.order.map(counted),
            amount: request.amount,
            intent,
            state: ChargeState::Authorized,
            in_use: true,
            since_us: now_us,
            at_us: now_us,
        });
        self.enter(request.key, row);
        Begun::Captures(row)
    }

    /// A capture ends: the bank has paid, or declined.
    pub fn capture(&mut self, row: u32, is_declined: bool, now_us: u64) -> ChargeAnswer {
        let charge = &mut self.ledger[row as usize];
        (charge.in_use, charge.at_us) = (false, now_us);
        charge.state = match is_declined {
            true => ChargeState::Declined,
            false => ChargeState::Captured,
        };
        self.answer(row, false)
    }

    /// A refund is asked for. Whether the money is back now: what was not captured is not refunded.
    pub fn refund(&mut self, charge: ChargeId, now_us: u64) -> bool {
        match self.ledger.get_mut(charge.0 as usize) {
            Some(row) if matches!(row.state, ChargeState::Captured | ChargeState::Refunded) => {
                if row.state == ChargeState::Captured {
                    row.at_us = now_us;
                }
                row.state = ChargeState::Refunded;
                true
            }
            _ => false,
        }
    }

    /// What a webhook says of a charge.
    pub fn notice(&self, charge: u32) -> ChargeNotice {
        let row = &self.ledger[charge as usize];
        ChargeNotice {
            id: ChargeId(u64::from(charge)),
            key: row.key(),
            tenant: row.tenant,
            order: row.order(),
            amount: row.amount,
            state: match row.state {
                ChargeState::Declined => ChargeState::Declined,
                _ => ChargeState::Captured,
            },
        }
    }

    fn find(&self, key: GatewayKey, now_us: u64) -> Option<u32> {
        let same = |row: &u32| self.ledger[*row as usize].key() == key;
        let row = *self.index.find(hash_key(key), same)?;
        (now_us < self.ledger[row as usize].since_us + self.key_ttl_us).then_some(row)
    }

    fn answer(&self, row: u32, replayed: bool) -> ChargeAnswer {
        ChargeAnswer {
            id: ChargeId(u64::from(row)),
            state: self.ledger[row as usize].state,
            replayed,
        }
    }

    /// The key now stands for this row; a row that stood for it before was forgotten.
    fn enter(&mut self, key: GatewayKey, row: u32) {
        let (ledger, index) = (&self.ledger, &mut self.index);
        let forgotten = |other: &u32| ledger[*other as usize].key() == key && *other != row;
        match index.find_mut(hash_key(key), forgotten) {
            Some(forgotten) => *forgotten = row,
            None => {
                index.insert_unique(hash_key(key), row, |row| {
                    hash_key(ledger[*row as usize].key())
                });
            }
        }
    }
}

/// The hash of a key: keys are derived from numbers that grow, an order's or a nonce.
pub fn hash_key(key: GatewayKey) -> u64 {
    neighbourly(key.0 as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY_TTL_US: u64 = 1_000_000;

    fn order(amount: i64) -> ChargeRequest {
        ChargeRequest {
            key: GatewayKey::of_order(Tenant(1), OrderId(7)),
            tenant: Tenant(1),
            order: Some(OrderId(7)),
            amount: Money(amount),
        }
    }

    fn answer(id: u64, state: ChargeState, replayed: bool) -> ChargeAnswer {
        ChargeAnswer {
            id: ChargeId(id),
            state,
            replayed,
        }
    }

    #[test]
    fn the_same_key_is_the_same_charge_and_says_so_while_it_is_in_use() {
        let mut provider = Provider::new(KEY_TTL_US);
        assert_eq!(provider.charge(&order(100), None, 0), Begun::Captures(0));
        assert_eq!(provider.charge(&order(100), None, 1), Begun::InUse);
        let first = provider.capture(0, false, 1);
        assert_eq!(first, answer(0, ChargeState::Captured, false));
        let known = Begun::Known(answer(0, ChargeState::Captured, true));
        assert_eq!(provider.charge(&order(100), None, 2), known);
        assert_eq!(provider.charge(&order(101), None, 3), Begun::Refused);
        assert_eq!(provider.ledger().len(), 1);
    }

    #[test]
    fn a_declined_charge_stays_declined_under_its_key() {
        let mut provider = Provider::new(KEY_TTL_US);
        provider.charge(&order(100), None, 0);
        let declined = provider.capture(0, true, 1);
        assert_eq!(declined, answer(0, ChargeState::Declined, false));
        let known = Begun::Known(answer(0, ChargeState::Declined, true));
        assert_eq!(provider.charge(&order(100), None, 5), known);
    }

    #[test]
    fn a_forgotten_key_charges_a_second_time() {
        let mut provider = Provider::new(KEY_TTL_US);
        provider.charge(&order(100), None, 0);
        provider.capture(0, false, 0);
        let known = Begun::Known(answer(0, ChargeState::Captured, true));
        assert_eq!(provider.charge(&order(100), None, KEY_TTL_US - 1), known);
        let second = provider.charge(&order(100), None, KEY_TTL_US);
        assert_eq!(second, Begun::Captures(1));
        provider.capture(1, false, KEY_TTL_US);
        let known = Begun::Known(answer(1, ChargeState::Captured, true));
        assert_eq!(provider.charge(&order(100), None, KEY_TTL_US + 1), known);
    }

    #[test]
    fn refunding_twice_is_refunding_once_and_what_was_not_captured_is_not_refunded() {
        let mut provider = Provider::new(KEY_TTL_US);
        assert!(!provider.refund(ChargeId(0), 0));
        provider.charge(&order(100), None, 0);
        assert!(!provider.refund(ChargeId(0), 0), "not yet captured");
        provider.capture(0, false, 1);
        for now_us in [2, 3] {
            assert!(provider.refund(ChargeId(0), now_us));
            let charge = provider.ledger().next().expect("there is one");
            assert_eq!(charge.state, ChargeState::Refunded);
            assert_eq!(charge.at_us, 2, "refunded once");
        }
    }
}
