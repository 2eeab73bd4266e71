//! How long after a commit the cache learns of it.

use std::cell::RefCell;

use compact_str::CompactString;
use orders::{Cache, Clock, CommitTag, Isolation, Ports, Store, Transaction};
use protocol::{Problem, Response, Span};
use sim::{Job, ReplicaPorts, Service};

use crate::story::{plan, play};

/// A service that writes into the cache, commits, and writes into the cache once more: how long either write took.
#[derive(Default)]
struct Caching(RefCell<Vec<(Span, Span)>>);

impl Service for Caching {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(_) = job else {
            return None;
        };
        let before = write(ports).await;
        let tx = ports.store().begin(Isolation::ReadCommitted).await;
        let tag = tx.expect("no fault is planned").commit().await;
        tag.and_then(CommitTag::committed)
            .expect("no fault is planned");
        let after = write(ports).await;
        self.0.borrow_mut().push((before, after));
        Some(Response::refused(503, Problem::Unavailable))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

async fn write(ports: &ReplicaPorts<'_>) -> Span {
    let key = CompactString::const_new("order");
    let begun = ports.clock().now();
    let written = ports.cache().set(&key, key.clone(), Span::secs(1)).await;
    written.expect("no fault is planned");
    ports.clock().now().since(begun)
}

fn writes(latency: &str) -> Vec<(Span, Span)> {
    let service = Caching::default();
    let world =
        format!("[world]\nclock-skew = \"0s\"\n[world.latency]\nrecord-read = \"0s\"\n{latency}\n");
    play(
        &plan(&format!("{world}[[client]]\nname = \"app\"\n")),
        &service,
        1,
    );
    service.0.into_inner()
}

#[test]
fn the_cache_learns_of_a_commit_as_much_later_as_the_scenario_says() {
    // One way is 250 us. The commit took effect one way before the handler knew, and the write is answered one way after it did.
    for (latency, after) in [
        ("", Span::millis(5)),
        ("cache-write = \"80ms\"", Span::millis(80)),
        ("cache-write = \"0s\"", Span(500)),
    ] {
        let writes = writes(latency);
        assert_eq!(writes.len(), 300);
        assert!(
            writes.iter().all(|write| *write == (Span(500), after)),
            "{latency}: {:?}",
            writes[0]
        );
    }
}
