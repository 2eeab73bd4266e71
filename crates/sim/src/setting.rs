//! What a plan and a strategy compile to, once: tables, faults, contents, names and contracts. Nothing in it changes, so all seeds and
//! threads share it.
//!
//! - [`promises`]: what the service promises, and what the judge is told of it

mod promises;

use history::{CodeRef, Contract, FaultRef, HostRef, Names};
use orders::{Contract as ServiceContract, StrategyName};
use outside::Script;
use outside::answer::{CODE_DIED, CODE_RESET, CODE_TIMEOUT};
use promises::{judged_contract, required_names, service_contract};
use protocol::{Preset, Problem};
use scenario::faults::Faults;
use scenario::{DelayTable, Plan};

use crate::replicas::clocks::Skew;

/// A plan, compiled.
#[derive(Debug)]
pub struct Setting {
    pub(crate) plan: Plan,
    /// The contract as the service keeps it.
    pub(crate) service_contract: ServiceContract,
    /// The same as the judge reads it, with prices and stock.
    pub(crate) judged_contract: Contract,
    /// The names that do not depend on what happens.
    pub(crate) names: Names,
    /// The customers.
    pub(crate) script: Script,
    pub(crate) delays: Delays,
    pub(crate) faults: Faults,
    /// Whether any of them may strike a replica's upkeep.
    pub(crate) faults_strike_upkeep: bool,
    /// How far a copy of the cache may lag, in microseconds.
    pub(crate) cache_behind_us: u64,
}

/// The plan's delays as tables.
#[derive(Debug)]
pub(crate) struct Delays {
    pub(crate) uplink: DelayTable,
    pub(crate) downlink: DelayTable,
    pub(crate) handler: DelayTable,
    pub(crate) webhook: Option<DelayTable>,
    pub(crate) kitchen: Option<DelayTable>,
    pub(crate) skew: Skew,
}

impl Setting {
    /// Compiles a plan, with the contract of this preset if the plan names none.
    pub fn new(plan: &Plan, preset: Preset) -> Setting {
        let service_contract = service_contract(plan, preset);
        let mut names = declared(plan);
        let script = Script::new(plan, service_contract.ttl.0, &mut names);
        Setting {
            judged_contract: judged_contract(plan, &service_contract, &mut names),
            delays: Delays::new(plan),
            faults: Faults::new(&plan.faults, service_contract.lease.0),
            faults_strike_upkeep: !plan.faults.is_empty(),
            cache_behind_us: cache_behind_us(plan),
            plan: plan.clone(),
            service_contract,
            names,
            script,
        }
    }

    /// The contract that the service keeps.
    pub fn contract(&self) -> ServiceContract {
        self.service_contract
    }

    /// Compiles a plan for a strategy: under the contract that the strategy documents, if the plan names none. A fault of the cache
    /// need not strike a strategy that does not use one.
    pub fn of(plan: &Plan, strategy: StrategyName) -> Setting {
        let mut setting = Setting::new(plan, strategy.preset());
        if !strategy.asks_cache() {
            let can_be_met = plan.coverage.iter().filter(|one| !one.needs_cache());
            setting.judged_contract.required_coverage = required_names(can_be_met);
        }
        setting
    }
}

impl Delays {
    fn new(plan: &Plan) -> Delays {
        let latencies = &plan.world.latencies;
        Delays {
            uplink: DelayTable::new(&latencies.uplink),
            downlink: DelayTable::new(&latencies.downlink),
            handler: DelayTable::new(&latencies.handler),
            webhook: latencies.webhook.as_ref().map(DelayTable::new),
            kitchen: latencies.kitchen.as_ref().map(DelayTable::new),
            skew: Skew::new(plan.world.clock_skew_us),
        }
    }
}

fn cache_behind_us(plan: &Plan) -> u64 {
    let behind = plan.faults.iter().filter_map(|fault| match fault.kind {
        scenario::FaultKind::FailOverCache { loses_us, .. } => Some(loses_us),
        _ => None,
    });
    behind.max().unwrap_or(0)
}

/// Names that do not depend on who comes first: what may strike, what attempts end with, and where.
fn declared(plan: &Plan) -> Names {
    let mut names = Names::default();
    for fault in &plan.faults {
        names.faults.intern::<FaultRef>(&fault.name);
    }
    for code in [CODE_RESET, CODE_TIMEOUT, CODE_DIED] {
        names.codes.intern::<CodeRef>(code);
    }
    for problem in Problem::ALL {
        names.codes.intern::<CodeRef>(problem.code());
    }
    for replica in 0..plan.world.replicas {
        names.hosts.intern::<HostRef>(&format!("replica-{replica}"));
    }
    names
}
