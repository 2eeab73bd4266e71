//! Small histories in which anything may have happened. They are well-formed; otherwise the service behind them knows no rule.

use std::collections::BTreeMap;

use history::{
    Audit, AuditCharge, AuditKey, AuditOrder, AuditStock, ChargeRef, Completion, Contract, Event,
    FaultRef, History, Invoke, Item, OrderRef, Payload, ProcessRef, ProviderKeyRef, RecordState,
    TenantRef, What,
};
use proptest::option;
use proptest::prelude::*;
use protocol::{ChargeState, OrderState};

pub const KEYS: u32 = 4;
pub const INTENTS: u32 = 3;
pub const PAYLOADS: u32 = 2;
pub const ORDERS: u32 = 5;
pub const SKUS: u32 = 2;

/// One attempt: when and how long, what it asks for, how it ends.
#[derive(Clone, Debug)]
struct Attempt {
    t: u64,
    lasts: u64,
    /// The last key is never sent.
    key: Option<u32>,
    intent: u32,
    payload: u32,
    end: u8,
    order: Option<u32>,
    response: u32,
    status: u16,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let asks = (option::weighted(0.8, 0..KEYS - 1), 0..INTENTS, 0..PAYLOADS);
    let ends = (0..8_u8, option::weighted(0.9, 0..ORDERS), 0..2_u32);
    let status = prop_oneof![9 => Just(201_u16), 1 => Just(200)];
    (0..60_u64, 0..20_u64, asks, ends, status).prop_map(|(t, lasts, asks, ends, status)| {
        let ((key, intent, payload), (end, order, response)) = (asks, ends);
        Attempt {
            t,
            lasts,
            key,
            intent,
            payload,
            end,
            order,
            response,
            status,
        }
    })
}

fn order_state() -> impl Strategy<Value = OrderState> {
    prop_oneof![
        3 => Just(OrderState::Confirmed),
        1 => Just(OrderState::Pending),
        1 => Just(OrderState::Cancelled),
    ]
}

/// What the database holds of one order, if it does. What was asked for as the first payload is the first list of items, and so on.
fn row() -> impl Strategy<Value = Option<AuditOrder>> {
    let key = option::weighted(0.8, 0..KEYS);
    let payload = option::weighted(0.9, 0..PAYLOADS);
    let parts = (key, payload, order_state(), 0..60_u64);
    option::weighted(
        0.8,
        parts.prop_map(|(key, payload, state, t)| AuditOrder {
            id: OrderRef::new(0),
            tenant: Some(TenantRef::new(0)),
            key: key.map(history::KeyRef::new),
            payload: payload.map(history::PayloadRef::new),
            items: payload.map(history::BasketRef::new),
            intent: None,
            cart: None,
            coupon: None,
            state,
            t: Some(t),
        }),
    )
}

fn charge() -> impl Strategy<Value = AuditCharge> {
    let state = prop_oneof![
        4 => Just(ChargeState::Captured),
        1 => Just(ChargeState::Refunded),
        1 => Just(ChargeState::Authorized),
    ];
    let order = option::weighted(0.9, 0..ORDERS);
    let intent = option::weighted(0.1, 0..INTENTS);
    let provider = option::weighted(0.5, 0..5_u32);
    (order, intent, provider, state).prop_map(|(order, intent, provider_key, state)| AuditCharge {
        id: ChargeRef::new(0),
        order: order.map(OrderRef::new),
        intent: intent.map(history::IntentRef::new),
        provider_key: provider_key.map(ProviderKeyRef::new),
        tender: None,
        t: None,
        state,
        amount: 100,
    })
}

prop_compose! {
    /// A history.
    pub fn history()(
        attempts in prop::collection::vec(attempt(), 0..10),
        knows_intents in prop::bool::weighted(0.7),
        rows in prop::collection::vec(row(), ORDERS as usize),
        charges in prop::collection::vec(charge(), 0..6),
        ttl in option::weighted(0.7, 5..40_u64),
        recovery_deadline in option::weighted(0.5, 0..30_u64),
        initial in prop::collection::vec(0..6_i64, SKUS as usize),
        keys in prop::collection::btree_map(0..KEYS, 0..3_u8, 0..3),
        faults in prop::collection::vec(0..60_u64, 0..2),
    ) -> History {
        let mut history = empty(ttl, recovery_deadline);
        history.events = events(&attempts, knows_intents, &faults);
        for _ in &attempts {
            history.names.processes.count::<ProcessRef>();
        }
        history.audit = Some(audit(rows, charges, &initial, &keys));
        history
    }
}

