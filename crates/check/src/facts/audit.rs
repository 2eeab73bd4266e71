//! Whether the audit can be one: taken when everything was over, with one row for each charge and no contradiction about a key. The orders'
//! rows are looked at where they are numbered.

use history::{AuditCharge, AuditKey, History};

use super::flaw::Flaw;
use super::store::Facts;
use super::tables::charge_rows;

impl Facts {
    /// Looks at the audit after the events were walked.
    pub(super) fn inspect_audit(&mut self, history: &History) {
        let Some(audit) = &history.audit else { return };
        let is_early =
            |last: u64| audit.t < last || audit.t == last && mutant!("malformed/ties-are-early");
        if history.events.last().is_some_and(|last| is_early(last.t)) {
            let event = history.events.len() - 1;
            self.flaws.push(Flaw::AuditBeforeEvent(event));
        }
        let changes = &history.transitions;
        if changes.last().is_some_and(|last| is_early(last.t)) {
            self.flaws.push(Flaw::AuditBeforeChange(changes.len() - 1));
        }
        self.find_repeated_charges(charge_rows(history));
        self.find_contradicting_keys(audit.keys.as_deref().unwrap_or_default());
    }

    /// A key may have several rows, where its table has more columns than are told; but they do not contradict each other.
    fn find_contradicting_keys(&mut self, keys: &[AuditKey]) {
        if keys.is_sorted_by(|one, next| one.key < next.key) {
            return;
        }
        let mut rows: Vec<usize> = (0..keys.len()).collect();
        rows.sort_by_key(|row| keys[*row].key);
        let pairs = rows.windows(2);
        let differ = pairs.filter(|pair| {
            let (one, other) = (&keys[pair[0]], &keys[pair[1]]);
            one.key == other.key && one.state != other.state
        });
        self.flaws
            .extend(differ.map(|pair| Flaw::KeyTwice(pair[1])));
    }

    /// A recorder that writes the rows one after another numbers them so, and then one look is enough.
    fn find_repeated_charges(&mut self, charges: &[AuditCharge]) {
        if charges.is_sorted_by(|one, next| one.id < next.id) {
            return;
        }
        let mut rows: Vec<usize> = (0..charges.len()).collect();
        rows.sort_by_key(|row| charges[*row].id);
        let pairs = rows.windows(2);
        let repeated = pairs.filter(|pair| charges[pair[0]].id == charges[pair[1]].id);
        self.flaws
            .extend(repeated.map(|pair| Flaw::ChargeTwice(pair[1])));
    }
}
