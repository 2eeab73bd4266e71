//! Keys whose `ok` answers differ: which of their orders are one too many, and which answers do not repeat an earlier one. The answers of a
//! key are gathered once for both.

use history::{Completion, History};

use super::answers::{Answer, KeyAnswers, PayloadGroup, row_time};
use super::difference::{Differing, difference, says_too_little};
use super::extra::{Clause, ExtraOrder};
use super::stamps::stamped;
use super::store::Facts;
use super::tables::{is_live, order_rows};
use crate::ttl::{Bounds, Within, apart, within};

impl Facts {
    /// Looks at the answers of each key that has several, and they differ.
    pub(super) fn compare_answers(&mut self, history: &History) {
        let mut answers = KeyAnswers::default();
        let mut differing = std::mem::take(&mut self.answers.differing);
        let (mut extra, mut named) = (Vec::new(), Vec::new());
        let (mut undated, mut undecided, mut bodiless, mut unsaid) = (0, 0, 0, 0);
        for key in &self.answers.mixed_keys {
            answers.gather(history, self, *key as usize);
            unsaid += u64::from(self.may_differ(history, &answers));
            answers.for_each_payload(history, self, |group| {
                undated += self.name_apart(history, &group, *key, &mut named, &mut extra);
                for answer in group.answers {
                    match self.find_difference(history, &group, answer) {
                        Some(Differs::Certainly(found)) => differing.push(found),
                        Some(Differs::Perhaps) => undecided += 1,
                        Some(Differs::InWhatIsNotSaid) => bodiless += 1,
                        None => {}
                    }
                }
            });
        }
        self.answers.differing = differing;
        self.answers.undecided_repeats = undecided;
        self.answers.bodiless_repeats = bodiless;
        self.answers.unsaid_repeats = unsaid;
        self.extras.undated_pairs += undated;
        extra.into_iter().for_each(|extra| self.keep_first(extra));
    }

    /// Whether two answers differ, of which one is to a request that does not say its payload, so that it may have repeated the other.
    fn may_differ(&self, history: &History, answers: &KeyAnswers) -> bool {
        let (unsaid, said) = answers.unsaid_and_said();
        let differ = |first: &Answer, then: &Answer| {
            first.returned < then.invoked
                && (difference(&history.contract, &first.said, &then.said).is_some()
                    || says_too_little(&history.contract, &first.said, &then.said))
                && !self.is_made_anew(history, &first.said, &then.said)
        };
        let is_any = unsaid
            .iter()
            .any(|a| said.iter().any(|b| differ(a, b) || differ(b, a)));
        is_any && !mutant!("replay-mismatch/requests-say-their-payload")
    }

    /// Two `ok` of one key and payload that name different orders, created less than the time to live apart. An order that was
    /// cancelled made room for another. Returns for how many pairs the time between their creations is unknown.
    fn name_apart(
        &self,
        history: &History,
        group: &PayloadGroup<'_>,
        key: u32,
        named: &mut Vec<(usize, Bounds)>,
        found: &mut Vec<ExtraOrder>,
    ) -> u64 {
        named.clear();
        let orders = group.classes.iter().filter_map(|class| {
            let order = class.first.said.order?.index();
            (!self.is_cancelled(history, order)).then_some((order, class.made))
        });
        named.extend(orders);
        // By creation, those of one instant as their rows come: the one that is too many is the same one as among the rows.
        named.sort_by_key(|(order, made)| (made.latest, self.orders[*order].row.get(), *order));
        named.dedup_by_key(|(order, _)| *order);
        let mut undated = 0;
        for pair in named.windows(2) {
            let [(first, made), (second, then)] = *pair else {
                continue;
            };
            match apart(history.contract.ttl, made, then) {
                Within::Outside => {}
                Within::Unknown => undated += 1,
                Within::Inside if self.orders[second].is_extra => {}
                Within::Inside => found.push(ExtraOrder {
                    at: then.latest,
                    order: second as u32,
                    other: first as u32,
                    clause: Clause::Answers,
                    group: key,
                }),
            }
        }
        undated
    }

    /// An answer against every class of answers that was there before it was asked for, the latest first.
    fn find_difference(
        &self,
        history: &History,
        group: &PayloadGroup<'_>,
        answer: &Answer,
    ) -> Option<Differs> {
        let contract = &history.contract;
        let ttl = contract
            .ttl
            .filter(|_| !mutant!("replay-mismatch/for-ever"));
        let mut is_undecided = false;
        let mut is_bodiless = false;
        for class in group.classes.iter().rev() {
            let precedes = class.first.returned < answer.invoked
                || mutant!("replay-mismatch/concurrent-too") && class.first.begun != answer.begun;
            if precedes && says_too_little(contract, &class.first.said, &answer.said) {
                is_bodiless |=
                    within(ttl, class.made, self.handling(history, answer)) != Within::Outside;
            }
            if !precedes
                || difference(contract, &class.first.said, &answer.said).is_none()
                || self.is_made_anew(history, &class.first.said, &answer.said)
            {
                continue;
            }
            match within(ttl, class.made, self.handling(history, answer)) {
                // Classes come by the creation of their order, so that all that follow are outside too.
                Within::Outside => break,
                Within::Unknown => is_undecided = true,
                Within::Inside => {
                    return Some(Differs::Certainly(Differing {
                        earlier: class.first.done,
                        later: answer.done,
                        at: answer.returned,
                    }));
                }
            }
        }
        let undecided = is_undecided.then_some(Differs::Perhaps);
        undecided.or_else(|| is_bodiless.then_some(Differs::InWhatIsNotSaid))
    }

    /// Whether an answer names another order than the first, which was cancelled: that may be made again, by contract.
    fn is_made_anew(&self, history: &History, first: &Completion, then: &Completion) -> bool {
        let is_cancelled = |order| self.is_cancelled(history, order);
        first.order != then.order
            && first.order.is_some_and(|order| is_cancelled(order.index()))
            && !mutant!("replay-mismatch/cancelled-orders-too")
    }

    /// When the service decided on an answer: while the request was out; and not after it created the order that it names, if that is
    /// when it did.
    fn handling(&self, history: &History, answer: &Answer) -> Bounds {
        let order = answer.said.order;
        let created = order.and_then(|order| row_time(history, self, order));
        let inside = created.filter(|t| (answer.invoked..=answer.returned).contains(t));
        let span = Bounds {
            earliest: answer.invoked,
            latest: answer.returned,
        };
        stamped(history, inside, span)
    }

    fn is_cancelled(&self, history: &History, order: usize) -> bool {
        let row = self.orders[order].row.get();
        row.is_some_and(|row| !is_live(&order_rows(history)[row]))
    }
}

/// Whether an answer differs from an earlier one inside the time to live.
enum Differs {
    Certainly(Differing),
    /// It cannot be told whether the key had expired.
    Perhaps,
    /// One of them does not say all that the other does.
    InWhatIsNotSaid,
}
