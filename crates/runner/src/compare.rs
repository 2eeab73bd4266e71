//! Strategies side by side on one scenario: the same seeds for each, summed up, ranked, and compared with what is stated of them.

use std::collections::BTreeMap;
use std::ops::Range;

use orders::{StatedPrevention, StrategyName};
use report::Histograms;
use report::comparison::{
    BrokenRule, Comparison, Estimate, Finding, HandlerPoint, SCHEMA_VERSION, Stated, StrategyRow,
};
use report::run::{Claim, Metrics, RuleOutcome, Run, RunVerdict, StatusCount};
use scenario::Plan;

use crate::interval::{CONFIDENCE, wilson};
use crate::known::BACKEND;
use crate::one::{Failure, Task, prevention, quoted, rate};
use crate::seeds::{Batch, run_seeds};
use crate::watch::Watcher;

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Contest<'a> {
    /// The scenario.
    pub plan: &'a Plan,
    /// How the command line calls it.
    pub called: &'a str,
    /// Which strategies, each once.
    pub strategies: &'a [StrategyName],
    /// Under which seeds.
    pub seeds: Range<u64>,
    /// On how many threads at most.
    pub jobs: usize,
}

/// A handful of seeds.
const SEEDS: u64 = 4;
/// The purchases wanted in all, where a handful of seeds has fewer: their share is then certain to about two digits.
const INTENTS_MIN: u64 = 1_000;
/// The purchases that are enough, where a handful of seeds has more.
const INTENTS_MAX: u64 = 40_000;
/// The minimum and maximum number of seeds: more than one, and not too many, because each has a fixed cost.
const SEEDS_RANGE: (u64, u64) = (2, 200);

/// The default number of seeds of a comparison: a handful, more for small scenarios and fewer for large ones.
pub fn seeds_wanted(plan: &Plan) -> u64 {
    let intents = plan.load.intents.max(1);
    let (least, most) = (INTENTS_MIN.div_ceil(intents), INTENTS_MAX / intents);
    let wanted = SEEDS.min(most).max(least);
    wanted.clamp(SEEDS_RANGE.0, SEEDS_RANGE.1)
}

/// Compares strategies. `each` is called whenever a run is done.
///
/// # Errors
/// If it was stopped, or the harness failed in any run.
pub fn compare(
    contest: &Contest<'_>,
    watcher: &dyn Watcher,
    mut each: impl FnMut(),
) -> Result<Comparison, Failure> {
    let mut rows = Vec::with_capacity(contest.strategies.len());
    let is_asked_for = contest.strategies.contains(&BASELINE);
    let mut baseline_done = || {
        if is_asked_for {
            each();
        }
    };
    let nothing = play(contest, contest.plan, BASELINE, watcher, &mut baseline_done)?;
    let mut baseline = Baseline(BTreeMap::from([(0, nothing.extra_orders())]));
    for strategy in contest.strategies {
        let sums = match *strategy {
            BASELINE => nothing.clone(),
            other => play(contest, contest.plan, other, watcher, &mut each)?,
        };
        let avoided = sums.avoided(baseline.0[&0]);
        let stated = match strategy.stated_prevention() {
            Some(stated) => Some(held_against(
                contest,
                *strategy,
                stated,
                avoided,
                &mut baseline,
                watcher,
            )?),
            None => None,
        };
        rows.push(sums.row(*strategy, avoided, stated));
    }
    rank(&mut rows);
    let plan = contest.plan;
    let claim = |(claim, figure): &(String, String)| Claim {
        claim: claim.clone(),
        figure: figure.clone(),
    };
    Ok(Comparison {
        schema_version: SCHEMA_VERSION,
        scenario: plan.name.clone(),
        story: plan.story.clone(),
        claims: plan.claims.iter().map(claim).collect(),
        backend: BACKEND.to_owned(),
        scale: plan.scale,
        first_seed: contest.seeds.start,
        seeds: contest.seeds.end - contest.seeds.start,
        confidence: CONFIDENCE,
        strategies: rows,
        reproduce: contest.reproduce(),
    })
}

/// The strategy that does nothing: its extra orders are what can be avoided.
const BASELINE: StrategyName = StrategyName::NoDedup;

