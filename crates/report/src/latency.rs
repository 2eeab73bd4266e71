//! How long clients waited, per outcome: recorded in HDR histograms, summed up for `run.json`.

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a client's wait ended in. A request without an answer has no latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeClass {
    /// An order was made.
    Created,
    /// An earlier answer was replayed.
    Replayed,
    /// The request was refused.
    Refused,
}

impl OutcomeClass {
    /// Every outcome, in the order of reports.
    pub const ALL: [OutcomeClass; 3] = [
        OutcomeClass::Created,
        OutcomeClass::Replayed,
        OutcomeClass::Refused,
    ];

    /// Its name in reports and file names.
    pub const fn name(self) -> &'static str {
        match self {
            OutcomeClass::Created => "created",
            OutcomeClass::Replayed => "replayed",
            OutcomeClass::Refused => "refused",
        }
    }
}

/// The latencies of a run, per outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Of requests that made an order.
    pub created: LatencyRow,
    /// Of requests that were answered with an earlier answer.
    pub replayed: LatencyRow,
    /// Of requests that were refused.
    pub refused: LatencyRow,
}

/// The latencies of one outcome, in microseconds; all zero if there was none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyRow {
    /// The number of answers.
    pub count: u64,
    /// The minimum.
    pub min_us: u64,
    /// The median.
    pub p50_us: u64,
    /// The 90th percentile.
    pub p90_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The 99.9th percentile.
    #[serde(rename = "p99.9_us")]
    pub p99_9_us: u64,
    /// The maximum.
    pub max_us: u64,
    /// The histogram; empty spans are left out.
    pub bars: Vec<Bar>,
}

/// A bar of the histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    /// The lower edge, which belongs to it.
    pub from_us: u64,
    /// The upper edge, which does not.
    pub until_us: u64,
    /// The number of answers.
    pub count: u64,
}

/// How long clients waited, in microseconds; all zero without any answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waits {
    /// The number of answers.
    pub count: u64,
    /// The median.
    pub p50_us: u64,
    /// The 90th percentile.
    pub p90_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The 99.9th percentile.
    #[serde(rename = "p99.9_us")]
    pub p99_9_us: u64,
    /// The maximum.
    pub max_us: u64,
}

impl Latency {
    /// The row of an outcome.
    pub const fn of(&self, class: OutcomeClass) -> &LatencyRow {
        match class {
            OutcomeClass::Created => &self.created,
            OutcomeClass::Replayed => &self.replayed,
            OutcomeClass::Refused => &self.refused,
        }
    }
}

/// The bars' edges: 1, 2, 5, 10 and so on, from a microsecond to 10,000 seconds.
const EDGES: [u64; 31] = edges();

const fn edges() -> [u64; 31] {
    let mut edges = [0; 31];
    let (mut i, mut decade) = (0, 1);
    while i < 31 {
        edges[i] = decade * [1, 2, 5][i % 3];
        if i % 3 == 2 {
            decade *= 10;
        }
        i += 1;
    }
    edges
}

/// Latencies being collected, per outcome.
#[derive(Clone, Debug)]
pub struct Histograms {
    series: [Series; 3],
}

/// Latencies of one outcome.
#[derive(Clone, Debug)]
struct Series {
    histogram: Histogram<u64>,
    /// The count between each edge and the next; the first is for waits of 0.
    bars: [u64; EDGES.len() + 1],
    /// An HDR histogram rounds to three digits, which is enough for a quantile; the extremes are kept exactly.
    min_us: u64,
    max_us: u64,
}

impl Default for Histograms {
    fn default() -> Histograms {
        let series = || Series {
            histogram: Histogram::new(3).expect("three significant digits are allowed"),
            bars: [0; EDGES.len() + 1],
            min_us: u64::MAX,
            max_us: 0,
        };
        Histograms {
            series: [series(), series(), series()],
        }
    }
}

impl Histograms {
    /// Records the wait of a client.
    ///
    /// # Panics
    /// If there is no memory for the histogram to grow.
    pub fn record(&mut self, class: OutcomeClass, us: u64) {
        let series = &mut self.series[class as usize];
        let recorded = series.histogram.record(us);
        recorded.expect("a histogram that grows takes every value");
        series.bars[EDGES.partition_point(|edge| *edge <= us)] += 1;
        series.min_us = series.min_us.min(us);
        series.max_us = series.max_us.max(us);
    }

    /// Adds the latencies of others.
    ///
    /// # Panics
    /// If there is no memory for a histogram to grow.
    pub fn add(&mut self, others: &Histograms) {
        for (series, other) in self.series.iter_mut().zip(&others.series) {
            series.add(other);
        }
    }

