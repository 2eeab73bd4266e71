//! How long after a commit the cache learns of it, and what it knows after it has failed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use compact_str::CompactString;
use history::What;
use orders::ports::CacheError;
use orders::{Cache, Clock, CommitTag, Isolation, Job, Ports, Store, Transaction};
use protocol::{Problem, Response, Span};
use sim::{ReplicaPorts, Service};

use crate::story::{plan, play, struck};

const CLIENT: &str = "[[client]]\nname = \"app\"\n";
const REFUSED: Response = Response::refused(503, Problem::Unavailable);

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

/// A service that writes once for every request, and asks until it knows what is there.
#[derive(Default)]
struct Doubting {
    unheard: Cell<u64>,
    /// Of the writes whose answer was lost: how many took effect.
    written: Cell<u64>,
    writes_unheard: Cell<u64>,
}

impl Service for Doubting {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let key: CompactString = format!("cart {}", request.cart.id).into();
        let hour = Span::secs(3_600);
        let set = ports.cache().set_if_absent(&key, "mine".into(), hour).await;
        let found = loop {
            match ports.cache().get(&key).await {
                Ok(found) => break found,
                Err(error) => {
                    assert_eq!(error, CacheError::Unknown);
                    self.unheard.set(self.unheard.get() + 1);
                }
            }
        };
        assert!(found.is_some() || set.is_err());
        if let Err(error) = set {
            assert_eq!(error, CacheError::Unknown);
            self.writes_unheard.set(self.writes_unheard.get() + 1);
            self.written
                .set(self.written.get() + u64::from(found.is_some()));
        }
        Some(REFUSED)
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

#[test]
fn a_write_whose_answer_is_lost_took_effect() {
    let service = Doubting::default();
    let fault = "[[fault]]\nlose-cache-answer = { chance = 0.2 }";
    let history = play(&plan(&format!("{CLIENT}{fault}")), &service, 1).history;
    let (writes, written) = (service.writes_unheard.get(), service.written.get());
    assert!(writes > 30, "{writes}");
    assert_eq!(written, writes);
    let strikes = struck(&history, "lose-cache-answer");
    assert_eq!(strikes, writes + service.unheard.get());
}

/// A service that writes once for every request, and when the cache has failed and is back looks for everything.
#[derive(Default)]
struct Mourning {
    /// Key and time of every write that was acknowledged.
    written: RefCell<Vec<(CompactString, u64)>>,
    refused_us: RefCell<Vec<u64>>,
    /// The times of those writes that were gone afterwards.
    gone_us: RefCell<BTreeSet<u64>>,
}

impl Service for Mourning {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let now_us = ports.clock().now().0 - 86_400_000_000;
        if now_us > 320_000_000 {
            let written = self.written.borrow().clone();
            for (key, at_us) in written {
                if ports.cache().get(&key).await == Ok(None) {
                    self.gone_us.borrow_mut().insert(at_us);
                }
            }
            return Some(REFUSED);
        }
        let key: CompactString = format!("cart {}", request.cart.id).into();
        let hour = Span::secs(3_600);
        match ports.cache().set(&key, "mine".into(), hour).await {
            Ok(()) => self.written.borrow_mut().push((key, now_us)),
            Err(error) => {
                assert_eq!(error, CacheError::Unavailable);
                self.refused_us.borrow_mut().push(now_us);
            }
        }
        Some(REFUSED)
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

#[test]
fn a_failover_loses_the_latest_writes_and_nobody_is_there_meanwhile() {
    let service = Mourning::default();
    let world = "[world]\nclock-skew = \"0s\"\n";
    let fault = "[[fault]]\nfail-over-cache = { chance = 1, down-for = \"15s\", loses = \"30s\", \
                 window = { from = \"5min\", until = \"310s\" } }";
    let history = play(&plan(&format!("{world}{CLIENT}{fault}")), &service, 1).history;
    // While it is down it cannot fail: it did so once, although the window was open for many commands.
    let fails = history.events.iter().filter_map(|event| match event.what {
        What::Fault { .. } => Some(event.t),
        _ => None,
    });
    let fails: Vec<u64> = fails.collect();
    let [failed_us] = fails[..] else {
        panic!("{fails:?}")
    };
    let refused = service.refused_us.into_inner();
    let down = failed_us - 1_000_000..failed_us + 15_000_000;
    assert!(refused.len() > 3 && refused.iter().all(|at_us| down.contains(at_us)));
    // A write takes effect some milliseconds after its request began to be worked on.
    let tail = failed_us - 30_010_000..failed_us;
    let gone = service.gone_us.into_inner();
    assert!(
        gone.len() > 8 && gone.iter().all(|at_us| tail.contains(at_us)),
        "{gone:?}"
    );
    let kept = service.written.into_inner();
    let in_tail = kept.iter().filter(|(_, at_us)| tail.contains(at_us));
    assert!(in_tail.count() - gone.len() <= 1 && kept.len() > 140);
}
