//! What the stories must show by arithmetic alone: nothing here asks the simulation how it works.
//!
//! A story says when taps come, how long a request is under way, and how long a handler takes from receiving a request to its commit;
//! a strategy reads its record 5 ms after it received the request. Whether a repetition slips through follows from these by
//! integration over their distributions. What is not in the model (some fractions of a millisecond between replica and database)
//! has the allowance [`UNMODELLED`]; the rest of the tolerance is four standard deviations of what is counted.

use runner::watch::Nobody;
use runner::{Batch, Finished, StrategyName, run_one, run_seeds};

use crate::{plan, task};

/// How far a share of taps may be off because of what the model leaves out: two milliseconds, where three in five taps come within
/// 320 ms.
const UNMODELLED: f64 = 0.004;
/// The same of retries, which come seconds apart: 150 ms in a bucket of five minutes.
const UNMODELLED_RETRIES: f64 = 0.0005;

/// When a record is read, after its request was received.
const READ_MS: f64 = 5.0;
/// How long after its COMMIT an order is in the cache.
const CACHED_MS: f64 = 5.0;

/// The probability that a standard normal variable is below `x`: W. J. Cody's bound is far below what is needed here, so
/// Abramowitz and Stegun 7.1.26 does, with an error of at most 1.5e-7.
fn normal_below(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let erf = 1.0 - series * (-z * z).exp();
    if x < 0.0 {
        (1.0 - erf) / 2.0
    } else {
        (1.0 + erf) / 2.0
    }
}

/// `count` points of a standard normal distribution, each as likely as the others.
fn normal_points(count: u32) -> Vec<f64> {
    let point = |i: u32| {
        let wanted = (f64::from(i) + 0.5) / f64::from(count);
        let (mut low, mut high) = (-9.0, 9.0);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            match normal_below(middle) < wanted {
                true => low = middle,
                false => high = middle,
            }
        }
        low
    };
    (0..count).map(point).collect()
}

/// Points of a lognormal distribution with this median, each as likely as the others.
fn lognormal_points(median_ms: f64, sigma: f64, count: u32) -> Vec<f64> {
    let points = normal_points(count).into_iter();
    points.map(|z| median_ms * (sigma * z).exp()).collect()
}

fn uniform_points(from_ms: f64, to_ms: f64, count: u32) -> Vec<f64> {
    let point = |i: u32| from_ms + (to_ms - from_ms) * (f64::from(i) + 0.5) / f64::from(count);
    (0..count).map(point).collect()
}

/// The probability that a handler takes longer: lognormal, median 300 ms, sigma 0.6.
fn handler_above(ms: f64) -> f64 {
    match ms > 0.0 {
        true => 1.0 - normal_below((ms / 300.0).ln() / 0.6),
        false => 1.0,
    }
}

/// On the way from a client to a replica, and back: lognormal, median 40 ms, sigma 0.5.
fn way_points() -> Vec<f64> {
    lognormal_points(40.0, 0.5, 40)
}

/// The mean of a function over the gaps between the two taps of `million-a-day`: three in five 80 to 400 ms, the others 2 to 8 s.
fn over_gaps(mean_of: impl Fn(f64) -> f64) -> f64 {
    let mean = |points: Vec<f64>| {
        let count = points.len() as f64;
        points.into_iter().map(&mean_of).sum::<f64>() / count
    };
    0.6 * mean(uniform_points(80.0, 400.0, 400)) + 0.4 * mean(uniform_points(2_000.0, 8_000.0, 400))
}

/// The mean of a function over the times between the arrivals of two taps, when the second comes so long after the first.
fn over_arrivals(gap_ms: f64, ways: &[f64], mean_of: impl Fn(f64) -> f64) -> f64 {
    let mut sum = 0.0;
    for first in ways {
        for second in ways {
            sum += mean_of(gap_ms + second - first);
        }
    }
    sum / (ways.len() * ways.len()) as f64
}