    /// The waits for an answer that names an order, created or repeated.
    pub fn accepted(&self) -> Waits {
        let mut both = self.series[OutcomeClass::Created as usize].clone();
        both.add(&self.series[OutcomeClass::Replayed as usize]);
        let row = both.row();
        Waits {
            count: row.count,
            p50_us: row.p50_us,
            p90_us: row.p90_us,
            p99_us: row.p99_us,
            p99_9_us: row.p99_9_us,
            max_us: row.max_us,
        }
    }

    /// The histogram of an outcome, in microseconds.
    pub const fn of(&self, class: OutcomeClass) -> &Histogram<u64> {
        &self.series[class as usize].histogram
    }

    /// The sums for `run.json`.
    pub fn summary(&self) -> Latency {
        let [created, replayed, refused] = [0, 1, 2].map(|i| self.series[i].row());
        Latency {
            created,
            replayed,
            refused,
        }
    }
}

impl Series {
    fn add(&mut self, other: &Series) {
        let added = self.histogram.add(&other.histogram);
        added.expect("a histogram that grows takes every value");
        for (bar, more) in self.bars.iter_mut().zip(other.bars) {
            *bar += more;
        }
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
    }

    fn row(&self) -> LatencyRow {
        if self.histogram.is_empty() {
            return LatencyRow::default();
        }
        // A quantile is a bucket's upper end, which may lie above the maximum.
        let at = |quantile| {
            let value = self.histogram.value_at_quantile(quantile);
            value.clamp(self.min_us, self.max_us)
        };
        LatencyRow {
            count: self.histogram.len(),
            min_us: self.min_us,
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            max_us: self.max_us,
            bars: self.bars(),
        }
    }

    fn bars(&self) -> Vec<Bar> {
        let bar = |(i, count): (usize, &u64)| Bar {
            from_us: i.checked_sub(1).map_or(0, |below| EDGES[below]),
            until_us: EDGES.get(i).copied().unwrap_or(u64::MAX),
            count: *count,
        };
        let some = |bar: &Bar| bar.count > 0;
        self.bars.iter().enumerate().map(bar).filter(some).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_exact_and_quantiles_lie_between_them() {
        let mut histograms = Histograms::default();
        for us in [123_457, 1_000_003, 7_654_321] {
            histograms.record(OutcomeClass::Created, us);
        }
        let row = histograms.summary().created;
        assert_eq!((row.count, row.min_us, row.max_us), (3, 123_457, 7_654_321));
        assert_eq!(row.p99_9_us, row.max_us);
        assert!((1_000_003..1_002_000).contains(&row.p50_us), "{row:?}");
        assert_eq!(row.p90_us, row.max_us);
        assert_eq!(histograms.summary().refused, LatencyRow::default());
    }

    #[test]
    fn every_latency_is_in_exactly_one_bar() {
        let mut histograms = Histograms::default();
        let spans = [0, 1, 2, 4, 5, 99, 100, 199_999, 200_000, u64::MAX];
        for us in spans {
            histograms.record(OutcomeClass::Refused, us);
        }
        let bars = histograms.summary().refused.bars;
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), 10);
        for bar in &bars {
            let inside = spans
                .iter()
                .filter(|us| (bar.from_us..bar.until_us).contains(us));
            let last = u64::from(bar.until_us == u64::MAX);
            assert_eq!(inside.count() as u64 + last, bar.count, "{bar:?}");
        }
    }

    #[test]
    fn histograms_add_up_and_accepted_are_created_and_replayed() {
        let record = |spans: &[(OutcomeClass, u64)]| {
            let mut histograms = Histograms::default();
            for (class, us) in spans {
                histograms.record(*class, *us);
            }
            histograms
        };
        let one = [(OutcomeClass::Created, 100), (OutcomeClass::Refused, 7)];
        let other = [(OutcomeClass::Created, 300), (OutcomeClass::Replayed, 200)];
        let mut sum = record(&one);
        sum.add(&record(&other));
        assert_eq!(sum.summary(), record(&[one, other].concat()).summary());
        let accepted = sum.accepted();
        assert_eq!(
            (accepted.count, accepted.p50_us, accepted.max_us),
            (3, 200, 300)
        );
        assert_eq!(Histograms::default().accepted(), Waits::default());
    }

    #[test]
    fn edges_rise_by_one_two_five() {
        assert_eq!(EDGES[..5], [1, 2, 5, 10, 20]);
        assert_eq!(EDGES[30], 10_000_000_000);
    }
}
