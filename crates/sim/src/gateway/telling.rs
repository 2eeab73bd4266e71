//! Webhooks: how the gateway tells a service what became of a capture. At least once, late, and in any order.

use explore::{Kind, Lineage, Site};
use scenario::faults::{Opportunity, Who, cuts};
use scenario::{FaultKind, Host};

use crate::event::Event;
use crate::gateway::{Fate, Webhook};
use crate::setting::Setting;
use crate::state::State;

/// How long after each try that was not taken the next one comes; after the last the gateway gives up.
const AGAIN_AFTER_US: [u64; 6] = [
    1_000_000,
    5_000_000,
    30_000_000,
    120_000_000,
    600_000_000,
    3_600_000_000,
];

const LATE: Kind = Kind::new("gateway.webhook.late");
const ROUTE: Kind = Kind::new("gateway.webhook.route");

impl State {
    /// A capture begins: the bank may refuse, whether anybody hears of it or not.
    pub(crate) fn may_decline(&mut self, setting: &Setting, slot: u32) {
        let operation = self.gateway.operations[slot as usize];
        if matches!(operation.fate, Fate::Fair | Fate::TimeoutAfter)
            && self
                .strike(&setting.faults, Opportunity::DeclineCharge, operation.who)
                .is_some()
        {
            self.gateway.operations[slot as usize].fate = Fate::Declined;
        }
    }

    /// The gateway will tell how a capture ended: late, perhaps twice. How late, if it tells at all.
    pub(crate) fn announce(&mut self, setting: &Setting, charge: u32) -> Option<u64> {
        let table = setting.delays.webhook.as_ref()?;
        let lineage = Webhook::of_charge(charge);
        let span_us = table.draw(&mut self.chooser, LATE, lineage, 0);
        let first = Webhook {
            charge,
            copy: 0,
            tries: 0,
        };
        self.tell_after(span_us, first);
        let who = Who {
            lineage,
            ordinal: 0,
            client: None,
            replica: Who::NOWHERE,
            process: Who::NO_ATTEMPT,
        };
        let again = self.strike(&setting.faults, Opportunity::DuplicateWebhook, who);
        if let Some(after_us) = again.map(|fault| fault.delay(who, &mut self.chooser)) {
            self.tell_after(span_us + after_us, Webhook { copy: 1, ..first });
        }
        Some(span_us)
    }

    fn tell_after(&mut self, span_us: u64, webhook: Webhook) {
        let at_us = self.kernel.now_us() + span_us;
        self.gateway.webhooks_until_us = self.gateway.webhooks_until_us.max(at_us);
        self.kernel.at(at_us, Event::Webhook(webhook.into()));
    }

    /// It was not taken: the gateway tries again, for some time.
    pub(crate) fn tell_later(&mut self, webhook: Webhook) {
        if let Some(span_us) = AGAIN_AFTER_US.get(usize::from(webhook.tries)) {
            let tries = webhook.tries + 1;
            self.tell_after(*span_us, Webhook { tries, ..webhook });
        }
    }

    /// The replica that a webhook reaches, if it is there to hear it.
    pub(crate) fn reaches(&mut self, setting: &Setting, lineage: Lineage) -> Option<u32> {
        let replicas = self.replicas.hosts.len() as u32;
        let replica = self.chooser.choose(&Site::new(ROUTE, lineage, 0), replicas);
        let who = Who {
            lineage,
            ordinal: 0,
            client: None,
            replica,
            process: Who::NO_ATTEMPT,
        };
        let cut = |kind: &FaultKind| cuts(kind, replica, Host::Gateway);
        let host = &self.replicas.hosts[replica as usize];
        let hears = host.up && host.paused_until_us <= self.kernel.now_us();
        let cut = self.strike_if(&setting.faults, Opportunity::Partition, who, cut);
        (hears && cut.is_none()).then_some(replica)
    }
}
