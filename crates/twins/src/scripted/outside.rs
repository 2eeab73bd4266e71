//! A gateway that answers as the script says, and a cache that is away or has forgotten everything.

use std::future::poll_fn;
use std::task::Poll;

use compact_str::{CompactString, format_compact};
use orders::ports::CacheError;
use orders::{Cache, Gateway, GatewayError, Ports};
use protocol::{ChargeAnswer, ChargeId, ChargeRequest, ChargeState, Span};

use super::{Reply, Script, Scripted};

/// The numbers of declined charges, which are no charges of the gateway's.
const DECLINED_FROM: u64 = 1 << 40;

impl Script {
    /// Waits until the gateway hears.
    async fn reach_gateway(&self) {
        poll_fn(|cx| match self.is_stalled.get() {
            true => {
                self.stalled.borrow_mut().push(cx.waker().clone());
                Poll::Pending
            }
            false => Poll::Ready(()),
        })
        .await;
    }

    /// A charge that is declined; none if the gateway has heard of its key, and knows better.
    fn decline(&self, request: &ChargeRequest) -> Option<ChargeAnswer> {
        if self.asked.borrow().contains(&request.key) {
            return None;
        }
        let declined = &mut *self.declined.borrow_mut();
        let id = ChargeId(DECLINED_FROM + declined.len() as u64);
        let answer = ChargeAnswer {
            id,
            state: ChargeState::Declined,
            replayed: false,
        };
        declined.insert(request.key, answer);
        Some(answer)
    }
}

impl<P: Ports> Scripted<'_, P> {
    async fn ask(&self, request: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        let declined = self.script.declined.borrow().get(&request.key).copied();
        if let Some(answer) = declined {
            return Ok(ChargeAnswer {
                replayed: true,
                ..answer
            });
        }
        self.script.asked.borrow_mut().insert(request.key);
        self.ports.gateway().charge(request).await
    }
}

impl<P: Ports> Gateway for Scripted<'_, P> {
    async fn charge(&self, request: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        self.script.reach_gateway().await;
        let reply = self.script.replies.borrow_mut().pop_front();
        match reply {
            None => self.ask(request).await,
            Some(Reply::Unavailable) => Err(GatewayError::Unavailable),
            Some(Reply::InUse) => Err(GatewayError::InUse),
            Some(Reply::Unknown { captured: false }) => Err(GatewayError::Unknown),
            Some(Reply::Unknown { captured: true }) => {
                self.ask(request).await?;
                Err(GatewayError::Unknown)
            }
            Some(Reply::Declined) => match self.script.decline(&request) {
                Some(answer) => Ok(answer),
                None => self.ask(request).await,
            },
        }
    }

    async fn refund(&self, charge: ChargeId) -> Result<(), GatewayError> {
        self.ports.gateway().refund(charge).await
    }
}

impl<P: Ports> Scripted<'_, P> {
    /// The cache, and a key as it is called there since it has last forgotten everything.
    fn cache_of(&self, key: &CompactString) -> Result<(&P::Cache, CompactString), CacheError> {
        if self.script.is_cache_away.get() {
            return Err(CacheError::Unavailable);
        }
        let key = format_compact!("{}/{key}", self.script.flushes.get());
        Ok((self.ports.cache(), key))
    }
}

impl<P: Ports> Cache for Scripted<'_, P> {
    async fn get(&self, key: &CompactString) -> Result<Option<CompactString>, CacheError> {
        let (cache, key) = self.cache_of(key)?;
        cache.get(&key).await
    }

    async fn set(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<(), CacheError> {
        let (cache, key) = self.cache_of(key)?;
        cache.set(&key, value, ttl).await
    }

    async fn set_if_absent(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<bool, CacheError> {
        let (cache, key) = self.cache_of(key)?;
        cache.set_if_absent(&key, value, ttl).await
    }

    async fn delete(&self, key: &CompactString) -> Result<(), CacheError> {
        let (cache, key) = self.cache_of(key)?;
        cache.delete(&key).await
    }

    async fn delete_if(
        &self,
        key: &CompactString,
        value: &CompactString,
    ) -> Result<bool, CacheError> {
        let (cache, key) = self.cache_of(key)?;
        cache.delete_if(&key, value).await
    }
}
