//! A key's record as its slot keeps it: numbers that are counted in four bytes, and an answer by what it says beside its order.

use std::num::NonZeroU32;

use orders::{Fingerprint, KeyRecord, KeyState, Owner, Token};
use protocol::{Order, OrderId, Response, Time};

use super::distinct::{Distinct, Hashed, hash_of};
use super::place::Place;

/// A key's record, but for its answer's order where that is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) lease_until: Time,
    pub(crate) expires_at: Time,
    pub(crate) fingerprint: Fingerprint,
    owner: u32,
    pub(crate) token: Token,
    /// Orders are counted from one.
    order: Option<NonZeroU32>,
    /// Which of the [`Answers`].
    answer: Option<Place>,
    pub(crate) state: KeyState,
}

/// In an answer: the order that the record works on.
const OWN: OrderId = OrderId(u64::MAX);

/// The answers of records, each once: but for the order's number there are few.
#[derive(Debug, Default)]
pub(crate) struct Answers(Distinct<Response>);

impl Kept {
    #[inline]
    pub(crate) fn owner(&self) -> Owner {
        Owner(u64::from(self.owner))
    }
}

impl Answers {
    /// Forgets every answer, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.0.forget();
    }

    /// A record as it is kept.
    ///
    /// # Panics
    /// If it has a number that a world does not count to.
    pub(crate) fn pack(&mut self, record: &KeyRecord) -> Kept {
        let counted = |number: u64| u32::try_from(number).expect("fewer than 2^32 of them");
        let order = record
            .order
            .map(|order| NonZeroU32::new(counted(order.0)).expect("orders are counted from one"));
        let answer = record.response.map(|response| {
            let order = response.order.map(|order| Order {
                id: if Some(order.id) == record.order {
                    OWN
                } else {
                    order.id
                },
                ..order
            });
            Place::of(self.0.number(Response { order, ..response }))
        });
        Kept {
            lease_until: record.lease_until,
            expires_at: record.expires_at,
            fingerprint: record.fingerprint,
            owner: counted(record.owner.0),
            token: record.token,
            order,
            answer,
            state: record.state,
        }
    }

    /// A record as it was.
    pub(crate) fn unpack(&self, kept: &Kept) -> KeyRecord {
        let order = kept.order.map(|order| OrderId(u64::from(order.get())));
        let own = |shown: Order| Order {
            id: order.filter(|_| shown.id == OWN).unwrap_or(shown.id),
            ..shown
        };
        let response = kept.answer.map(|answer| {
            let value = self.0.get(answer.row());
            Response {
                order: value.order.map(own),
                ..value
            }
        });
        KeyRecord {
            state: kept.state,
            owner: kept.owner(),
            token: kept.token,
            lease_until: kept.lease_until,
            expires_at: kept.expires_at,
            fingerprint: kept.fingerprint,
            order,
            response,
        }
    }
}

impl Hashed for Response {
    fn hash(&self) -> u64 {
        let order = self.order.map(|order| (order.id, order.state, order.total));
        hash_of((order, self.status, self.problem, self.replayed))
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Money, OrderState};

    use super::*;

    fn record(order: Option<u64>, shown: Option<u64>, total: i64) -> KeyRecord {
        KeyRecord {
            state: KeyState::Completed,
            owner: Owner(3),
            token: Token(2),
            lease_until: Time(5),
            expires_at: Time(u64::MAX),
            fingerprint: Fingerprint([7; 32]),
            order: order.map(OrderId),
            response: shown.map(|id| {
                Response::created(Order {
                    id: OrderId(id),
                    state: OrderState::Confirmed,
                    total: Money(total),
                })
            }),
        }
    }

    #[test]
    fn records_come_back_as_they_were_and_equal_answers_are_kept_once() {
        let mut answers = Answers::default();
        let records = [
            record(None, None, 0),
            record(Some(1), None, 0),
            record(Some(1), Some(1), 100),
            record(Some(2), Some(2), 100),
            record(Some(2), Some(1), 100),
            record(None, Some(2), 100),
            record(Some(3), Some(3), 200),
        ];
        let kept = records.map(|record| answers.pack(&record));
        assert_eq!(kept.map(|kept| answers.unpack(&kept)), records);
        assert_eq!(answers.0.len(), 4);
        assert_eq!(size_of::<Kept>(), 72);
    }
}
