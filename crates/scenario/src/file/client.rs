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
    /// Its share of the intents; one kind may leave it out and gets the rest.
    pub share: Option<At<Chance>>,
    /// Which key its requests carry; none if absent.
    pub key: Option<KeyWord>,
    /// How it spells its keys; plainly if absent.
    pub key_form: Option<At<KeyForm>>,
    /// Who sends the key of a purchase once more, for another one.
    #[serde(default)]
    pub key_reuse: Vec<At<KeyReuse>>,
    /// How long it waits for an answer; for ever if absent.
    pub timeout: Option<At<Length>>,
    /// When the button is pressed; once if absent.
    pub taps: Option<At<Vec<At<Tap>>>>,
    /// What it does without being asked.
    pub retry: Option<At<Retry>>,
    /// A second tab with the same cart, which presses the button too.
    pub second_tab: Option<At<Rush>>,
    /// Whoever hears of payments orders what was paid for, under a key of its own.
    pub second_channel: Option<At<Channel>>,
    /// The cart is edited, and the button pressed once more: the same purchase, with another content.
    pub edited_cart: Option<At<Rush>>,
    /// The probability that a request after a purchase's first writes the same content otherwise.
    pub reserialised: Option<At<Chance>>,
    /// It has no network at first: its requests leave later.
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
    /// 255 characters, the most that there may be, of which only the last tell two keys apart.
    Long,
    /// Two purchases after each other have keys that differ in one letter's case.
    Cased,
    /// With blanks around it or in quotes, in every request otherwise: the same key.
    Padded,
    /// No key: empty, too long, with a blank or a letter beyond ASCII in it, or with quotes that do not end.
    Malformed,
}

/// Somebody makes another purchase under the key of the first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyReuse {
    /// Who.
    pub by: At<ReuseBy>,
    /// The probability, for each purchase.
    pub chance: At<Chance>,
    /// How long after the first.
    pub after: At<Delay>,
}

/// Who sends a key once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReuseBy {
    /// The same person, with another cart: in another tab, or later.
    SameUser,
    /// Another user of the shop, with any cart.
    AnotherUser,
    /// Somebody in another shop, with any cart.
    AnotherTenant,
}

/// A press of the button.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tap {
    /// The probability that it comes at all; 1 if absent. The first tap always comes.
    pub chance: Option<At<Chance>>,
    /// How long after the tap before its request leaves; at once if absent.
    pub after: Option<At<Delay>>,
    /// How long this request is under way, if not as the world says.
    pub uplink: Option<At<Delay>>,
}

/// What a client does without being asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Retry {
    /// At most so many retries of a tap.
    pub max: At<i64>,
    /// After what it retries.
    pub on: At<Vec<RetryOn>>,
    /// How long it waits before each retry.
    pub wait: Option<At<Waits>>,
    /// The same as exponential backoff.
    pub backoff: Option<At<Backoff>>,
}

/// After what a client retries.
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
    /// The key came with another content: it sends again with a new key.
    KeyReused,
}

/// Waits that grow: the k-th is `first` times `factor` to the k, at most `cap`, spread evenly by `jitter` to both sides.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Backoff {
    /// The first wait.
    pub first: At<Length>,
    /// How many times as long each is as the one before; 2 if absent.
    pub factor: Option<At<f64>>,
    /// By which share of itself a wait is shorter or longer; 0 if absent.
    pub jitter: Option<At<Chance>>,
    /// The longest wait before jitter.
    pub cap: Option<At<Length>>,
}

/// The payment's own channel: it orders what the gateway captured while nobody heard the gateway's answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Channel {
    /// At most so many requests for a purchase.
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
    /// Whether the key survives; it does if absent.
    pub key_persisted: Option<bool>,
}
