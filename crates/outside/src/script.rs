//! What a plan says of its customers, compiled once: tables of delays and odds, contents, names. Nothing in it changes.

use explore::Odds;
use history::Names;
use scenario::{ClientPlan, Delay, DelayTable, Plan, Retry, Unfold};

use crate::habits::Habits;
use crate::key::respells;
use crate::menu::Menu;
use crate::reuse::Shop;

/// The customers of a plan.
#[derive(Debug)]
pub struct Script {
    /// What can be bought.
    pub menu: Menu,
    pub(crate) clients: Vec<ClientScript>,
    /// The load from its beginning.
    pub(crate) unfold: Unfold,
    pub(crate) shop: Shop,
    /// Whether keys are spelt otherwise than by counting.
    pub(crate) respells: bool,
    /// The delays that make up a usual wait for an answer.
    pub(crate) usual_wait: [DelayTable; 3],
    /// For how long the service promises to know a key.
    pub(crate) key_ttl_us: u64,
}

/// A kind of client.
#[derive(Debug)]
pub(crate) struct ClientScript {
    pub(crate) plan: ClientPlan,
    pub(crate) habits: Habits,
    /// How long it waits before each retry; the last one serves for all further ones.
    pub(crate) waits: Vec<DelayTable>,
    /// The same of the payment's own channel.
    pub(crate) channel_waits: Vec<DelayTable>,
    /// Whether its app dies during an attempt, and for how long it is gone.
    pub(crate) back_after: Option<(Odds, DelayTable)>,
    pub(crate) reserialised: Odds,
}

impl Script {
    /// Compiles the customers of a plan. Goods, baskets and coupons get their names in the history here.
    pub fn new(plan: &Plan, key_ttl_us: u64, names: &mut Names) -> Script {
        let latencies = &plan.world.latencies;
        Script {
            menu: Menu::new(plan, names),
            clients: plan.clients.iter().map(ClientScript::new).collect(),
            unfold: Unfold::new(plan),
            shop: Shop {
                baskets: plan.shop.baskets.len(),
                tenants: plan.shop.tenants,
                users: plan.shop.users,
                intents: plan.load.intents,
            },
            respells: respells(plan),
            usual_wait: [&latencies.uplink, &latencies.handler, &latencies.downlink]
                .map(DelayTable::new),
            key_ttl_us,
        }
    }

    /// Whether the app of this kind of client can die.
    pub fn can_die(&self, client: usize) -> bool {
        self.clients[client].plan.crash.is_some()
    }
}

impl ClientScript {
    fn new(plan: &ClientPlan) -> ClientScript {
        let crash = plan.crash.as_ref();
        ClientScript {
            habits: Habits::new(plan),
            waits: waits(plan.retry.as_ref()),
            channel_waits: waits(plan.second_channel.as_ref()),
            back_after: crash
                .map(|crash| (Odds::of(crash.chance), DelayTable::new(&crash.back_after))),
            reserialised: Odds::of(plan.reserialised),
            plan: plan.clone(),
        }
    }
}

fn waits(retry: Option<&Retry>) -> Vec<DelayTable> {
    let delays: &[Delay] = retry.map_or(&[], |retry| &retry.wait);
    delays.iter().map(DelayTable::new).collect()
}
