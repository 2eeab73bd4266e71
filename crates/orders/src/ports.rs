//! The ports: everything that a strategy may do to the world. One `await` is one round trip.
//!
//! The errors tell what a caller may conclude, not what went wrong underneath.
//!
//! A transaction has a trait for every table, so that an implementation is a file for every table too.

#![expect(
    async_fn_in_trait,
    reason = "ports are plain async fn: the simulator is single-threaded, and the server names concrete types at its edge"
)]

mod cache;
mod carts;
mod charges;
mod clock;
mod coupons;
mod gateway;
mod keys;
mod orders;
mod outbox;
mod sales;
mod stock;
mod store;
mod store_error;

pub use cache::{Cache, CacheError};
pub use carts::Carts;
pub use charges::Charges;
pub use clock::Clock;
pub use coupons::Coupons;
pub use gateway::{Gateway, GatewayError};
pub use keys::Keys;
pub use orders::Orders;
pub use outbox::Outbox;
pub use sales::Sales;
pub use stock::Stock;
pub use store::{CommitTag, Isolation, Store, Transaction};
pub use store_error::{Constraint, StoreError};

use crate::metrics::Metric;
use crate::process::Process;
use crate::rows::Owner;

/// Everything a strategy works with, on one replica, for one request.
pub trait Ports {
    /// The database.
    type Store: Store;
    /// The cache.
    type Cache: Cache;
    /// The payment gateway.
    type Gateway: Gateway;
    /// The replica's clock.
    type Clock: Clock;

    /// The database.
    fn store(&self) -> &Self::Store;
    /// The cache.
    fn cache(&self) -> &Self::Cache;
    /// The payment gateway.
    fn gateway(&self) -> &Self::Gateway;
    /// The replica's clock.
    fn clock(&self) -> &Self::Clock;
    /// The memory of the replica's process.
    fn process(&self) -> &Process;
    /// Who we are: this replica in this life.
    fn owner(&self) -> Owner;
    /// A number that no other call gets, on any replica in any of its lives: a random UUID, where there is one.
    fn nonce(&self) -> u128;
    /// Something happened that the service's monitoring counts. Not a round trip.
    fn count(&self, _metric: Metric) {}
}
