//! Key records as they change in runs of our own: who is fenced keeps `unfenced`, who is not breaks it, and a file tells the same.

use orders::ports::Keys;
use std::rc::Rc;

use check::{Outcome, Rule, RuleVerdict, judge};
use explore::Chooser;
use history::{History, jsonl};
use orders::{
    Clock, CommitTag, Isolation, Job, KeyRecord, KeyState, Ports, Store, StoreError, Token,
    Transaction,
};
use protocol::{OrderRequest, Problem, Response, Scope, ScopedKey, Span, Time};
use runner::watch::Nobody;
use runner::{StrategyName, run_one};
use sim::{Control, ReplicaPorts, Service, Shoppers, World};

use super::{parsed, plan, task};

/// How a late owner ends its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Late {
    /// Under the token that it has, as the reference does: it is refused.
    Fenced(KeyState),
    /// Over whatever token the row has by now.
    Unfenced(KeyState),
    /// Over the row as it is by now, owner and token and all.
    Copied(KeyState),
    /// By its bare state.
    Bare(KeyState),
}

/// Claims for a second, works for three, and ends the claim.
struct Slow(Late);

const LEASE: Span = Span::secs(1);
const WORK: Span = Span::secs(3);

impl Service for Slow {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let key = ScopedKey {
            key: request.key.clone().expect("every client sends one"),
            tenant: request.tenant,
            scope: Scope::CreateOrder,
        };
        let mine = claim(ports, request, &key)
            .await
            .expect("no fault is planned");
        if let Some(mine) = mine {
            ports.clock().sleep(WORK).await;
            end(ports, &key, mine, self.0)
                .await
                .expect("no fault is planned");
        }
        Some(Response::refused(503, Problem::Unavailable))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

/// Claims the key, if nobody has it or its lease is over.
async fn claim(
    ports: &ReplicaPorts<'_>,
    request: &OrderRequest,
    key: &ScopedKey,
) -> Result<Option<KeyRecord>, StoreError> {
    let now = ports.clock().now();
    let mut mine = KeyRecord {
        state: KeyState::Claimed,
        owner: ports.owner(),
        token: Token(1),
        lease_until: now + LEASE,
        expires_at: Time::MAX,
        fingerprint: orders::fingerprint(request),
        order: None,
        response: None,
    };
    let mut tx = ports.store().begin(Isolation::ReadCommitted).await?;
    match tx.lock_key(key).await? {
        None => tx.insert_key(key, mine).await?,
        Some(held) if held.state == KeyState::Claimed && held.lease_over(now) => {
            mine.token = Token(held.token.0 + 1);
            tx.update_key(key, held.token, mine).await?;
        }
        Some(_) => {
            tx.rollback().await;
            return Ok(None);
        }
    }
    tx.commit().await.and_then(CommitTag::committed)?;
    Ok(Some(mine))
}

async fn end(
    ports: &ReplicaPorts<'_>,
    key: &ScopedKey,
    mine: KeyRecord,
    late: Late,
) -> Result<(), StoreError> {
    let mut tx = ports.store().begin(Isolation::ReadCommitted).await?;
    let over = |state| KeyRecord { state, ..mine };
    match late {
        Late::Fenced(state) => tx.update_key(key, mine.token, over(state)).await?,
        Late::Unfenced(state) => {
            let held = tx.lock_key(key).await?.map_or(mine.token, |row| row.token);
            tx.update_key(key, held, over(state)).await?
        }
        Late::Copied(state) => {
            let row = tx.lock_key(key).await?.expect("nobody deletes it");
            let ended = KeyRecord { state, ..row };
            tx.update_key(key, row.token, ended).await?
        }
        Late::Bare(state) => tx.set_key_state(key, state).await?,
    };
    tx.commit().await.and_then(CommitTag::committed)
}

/// Twenty people who tap again after two seconds: the first owner is at work beyond its lease, and the second takes over.
const STORY: &str = r#"
story = "Slow owners."
strategy = "claim-complete"
[world]
replicas = 4
clock-skew = "0s"
[world.latency]
uplink = "10ms"
downlink = "10ms"
[shop]
[[shop.sku]]
name = "burger"
price = "1.00"
stock = 1000
[[shop.basket]]
lines = { burger = 1 }
[load]
intents = 20
over = "1min"
[[client]]
name = "app"
key = "per-intent"
taps = [{}, { after = "2s" }]
"#;

/// What the rule finds in a run under a late owner of this kind, and in a file of it.
fn unfenced(late: Late) -> RuleVerdict {
    let plan = Rc::new(parsed("slow", STORY, 1.0));
    let world = World::new(&plan, Chooser::random(1));
    let shoppers = Shoppers;
    sim::run(&world, &Slow(late), &shoppers, &mut |_| Control::Go).expect("nobody stops it");
    let history = world.finish().history;
    judged_alike_in_a_file(&history, Rule::Unfenced)
}

fn found(history: &History, rule: Rule) -> RuleVerdict {
    let rules = judge(history).rules.into_iter();
    let mut of_rule = rules.filter(|found| found.rule == rule);
    of_rule.next().expect("every rule is applied")
}

/// What a rule finds in a history, which is what it finds in a file of it.
fn judged_alike_in_a_file(history: &History, rule: Rule) -> RuleVerdict {
    let mut file = Vec::new();
    jsonl::write(history, &mut file).expect("memory takes everything");
    let again = jsonl::read(&*file).expect("what we write can be read");
    assert_eq!(again.transitions.len(), history.transitions.len());
    let (told, again) = (found(history, rule), found(&again, rule));
    let counts = |found: &RuleVerdict| (found.outcome, found.checked, found.violations);
    assert_eq!(counts(&again), counts(&told), "{rule:?}");
    told
}

#[test]
fn a_late_owner_that_is_refused_keeps_the_rule_and_one_that_is_not_breaks_it() {
    for state in [KeyState::Completed, KeyState::Failed, KeyState::Released] {
        let held = unfenced(Late::Fenced(state));
        assert_eq!(held.outcome, Outcome::Held, "{state:?}: {held:?}");
        // A claim and a take-over of each key, and one end.
        assert_eq!(held.checked, 60, "{state:?}");
        let broken = unfenced(Late::Unfenced(state));
        assert_eq!(broken.outcome, Outcome::Violated, "{state:?}");
        assert_eq!(broken.violations, 20, "{state:?}: {broken:?}");
    }
}

#[test]
fn what_another_replica_than_the_owner_writes_breaks_the_rule_whatever_the_row_says() {
    for late in [
        Late::Bare(KeyState::Completed),
        Late::Bare(KeyState::Failed),
        Late::Copied(KeyState::Completed),
        Late::Copied(KeyState::Failed),
    ] {
        let broken = unfenced(late);
        // Where both requests came to one replica, the history cannot tell.
        assert_eq!(broken.outcome, Outcome::Violated, "{late:?}");
        assert!(broken.violations >= 5, "{late:?}: {broken:?}");
    }
}

/// The history of a story under a strategy.
fn history_of(story: &str, strategy: StrategyName, scale: f64) -> History {
    let plan = plan(story, scale);
    let finished = run_one(&task(&plan, strategy), 1, &Nobody).expect("it runs");
    finished.history.expect("a single run keeps it")
}

#[test]
fn who_keeps_records_is_judged_and_who_keeps_none_is_not() {
    for strategy in StrategyName::ALL {
        let history = history_of("million-a-day", *strategy, 0.01);
        let found = found(&history, Rule::Unfenced);
        let expected = match strategy {
            StrategyName::ClaimComplete
            | StrategyName::WebhookCreates
            | StrategyName::OrderIdempotencies
            | StrategyName::UnguardedDecrement
            | StrategyName::ReadModifyWrite
            | StrategyName::ResponseSnapshot => Outcome::Held,
            StrategyName::Token => Outcome::Violated,
            _ => Outcome::NotJudged,
        };
        assert_eq!(found.outcome, expected, "{strategy}: {found:?}");
        let keeps = expected != Outcome::NotJudged;
        assert_eq!(found.checked >= 10_000, keeps, "{strategy}");
    }
}

#[test]
fn one_text_of_two_users_is_two_records() {
    let history = history_of("key-reuse", StrategyName::OrderIdempotencies, 0.05);
    let found = found(&history, Rule::Unfenced);
    assert_eq!(found.outcome, Outcome::Held, "{found:?}");
    let requests = history.names.intents.len() as u64;
    assert!(found.checked > requests / 2, "{found:?}");
}

#[test]
fn keys_that_are_forgotten_in_time_are_looked_at() {
    let history = history_of("key-reuse", StrategyName::ClaimComplete, 0.05);
    for rule in [Rule::EarlyExpiry, Rule::Unfenced] {
        let found = found(&history, rule);
        assert_eq!(found.outcome, Outcome::Held, "{found:?}");
        assert!(found.checked > 100, "{found:?}");
    }
}

#[test]
fn a_file_of_the_history_is_judged_as_the_run_was() {
    for (story, strategy) in [
        ("replica-crash", StrategyName::ClaimComplete),
        ("replica-crash", StrategyName::Token),
        ("key-reuse", StrategyName::ClaimComplete),
        ("key-reuse", StrategyName::OrderIdempotencies),
        ("key-reuse", StrategyName::Token),
    ] {
        let history = history_of(story, strategy, 0.05);
        for rule in [Rule::Unfenced, Rule::EarlyExpiry, Rule::Malformed] {
            judged_alike_in_a_file(&history, rule);
        }
    }
}
