//! A handler that makes on its ports the calls that it is told to, one after another: the other end of a [`Seat`](crate::Seat).
//!
//! It is generic over the ports, and names no runtime: a simulated replica runs it as a handler, a real one as a task.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use orders::{Cache, Gateway, Ports, Store, Transaction};

use crate::call::{Answer, CacheCall, Call, Failure, Told};

/// What is said to a connection, and what it says. It stays on one thread.
#[derive(Debug, Default)]
pub struct Line {
    call: RefCell<Option<Call>>,
    told: RefCell<Option<Told>>,
    listener: RefCell<Option<Waker>>,
}

impl Line {
    /// Tells the connection to make a call.
    ///
    /// # Panics
    /// If it has not made the call before: a connection does one thing at a time.
    pub fn say(&self, call: Call) {
        let before = self.call.replace(Some(call));
        assert_eq!(before, None, "a connection does one thing at a time");
        if let Some(listener) = self.listener.take() {
            listener.wake();
        }
    }

    /// What came of the call, once.
    pub fn hear(&self) -> Option<Told> {
        self.told.take()
    }

    async fn next(&self) -> Call {
        poll_fn(|cx| match self.call.take() {
            Some(call) => Poll::Ready(call),
            None => {
                self.listener.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }

    fn tell<A: Into<Answer>, E: Into<Failure>>(&self, told: Result<A, E>) {
        self.told
            .replace(Some(told.map(Into::into).map_err(Into::into)));
    }
}

/// Makes calls for ever. Dropped, it is a process that died.
pub async fn connection<P: Ports>(ports: &P, line: &Line) {
    loop {
        let tx = match line.next().await {
            Call::Begin(isolation) => match ports.store().begin(isolation).await {
                Ok(tx) => tx,
                Err(error) => {
                    line.tell::<(), _>(Err(error));
                    continue;
                }
            },
            Call::Autocommit => ports.store().autocommit(),
            other => {
                outside(ports, line, other).await;
                continue;
            }
        };
        line.tell::<_, Failure>(Ok(()));
        within(ports, line, tx).await;
    }
}

/// Makes the calls of an open transaction, to its end.
async fn within<P: Ports>(ports: &P, line: &Line, mut tx: impl Transaction) {
    loop {
        match line.next().await {
            Call::Statement(statement) => line.tell(statement.run(&mut tx).await),
            Call::Now => line.tell::<_, Failure>(Ok(tx.now())),
            Call::Commit => return line.tell(tx.commit().await),
            Call::Rollback => {
                tx.rollback().await;
                return line.tell::<_, Failure>(Ok(()));
            }
            Call::HangUp => {
                drop(tx);
                return line.tell::<_, Failure>(Ok(()));
            }
            other => outside(ports, line, other).await,
        }
    }
}

/// Makes a call that needs no transaction.
async fn outside<P: Ports>(ports: &P, line: &Line, call: Call) {
    match call {
        Call::Cache(command) => line.tell(cache(ports.cache(), command).await),
        Call::Charge(request) => line.tell(ports.gateway().charge(request).await),
        Call::Refund(charge) => line.tell(ports.gateway().refund(charge).await),
        other => panic!("no transaction is open for this, or one is: {other:?}"),
    }
}

async fn cache(cache: &impl Cache, command: CacheCall) -> Told {
    let told = match command {
        CacheCall::Get(key) => cache.get(&key).await.map(Answer::from),
        CacheCall::Set(key, value, ttl) => cache.set(&key, value, ttl).await.map(Answer::from),
        CacheCall::SetIfAbsent(key, value, ttl) => cache
            .set_if_absent(&key, value, ttl)
            .await
            .map(Answer::from),
        CacheCall::Delete(key) => cache.delete(&key).await.map(Answer::from),
        CacheCall::DeleteIf(key, value) => cache.delete_if(&key, &value).await.map(Answer::from),
    };
    told.map_err(Failure::from)
}
