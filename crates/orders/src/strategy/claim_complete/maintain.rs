//! Completer and reaper: what dead owners left is finished, and keys past their time to live are deleted.

use protocol::{ScopedKey, Span, Time};

use super::clocks::{Clocks, begin};
use super::held::Held;
use super::settle::settle;
use super::undo::undo;
use crate::contract::Contract;
use crate::machine;
use crate::ports::{Keys, Ports, StoreError, Transaction};
use crate::rows::KeyRecord;

/// The most claims that one round takes over: few enough that they can be settled within their lease.
const CLAIMS_MAX: usize = 16;
/// The most keys that one round deletes: few enough that the statement stays short.
const KEYS_MAX: usize = 1_000;

/// One round of both. What fails is left for the next round: nothing is lost by waiting.
///
/// Whatever was overdue when the round began is looked at, however much that is: when the database comes back after an outage,
/// thousands of owners may have gone at the same moment. What the round takes over itself is not overdue by that time, even
/// under a lease of no length, so the round ends.
pub(super) async fn round<P: Ports>(ports: &P, contract: &Contract) {
    let mut began = None;
    while let Ok(Batch { taken, is_full }) = take_over(ports, contract, &mut began).await {
        for held in taken {
            // Whatever it ended in was written, or is left to be taken over again. No client waits for this answer.
            let _answer = settle(ports, contract, &held, Span::ZERO).await;
        }
        if !is_full {
            break;
        }
    }
    let _left_for_the_next_round = reap(ports, contract).await;
}

/// Claims that were taken over together.
struct Batch {
    taken: Vec<Held>,
    /// There may be more of them.
    is_full: bool,
}

/// Takes claims over that were overdue when the round's first transaction began. If the commit is not acknowledged they may be ours
/// or not: then they are left alone until their leases are over once more.
async fn take_over<P: Ports>(
    ports: &P,
    contract: &Contract,
    began: &mut Option<Time>,
) -> Result<Batch, StoreError> {
    let (mut tx, clocks) = begin(ports).await?;
    let by = *began.get_or_insert(clocks.store);
    match take_over_in(&mut tx, clocks, ports, contract, by).await {
        Ok(batch) => tx.commit().await?.committed().map(|()| batch),
        Err(error) => Err(undo(tx, error).await),
    }
}

async fn take_over_in<P: Ports>(
    tx: &mut impl Transaction,
    clocks: Clocks,
    ports: &P,
    contract: &Contract,
    by: Time,
) -> Result<Batch, StoreError> {
    let mut taken = Vec::new();
    let found = tx.lock_overdue_claims(by, CLAIMS_MAX).await?;
    let is_full = found.len() == CLAIMS_MAX;
    for (key, overdue) in found {
        let Some(record) =
            machine::take_over(&overdue, ports.owner(), clocks.store, contract.lease)
        else {
            continue;
        };
        if tx.update_key(&key, overdue.token, record).await? == 0 {
            continue;
        }
        let Some(order) = record.order else {
            give_back(tx, &key, &record).await?;
            continue;
        };
        // A claim and its order are inserted together, so the row exists; without it there is nothing that we could finish.
        if let Some(row) = tx.find_order(order).await? {
            taken.push(Held::taken_over(key, &record, row, clocks));
        }
    }
    Ok(Batch { taken, is_full })
}

/// Claimed, but no order was begun: nothing to finish. The claim is ours by now, so it is ours to give back; its owner, if it wakes,
/// finds a token that is not its own.
async fn give_back(
    tx: &mut impl Transaction,
    key: &ScopedKey,
    taken: &KeyRecord,
) -> Result<(), StoreError> {
    if let Ok(released) = machine::release(Some(taken), taken.token) {
        tx.update_key(key, taken.token, released).await?;
    }
    Ok(())
}

async fn reap<P: Ports>(ports: &P, contract: &Contract) -> Result<u64, StoreError> {
    let (mut tx, clocks) = begin(ports).await?;
    let before = Time(clocks.store.0.saturating_sub(contract.grace.0));
    match tx.delete_expired_keys(before, KEYS_MAX).await {
        Ok(gone) => tx.commit().await?.committed().map(|()| gone),
        Err(error) => Err(undo(tx, error).await),
    }
}
