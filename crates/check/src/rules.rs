//! The registry: a rule is one file here and one line below.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::case::Case;
use crate::tally::Tally;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    malformed Malformed "malformed" Evidence "The history cannot have happened: whoever recorded it is at fault.";
    vacuous Vacuous "vacuous" Evidence "There is no `ok`, no audit, or a required situation was never met.";
    duplicate_order DuplicateOrder "duplicate-order" Safety "Two live orders for one key inside its time to live, or for one intent.";
    lost_ack LostAck "lost-ack" Safety "An answer names an order that the database does not hold, or not as it was asked for.";
    double_charge DoubleCharge "double-charge" Safety "More than one captured charge for one intent or one provider key.";
    orphan_charge OrphanCharge "orphan-charge" Safety "A captured charge whose order is absent or cancelled.";
    uncharged_order UnchargedOrder "uncharged-order" Safety "A confirmed order without a captured charge.";
    oversell Oversell "oversell" Safety "More units in live orders than there ever were.";
    negative_stock NegativeStock "negative-stock" Safety "On-hand or reserved stock below zero.";
    stock_conservation StockConservation "stock-conservation" Safety "The stock and the live orders do not add up to what there was.";
    replay_mismatch ReplayMismatch "replay-mismatch" Safety "A repeated request was answered otherwise than the first time.";
    stuck_claim StuckClaim "stuck-claim" Liveness "A key is still in flight although nobody works on it.";
    unavailable Unavailable "unavailable" Liveness "Fewer purchases succeed than the scenario's floor.";
}

impl Rule {
    /// The rule of a name.
    pub fn from_name(name: &str) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rule, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        Rule::from_name(&name)
            .ok_or_else(|| D::Error::custom(format!("no rule is called {name:?}")))
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
    }
}
