//! Tenants and customers: who asks. A key, a cart or an order belongs to exactly one tenant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A shop on the platform. Nothing of one tenant may ever reach another.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Tenant(pub u32);

/// A signed-in user of a tenant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UserId(pub u64);

/// Who places the order: a user, or a guest who did not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Customer {
    /// Signed in.
    User(UserId),
    /// Not signed in: there is no identity to compare, only a cart and a key.
    Guest,
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

impl fmt::Display for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Customer::User(UserId(id)) => write!(f, "user {id}"),
            Customer::Guest => f.write_str("guest"),
        }
    }
}