/// Counted repetitions and the extra orders among them.
#[derive(Clone, Copy, Debug)]
struct Counted {
    repetitions: u64,
    extra: u64,
}

fn counted(finished: &Finished) -> Counted {
    let counts = &finished.run.counts;
    let service = finished.run.service.as_ref().expect("a service");
    Counted {
        repetitions: service.requests_repeated + service.taps_held_back,
        extra: counts.extra_orders,
    }
}

fn played(scenario: &str, scale: f64, strategy: StrategyName) -> Finished {
    let plan = plan(scenario, scale);
    run_one(&task(&plan, strategy), 1, &Nobody).expect("it runs")
}

/// The share of repetitions that become orders is what was predicted.
#[track_caller]
fn check(what: &str, predicted: f64, counted: Counted, unmodelled: f64) {
    let n = counted.repetitions as f64;
    let measured = counted.extra as f64 / n;
    let deviation = (predicted * (1.0 - predicted) / n).sqrt();
    let allowed = 4.0 * deviation + unmodelled;
    assert!(
        (measured - predicted).abs() < allowed,
        "{what}: predicted {predicted:.4}, measured {measured:.4} of {n}, allowed {allowed:.4}"
    );
}

/// Each reply to iOS, three in five purchases, is lost with probability 0.221, and the app asks again up to three times: the k-th
/// repetition comes with probability 0.221^k, and without de-duplication each is an order.
#[test]
fn without_deduplication_a_storm_makes_0_281_orders_too_many_per_ios_purchase() {
    let finished = played("doordash-storm", 0.05, StrategyName::NoDedup);
    let counts = &finished.run.counts;
    let p: f64 = 0.221;
    let ios = p + p * p + p * p * p;
    assert!((ios - 0.281).abs() < 0.001);
    let (mean, square) = (0.6 * ios, 0.6 * (p + 3.0 * p * p + 5.0 * p * p * p));
    let n = counts.intents as f64;
    let deviation = (n * (square - mean * mean)).sqrt();
    let (extra, expected) = (counts.extra_orders as f64, n * mean);
    assert!(
        (extra - expected).abs() < 4.0 * deviation,
        "{extra} instead of {expected} +- {deviation}"
    );
    assert_eq!(finished.run.prevention, Some(0.0));
}

/// A repetition slips through a check if the earlier request has not committed when the later one reads.
#[test]
fn a_check_before_the_insert_lets_taps_through_that_come_before_the_commit() {
    let ways = way_points();
    let slips =
        over_gaps(|gap| over_arrivals(gap, &ways, |apart| handler_above(apart.abs() + READ_MS)));
    for strategy in [StrategyName::CheckThenInsert, StrategyName::RecentCheck] {
        let finished = played("million-a-day", 0.2, strategy);
        check(strategy.name(), slips, counted(&finished), UNMODELLED);
    }
}

/// Without de-duplication every second tap of the five in a hundred is an order, and none is prevented.
#[test]
fn without_deduplication_a_million_orders_a_day_make_one_in_twenty_too_many() {
    let finished = played("million-a-day", 0.2, StrategyName::NoDedup);
    let n = finished.run.counts.intents as f64;
    let (extra, deviation) = (
        finished.run.counts.extra_orders as f64,
        (n * 0.05 * 0.95).sqrt(),
    );
    assert!((extra - n * 0.05).abs() < 4.0 * deviation, "{extra} of {n}");
    assert_eq!(finished.run.prevention, Some(0.0));
}

