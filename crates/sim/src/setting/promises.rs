//! What the service promises, as the service keeps it and as the judge reads it.

use history::{Contract, InFlight, Names};
use orders::{Contract as ServiceContract, InFlightPolicy, Problems};
use outside::menu::goods;
use protocol::Preset;
use scenario::{Plan, Required};

/// The preset that the plan names, or else this one, with what differs from it.
pub(crate) fn service_contract(plan: &Plan, preset: Preset) -> ServiceContract {
    let wanted = &plan.contract;
    let mut contract = ServiceContract::of(wanted.preset.unwrap_or(preset));
    contract.ttl = wanted.ttl_us.map_or(contract.ttl, protocol::Span);
    contract.natural_key = wanted.natural_key.unwrap_or(contract.natural_key);
    contract.claim_table = wanted.claim_table.unwrap_or(contract.claim_table);
    contract.lease = wanted.lease_us.map_or(contract.lease, protocol::Span);
    contract.mismatch_status = wanted.mismatch.unwrap_or(contract.mismatch_status);
    if let Some(in_flight) = wanted.in_flight {
        contract.in_flight = match in_flight {
            scenario::InFlight::Conflict => InFlightPolicy::Conflict,
            scenario::InFlight::Accepted => InFlightPolicy::Accepted,
            scenario::InFlight::Wait(us) => InFlightPolicy::Wait {
                span_max: protocol::Span(us),
            },
        };
    }
    if let Some(problems) = &wanted.stored_errors {
        contract.stored_errors = Problems::of(problems);
    }
    contract
}

/// What a history calls what a run must meet.
pub(crate) fn required_names<'p>(required: impl Iterator<Item = &'p Required>) -> Vec<String> {
    required.map(|one| one.name().to_owned()).collect()
}

/// The same as the judge reads it, with prices and stock.
pub(crate) fn judged_contract(
    plan: &Plan,
    service: &ServiceContract,
    names: &mut Names,
) -> Contract {
    let mut contract = Contract {
        ttl: Some(service.ttl.0),
        grace: service.grace.0,
        recovery_deadline: Some(plan.contract.recovery_deadline_us),
        in_flight: Some(match service.in_flight {
            InFlightPolicy::Conflict => InFlight::Refuse(service.in_progress().status),
            InFlightPolicy::Accepted => InFlight::Accept,
            InFlightPolicy::Wait { .. } => InFlight::Wait,
        }),
        mismatch: Some(service.mismatch_status),
        replay_status: service.replay_status,
        stored_errors: Some(service.stored_statuses()),
        is_final: service.is_final,
        required_coverage: required_names(plan.coverage.iter()),
        success_floor_ppm: plan.contract.success_floor_ppm,
        ..Contract::default()
    };
    for tenant in 0..plan.shop.tenants {
        for (item, sku) in plan.shop.skus.iter().zip(goods(plan, tenant, names)) {
            contract.prices.push((sku, item.price.minor()));
            contract.stock.push((sku, i64::from(item.stock)));
        }
    }
    contract
}
