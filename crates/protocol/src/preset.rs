//! The published contracts by name: which of them a scenario holds its service to.

use std::fmt;

/// Declares the presets: what each is, and its name in scenario files.
macro_rules! presets {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A contract that has a name. What it promises is written in `orders`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Preset { $($(#[$doc])* $name,)* }

        impl Preset {
            /// Every preset, our own first.
            pub const ALL: &[Preset] = &[$(Preset::$name,)*];

            /// Its name in scenario files.
            pub const fn name(self) -> &'static str {
                match self { $(Preset::$name => $text,)* }
            }
        }
    };
}

presets! {
    /// Our own.
    #[default]
    Reference = "reference",
    /// Our own, with `202` for a request whose twin is being worked on.
    Reference202 = "reference-202",
    /// Our own, with a request that waits for its twin's answer.
    ReferenceWait = "reference-wait",
    /// Stripe's API v1.
    StripeV1 = "stripe-v1",
    /// draft-ietf-httpapi-idempotency-key-header-07.
    Ietf07 = "ietf-07",
    /// Checkout.com.
    CheckoutCom = "checkout-com",
    /// `PayPal-Request-Id`.
    Paypal = "paypal",
    /// Seed 001.
    Seed001 = "seed-001",
    /// Seed 002.
    Seed002 = "seed-002",
    /// Seed 003.
    Seed003 = "seed-003",
    /// Seed 004.
    Seed004 = "seed-004",
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