fn empty(ttl: Option<u64>, recovery_deadline: Option<u64>) -> History {
    let mut history = History {
        contract: Contract {
            ttl,
            recovery_deadline,
            ..Contract::default()
        },
        ..History::default()
    };
    let names = &mut history.names;
    names.tenants.count_to::<TenantRef>(0);
    names.keys.count_to::<history::KeyRef>(KEYS - 1);
    names.intents.count_to::<history::IntentRef>(INTENTS - 1);
    names.payloads.count_to::<history::PayloadRef>(PAYLOADS - 1);
    names.orders.count_to::<OrderRef>(ORDERS - 1);
    names.responses.count_to::<history::ResponseRef>(1);
    names.charges.count_to::<ChargeRef>(9);
    names.provider_keys.count_to::<ProviderKeyRef>(4);
    names.codes.intern::<history::CodeRef>("in_progress");
    names.codes.intern::<history::CodeRef>("declined");
    names.faults.intern::<FaultRef>("crash");
    for sku in 0..SKUS {
        let sku = names.skus.intern(&format!("S{sku}"));
        let basket = names.basket(vec![Item { sku, quantity: 2 }]);
        names.contents.push(Payload {
            items: Some(basket),
        });
    }
    history
}

fn events(attempts: &[Attempt], knows_intents: bool, faults: &[u64]) -> Vec<Event> {
    let mut events = Vec::new();
    for (process, attempt) in attempts.iter().enumerate() {
        let process = u32::try_from(process).expect("few");
        let invoke = Invoke {
            tenant: TenantRef::new(0),
            key: attempt.key.map(history::KeyRef::new),
            intent: knows_intents.then(|| history::IntentRef::new(attempt.intent)),
            payload: Some(history::PayloadRef::new(attempt.payload)),
            coupon: None,
        };
        events.push(Event {
            t: attempt.t,
            process,
            what: What::Invoke(invoke),
        });
        let nothing = Completion {
            code: Some(history::CodeRef::new(attempt.response)),
            ..Completion::default()
        };
        let what = match attempt.end {
            0 => continue,
            1 => What::Info(nothing),
            2 => What::Fail(nothing),
            _ => What::Ok(Completion {
                status: Some(attempt.status),
                replayed: None,
                order: attempt.order.map(OrderRef::new),
                response: Some(history::ResponseRef::new(attempt.response)),
                code: None,
            }),
        };
        let t = attempt.t + attempt.lasts;
        events.push(Event { t, process, what });
    }
    for t in faults {
        let what = What::Fault {
            fault: FaultRef::new(0),
            host: None,
            struck: None,
        };
        events.push(Event {
            t: *t,
            process: 0,
            what,
        });
    }
    events.sort_by_key(|event| event.t);
    events
}

fn audit(
    rows: Vec<Option<AuditOrder>>,
    charges: Vec<AuditCharge>,
    initial: &[i64],
    keys: &BTreeMap<u32, u8>,
) -> Audit {
    let number = |i: usize| u32::try_from(i).expect("few");
    let rows = rows.into_iter().enumerate().filter_map(|(id, row)| {
        Some(AuditOrder {
            id: OrderRef::new(number(id)),
            ..row?
        })
    });
    let charges = charges
        .into_iter()
        .enumerate()
        .map(|(id, charge)| AuditCharge {
            id: ChargeRef::new(number(id)),
            ..charge
        });
    let stock = initial.iter().enumerate().map(|(sku, initial)| AuditStock {
        sku: history::SkuRef::new(number(sku)),
        initial: *initial,
        restocked: 1,
        on_hand: *initial - 1,
        reserved: 0,
    });
    let keys = keys.iter().map(|(key, state)| AuditKey {
        key: history::KeyRef::new(*key),
        state: match state {
            0 => RecordState::InProgress,
            1 => RecordState::Completed,
            _ => RecordState::Failed,
        },
    });
    Audit {
        t: 100,
        orders: Some(rows.collect()),
        charges: Some(charges.collect()),
        stock: Some(stock.collect()),
        notifications: None,
        keys: Some(keys.collect()),
        ..Audit::default()
    }
}
