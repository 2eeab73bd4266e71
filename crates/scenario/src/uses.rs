//! Which features of the language a scenario uses, so that a test can find those that no scenario does.

use protocol::Preset;

use crate::plan::{ClientPlan, InFlight, KeyForm, KeyPolicy, Plan, ReuseBy};

/// A feature of the language, and whether a plan uses it.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// What lists call it.
    pub name: &'static str,
    /// Whether a plan says it.
    pub is_in: fn(&Plan) -> bool,
}

macro_rules! choices {
    ($($name:literal: $is_in:expr,)*) => { &[$(Choice { name: $name, is_in: $is_in },)*] };
}

/// How clients behave, and what they do to keys.
pub const CLIENTS: &[Choice] = choices! {
    "guests": |plan| plan.shop.guests > 0.0,
    "key none": |plan| any(plan, |client| client.key == KeyPolicy::None),
    "key per-intent": |plan| any(plan, |client| client.key == KeyPolicy::PerIntent),
    "key per-tap": |plan| any(plan, |client| client.key == KeyPolicy::PerTap),
    "key per-attempt": |plan| any(plan, |client| client.key == KeyPolicy::PerAttempt),
    "key-form long": |plan| any(plan, |client| client.key_form == KeyForm::Long),
    "key-form cased": |plan| any(plan, |client| client.key_form == KeyForm::Cased),
    "key-form padded": |plan| any(plan, |client| client.key_form == KeyForm::Padded),
    "key-form malformed": |plan| any(plan, |client| client.key_form == KeyForm::Malformed),
    "key-reuse same-user": |plan| reuses(plan, ReuseBy::SameUser),
    "key-reuse another-user": |plan| reuses(plan, ReuseBy::AnotherUser),
    "key-reuse another-tenant": |plan| reuses(plan, ReuseBy::AnotherTenant),
    "two taps": |plan| any(plan, |client| client.taps.len() == 2),
    "three taps": |plan| any(plan, |client| client.taps.len() > 2),
    "timeout": |plan| any(plan, |client| client.timeout_us.is_some()),
    "retry on reset": |plan| retries(plan, |retry| retry.on_reset),
    "retry on timeout": |plan| retries(plan, |retry| retry.on_timeout),
    "retry on unavailable": |plan| retries(plan, |retry| retry.on_unavailable),
    "retry on in-progress": |plan| retries(plan, |retry| retry.on_in_progress),
    "retry on key-reused": |plan| retries(plan, |retry| retry.on_key_reused),
    "second-tab": |plan| any(plan, |client| client.second_tab.is_some()),
    "second-channel": |plan| any(plan, |client| client.second_channel.is_some()),
    "edited-cart": |plan| any(plan, |client| client.edited_cart.is_some()),
    "reserialised": |plan| any(plan, |client| client.reserialised > 0.0),
    "offline": |plan| any(plan, |client| client.offline.is_some()),
    "crash, key kept": |plan| crashes(plan, true),
    "crash, key lost": |plan| crashes(plan, false),
    "repeat": |plan| plan.load.repeat.is_some(),
    "peak": |plan| plan.load.peak.is_some(),
};

/// What the service promises, and the hosts that it runs on.
pub const CONTRACT: &[Choice] = choices! {
    "in-flight 409": |plan| plan.contract.in_flight == Some(InFlight::Conflict),
    "in-flight 202": |plan| {
        plan.contract.in_flight == Some(InFlight::Accepted)
            || plan.contract.preset == Some(Preset::Reference202)
    },
    "in-flight wait": |plan| matches!(plan.contract.in_flight, Some(InFlight::Wait(_))),
    "mismatch": |plan| plan.contract.mismatch.is_some(),
    "stored-errors": |plan| plan.contract.stored_errors.is_some(),
    "ttl": |plan| plan.contract.ttl_us.is_some(),
    "lease": |plan| plan.contract.lease_us.is_some(),
    "success-floor": |plan| plan.contract.success_floor_ppm.is_some(),
    "clock-skew": |plan| plan.world.clock_skew_us > 0,
    "gateway-key-ttl": |plan| plan.world.gateway_key_ttl_us < WEEK_US,
    "webhook": |plan| plan.world.latencies.webhook.is_some(),
    "kitchen": |plan| plan.world.latencies.kitchen.is_some(),
    "coupon": |plan| plan.shop.coupons.iter().any(|coupon| coupon.limit > 1),
    "coupon or seat for one": |plan| plan.shop.coupons.iter().any(|coupon| coupon.limit == 1),
    "quiet tail": has_quiet_tail,
};

/// The default is thirty days.
const WEEK_US: u64 = 7 * 86_400_000_000;

fn any(plan: &Plan, is: impl Fn(&ClientPlan) -> bool) -> bool {
    plan.clients.iter().any(is)
}

fn reuses(plan: &Plan, by: ReuseBy) -> bool {
    any(plan, |client| {
        client.key_reuse.iter().any(|reuse| reuse.by == by)
    })
}

fn retries(plan: &Plan, on: impl Fn(&crate::Retry) -> bool) -> bool {
    any(plan, |client| client.retry.as_ref().is_some_and(&on))
}

fn crashes(plan: &Plan, key_persisted: bool) -> bool {
    let fits = |crash: &crate::AppCrash| crash.key_persisted == key_persisted;
    any(plan, |client| client.crash.as_ref().is_some_and(fits))
}

/// Whether no fault strikes in the last quarter of the load, so that everything should be settled before the run ends.
fn has_quiet_tail(plan: &Plan) -> bool {
    let quiet_from = plan.load.over_us / 4 * 3;
    let ends = |fault: &crate::Fault| {
        let window = fault.window.as_ref();
        window.is_some_and(|window| window.every_us.is_none() && window.until_us <= quiet_from)
    };
    !plan.faults.is_empty() && plan.faults.iter().all(ends)
}
