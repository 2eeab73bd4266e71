//! Rounds of upkeep that find nothing, passed over without running their futures.
//!
//! Upkeep comes by the clock, and most of its rounds find nothing: in a small scenario they are nine statements of ten. Such a round sends
//! the same statements at the same distances each time, changes nothing and draws nothing. So the first one is run and its events are
//! kept, and from then on the clock, the digest and the counters are moved on as its events would have moved them. Nothing else may be
//! due until the round is over, no key may become due in it, and no fault may strike it; otherwise it is run.

use std::future::Future;

use explore::TaskId;
use orders::Job;
use outside::Visit;

use crate::engine::Engine;
use crate::engine::round::{Counted, IdleRound, Observed};
use crate::event::Event;
use crate::ports::ReplicaPorts;

impl<'w, F, H, G, V> Engine<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    /// Lets a round pass that is to begin now and would find nothing. Whether it did; otherwise the round is to be run.
    pub(super) fn passes_idle_round(&mut self) -> bool {
        let Some(round) = self.idle_round.as_ref().filter(|_| self.world.skips_idle) else {
            return false;
        };
        // The run may end, or be found stuck, in the middle of the round: then it matters when.
        let is_open = self.ends_at_us == u64::MAX && self.purchases.are_done();
        if is_open && (self.idle_since_us.is_some() || self.is_empty()) {
            return false;
        }
        let state = &mut *self.world.state.borrow_mut();
        let began_us = state.kernel.now_us();
        let until_us = began_us + round.takes_us();
        let is_undisturbed = until_us <= self.ends_at_us
            && state.kernel.next_at_us().is_none_or(|next| next > until_us)
            && !(state.under_load && self.world.setting.faults_strike_upkeep);
        if !is_undisturbed || state.database.has_due_before(self.world.instant(until_us)) {
            return false;
        }
        for event_us in &round.events_us {
            state.kernel.pass_event(began_us + event_us);
            state.chooser.note(began_us + event_us);
        }
        state.database.counts.statements += round.statements;
        state.tally.upkeep_statements += round.statements;
        state.tally.idle_rounds += 1;
        true
    }

    /// A round begins that is run: it is observed, unless it is known already how an idle one goes.
    pub(super) fn observe(&mut self, task: TaskId) {
        if self.idle_round.is_some() || self.observed.is_some() || !self.handlers.contains(task) {
            return;
        }
        let before = self.counted();
        let state = self.world.state.borrow();
        // A round that a fault strikes may look idle too: of a cut connection it sends fewer statements, and nothing need be drawn for it.
        if state.under_load && self.world.setting.faults_strike_upkeep {
            return;
        }
        self.observed = Some(Observed {
            task,
            began_us: state.kernel.now_us(),
            events_us: Vec::new(),
            digest: state.chooser.digest(),
            before,
        });
    }

    /// An event was dealt with while a round is observed. If it was not the round's own, this round says nothing about others.
    #[cold]
    pub(super) fn observe_event(&mut self, event: Event) {
        let Some(mut observed) = self.observed.take() else {
            return;
        };
        let now_us = self.world.now_us();
        match event {
            Event::Reach(task) | Event::Reply(task) if task.get() == observed.task => {
                observed.events_us.push(now_us - observed.began_us);
            }
            // Its own beginning.
            Event::Upkeep(_) if observed.events_us.is_empty() => {}
            _ => return,
        }
        if self.handlers.contains(observed.task) {
            self.observed = Some(observed);
        } else if self.was_idle(&observed) {
            self.idle_round = Some(IdleRound {
                statements: self.counted().statements - observed.before.statements,
                events_us: observed.events_us,
            });
        }
    }

    /// Whether a round that has ended did nothing but look for what is due and find nothing, and drew nothing: then the next one goes the
    /// same way for as long as nothing becomes due.
    fn was_idle(&self, observed: &Observed) -> bool {
        let (before, after) = (observed.before, self.counted());
        let statements = after.statements - before.statements;
        let mut digest = observed.digest;
        for event_us in &observed.events_us {
            digest.push(observed.began_us + event_us);
        }
        let expected = Counted {
            statements: after.statements,
            idle_statements: before.idle_statements + statements,
            ..before
        };
        after == expected && self.world.digest() == digest
    }

    fn counted(&self) -> Counted {
        let state = self.world.state.borrow();
        let counts = state.database.counts;
        Counted {
            statements: counts.statements,
            idle_statements: counts.idle_statements,
            cache_commands: state.tally.cache_commands,
            nonces: state.replicas.nonces,
            process_uses: self.world.process_uses.get(),
        }
    }
}
