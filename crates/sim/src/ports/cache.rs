//! The port `orders::Cache`: a command may find everything forgotten, or nobody there.

use compact_str::CompactString;
use orders::ports::CacheError;
use orders::{Cache, Clock};
use protocol::Span;
use scenario::{CrashPoint, Host};

use super::ReplicaPorts;
use crate::fault::Opportunity;
use crate::world::State;

impl ReplicaPorts<'_> {
    /// A cache command: it may find everything forgotten, or nobody there.
    async fn command<R>(
        &self,
        key: &CompactString,
        mut effect: impl FnMut(&mut State, u64) -> R,
    ) -> Result<R, CacheError> {
        let slot = self.slot;
        self.round_trip(CrashPoint::Anywhere, true, move |state, _| {
            state.cache_commands += 1;
            let who = state.calls[slot].who();
            let now_us = state.kernel.now_us();
            if state
                .strike(&self.world.faults, Opportunity::FlushCache, who)
                .is_some()
            {
                state.cache.flush();
            }
            if state
                .strike(&self.world.faults, Opportunity::EvictKey, who)
                .is_some()
            {
                state.cache.delete(key);
            }
            let down = state
                .strike(&self.world.faults, Opportunity::CacheUnavailable, who)
                .is_some()
                || state.cut_off(self.world, slot, Host::Cache);
            Some(if down {
                Err(CacheError::Unavailable)
            } else {
                Ok(effect(state, now_us))
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
        let latencies = &self.world.plan.world.latencies;
        let state = self.world.state.borrow();
        let committed_at_us = state.calls[self.slot].committed_at_us;
        let arrives_us = committed_at_us.map_or(0, |at_us| at_us + latencies.cache_write_us);
        arrives_us.saturating_sub(state.kernel.now_us() + latencies.database_us)
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
            state.cache.set(key, value.clone(), now_us + ttl.0)
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
        self.change(key, |state, _| state.cache.delete(key)).await
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
