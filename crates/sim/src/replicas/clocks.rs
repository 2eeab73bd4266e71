//! How far the replicas' clocks are off.

use explore::{Chooser, Distribution, Kind, Lineage, Quantiles, Site};

use super::replica::REPLICA;

/// How far the replicas' clocks may be off: a normal distribution is cut there.
const SKEW_CENTRE_DEVIATIONS: u64 = 8;
const SKEW: Kind = Kind::new("replica.skew");

/// How far the replicas' clocks are off.
#[derive(Debug)]
pub(crate) struct Skew {
    centre_us: u64,
    /// None: every clock is right.
    table: Option<Quantiles>,
}

impl Skew {
    pub(crate) fn new(deviation: u64) -> Skew {
        let centre = deviation * SKEW_CENTRE_DEVIATIONS;
        let spread = Distribution::Normal { deviation, centre };
        Skew {
            centre_us: centre,
            table: (deviation > 0).then(|| Quantiles::of(spread)),
        }
    }

    pub(crate) fn draw(&self, replica: u32, chooser: &mut Chooser) -> i64 {
        let Some(table) = &self.table else {
            return 0;
        };
        let lineage = Lineage::ROOT.child(REPLICA, u64::from(replica));
        let shown = chooser.quantile(&Site::new(SKEW, lineage, 0), table);
        shown as i64 - self.centre_us as i64
    }
}