/// The extra orders of the baseline on every rung of the ladder that was tried, with the same seeds.
struct Baseline(BTreeMap<i32, u64>);

impl Contest<'_> {
    fn reproduce(&self) -> String {
        let mut command = format!("cargo run -- compare {}", quoted(self.called));
        if self.strategies != StrategyName::ALL {
            let names: Vec<&str> = self.strategies.iter().map(|s| s.name()).collect();
            command.push_str(&format!(" --strategies {}", names.join(",")));
        }
        if self.seeds.start != 1 {
            command.push_str(&format!(" --seed {}", self.seeds.start));
        }
        let seeds = self.seeds.end - self.seeds.start;
        command + &format!(" --seeds {seeds} --scale {}", self.plan.scale)
    }
}

/// Runs one strategy under every seed.
fn play(
    contest: &Contest<'_>,
    plan: &Plan,
    strategy: StrategyName,
    watcher: &dyn Watcher,
    each: &mut dyn FnMut(),
) -> Result<Sums, Failure> {
    let batch = Batch {
        task: Task {
            plan,
            called: contest.called,
            strategy: Some(strategy),
        },
        seeds: contest.seeds.clone(),
        jobs: contest.jobs,
        histories: false,
    };
    let mut sums = Sums::default();
    run_seeds(&batch, watcher, |finished| {
        sums.add(&finished.run, &finished.histograms);
        each();
    })?;
    Ok(sums)
}

/// What is kept of the runs of one strategy.
#[derive(Clone, Debug, Default)]
struct Sums {
    row: Option<StrategyRow>,
    broken: BTreeMap<usize, BrokenRule>,
    intents_with_order: u64,
    first_orders: u64,
    statements: u64,
    cache_commands: u64,
    losers: BTreeMap<Option<u16>, u64>,
    violations_us: Vec<u64>,
    histograms: Histograms,
}

impl Sums {
    fn add(&mut self, run: &Run, histograms: &Histograms) {
        let counts = &run.counts;
        let service = &run.service.expect("the world counts what it costs");
        let row = self.row.get_or_insert_default();
        row.inconclusive_seeds += u64::from(run.verdict == RunVerdict::Inconclusive);
        row.intents += counts.intents;
        row.requests_repeated += service.requests_repeated;
        row.taps_held_back += service.taps_held_back;
        row.extra_orders += counts.extra_orders;
        row.extra_orders_amount += counts.extra_orders_amount;
        row.extra_charges += counts.extra_charges;
        row.extra_charges_amount += counts.extra_charges_amount;
        row.orphan_charges += counts.orphan_charges;
        row.intents_merged += counts.intents_merged;
        row.intents_refused += counts.intents_refused;
        row.keys_open += counts.keys_open;
        if let Some(metrics) = &service.metrics {
            add_metrics(row.metrics.get_or_insert_default(), metrics);
        }
        self.intents_with_order += counts.intents_with_order;
        self.first_orders += counts.orders - counts.extra_orders;
        self.statements += service.statements - service.upkeep_statements;
        row.upkeep_statements += service.upkeep_statements;
        self.cache_commands += service.cache_commands;
        for loser in &run.race_losers {
            *self.losers.entry(loser.status).or_default() += loser.count;
        }
        self.violations_us.extend(run.first_violation_us);
        self.histograms.add(histograms);
        for (place, rule) in run.rules.iter().enumerate() {
            if rule.verdict == RuleOutcome::Violated {
                let broken = self.broken.entry(place).or_insert_with(|| BrokenRule {
                    rule: rule.name.clone(),
                    seeds: 0,
                    violations: 0,
                });
                broken.seeds += 1;
                broken.violations += rule.violations;
            }
        }
    }

    /// How many repetitions there were, and how many of them became orders.
    fn repetitions(&self) -> (u64, u64) {
        let row = self.row.as_ref();
        row.map_or((0, 0), |row| {
            (row.requests_repeated + row.taps_held_back, row.extra_orders)
        })
    }

    fn extra_orders(&self) -> u64 {
        self.repetitions().1
    }

    fn prevention(&self) -> Option<Estimate> {
        let (repetitions, extra) = self.repetitions();
        estimate(extra, repetitions)
    }

    /// The share of the baseline's extra orders that were not made.
    fn avoided(&self, baseline: u64) -> Option<Estimate> {
        estimate(self.extra_orders(), baseline)
    }

