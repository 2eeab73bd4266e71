//! Strategies side by side: the sums are those of the runs, the order is the one that was promised, and nothing depends on threads.

use report::Comparison;
use report::comparison::Finding;
use runner::compare::seeds_wanted;
use runner::watch::Nobody;
use runner::{Contest, StrategyName, compare, run_one};
use scenario::Plan;

use crate::{parsed, plan, task};

fn compared(plan: &Plan, strategies: &[StrategyName], seeds: u64, jobs: usize) -> Comparison {
    let contest = Contest {
        plan,
        called: &plan.name,
        strategies,
        seeds: 1..1 + seeds,
        jobs,
    };
    compare(&contest, &Nobody, || {}).expect("they run")
}

#[test]
fn a_row_is_the_sum_of_its_runs() {
    let plan = plan("million-a-day", 0.002);
    let strategy = StrategyName::CheckThenInsert;
    let comparison = compared(&plan, &[strategy], 3, 2);
    let runs = (1..4).map(|seed| run_one(&task(&plan, strategy), seed, &Nobody).expect("it runs"));
    let runs: Vec<_> = runs.map(|finished| finished.run).collect();
    let row = &comparison.strategies[0];
    let sum = |of: fn(&report::Run) -> u64| runs.iter().map(of).sum::<u64>();
    assert_eq!(row.intents, sum(|run| run.counts.intents));
    assert_eq!(row.extra_orders, sum(|run| run.counts.extra_orders));
    assert_eq!(
        row.requests_repeated,
        sum(|run| run.service.as_ref().expect("a service").requests_repeated)
    );
    let accepted = sum(|run| run.latency.created.count + run.latency.replayed.count);
    assert_eq!(row.latency.count, accepted);
    let violations_of = |run: &report::Run| run.violated().map(|rule| rule.violations).sum::<u64>();
    assert_eq!(
        row.broken.iter().map(|rule| rule.violations).sum::<u64>(),
        runs.iter().map(violations_of).sum::<u64>()
    );
    let mut first: Vec<u64> = runs
        .iter()
        .filter_map(|run| run.first_violation_us)
        .collect();
    first.sort_unstable();
    assert_eq!(row.first_violation_us, Some(first[1]));
    let prevention = row.prevention.expect("somebody tapped twice");
    assert_eq!(
        prevention.share,
        1.0 - row.extra_orders as f64 / row.requests_repeated as f64
    );
    let (low, high) = (
        prevention.low.expect("an end"),
        prevention.high.expect("an end"),
    );
    assert!(low < prevention.share && prevention.share < high);
    // In this story every repetition is carried out by who does nothing, so that is the same.
    assert_eq!(row.avoided, row.prevention);
}

#[test]
fn a_comparison_is_the_same_on_any_number_of_threads() {
    let plan = plan("million-a-day", 0.001);
    let strategies = [StrategyName::Fingerprint, StrategyName::ClaimComplete];
    assert_eq!(
        compared(&plan, &strategies, 3, 1),
        compared(&plan, &strategies, 3, 4)
    );
}

#[test]
fn who_breaks_nothing_comes_first_and_a_refuted_figure_says_at_which_latency_it_holds() {
    let plan = plan("million-a-day", 0.01);
    let strategies = [
        StrategyName::NoDedup,
        StrategyName::FingerprintDb,
        StrategyName::ClaimComplete,
    ];
    let comparison = compared(&plan, &strategies, 2, 2);
    let names: Vec<&str> = comparison
        .strategies
        .iter()
        .map(|row| &*row.strategy)
        .collect();
    assert_eq!(names, ["claim-complete", "fingerprint-db", "no-dedup"]);
    let [best, middle, last] = &comparison.strategies[..] else {
        panic!("there are three")
    };
    assert!(best.broken.is_empty() && !middle.broken.is_empty());
    assert_eq!(best.stated, None);
    let stated = last
        .stated
        .as_ref()
        .expect("nothing is stated to prevent nothing");
    assert_eq!((stated.share, stated.finding), (0.0, Finding::Agrees));
    let stated = middle.stated.as_ref().expect("99.9 % are stated");
    assert_eq!(stated.finding, Finding::Refuted);
    let reached = stated.reached_at.expect("a fast handler reaches it") as usize;
    let share = |place: usize| stated.handlers[place].avoided.expect("measured").share;
    assert!(share(reached) >= stated.share && share(reached - 1) < stated.share);
    assert_eq!(stated.handlers[0].median_us, Some(300_000));
    let factors: Vec<f64> = stated.handlers.iter().map(|point| point.factor).collect();
    assert!(factors.is_sorted_by(|a, b| a > b), "{factors:?}");
}

/// Every purchase is followed by the same person's genuine second one, a second after.
const REPEATS: &str = r#"
    story = "People order the same thing twice, and mean it."
    strategy = "claim-complete"
    [shop]
    [[shop.sku]]
    name = "burger"
    price = "15.00"
    stock = 1_000
    [[shop.basket]]
    lines = { burger = 1 }
    [load]
    intents = 100
    over = "1h"
    repeat = { chance = 1, after = "5s" }
    [[client]]
    name = "app"
    key = "per-intent"
"#;

#[test]
fn a_genuine_second_purchase_that_gets_no_order_is_counted_as_suppressed() {
    let plan = parsed("repeats", REPEATS, 1.0);
    let suppressed = |strategy| {
        let finished = run_one(&task(&plan, strategy), 1, &Nobody).expect("it runs");
        let counts = finished.run.counts;
        (counts.intents_merged, counts.intents_refused)
    };
    assert_eq!(suppressed(StrategyName::ClaimComplete), (0, 0));
    // The second cart has the content of the first, and gets its order: but for a bucket's edge, all of them.
    let (merged, refused) = suppressed(StrategyName::FingerprintAtomic);
    assert_eq!((merged, refused), (100, 0));
    // `Order already placed`.
    assert_eq!(suppressed(StrategyName::RecentCheck), (0, 100));
}

#[test]
fn a_small_story_gets_more_seeds_than_a_large_one() {
    assert_eq!(seeds_wanted(&plan("million-a-day", 1.0)), 2);
    assert_eq!(seeds_wanted(&plan("million-a-day", 0.013)), 3);
    assert_eq!(seeds_wanted(&plan("seven-thirty", 1.0)), 200);
    assert_eq!(seeds_wanted(&plan("million-a-day", 0.01)), 4);
    assert_eq!(seeds_wanted(&parsed("repeats", REPEATS, 1.0)), 10);
}
