//! What the service's monitoring counts: how often a request was a repetition, and where its key came from (seed 003, lines
//! 359-385; seed 004, line 50).

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// The request was taken for a repetition and got the earlier order, or its answer.
    Hit,
    /// Nothing was known of it: it went on to create an order.
    Miss,
    /// It could be neither: the key stands for another content, or a twin is in flight.
    Conflict,
    /// The key came in the header.
    HeaderKey,
    /// The key came in the body.
    BodyKey,
    /// There was no key: the service made one of the content.
    AutoKey,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Metric; 6] = [
        Metric::Hit,
        Metric::Miss,
        Metric::Conflict,
        Metric::HeaderKey,
        Metric::BodyKey,
        Metric::AutoKey,
    ];

    /// Its name in a monitoring system.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::Hit => "idempotency.hit",
            Metric::Miss => "idempotency.miss",
            Metric::Conflict => "idempotency.conflict",
            Metric::HeaderKey => "idempotency.source.header",
            Metric::BodyKey => "idempotency.source.body",
            Metric::AutoKey => "idempotency.source.auto",
        }
    }
}

/// How often each metric was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics([u64; Metric::ALL.len()]);

impl Metrics {
    /// One more.
    #[inline]
    pub fn count(&mut self, metric: Metric) {
        self.0[metric as usize] += 1;
    }

    /// How often it was counted.
    pub const fn of(&self, metric: Metric) -> u64 {
        self.0[metric as usize]
    }

    /// Whether nothing was counted: the strategy has no metrics.
    pub fn is_empty(&self) -> bool {
        *self == Metrics::default()
    }

    /// Which share of the requests hit an existing order; `None` without any request.
    pub fn duplicate_rate(&self) -> Option<f64> {
        let requests = self.of(Metric::Hit) + self.of(Metric::Miss) + self.of(Metric::Conflict);
        (requests > 0).then(|| self.of(Metric::Hit) as f64 / requests as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_duplicate_rate_is_the_share_of_hits_and_needs_requests() {
        let mut metrics = Metrics::default();
        assert!(metrics.is_empty());
        assert_eq!(metrics.duplicate_rate(), None);
        for metric in [Metric::Hit, Metric::Miss, Metric::Miss, Metric::Conflict] {
            metrics.count(metric);
        }
        metrics.count(Metric::AutoKey);
        assert_eq!(metrics.duplicate_rate(), Some(0.25));
        for (place, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, place, "{}", metric.name());
        }
    }
}
