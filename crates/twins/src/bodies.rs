//! The claims, table by table.
//!
//! - [`keys`], [`due`]: `idempotency_keys`: inserts, locks and updates; claims that are overdue, and answers that have expired
//! - [`orders`], [`found`], [`items`], [`charges`]: an order, how it is found, and what hangs on it
//! - [`stock`], [`sales`], [`coupons`], [`carts`], [`outbox`]: what an order takes along
//! - [`transactions`]: what is undone, and when; autocommit
//! - [`anomalies`]: what READ COMMITTED prevents, and what it does not
//! - [`locks`]: who waits for whom, in which order, and deadlocks
//! - [`commits`]: connections that break, and commits without an acknowledgement
//! - [`cache`], [`gateway`]: what stands beside the database

mod anomalies;
mod cache;
mod carts;
mod charges;
mod commits;
mod coupons;
mod due;
mod found;
mod gateway;
mod items;
mod keys;
mod locks;
mod orders;
mod outbox;
mod sales;
mod stock;
mod transactions;

use crate::play::Play;
use crate::twin::{Need, Twin};

/// A claim, and how it is played.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// The claim, as a name.
    pub claim: &'static str,
    needs: &'static [Need],
    script: fn(&mut Play<'_>),
}

/// How a body ended that did not panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is as claimed.
    Holds,
    /// The twin cannot do what the body needs, for the reason that it documents.
    Lacks(Need, &'static str),
}

impl Body {
    /// Plays it on a twin in which nothing happened yet.
    ///
    /// # Panics
    /// If it is not as claimed.
    pub fn play(&self, twin: &mut dyn Twin) -> Ending {
        for need in self.needs {
            if let Some(why) = twin.lacks(*need) {
                return Ending::Lacks(*need, why);
            }
        }
        (self.script)(&mut Play::new(twin, self.claim));
        Ending::Holds
    }
}

/// The bodies of a file, by the names of their functions, with what they need.
macro_rules! claims {
    ($($claim:ident needs [$($need:expr),*];)*) => {
        /// The bodies of this file.
        pub(super) const ALL: &[crate::bodies::Body] = &[$(crate::bodies::Body {
            claim: stringify!($claim),
            needs: &[$($need),*],
            script: $claim,
        }),*];
    };
}
use claims;

/// Every body.
pub fn bodies() -> impl Iterator<Item = &'static Body> {
    let files = [
        keys::ALL,
        due::ALL,
        orders::ALL,
        found::ALL,
        items::ALL,
        charges::ALL,
        stock::ALL,
        sales::ALL,
        coupons::ALL,
        carts::ALL,
        outbox::ALL,
        transactions::ALL,
        anomalies::ALL,
        locks::ALL,
        commits::ALL,
        cache::ALL,
        gateway::ALL,
    ];
    files.into_iter().flatten()
}
