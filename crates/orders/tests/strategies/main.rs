//! What the strategies promise, tried in a small world in memory.
//!
//! - [`coupons`]: coupons and seats, which so many orders may have and no more
//! - [`doubles`]: clicks, tabs and replicas, with nothing going wrong
//! - [`failures`]: one thing going wrong at a time
//! - [`webhooks`]: what the gateway tells late
//! - [`seeds`]: what the seeds' strategies promise, one request after another
//! - [`seed_flaws`]: where they break it
//! - [`interleavings`]: death, stalls and company at every await

use std::mem::size_of_val;
use std::pin::pin;
use std::sync::Arc;

use orders::{Contract, InFlightPolicy, KeyState, Owner, StrategyName};
use proptest::prelude::*;
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, Money, OrderContent, OrderRequest, OrderState,
    Problem, Response, Sku, Span, Tenant, UserId,
};

mod coupons;
mod doubles;
mod failures;
mod interleavings;
mod seed_flaws;
mod seeds;
mod webhooks;
mod world;

use world::{Replica, Reply, Trouble, World, run, step};

const STOCK: i64 = 10;
const CONTRACT: Contract = Contract::REFERENCE;

fn request(key: Option<&str>, cart: u64, quantity: u32) -> OrderRequest {
    let line = |sku: &str| Line {
        sku: Sku(sku.into()),
        quantity,
        unit_price: Money(250),
    };
    OrderRequest {
        tenant: Tenant(1),
        customer: Customer::User(UserId(1)),
        key: key.map(|key| IdempotencyKey::new(key).expect("a key")),
        body_key: None,
        cart: Cart {
            id: cart,
            version: 1,
        },
        content: Arc::new(OrderContent {
            lines: vec![line("A"), line("B")],
            note: "".into(),
            coupon: None,
        }),
    }
}

/// The same with a coupon that takes half a burger off.
fn with_coupon(asked: OrderRequest, code: &str) -> OrderRequest {
    let coupon = Coupon {
        code: code.into(),
        off: Money(125),
    };
    let content = OrderContent {
        coupon: Some(coupon),
        ..OrderContent::clone(&asked.content)
    };
    OrderRequest {
        content: Arc::new(content),
        ..asked
    }
}

fn create_under(contract: &Contract, replica: &Replica<'_>, request: &OrderRequest) -> Response {
    run(StrategyName::ClaimComplete.create(replica, contract, request))
}

fn create(replica: &Replica<'_>, request: &OrderRequest) -> Response {
    create_under(&CONTRACT, replica, request)
}

fn refused(response: Response) -> (u16, Option<Problem>) {
    assert_eq!(response.order, None);
    (response.status, response.problem)
}

/// Time passes until every lease is over, then the completer of a fresh replica runs; more than once, because what one round
/// cannot find out, or loses a conflict over, is left to the next.
fn recover(world: &World) {
    for owner in 90..93 {
        world.pass(CONTRACT.lease + Span(1));
        run(StrategyName::ClaimComplete.maintain(&world.replica(owner), &CONTRACT));
    }
}

#[test]
fn no_dedup_creates_an_order_and_a_charge_for_every_request() {
    let world = World::with_stock(STOCK);
    let asked = request(Some("k"), 1, 2);
    for _ in 0..2 {
        assert_eq!(
            run(StrategyName::NoDedup.create(&world.replica(1), &CONTRACT, &asked)).status,
            201
        );
    }
    assert_eq!(
        (world.orders(OrderState::Confirmed), world.captured()),
        (2, 2)
    );
    let short = request(None, 2, 100);
    assert_eq!(
        refused(run(StrategyName::NoDedup.create(
            &world.replica(1),
            &CONTRACT,
            &short
        ))),
        (409, Some(Problem::OutOfStock))
    );
    assert_eq!(world.captured(), 2, "refunded");
}

#[test]
fn futures_are_small_enough_to_have_a_million_of() {
    let world = World::with_stock(STOCK);
    let replica = world.replica(1);
    let asked = request(Some("k"), 1, 2);
    // The fake's transactions are part of the future, and hold a copy of the database's handles.
    println!(
        "a transaction of the fake: {} bytes",
        size_of::<world::Tx<'_>>()
    );
    for strategy in StrategyName::ALL {
        let create = size_of_val(&strategy.create(&replica, &CONTRACT, &asked));
        let maintain = size_of_val(&strategy.maintain(&replica, &CONTRACT));
        println!("{strategy}: create {create} bytes, maintain {maintain} bytes");
        assert!(create <= 2_048, "{strategy}: {create} bytes");
    }
}
