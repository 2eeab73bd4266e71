//! The registry: a rule is one file here and one line below.

use crate::case::Case;
use crate::tally::Tally;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Something bad never happens.
    Safety,
    /// Something good happens in the end, after the faults.
    Liveness,
    /// Whether the history is fit to prove anything.
    Evidence,
}

/// The rules, declared in this one place: module and variant, name, kind, and when a rule is violated.
macro_rules! rules {
    ($($module:ident $rule:ident $name:literal $kind:ident $about:literal;)*) => {
        $(mod $module;)*

        /// A rule the judge applies.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $(#[doc = $about] $rule,)* }

        impl Rule {
            /// Every rule, evidence first.
            pub const ALL: &[Rule] = &[$(Rule::$rule,)*];

            /// The rule's name, as in scenario files and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$rule => $name,)* }
            }

            /// What it is about.
            pub const fn kind(self) -> Kind {
                match self { $(Rule::$rule => Kind::$kind,)* }
            }

            /// When it is violated, in a sentence.
            pub const fn about(self) -> &'static str {
                match self { $(Rule::$rule => $about,)* }
            }

            /// Puts the rule to the test.
            pub(crate) fn apply(self, case: &Case<'_>, tally: &mut Tally) {
                match self { $(Rule::$rule => $module::apply(case, tally),)* }
            }
        }
    };
}

rules! {
    malformed Malformed "malformed" Evidence "The history cannot have happened: the recorder is at fault.";
    evidence Evidence "evidence" Evidence "There is no `ok`, no audit, or a required situation was never met.";
    duplicate_order DuplicateOrder "duplicate-order" Safety "Two live orders for one key inside its time to live, or for one intent.";
    lost_ack LostAck "lost-ack" Safety "An answer names an order that the database does not hold, or not as it was asked for.";
    phantom_order PhantomOrder "phantom-order" Safety "An order that was not asked for, not so, or not yet.";
    failed_but_applied FailedButApplied "failed-but-applied" Safety "Every request failed for certain, and yet there is an order, a charge or an effect on the stock.";
    replay_mismatch ReplayMismatch "replay-mismatch" Safety "A repeated request was answered otherwise than the first time.";
    conflict_accepted ConflictAccepted "conflict-accepted" Safety "A key stood for two payloads inside its time to live.";
    spurious_conflict SpuriousConflict "spurious-conflict" Safety "A mismatch answer although no other payload was ever sent with the key.";
    off_contract OffContract "off-contract" Safety "A refusal has another status than the contract promises for what it means.";
    cross_tenant CrossTenant "cross-tenant" Safety "One tenant got what is another's, or was refused for a key of another.";
    result_regression ResultRegression "result-regression" Safety "A request was answered `ok`, and later the same failed.";
    double_charge DoubleCharge "double-charge" Safety "More than one charge is kept for one purchase or one provider key.";
    double_refund DoubleRefund "double-refund" Safety "More was given back than was asked for, or than was captured.";
    orphan_charge OrphanCharge "orphan-charge" Safety "A captured charge whose order is absent or cancelled.";
    uncharged_order UnchargedOrder "uncharged-order" Safety "A confirmed order without a captured charge.";
    wrong_amount WrongAmount "wrong-amount" Safety "A captured amount that is not what the order comes to.";
    oversell Oversell "oversell" Safety "More units in live orders than there ever were.";
    negative_stock NegativeStock "negative-stock" Safety "On-hand or reserved stock below zero.";
    stock_conservation StockConservation "stock-conservation" Safety "The stock and the live orders do not add up to what there was.";
    reservation_leak ReservationLeak "reservation-leak" Safety "Units are reserved that no open order holds.";
    false_sold_out FalseSoldOut "false-sold-out" Safety "A request was rejected for lack of stock, and there was enough all the while.";
    partial_order PartialOrder "partial-order" Safety "An order without all that belongs to it: items, coupon, and what else is written with it.";
    duplicate_notification DuplicateNotification "duplicate-notification" Safety "Two messages for one event of one order.";
    phantom_notification PhantomNotification "phantom-notification" Safety "A message for an order that is not there, or not yet.";
    false_merge FalseMerge "false-merge" Safety "Two purchases were answered with one order, or one was rejected as a repetition.";
    early_expiry EarlyExpiry "early-expiry" Safety "A key was forgotten inside its time to live, and a second order was made.";
    immortal_key ImmortalKey "immortal-key" Safety "A key is replayed after its time to live, where the contract promises a new request.";
    late_after_expiry LateAfterExpiry "late-after-expiry" Safety "A request sent before its key expired made a second order after that.";
    stale_read StaleRead "stale-read" Safety "A read after the acknowledgement does not find what was acknowledged.";
    stored_error_policy StoredErrorPolicy "stored-error-policy" Safety "A stored error is not repeated, or one that is not stored blocks the key.";
    error_dishonesty ErrorDishonesty "error-dishonesty" Safety "A duplicate alone caused a server error, or an unknown outcome is recorded as a failure.";
    unfenced Unfenced "unfenced" Safety "A key record was changed by an owner that did not hold it, or left its end too soon.";
    quota Quota "quota" Safety "A coupon is used more often than its limit.";
    stuck_claim StuckClaim "stuck-claim" Liveness "A key is still in flight although no request on it is being worked on.";
    stuck_order StuckOrder "stuck-order" Liveness "An order is still pending after the recovery deadline.";
    unresolved_retry UnresolvedRetry "unresolved-retry" Liveness "A client that keeps asking after everything healed is never told.";
    missing_notification MissingNotification "missing-notification" Liveness "A confirmed order without its message.";
    unavailable Unavailable "unavailable" Liveness "Fewer purchases succeed than the scenario's floor.";
    not_linearizable NotLinearizable "not-linearizable" Safety "No order of the operations on a key fits what they were answered.";
}

impl Rule {
    /// Names that rules once had, and the rules they are now.
    pub const RENAMED: &[(&str, Rule)] = &[("vacuous", Rule::Evidence)];

    /// The rule of a name.
    pub fn from_name(name: &str) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_a_place() {
        for (i, rule) in Rule::ALL.iter().enumerate() {
            assert_eq!(Rule::from_name(rule.name()), Some(*rule));
            assert_eq!(*rule as usize, i);
        }
        assert_eq!(Rule::from_name("no-such-rule"), None);
        for (old, _) in Rule::RENAMED {
            assert_eq!(Rule::from_name(old), None, "a name means one rule");
        }
    }
}
