//! Which requests are one purchase: by the key that the client sent, or by the cart.

use compact_str::format_compact;
use protocol::{Cart, IdempotencyKey, Scope, ScopedKey, Tenant};

/// The key of a purchase: the client's, or the natural one, of one version of one cart. Who is refused may edit the cart, which is
/// another request; that only one of the versions is sold is for the index on carts to see ([`natural`]).
pub(super) fn identity(tenant: Tenant, sent: Option<&IdempotencyKey>, cart: Cart) -> ScopedKey {
    let (key, scope) = match sent {
        Some(key) => (key.clone(), Scope::CreateOrder),
        None => {
            let text = format_compact!("c{}.{}", cart.id, cart.version);
            (
                IdempotencyKey::new(text).expect("digits are visible ASCII"),
                Scope::Cart,
            )
        }
    };
    ScopedKey { key, tenant, scope }
}

/// What a cart is sold as: once, whichever of its versions that is. A tab that was left open edits a cart that another tab has sold.
pub(super) const fn natural(cart: Cart) -> Cart {
    Cart { version: 0, ..cart }
}