    fn row(
        mut self,
        strategy: StrategyName,
        avoided: Option<Estimate>,
        stated: Option<Stated>,
    ) -> StrategyRow {
        self.violations_us.sort_unstable();
        let middle = self.violations_us.len().saturating_sub(1) / 2;
        let loser = |(status, count): (&Option<u16>, &u64)| StatusCount {
            status: *status,
            count: *count,
        };
        let prevention = self.prevention();
        let row = self.row.unwrap_or_default();
        StrategyRow {
            strategy: strategy.name().to_owned(),
            about: strategy.summary().to_owned(),
            broken: self.broken.into_values().collect(),
            success_rate: rate(self.intents_with_order, row.intents),
            prevention,
            avoided,
            stated,
            race_losers: self.losers.iter().map(loser).collect(),
            latency: self.histograms.accepted(),
            statements_per_order: rate(self.statements, self.first_orders),
            cache_commands_per_order: rate(self.cache_commands, self.first_orders),
            first_violation_us: self.violations_us.get(middle).copied(),
            violating_seeds: self.violations_us.len() as u64,
            ..row
        }
    }
}

/// The share of `of` that did not slip through.
fn estimate(slipped: u64, of: u64) -> Option<Estimate> {
    let interval = wilson(slipped, of);
    Some(Estimate {
        share: prevention(slipped, of)?,
        low: interval.map(|(_, high)| 1.0 - high),
        high: interval.map(|(low, _)| 1.0 - low),
    })
}

fn add_metrics(sum: &mut Metrics, more: &Metrics) {
    sum.hit += more.hit;
    sum.miss += more.miss;
    sum.conflict += more.conflict;
    sum.header_key += more.header_key;
    sum.body_key += more.body_key;
    sum.auto_key += more.auto_key;
    sum.duplicate_rate = rate(sum.hit, sum.hit + sum.miss + sum.conflict);
}

/// Strategies that break no rule and have evidence for it come first; then by more avoided, fewer broken rules, and fewer suppressed
/// purchases. Equals keep the order in which they were named.
fn rank(rows: &mut [StrategyRow]) {
    let breaks = |row: &StrategyRow| !row.broken.is_empty() || row.inconclusive_seeds > 0;
    let share = |row: &StrategyRow| row.avoided.map_or(0.0, |estimate| estimate.share);
    let suppressed = |row: &StrategyRow| row.intents_merged + row.intents_refused;
    rows.sort_by(|a, b| {
        breaks(a)
            .cmp(&breaks(b))
            .then(share(b).total_cmp(&share(a)))
            .then(a.broken.len().cmp(&b.broken.len()))
            .then(suppressed(a).cmp(&suppressed(b)))
    });
    for (row, rank) in rows.iter_mut().zip(1..) {
        row.rank = rank;
    }
}

/// A stated prevention beside the measured one; if it is refuted, at which handler latency it would be reached.
fn held_against(
    contest: &Contest<'_>,
    strategy: StrategyName,
    stated: StatedPrevention,
    avoided: Option<Estimate>,
    baseline: &mut Baseline,
    watcher: &dyn Watcher,
) -> Result<Stated, Failure> {
    let finding = finding(stated.share, avoided);
    let (handlers, reached_at) = match finding {
        Finding::Refuted => {
            let here = point(contest.plan, 1.0, avoided);
            faster_handlers(contest, strategy, stated.share, here, baseline, watcher)?
        }
        Finding::Agrees | Finding::Exceeded | Finding::NotTested => (Vec::new(), None),
    };
    Ok(Stated {
        share: stated.share,
        source: stated.source.to_owned(),
        finding,
        handlers,
        reached_at,
    })
}

fn finding(stated: f64, measured: Option<Estimate>) -> Finding {
    let Some(measured) = measured else {
        return Finding::NotTested;
    };
    // More extra orders than repetitions have no interval, and prevent less than nothing.
    let (low, high) = (measured.low.unwrap_or(0.0), measured.high.unwrap_or(0.0));
    match stated {
        _ if high < stated => Finding::Refuted,
        _ if low > stated => Finding::Exceeded,
        _ => Finding::Agrees,
    }
}

