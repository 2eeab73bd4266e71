//! Every body, on the simulation.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use twins::{Ending, bodies};

use crate::simulated::on_sim;

#[test]
fn every_body_holds_on_the_simulation() {
    let mut broken = Vec::new();
    for body in bodies() {
        // All that do not hold are told, and not only the first.
        let played = catch_unwind(AssertUnwindSafe(|| on_sim(|twin| body.play(twin))));
        if !matches!(played, Ok(Ending::Holds)) {
            broken.push(body.claim);
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_two_bodies_make_one_claim() {
    let claims: BTreeSet<&str> = bodies().map(|body| body.claim).collect();
    assert_eq!(claims.len(), bodies().count());
}
