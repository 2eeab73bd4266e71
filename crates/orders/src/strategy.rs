//! Every way of creating an order once, or failing to: one file and one line in the registry each.
//!
//! To add one: write `strategy/my_idea.rs` with a unit struct `MyIdea` that is a [`Strategy`], and add the line
//! `MyIdea = my_idea,` below. Nothing is boxed: the registry dispatches by `match`.

use std::fmt;
use std::str::FromStr;

use protocol::{ChargeNotice, OrderRequest, Response};

use crate::contract::Contract;
use crate::ports::Ports;

mod naive_purchase;
mod valid_total;

/// A way of creating an order.
#[expect(
    async_fn_in_trait,
    reason = "as in the ports: whoever needs `Send` names concrete types at the edge"
)]
pub trait Strategy {
    /// Its name on the command line and in reports, in kebab case.
    const NAME: &'static str;
    /// What it does, in one line.
    const SUMMARY: &'static str;
    /// Whether it has a completer and reaper that must run now and then.
    const MAINTAINED: bool = false;
    /// Whether it listens to the gateway's webhooks.
    const LISTENS: bool = false;

    /// Answers `POST /orders`.
    async fn create<P: Ports>(
        &self,
        ports: &P,
        contract: &Contract,
        request: &OrderRequest,
    ) -> Response;

    /// One round of completer and reaper. Whatever fails is left for the next round.
    async fn maintain<P: Ports>(&self, _ports: &P, _contract: &Contract) {}

    /// The gateway tells how a capture ended: late, perhaps twice, in any order. `false` if it is to tell again.
    async fn hear<P: Ports>(
        &self,
        _ports: &P,
        _contract: &Contract,
        _notice: &ChargeNotice,
    ) -> bool {
        true
    }
}

/// Declares the modules, the enum of their names, and the static dispatch.
macro_rules! registry {
    ($($strategy:ident = $module:ident,)+) => {
        $(mod $module; pub use $module::$strategy;)+

        /// A strategy, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum StrategyName {
            $(#[doc = concat!("[`", stringify!($strategy), "`]")] $strategy,)+
        }

        impl StrategyName {
            /// Every strategy, the reference first.
            pub const ALL: &'static [StrategyName] = &[$(StrategyName::$strategy,)+];

            /// Its name, in kebab case.
            pub const fn name(self) -> &'static str {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::NAME,)+ }
            }

            /// What it does, in one line.
            pub const fn summary(self) -> &'static str {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::SUMMARY,)+ }
            }

            /// Whether [`StrategyName::maintain`] does anything.
            pub const fn needs_maintenance(self) -> bool {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::MAINTAINED,)+ }
            }

            /// Whether [`StrategyName::hear`] does anything.
            pub const fn hears_webhooks(self) -> bool {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::LISTENS,)+ }
            }

            /// Answers `POST /orders` as this strategy does.
            pub async fn create<P: Ports>(self, ports: &P, contract: &Contract, request: &OrderRequest) -> Response {
                match self { $(StrategyName::$strategy => $strategy.create(ports, contract, request).await,)+ }
            }

            /// One round of this strategy's completer and reaper.
            pub async fn maintain<P: Ports>(self, ports: &P, contract: &Contract) {
                match self { $(StrategyName::$strategy => $strategy.maintain(ports, contract).await,)+ }
            }

            /// This strategy hears a webhook; `false` if it is to be told again.
            pub async fn hear<P: Ports>(self, ports: &P, contract: &Contract, notice: &ChargeNotice) -> bool {
                match self { $(StrategyName::$strategy => $strategy.hear(ports, contract, notice).await,)+ }
            }
        }
    };
}

registry! {
    ClaimComplete = claim_complete,
    CheckThenInsert = check_then_insert,
    NoDedup = no_dedup,
}

/// No strategy has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no strategy has this name")]
pub struct UnknownStrategy;

impl FromStr for StrategyName {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<StrategyName, UnknownStrategy> {
        StrategyName::ALL
            .iter()
            .copied()
            .find(|known| known.name() == name)
            .ok_or(UnknownStrategy)
    }
}

impl fmt::Display for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_is_found_by_its_kebab_case_name() {
        for strategy in StrategyName::ALL {
            assert_eq!(strategy.name().parse(), Ok(*strategy));
            assert!(
                strategy
                    .name()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{strategy}"
            );
            assert!(!strategy.summary().is_empty() && !strategy.summary().contains('\n'));
        }
        assert_eq!(
            "claim_complete".parse::<StrategyName>(),
            Err(UnknownStrategy)
        );
    }
}
