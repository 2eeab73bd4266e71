//! The reference types, one for each kind of name.

use std::num::NonZeroU32;

/// The reference types: small numbers that cannot be mixed up, and of which `Option` costs nothing.
macro_rules! references {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The reference to the name with this index.
            #[inline]
            pub const fn new(index: u32) -> $name {
                $name(NonZeroU32::new(index + 1).expect("fewer than 2^32 - 1 names"))
            }

            /// The index, from 0.
            #[inline]
            pub const fn index(self) -> usize {
                self.0.get() as usize - 1
            }
        }

        impl Reference for $name {
            fn at(index: u32) -> $name {
                $name::new(index)
            }
        }
    )*};
}

/// What the reference types have in common.
pub trait Reference {
    /// The reference to the name with this index.
    fn at(index: u32) -> Self;
}

references! {
    /// A tenant.
    TenantRef
    /// A key of a tenant: the same text of two tenants is two.
    KeyRef
    /// A purchase that a person meant.
    IntentRef
    /// The content of a request.
    PayloadRef
    /// A list of items.
    BasketRef
    /// A stock-keeping unit.
    SkuRef
    /// An order.
    OrderRef
    /// The body of an answer.
    ResponseRef
    /// The machine-readable reason of a refusal or of an unknown outcome.
    CodeRef
    /// A fault of the plan.
    FaultRef
    /// A host, or the owner of a claim.
    HostRef
    /// A charge in the gateway's ledger.
    ChargeRef
    /// A notification's message id.
    MessageRef
    /// A coupon.
    CouponRef
    /// An attempt.
    ProcessRef
    /// A key under which the gateway was asked for a charge.
    ProviderKeyRef
    /// A purse that a charge was taken from.
    TenderRef
    /// A refund in the gateway's ledger.
    RefundRef
    /// The key of a refund.
    RefundKeyRef
    /// A cart.
    CartRef
}