/// The ladder of handler times: four rungs a decade, down to a thousandth.
const RUNGS: i32 = 12;
const RUNGS_A_DECADE: f64 = 4.0;

/// Looks for the slowest rung at which a stated share is reached: the fastest first, then by halving. The race between a check and
/// its insert only gets rarer as handlers get faster, which halving relies on. Returns what was measured, the slowest first, and the
/// place of the rung.
fn faster_handlers(
    contest: &Contest<'_>,
    strategy: StrategyName,
    stated: f64,
    here: HandlerPoint,
    baseline: &mut Baseline,
    watcher: &dyn Watcher,
) -> Result<(Vec<HandlerPoint>, Option<u64>), Failure> {
    let mut tried = BTreeMap::from([(0, here)]);
    let mut reaches = |rung: i32| -> Result<bool, Failure> {
        // Three digits, so that the factor that is reported is the one that was played.
        let factor = format!("{:.3e}", 10_f64.powf(-f64::from(rung) / RUNGS_A_DECADE));
        let factor: f64 = factor.parse().expect("a number that was just written");
        let plan = contest.plan.with_handlers(factor);
        let play = |strategy| play(contest, &plan, strategy, watcher, &mut || {});
        let nothing = match baseline.0.get(&rung) {
            Some(known) => *known,
            None => play(BASELINE)?.extra_orders(),
        };
        baseline.0.insert(rung, nothing);
        let point = point(&plan, factor, play(strategy)?.avoided(nothing));
        let reached = point.avoided.is_some_and(|found| found.share >= stated);
        tried.insert(rung, point);
        Ok(reached)
    };
    let (mut fails, mut reached) = (0, reaches(RUNGS)?.then_some(RUNGS));
    while let Some(fast) = reached.filter(|fast| fast - fails > 1) {
        let middle = fails.midpoint(fast);
        match reaches(middle)? {
            true => reached = Some(middle),
            false => fails = middle,
        }
    }
    let place = reached.map(|rung| tried.range(..rung).count() as u64);
    Ok((tried.into_values().collect(), place))
}

fn point(plan: &Plan, factor: f64, avoided: Option<Estimate>) -> HandlerPoint {
    HandlerPoint {
        factor,
        median_us: plan.world.latencies.handler.median_us(),
        avoided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(share: f64, low: f64, high: f64) -> Option<Estimate> {
        Some(Estimate {
            share,
            low: Some(low),
            high: Some(high),
        })
    }

    #[test]
    fn a_stated_share_is_refuted_only_if_the_whole_interval_is_below_it() {
        assert_eq!(finding(0.95, measured(0.9, 0.8, 0.96)), Finding::Agrees);
        assert_eq!(finding(0.95, measured(0.9, 0.8, 0.94)), Finding::Refuted);
        assert_eq!(finding(0.95, measured(0.99, 0.97, 1.0)), Finding::Exceeded);
        assert_eq!(finding(0.0, measured(0.0, 0.0, 0.01)), Finding::Agrees);
        assert_eq!(finding(0.95, None), Finding::NotTested);
        let below_nothing = Some(Estimate {
            share: -1.0,
            low: None,
            high: None,
        });
        assert_eq!(finding(0.95, below_nothing), Finding::Refuted);
    }

    #[test]
    fn who_breaks_no_rule_comes_first_and_then_who_prevents_more() {
        let row = |name: &str, share: f64, broken: usize, inconclusive: u64| StrategyRow {
            strategy: name.to_owned(),
            avoided: measured(share, 0.0, 1.0),
            broken: vec![
                BrokenRule {
                    rule: String::from("quota"),
                    seeds: 1,
                    violations: 1
                };
                broken
            ],
            inconclusive_seeds: inconclusive,
            ..StrategyRow::default()
        };
        let mut rows = [
            row("leaky", 0.4, 1, 0),
            row("broken", 1.0, 2, 0),
            row("chipped", 1.0, 1, 0),
            row("silent", 1.0, 0, 1),
            row("sound", 0.9, 0, 0),
        ];
        rank(&mut rows);
        let names: Vec<&str> = rows.iter().map(|row| row.strategy.as_str()).collect();
        assert_eq!(names, ["sound", "silent", "chipped", "broken", "leaky"]);
        assert_eq!(rows[4].rank, 5);
    }
}
