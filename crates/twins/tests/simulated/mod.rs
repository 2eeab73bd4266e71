//! The simulation as a twin: a world on the bench, a replica for every trouble, and a handler for every connection.
//!
//! - [`mod@plan`]: the world's plan

pub mod plan;

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use explore::{Chooser, Menu, Site, Strategy};
use protocol::{Money, Preset, Span};
use scenario::{Fault, FaultKind, Plan};
use sim::{Bench, Committed, Handler, Setting, World};
use twins::audit::Charged;
use twins::{Audit, Call, Line, Need, Seat, Step, Trouble, Twin, connection, shop};

/// A replica for each; the one before them has no trouble.
const TROUBLES: [(Trouble, FaultKind); 10] = [
    (Trouble::LoseConnection, FaultKind::LoseConnection),
    (Trouble::LoseCommit, FaultKind::LoseCommit),
    (Trouble::LoseCommitAck, FaultKind::LoseCommitAck),
    (Trouble::RefuseCommit, FaultKind::SerializationFailure),
    (Trouble::CacheUnavailable, FaultKind::CacheUnavailable),
    (Trouble::LoseCacheAnswer, FaultKind::LoseCacheAnswer),
    (Trouble::GatewayUnavailable, FaultKind::GatewayUnavailable),
    (
        Trouble::GatewayTimeoutBefore,
        FaultKind::GatewayTimeoutBefore,
    ),
    (Trouble::GatewayTimeoutAfter, FaultKind::GatewayTimeoutAfter),
    (Trouble::DeclineCharge, FaultKind::DeclineCharge),
];

/// A call that is not answered within this time will not be: the gateway's callers give up much earlier.
const PATIENCE: Span = Span::secs(3_600);
/// How long a call is given to arrive. The gateway takes longer to answer.
const ON_THE_WAY: Span = Span::millis(4);

/// Whether the faults of the replica at work strike.
#[derive(Clone, Debug, Default)]
struct Struck(Arc<AtomicBool>);

impl Strategy for Struck {
    fn pick(&mut self, _: &Site, menu: Menu) -> u32 {
        match menu {
            Menu::Chance(_) => u32::from(self.0.load(Ordering::Relaxed)),
            Menu::Uniform(_) => 0,
        }
    }
}

/// A connection of the twin.
struct Connection {
    handler: Handler,
    line: Rc<Line>,
    is_struck: bool,
}

/// A world on the bench, as a twin.
struct SimTwin<'w> {
    bench: Bench<'w>,
    connections: Vec<Connection>,
    struck: Struck,
}

/// Plays something on a new simulation.
pub fn on_sim<R>(play: impl FnOnce(&mut dyn Twin) -> R) -> R {
    static SETTING: OnceLock<Arc<Setting>> = OnceLock::new();
    let setting = SETTING.get_or_init(|| Arc::new(Setting::new(&shop_plan(), Preset::Reference)));
    let struck = Struck::default();
    let world = World::in_setting(setting, Chooser::of(struck.clone())).in_small_steps();
    let mut twin = SimTwin {
        bench: Bench::new(&world),
        connections: Vec::new(),
        struck,
    };
    play(&mut twin)
}

/// The plan of [`shop`].
fn shop_plan() -> Plan {
    let mut plan = plan::plan(TROUBLES.len() as u32 + 1);
    let sku = |(name, stock): (&str, i64)| scenario::Sku {
        name: name.to_owned(),
        price: Money(100),
        stock: stock as u32,
    };
    let coupon = |(code, limit, off): (&str, u32, i64)| scenario::Coupon {
        name: code.to_owned(),
        limit,
        off: Money(off),
    };
    plan.shop.tenants = 2;
    plan.shop.skus = shop::STOCK.map(sku).into();
    plan.shop.coupons = shop::COUPONS.map(coupon).into();
    plan.world.gateway_key_ttl_us = shop::GATEWAY_KEY_TTL.0;
    for (replica, (trouble, kind)) in (1..).zip(TROUBLES) {
        plan.faults.push(Fault {
            name: format!("{trouble:?}"),
            kind,
            chance: 0.5,
            window: None,
            client: None,
            replica: Some(replica),
        });
    }
    plan
}

impl SimTwin<'_> {
    /// Lets the world go on until a connection has something to say, or waits for another.
    fn hear(&mut self, seat: Seat) -> Step {
        let mut spent = Span::ZERO;
        loop {
            self.bench.run(Span::ZERO);
            let connection = &self.connections[seat.0];
            if let Some(told) = connection.line.hear() {
                self.struck.0.store(false, Ordering::Relaxed);
                return Step::Done(told);
            }
            if self.bench.waits(connection.handler) {
                return Step::Blocked;
            }
            assert!(spent < PATIENCE, "a call is answered, or waits for another");
            self.bench.run(ON_THE_WAY);
            spent = spent + ON_THE_WAY;
        }
    }

    fn say(&mut self, seat: Seat, call: Call) {
        let connection = &self.connections[seat.0];
        self.struck.0.store(connection.is_struck, Ordering::Relaxed);
        connection.line.say(call);
    }
}

impl Twin for SimTwin<'_> {
    fn lacks(&self, _: Need) -> Option<&'static str> {
        None
    }

    fn open(&mut self, trouble: Option<Trouble>) -> Seat {
        let place = |trouble| TROUBLES.iter().position(|(other, _)| *other == trouble);
        let replica = trouble.map_or(0, |trouble| {
            place(trouble).expect("there is one for each") + 1
        });
        let line = Rc::new(Line::default());
        let hears = Rc::clone(&line);
        let handler = self.bench.begin(replica as u32, move |ports| {
            Box::pin(async move { connection(&ports, &hears).await })
        });
        self.connections.push(Connection {
            handler,
            line,
            is_struck: false,
        });
        Seat(self.connections.len() - 1)
    }

    fn strike(&mut self, seat: Seat) {
        self.connections[seat.0].is_struck = true;
    }

    fn call(&mut self, seat: Seat, call: Call) -> Step {
        self.say(seat, call);
        self.hear(seat)
    }

    fn start(&mut self, seat: Seat, call: Call) {
        self.say(seat, call);
        self.bench.run(ON_THE_WAY);
    }

    fn wait(&mut self, seat: Seat) -> Step {
        self.hear(seat)
    }

    fn close(&mut self, seat: Seat) {
        self.bench.kill(self.connections[seat.0].handler);
        self.bench.run(Span::ZERO);
    }

    fn pass(&mut self, span: Span) {
        self.bench.run(span);
    }

    fn audit(&mut self) -> Audit {
        audit(self.bench.committed(), self.bench.ledger())
    }
}

/// What is committed, in the words of the twins.
pub fn audit(rows: Committed, ledger: Vec<sim::Charged>) -> Audit {
    let charged = |charge: sim::Charged| Charged {
        id: charge.id,
        key: charge.key,
        amount: charge.amount,
        state: charge.state,
    };
    Audit {
        keys: rows.keys,
        orders: rows.orders,
        charges: rows.charges,
        stock: rows.stock,
        sales: rows.sales,
        coupons: rows.coupons,
        notifications: rows.notifications,
        cleared: rows.cleared,
        moves: rows.moves,
        ledger: ledger.into_iter().map(charged).collect(),
    }
}
