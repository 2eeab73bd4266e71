//! The port `orders::Cache`: a command may find everything forgotten, or the cache down.

use compact_str::CompactString;
use orders::ports::CacheError;
use orders::{Cache, Clock};
use protocol::Span;
use scenario::faults::{Opportunity, Who};
use scenario::{CrashPoint, FaultKind, Host};

use crate::ports::ReplicaPorts;
use crate::setting::Setting;
use crate::state::State;

impl ReplicaPorts<'_> {
    /// A cache command: it may find everything forgotten, or the cache down.
    async fn command<R>(
        &self,
        key: &CompactString,
        mut effect: impl FnMut(&mut State, u64) -> R,
    ) -> Result<R, CacheError> {
        let slot = self.slot;
        self.round_trip(CrashPoint::Anywhere, true, move |state, _| {
            state.tally.cache_commands += 1;
            let who = state.replicas.calls[slot].who();
            let now_us = state.kernel.now_us();
            state.trouble_cache(&self.world.setting, key, who, now_us);
            let down = state.cache.down_until_us > now_us
                || state
                    .strike(
                        &self.world.setting.faults,
                        Opportunity::CacheUnavailable,
                        who,
                    )
                    .is_some()
                || state.cut_off(&self.world.setting, slot, Host::Cache);
            if down {
                return Some(Err(CacheError::Unavailable));
            }
            let answer = effect(state, now_us);
            let lost = state.strike(
                &self.world.setting.faults,
                Opportunity::LoseCacheAnswer,
                who,
            );
            Some(match lost {
                Some(_) => Err(CacheError::Unknown),
                None => Ok(answer),
            })
        })
        .await
    }

    /// A command that writes. After a change of the database it takes its time: readers of the cache find the old state as long as
    /// the plan says.
    async fn change<R>(
        &self,
        key: &CompactString,
        effect: impl FnMut(&mut State, u64) -> R,
    ) -> Result<R, CacheError> {
        let early_us = self.before_cache_write_us();
        if early_us > 0 {
            self.sleep(Span(early_us)).await;
        }
        self.command(key, effect).await
    }

    /// How long until a cache command may leave that writes.
    fn before_cache_write_us(&self) -> u64 {
        let latencies = &self.world.setting.plan.world.latencies;
        let state = self.world.state.borrow();
        let committed_at_us = state.replicas.calls[self.slot].effects.committed_at_us;
        let arrives_us = committed_at_us.map_or(0, |at_us| at_us + latencies.cache_write_us);
        arrives_us.saturating_sub(state.kernel.now_us() + latencies.database_us)
    }
}

impl State {
    /// What befalls the cache when a command reaches it: it forgets, or dies.
    #[inline]
    fn trouble_cache(&mut self, setting: &Setting, key: &CompactString, who: Who, now_us: u64) {
        if self.cache.down_until_us > now_us {
            return;
        }
        let faults = &setting.faults;
        if self.strike(faults, Opportunity::FlushCache, who).is_some() {
            self.cache.flush();
        }
        if self.strike(faults, Opportunity::EvictKey, who).is_some() {
            self.cache.delete(key, now_us);
        }
        if let Some(fault) = self.strike(faults, Opportunity::FailOverCache, who) {
            let back_us = now_us + fault.delay(who, &mut self.chooser);
            if let FaultKind::FailOverCache { loses_us, .. } = fault.kind {
                self.cache.fail_over(now_us, loses_us, back_us);
            }
        }
    }
}

impl Cache for ReplicaPorts<'_> {
    async fn get(&self, key: &CompactString) -> Result<Option<CompactString>, CacheError> {
        self.command(key, |state, now_us| state.cache.get(key, now_us))
            .await
    }

    async fn set(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<(), CacheError> {
        self.change(key, |state, now_us| {
            state.cache.set(key, value.clone(), now_us, now_us + ttl.0)
        })
        .await
    }

    async fn set_if_absent(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<bool, CacheError> {
        self.change(key, |state, now_us| {
            state
                .cache
                .set_if_absent(key, value.clone(), now_us, now_us + ttl.0)
        })
        .await
    }

    async fn delete(&self, key: &CompactString) -> Result<(), CacheError> {
        self.change(key, |state, now_us| state.cache.delete(key, now_us))
            .await
    }

    async fn delete_if(
        &self,
        key: &CompactString,
        value: &CompactString,
    ) -> Result<bool, CacheError> {
        self.change(key, |state, now_us| {
            state.cache.delete_if(key, value, now_us)
        })
        .await
    }
}
