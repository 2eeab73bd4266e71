//! A load unfolds into the intents that its plan describes, each on its own.

use std::collections::BTreeMap;

use explore::strategy::Menu;
use explore::{Chooser, Random, Site, Strategy};
use scenario::{Intent, Plan, Unfold, parse};

use crate::known::options;

/// A plan in which every choice of an intent is open.
fn plan(intents: u64, more: &str) -> Plan {
    let text = format!(
        r#"
story = "a test"
strategy = "no-dedup"
[shop]
tenants = 10
users = 1_000
guests = 0.1
[[shop.sku]]
name = "a"
price = "1.00"
stock = 1
[[shop.basket]]
weight = 1
lines = {{ a = 1 }}
[[shop.basket]]
weight = 2
lines = {{ a = 2 }}
[[shop.basket]]
weight = 1
lines = {{ a = 3 }}
[[client]]
name = "x"
share = 0.6
[[client]]
name = "y"
share = 0.4
[load]
intents = {intents}
over = "24h"
repeat = {{ chance = 0.05, after = {{ uniform = ["0s", "10min"] }} }}
{more}
"#
    );
    match parse("test.toml", &text, &options(1.0)) {
        Ok(plan) => plan,
        Err(mistake) => panic!("{}", mistake.render()),
    }
}

const PEAK: &str = r#"peak = { factor = 4, from = "18h", for = "3h" }"#;

fn all(plan: &Plan, chooser: &mut Chooser) -> Vec<Intent> {
    let mut unfold = Unfold::new(plan);
    std::iter::from_fn(|| unfold.next(chooser)).collect()
}

#[test]
fn intents_ascend_and_each_number_comes_once() {
    for count in [1, 2, 255, 256, 257, 10_000] {
        let plan = plan(count, PEAK);
        let intents = all(&plan, &mut Chooser::random(7));
        assert!(
            intents
                .windows(2)
                .all(|pair| pair[0].at_us <= pair[1].at_us)
        );
        assert!(
            intents
                .iter()
                .all(|intent| intent.at_us < plan.load.over_us)
        );
        let mut numbers: Vec<u64> = intents.iter().map(|intent| intent.number).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..count));
    }
}

#[test]
fn a_single_intent_comes_at_once() {
    assert_eq!(all(&plan(1, PEAK), &mut Chooser::random(7))[0].at_us, 0);
}

#[test]
fn one_seed_is_one_load_and_another_seed_is_another() {
    let plan = plan(1_000, PEAK);
    let first = all(&plan, &mut Chooser::random(7));
    assert_eq!(first, all(&plan, &mut Chooser::random(7)));
    assert_ne!(first, all(&plan, &mut Chooser::random(8)));
}

/// Answers one customer's questions differently.
#[derive(Debug)]
struct Except {
    random: Random,
    customer: u64,
}

impl Strategy for Except {
    fn pick(&mut self, site: &Site, menu: Menu) -> u32 {
        let pick = self.random.pick(site, menu);
        let theirs = site.lineage == Unfold::lineage(self.customer);
        if theirs {
            menu.bound() - 1 - pick
        } else {
            pick
        }
    }
}

#[test]
fn what_one_customer_does_changes_no_other() {
    let plan = plan(1_000, PEAK);
    let except = Except {
        random: Random::new(7),
        customer: 300,
    };
    let others = |intents: Vec<Intent>| -> BTreeMap<u64, Intent> {
        let others = intents.into_iter().filter(|intent| intent.number != 300);
        others.map(|intent| (intent.number, intent)).collect()
    };
    let usual = all(&plan, &mut Chooser::random(7));
    let changed = all(&plan, &mut Chooser::of(except));
    assert_ne!(usual, changed);
    assert_eq!(others(usual), others(changed));
}

#[test]
fn choices_come_as_often_as_the_plan_says() {
    let intents = all(&plan(100_000, PEAK), &mut Chooser::random(3));
    let share = |which: &dyn Fn(&Intent) -> bool| {
        intents.iter().filter(|intent| which(intent)).count() as f64 / 1e5
    };
    // Five standard deviations of a binomial of 100,000 are at most 0.008.
    for (got, meant) in [
        (share(&|i| i.client == 0), 0.6),
        (share(&|i| i.basket == 0), 0.25),
        (share(&|i| i.basket == 1), 0.5),
        (share(&|i| i.tenant == 3), 0.1),
        (share(&|i| i.user.is_none()), 0.1),
        (share(&|i| i.repeat_after_us.is_some()), 0.05),
        (share(&|i| i.user.is_some_and(|user| user < 500)), 0.45),
    ] {
        assert!((got - meant).abs() < 0.008, "{got} is not {meant}");
    }
    assert!(
        intents
            .iter()
            .all(|i| i.user.is_none_or(|user| user < 1_000))
    );
}

#[test]
fn choices_of_one_intent_are_independent_of_each_other() {
    let intents = all(&plan(100_000, PEAK), &mut Chooser::random(3));
    let first: Vec<&Intent> = intents.iter().filter(|intent| intent.client == 0).collect();
    let share = first.iter().filter(|i| i.basket == 1).count() as f64 / first.len() as f64;
    assert!((share - 0.5).abs() < 0.011, "{share}");
}

#[test]
fn four_times_as_many_come_per_hour_in_the_peak() {
    let hour = 3_600_000_000;
    let plan = plan(330_000, PEAK);
    let mut by_hour = [0_u64; 24];
    for intent in all(&plan, &mut Chooser::random(5)) {
        by_hour[(intent.at_us / hour) as usize] += 1;
    }
    // 21 hours at 1 and 3 at 4 are 33 parts of 10,000; only the edges of slices are left to chance.
    for (number, count) in by_hour.into_iter().enumerate() {
        let meant = if (18..21).contains(&number) {
            40_000
        } else {
            10_000
        };
        assert!(count.abs_diff(meant) < 100, "{number}: {count}");
    }
}

#[test]
fn arrivals_are_as_irregular_as_people_within_a_slice() {
    let intents = all(&plan(25_600, ""), &mut Chooser::random(5));
    let gaps: Vec<f64> = intents
        .windows(2)
        .map(|p| (p[1].at_us - p[0].at_us) as f64)
        .collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    // Gaps of a Poisson process have a standard deviation like their mean.
    assert!(
        (variance.sqrt() / mean - 1.0).abs() < 0.03,
        "{}",
        variance.sqrt() / mean
    );
}

#[test]
fn the_arrivals_of_a_seed_are_golden() {
    let intents = all(&plan(4, PEAK), &mut Chooser::random(1));
    let seen: Vec<(u64, u64, u32, usize)> = intents
        .iter()
        .map(|i| (i.at_us, i.number, i.tenant, i.basket))
        .collect();
    assert_eq!(
        seen,
        [
            (33_148_592_359, 0, 9, 0),
            (53_567_075_746, 2, 7, 2),
            (69_406_022_947, 3, 6, 1),
            (69_718_212_659, 1, 0, 0)
        ]
    );
}