/// A repetition slips through a fingerprint in the cache if the earlier order is not there yet, or if the two requests are in
/// different buckets of five minutes, by clocks that are off by 250 ms each unless one replica has both, as one in eight pairs.
#[test]
fn a_fingerprint_lets_taps_through_before_the_cache_is_written_and_across_the_edge_of_a_bucket() {
    let ways = way_points();
    let clocks: Vec<f64> = normal_points(24)
        .into_iter()
        .map(|z| 250.0 * std::f64::consts::SQRT_2 * z)
        .collect();
    let apart_in_buckets = |apart: f64| {
        let skewed = clocks.iter().map(|skew| (apart + skew).abs()).sum::<f64>();
        let mean = skewed / clocks.len() as f64 * 7.0 / 8.0 + apart.abs() / 8.0;
        mean / 300_000.0
    };
    let slips = over_gaps(|gap| {
        over_arrivals(gap, &ways, |apart| {
            let uncached = handler_above(apart.abs() + READ_MS - CACHED_MS);
            uncached + (1.0 - uncached) * apart_in_buckets(apart)
        })
    });
    let finished = played("million-a-day", 0.2, StrategyName::Fingerprint);
    check("fingerprint", slips, counted(&finished), UNMODELLED);
}

/// A retry of the storm comes when its order has long been made, so only the edge of a bucket lets it through: the mean time between
/// two requests over five minutes. Seven in ten are sent after a reset, which comes when the answer would have; the others after
/// 10 s; then after 0.1 to 3 s.
#[test]
fn a_fingerprint_lets_retries_through_across_the_edge_of_a_bucket_only() {
    let (handler, way) = (
        300.0 * (0.6_f64 * 0.6 / 2.0).exp(),
        40.0 * (0.5_f64 * 0.5 / 2.0).exp(),
    );
    let wait = 1_550.0;
    // From arrival to arrival: the way there cancels out of a reset's time, not out of a timeout's, which began at sending.
    let after_reset = handler + way + wait + way;
    let after_timeout = 10_000.0 + wait;
    let slips = (0.7 * after_reset + 0.3 * after_timeout) / 300_000.0;
    let finished = played("doordash-storm", 0.1, StrategyName::Fingerprint);
    check("the storm", slips, counted(&finished), UNMODELLED_RETRIES);
}

/// A disabled button holds back the taps that come before the answer to the first: the way there, the handler, and the way back.
#[test]
fn a_disabled_button_lets_taps_through_that_come_after_the_answer() {
    let ways = way_points();
    let slips = over_gaps(|gap| {
        let mut sum = 0.0;
        for there in &ways {
            for back in &ways {
                sum += 1.0 - handler_above(gap - there - back);
            }
        }
        sum / (ways.len() * ways.len()) as f64
    });
    let finished = played("million-a-day", 0.2, StrategyName::ClientDisable);
    check("client-disable", slips, counted(&finished), UNMODELLED);
}

/// At seven-thirty the second request is received up to 990 ms after the first, all times alike.
#[test]
fn at_seven_thirty_a_check_before_the_insert_prevents_what_comes_after_the_commit() {
    let apart = uniform_points(0.0, 990.0, 2_000);
    let slips = apart
        .iter()
        .map(|ms| handler_above(ms + READ_MS))
        .sum::<f64>()
        / 2_000.0;
    let plan = plan("seven-thirty", 1.0);
    let batch = Batch {
        task: task(&plan, StrategyName::CheckThenInsert),
        seeds: 1..2_001,
        jobs: 2,
        histories: false,
    };
    let (mut repetitions, mut extra) = (0, 0);
    run_seeds(&batch, &Nobody, |finished| {
        let counted = counted(&finished);
        repetitions += counted.repetitions;
        extra += counted.extra;
    })
    .expect("they run");
    assert_eq!(repetitions, 2_000);
    check(
        "seven-thirty",
        slips,
        Counted { repetitions, extra },
        UNMODELLED,
    );
}

/// What has a unique name in the database is an order once, whatever the times are.
#[test]
fn a_unique_name_prevents_all() {
    for scenario in ["million-a-day", "doordash-storm"] {
        for strategy in [StrategyName::UniqueKey, StrategyName::ClaimComplete] {
            let finished = played(scenario, 0.02, strategy);
            assert!(counted(&finished).repetitions > 900);
            assert_eq!(finished.run.prevention, Some(1.0), "{scenario} {strategy}");
        }
    }
}
