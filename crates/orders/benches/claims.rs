//! What the service pays for every request before the database hears of it: fingerprint and claim.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use orders::table::Claim;
use orders::{ClaimTable, fingerprint};
use protocol::{
    Cart, Customer, IdempotencyKey, Line, Money, Order, OrderContent, OrderId, OrderRequest,
    OrderState, Response, Scope, ScopedKey, Sku, Span, Tenant, Time, UserId,
};

fn request(skus: &[&str], note: &str) -> OrderRequest {
    let line = |sku: &&str| Line {
        sku: Sku((*sku).into()),
        quantity: 2,
        unit_price: Money(1_499),
    };
    OrderRequest {
        tenant: Tenant(7),
        customer: Customer::User(UserId(123_456)),
        key: None,
        body_key: None,
        cart: Cart {
            id: 987_654,
            version: 3,
        },
        content: Arc::new(OrderContent {
            lines: skus.iter().map(line).collect(),
            note: note.into(),
            coupon: None,
        }),
    }
}

fn fingerprints(c: &mut Criterion) {
    for (name, request) in [
        (
            "fingerprint/two ascii lines",
            request(&["PIZZA-MARGHERITA", "COLA-033"], ""),
        ),
        (
            "fingerprint/two lines beyond ascii",
            request(&["CRÈME-BRÛLÉE", "COLA-033"], "s'il vous plaît"),
        ),
        (
            "fingerprint/twenty lines",
            request(&["SKU-000017"; 20], "ring twice"),
        ),
    ] {
        c.bench_function(name, |b| b.iter(|| fingerprint(black_box(&request))));
    }
}

fn claims(c: &mut Criterion) {
    let content = fingerprint(&request(&["A", "B"], ""));
    let order = Order {
        id: OrderId(1),
        state: OrderState::Confirmed,
        total: Money(1),
    };
    let keys: Vec<ScopedKey> = (0..8_192_u64)
        .map(|n| ScopedKey {
            key: IdempotencyKey::new(format!("8e03978e-40d5-43dd-bc93-{n:012}")).expect("a key"),
            tenant: Tenant(1),
            scope: Scope::CreateOrder,
        })
        .collect();
    let table = ClaimTable::default();
    let mut next = keys.iter().cycle();
    c.bench_function("table/claim and complete", |b| {
        b.iter(|| {
            let key = next.next().expect("endless");
            if let Claim::Won(ticket) = table.claim(key, content, Time(5), Span::secs(30)) {
                ticket
                    .complete(Response::created(order), Time(9))
                    .expect("ours");
            }
        });
    });
    c.bench_function("table/duplicate of a completion", |b| {
        let key = &keys[0];
        if let Claim::Won(ticket) = table.claim(key, content, Time(5), Span::secs(30)) {
            ticket
                .complete(Response::created(order), Time(9))
                .expect("ours");
        }
        b.iter(|| {
            matches!(
                table.claim(black_box(key), content, Time(5), Span::secs(30)),
                Claim::Done(_)
            )
        });
    });
}

criterion_group!(benches, fingerprints, claims);
criterion_main!(benches);
