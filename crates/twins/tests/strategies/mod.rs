//! What the strategies promise, tried in a simulated shop on the bench.
//!
//! - [`world`]: that shop, and how a request goes on in it
//! - [`coupons`]: coupons and seats, which so many orders may have and no more
//! - [`doubles`]: clicks, tabs and replicas, with nothing going wrong
//! - [`ages`]: how long a key is remembered
//! - [`failures`]: one thing going wrong at a time
//! - [`owners`]: owners that die, stall or are overtaken
//! - [`webhooks`]: what the gateway tells late
//! - [`seeds`]: what the seeds' strategies promise, one request after another
//! - [`seed_flaws`]: where they break it
//! - [`interleavings`]: death, stalls and company at every await

use std::mem::size_of_val;
use std::sync::Arc;

use orders::{Contract, InFlightPolicy, KeyState, Owner, StrategyName};
use proptest::prelude::*;
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, Money, OrderContent, OrderRequest, OrderState,
    Problem, Response, Sku, Span, Tenant, UserId,
};
use twins::scripted::{Mishap, Reply};

mod ages;
mod coupons;
mod doubles;
mod failures;
mod interleavings;
mod owners;
mod seed_flaws;
mod seeds;
mod webhooks;
mod world;

use world::{Base, Replica, Running, World, run_all};

const STOCK: u32 = 10;
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

fn create_under(
    contract: &Contract,
    replica: &Replica<'_, '_>,
    request: &OrderRequest,
) -> Response {
    reference(replica, contract, request).run()
}

fn create(replica: &Replica<'_, '_>, request: &OrderRequest) -> Response {
    create_under(&CONTRACT, replica, request)
}

/// A request of the reference strategy.
fn reference<'a, 'w>(
    replica: &Replica<'a, 'w>,
    contract: &Contract,
    request: &OrderRequest,
) -> Running<'a, 'w, Response> {
    replica.create(StrategyName::ClaimComplete, contract, request)
}

fn run<T: 'static>(running: Running<'_, '_, T>) -> T {
    running.run()
}

fn refused(response: Response) -> (u16, Option<Problem>) {
    assert_eq!(response.order, None);
    (response.status, response.problem)
}

/// Time passes until every lease is over, then the completer of a fresh replica runs; more than once, because what one round
/// cannot find out, or loses a conflict over, is left to the next.
fn recover(world: &World<'_>) {
    for owner in 7..10 {
        world.pass(CONTRACT.lease + Span(1));
        maintain(world, owner);
    }
}

/// A round of the completer of a fresh replica.
fn maintain(world: &World<'_>, owner: u32) {
    let replica = world.replica(owner);
    replica
        .maintain(StrategyName::ClaimComplete, &CONTRACT)
        .run();
}

#[test]
fn no_dedup_creates_an_order_and_a_charge_for_every_request() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let ask = |asked: &OrderRequest| {
        let replica = world.replica(1);
        replica
            .create(StrategyName::NoDedup, &CONTRACT, asked)
            .run()
    };
    for _ in 0..2 {
        assert_eq!(ask(&request(Some("k"), 1, 2)).status, 201);
    }
    assert_eq!(
        (world.orders(OrderState::Confirmed), world.captured()),
        (2, 2)
    );
    assert_eq!(
        refused(ask(&request(None, 2, 100))),
        (409, Some(Problem::OutOfStock))
    );
    assert_eq!(world.captured(), 2, "refunded");
}

#[test]
fn futures_are_small_enough_to_have_a_million_of() {
    let base = Base::with_stock(STOCK);
    let world = base.open();
    let measure = async move |ports: world::TriedPorts<'_>| {
        // Those of the simulation, which is where there are a million.
        let (ports, asked) = (ports.within(), request(Some("k"), 1, 2));
        for strategy in StrategyName::ALL {
            let create = size_of_val(&strategy.create(ports, &CONTRACT, &asked));
            let maintain = size_of_val(&strategy.maintain(ports, &CONTRACT));
            println!("{strategy}: create {create} bytes, maintain {maintain} bytes");
            assert!(create <= 2_048, "{strategy}: {create} bytes");
        }
    };
    world.replica(1).does(measure).run();
}
