//! What a scenario file says about a kind of client.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Rush;
use super::delay::{Delay, Waits};
use super::value::{At, Chance, Length};

/// A kind of client.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Client {
    /// Its name.
    pub name: At<String>,
    /// Its share of the intents; one kind may omit it and gets the rest.
    pub share: Option<At<Chance>>,
    /// Which key its requests carry; none if absent.
    pub key: Option<KeyWord>,
    /// The form of its keys; `plain` if absent.
    pub key_form: Option<At<KeyForm>>,
    /// How the key of a purchase is used again for another one.
    #[serde(default)]
    pub key_reuse: Vec<At<KeyReuse>>,
    /// How long it waits for an answer; for ever if absent.
    pub timeout: Option<At<Length>>,
    /// When the button is pressed; once if absent.
    pub taps: Option<At<Vec<At<Tap>>>>,
    /// Automatic retries; none if absent.
    pub retry: Option<At<Retry>>,
    /// A second tab with the same cart, which presses the button too.
    pub second_tab: Option<At<Rush>>,
    /// The payment's own channel, which orders what was paid for under a key of its own.
    pub second_channel: Option<At<Channel>>,
    /// The cart is edited and the button pressed again: the same purchase with another content.
    pub edited_cart: Option<At<Rush>>,
    /// The probability that a later request of a purchase serialises the same content differently.
    pub reserialised: Option<At<Chance>>,
    /// It is offline at first: its requests leave after a delay.
    pub offline: Option<At<Rush>>,
    /// The app dies while it waits, and comes back.
    pub crash: Option<At<AppCrash>>,
}

/// Which key a request carries.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyWord {
    /// None.
    None,
    /// One for the purchase: every tap and every retry carries it.
    PerIntent,
    /// A new one for every tap, kept for its retries.
    PerTap,
    /// A new one for every attempt.
    PerAttempt,
}

/// How a client spells its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyForm {
    /// A letter and a number.
    Plain,
    /// 255 characters, the maximum; only the last ones differ between two keys.
    Long,
    /// The keys of two consecutive purchases differ only in the case of one letter.
    Cased,
    /// The same key is written differently in each request: with blanks around it, or in quotes.
    Padded,
    /// Not a valid key: empty, too long, with a blank or a non-ASCII letter in it, or with an unclosed quote.
    Malformed,
}

/// Another purchase under the key of the first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyReuse {
    /// Who makes it.
    pub by: At<ReuseBy>,
    /// The probability, for each purchase.
    pub chance: At<Chance>,
    /// How long after the first.
    pub after: At<Delay>,
}

/// Who uses a key again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReuseBy {
    /// The same person, with another cart: in another tab, or later.
    SameUser,
    /// Another user of the shop, with any cart.
    AnotherUser,
    /// A user of another shop, with any cart.
    AnotherTenant,
}

/// A press of the button.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tap {
    /// The probability of this tap; 1 if absent. The first tap always happens.
    pub chance: Option<At<Chance>>,
    /// The delay after the previous tap; none if absent.
    pub after: Option<At<Delay>>,
    /// How long this request takes to arrive, instead of the world's `uplink`.
    pub uplink: Option<At<Delay>>,
}

/// A client's automatic retries.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Retry {
    /// The maximum number of retries of a tap.
    pub max: At<i64>,
    /// The outcomes after which it retries.
    pub on: At<Vec<RetryOn>>,
    /// How long it waits before each retry.
    pub wait: Option<At<Waits>>,
    /// Exponential backoff instead of `wait`.
    pub backoff: Option<At<Backoff>>,
}

/// An outcome after which a client may retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetryOn {
    /// The connection was reset.
    Reset,
    /// The answer did not come in time.
    Timeout,
    /// 5xx, 425 and 429.
    Unavailable,
    /// The request is still being worked on (409 in progress, 202).
    InProgress,
    /// The key was used with another content: it retries with a new key.
    KeyReused,
}

/// Exponential backoff: the k-th wait is `first` times `factor` to the power k, at most `cap`, plus or minus a uniform `jitter`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Backoff {
    /// The first wait.
    pub first: At<Length>,
    /// The growth from one wait to the next; 2 if absent.
    pub factor: Option<At<f64>>,
    /// The jitter as a fraction of the wait; 0 if absent.
    pub jitter: Option<At<Chance>>,
    /// The longest wait before jitter.
    pub cap: Option<At<Length>>,
}

/// The payment's own channel: it orders what the gateway captured although its answer was lost.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Channel {
    /// The maximum number of requests for a purchase.
    pub max: At<i64>,
    /// How long after the capture its first request leaves, and how long it waits before each further one.
    pub wait: At<Waits>,
}

/// The app dies while it waits for an answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AppCrash {
    /// The probability, per attempt.
    pub chance: At<Chance>,
    /// How long until it is back and sends again.
    pub back_after: At<Delay>,
    /// Whether the key survives; `true` if absent.
    pub key_persisted: Option<bool>,
}
