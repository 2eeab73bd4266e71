//! `claim-complete`: the reference. Claim the key, charge under the order's own key, complete under the fencing token.
//!
//! 1. one transaction: claim the key, insert the order as pending, reserve stock and coupon ([`claim`])
//! 2. charge, with a key derived from the order, so that every retry of it is the same charge; where there is nothing to pay,
//!    the gateway is not asked ([`charge`])
//! 3. one transaction, fenced by the token: order, charge, cart, log, stock, sales, notification and the stored answer together
//!    ([`settle`])
//! 4. a completer takes over claims whose owners have gone, and finishes them the same way ([`maintain`])
//! 5. what the gateway tells by webhook finishes a claim whose owner was never answered ([`hear`])
//!
//! The claim table in front of it keeps the duplicates that reach one replica away from the database's locks. It decides nothing
//! that the database has not decided: before a duplicate is told that its twin is at work, or that its key is in use with another
//! content, one look there makes sure that no other replica has finished it (`purchase`: `beside_a_twin`, `beside_another`).

use protocol::{ChargeNotice, OrderRequest, Problem, Response};

use super::valid_total::valid_total;
use super::{Ledgers, Strategy};
use crate::contract::Contract;
use crate::metrics::Metric;
use crate::ports::Ports;

mod adopt;
mod answer;
mod charge;
mod claim;
mod clocks;
mod hear;
mod held;
mod identity;
mod maintain;
mod patience;
mod purchase;
mod settle;
mod undo;

use identity::identity;
use purchase::Purchase;

/// Claims, charges, completes; recovers what a dead owner left.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClaimComplete;

impl Strategy for ClaimComplete {
    const NAME: &'static str = "claim-complete";
    const SUMMARY: &'static str =
        "claim the key with a lease, charge under the order's key, complete under a fencing token";
    const MAINTAINED: bool = true;
    const LISTENS: bool = true;
    const KNOWS_MESSAGES: bool = true;
    const LEDGERS: Ledgers = Ledgers::ALL;

    async fn create<P: Ports>(
        &self,
        ports: &P,
        contract: &Contract,
        request: &OrderRequest,
    ) -> Response {
        let Some(total) = valid_total(&request.content) else {
            return Response::refused(400, Problem::Invalid);
        };
        if request.key.is_none() && (contract.key_required || !contract.natural_key) {
            return Response::refused(400, Problem::KeyMissing);
        }
        let key = identity(request.tenant, request.key.as_ref(), request.cart);
        let purchase = Purchase::new(ports, contract, request, &key, total);
        let response = purchase.answer().await;
        count(ports, &response);
        response
    }

    async fn maintain<P: Ports>(&self, ports: &P, contract: &Contract) {
        maintain::round(ports, contract).await;
    }

    async fn hear<P: Ports>(&self, ports: &P, contract: &Contract, notice: &ChargeNotice) -> bool {
        hear::hear(ports, contract, notice).await
    }
}

/// What monitoring counts of a request, which is known when it is answered: another replica may have decided. One that could not
/// be looked up at all is neither known nor unknown.
fn count<P: Ports>(ports: &P, response: &Response) {
    match response.problem {
        _ if response.replayed => ports.count(Metric::Hit),
        Some(Problem::KeyReused | Problem::InProgress) => ports.count(Metric::Conflict),
        Some(Problem::Unavailable) => {}
        _ => ports.count(Metric::Miss),
    }
}
