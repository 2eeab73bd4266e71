//! Every way of creating an order once, or failing to: one file and one line in the registry each.
//!
//! To add one: write `strategy/my_idea.rs` with a unit struct `MyIdea` that is a [`Strategy`], and add the line
//! `MyIdea = my_idea,` below. Nothing is boxed: the registry dispatches by `match`.

use std::fmt;
use std::str::FromStr;

use protocol::{Button, ChargeNotice, OrderRequest, Preset, Response};

use crate::contract::Contract;
use crate::ports::Ports;

mod naive_purchase;
mod recent_match;
mod refusals;
mod seed_text;
mod valid_total;

/// What the document that describes a strategy says of its success.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatedPrevention {
    /// The share of duplicates that it is said to prevent, of 1.
    pub share: f64,
    /// Where that is written.
    pub source: &'static str,
}

/// Which tables a strategy writes beside its orders, stock, coupons and outbox. One that its document does not ask for is not
/// written, and cannot be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledgers {
    /// `carts`: the cart of an order is cleared.
    pub carts: bool,
    /// `sales`: a counter for every SKU.
    pub sales: bool,
    /// `inventory_logs`: what left the stock, and for which order.
    pub inventory_log: bool,
    /// `charges`: what an order was paid with, as the service knows it.
    pub charges: bool,
    /// `idempotency_keys`: a record with a state of its own for every key.
    pub keys: bool,
}

impl Ledgers {
    /// Every table.
    pub const ALL: Ledgers = Ledgers {
        carts: true,
        sales: true,
        inventory_log: true,
        charges: true,
        keys: true,
    };

    /// What a shop needs that takes money and counts what it sells. Neither carts nor logs are cared for, and a key is at most a column of
    /// its order.
    pub const BOOKS: Ledgers = Ledgers {
        carts: false,
        inventory_log: false,
        keys: false,
        ..Ledgers::ALL
    };

    /// The same with a record for every key.
    pub const BOOKS_AND_KEYS: Ledgers = Ledgers {
        keys: true,
        ..Ledgers::BOOKS
    };
}

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
    /// What its client's button does.
    const BUTTON: Button = Button::Plain;
    /// Whether its clients send a key for every purchase, even where a scenario's send none, because the system that it describes
    /// has such clients and refuses others.
    const CLIENT_KEY: bool = false;
    /// Whether it listens to the gateway's webhooks.
    const LISTENS: bool = false;
    /// Whether it asks a cache, so that what goes wrong there can strike it.
    const ASKS_CACHE: bool = false;
    /// Whether its kitchen knows a message by its id, and prints one ticket of it however often it comes.
    const KNOWS_MESSAGES: bool = false;
    /// How many duplicates it prevents, if its document says so.
    const STATED: Option<StatedPrevention> = None;
    /// The contract that it documents: what its clients may rely on, unless a scenario says otherwise.
    const PRESET: Preset = Preset::Reference;
    /// Which tables it writes beside its orders.
    const LEDGERS: Ledgers = Ledgers::BOOKS;

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

            /// Whether it asks a cache.
            pub const fn asks_cache(self) -> bool {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::ASKS_CACHE,)+ }
            }

            /// What its client's button does.
            pub const fn button(self) -> Button {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::BUTTON,)+ }
            }

            /// Whether its clients send a key for every purchase, whatever the scenario says.
            pub const fn brings_client_key(self) -> bool {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::CLIENT_KEY,)+ }
            }

            /// The preset of the contract that it documents.
            pub const fn preset(self) -> Preset {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::PRESET,)+ }
            }

            /// Which tables it writes beside its orders.
            pub const fn ledgers(self) -> Ledgers {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::LEDGERS,)+ }
            }

            /// Whether [`StrategyName::hear`] does anything.
            pub const fn hears_webhooks(self) -> bool {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::LISTENS,)+ }
            }

            /// Whether its kitchen knows a message by its id.
            pub const fn knows_messages(self) -> bool {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::KNOWS_MESSAGES,)+ }
            }

            /// How many duplicates it prevents, if its document says so.
            pub const fn stated_prevention(self) -> Option<StatedPrevention> {
                match self { $(StrategyName::$strategy => <$strategy as Strategy>::STATED,)+ }
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
    ClientDisable = client_disable,
    RecentCheck = recent_check,
    ProcessCounter = process_counter,
    Fingerprint = fingerprint,
    FingerprintDb = fingerprint_db,
    FingerprintAtomic = fingerprint_atomic,
    Token = token,
    DebounceWindow = debounce_window,
    UniqueKey = unique_key,
    OrderIdempotencies = order_idempotencies,
    UnguardedDecrement = unguarded_decrement,
    ReadModifyWrite = read_modify_write,
    ResponseSnapshot = response_snapshot,
    DistributedLock = distributed_lock,
    WebhookCreates = webhook_creates,
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
