//! Worlds that cheat: in a history of many purchases in which every rule holds, one thing is falsified, and the rule named for it says so.

use check::{Outcome, Overall, Rule, judge};
use history::{
    Audit, AuditCharge, AuditNotification, AuditOrder, AuditStock, BasketRef, Completion, Contract,
    History, Invoke, Item, KeyRef, ProviderKeyRef, RecordState, Recorder, TenantRef, Transition,
};
use proptest::prelude::*;
use protocol::{ChargeState, OrderState};

const PURCHASES: usize = 50;

/// Every purchase is asked for twice: the first reply of each third one is lost, and each answer names the one order.
fn honest() -> History {
    let mut recorder = Recorder::new(Contract {
        ttl: Some(1_000_000),
        recovery_deadline: Some(100),
        ..Contract::default()
    });
    let names = recorder.names_mut();
    names.tenants.count::<TenantRef>();
    let sku = names.skus.intern("S");
    let basket = names.basket(vec![Item { sku, quantity: 1 }]);
    let mut audit = Audit {
        t: 1_000_000,
        orders: Some(Vec::new()),
        charges: Some(Vec::new()),
        notifications: Some(Vec::new()),
        stock: Some(vec![AuditStock {
            sku,
            initial: 100,
            restocked: 0,
            on_hand: 100 - PURCHASES as i64,
            reserved: 0,
        }]),
        ..Audit::default()
    };
    for i in 0..PURCHASES {
        purchase(&mut recorder, &mut audit, i, basket);
    }
    recorder.finish(audit)
}

fn purchase(recorder: &mut Recorder, audit: &mut Audit, i: usize, basket: BasketRef) {
    let t = 100 * i as u64;
    let asked = Invoke {
        tenant: TenantRef::new(0),
        key: Some(recorder.key()),
        intent: Some(recorder.intent()),
        payload: Some(recorder.payload(basket)),
        coupon: None,
    };
    let names = recorder.names_mut();
    let (timeout, created) = (names.codes.intern("timeout"), names.codes.intern("created"));
    let (order, id, message) = (
        names.orders.count(),
        names.charges.count(),
        names.messages.count(),
    );
    names.provider_keys.count::<ProviderKeyRef>();
    let said = Completion {
        status: Some(201),
        order: Some(order),
        response: Some(recorder.response(order, i as u64)),
        ..Completion::default()
    };
    let first = recorder.invoke(t, asked);
    if i.is_multiple_of(3) {
        let code = Some(timeout);
        recorder.info(
            t + 9,
            first,
            Completion {
                code,
                ..Completion::default()
            },
        );
    } else {
        recorder.ok(t + 9, first, said);
    }
    let second = recorder.invoke(t + 20, asked);
    recorder.ok(t + 29, second, said);
    audit.orders.get_or_insert_default().push(AuditOrder {
        id: order,
        tenant: Some(asked.tenant),
        key: asked.key,
        payload: asked.payload,
        items: Some(basket),
        intent: None,
        cart: None,
        coupon: None,
        state: OrderState::Confirmed,
        t: Some(t + 5),
    });
    audit.charges.get_or_insert_default().push(AuditCharge {
        id,
        order: Some(order),
        intent: None,
        provider_key: Some(ProviderKeyRef::new(i as u32)),
        tender: None,
        t: None,
        state: ChargeState::Captured,
        amount: 100,
    });
    let notifications = audit.notifications.get_or_insert_default();
    notifications.push(AuditNotification {
        message,
        order: Some(order),
        event: created,
        t: None,
    });
}

/// The audit of an honest history, falsified.
fn falsified(falsify: impl FnOnce(&mut Audit)) -> History {
    let mut history = honest();
    falsify(history.audit.as_mut().expect("an audit"));
    history
}

fn is_violated(history: &History, rule: Rule) -> bool {
    judge(history).rule(rule).outcome == Outcome::Violated
}

#[test]
fn an_honest_world_passes() {
    assert_eq!(judge(&honest()).overall(), Overall::Pass);
}

#[test]
fn a_network_that_drops_nothing_although_the_scenario_demands_it_is_vacuous() {
    let mut history = honest();
    history.contract.required_coverage = vec!["reply-lost-after-commit".to_owned()];
    let verdict = judge(&history);
    assert_eq!(verdict.rule(Rule::Evidence).outcome, Outcome::Vacuous);
    assert_eq!(verdict.overall(), Overall::Inconclusive);
}

proptest! {
    #[test]
    fn a_database_that_forgets_a_committed_row_is_noticed(at in 0..PURCHASES) {
        let history = falsified(|audit| {
            audit.orders.as_mut().expect("orders").remove(at);
        });
        prop_assert!(is_violated(&history, Rule::LostAck));
        prop_assert!(is_violated(&history, Rule::OrphanCharge));
        prop_assert!(is_violated(&history, Rule::StockConservation));
        prop_assert!(is_violated(&history, Rule::PhantomNotification));
    }

    #[test]
    fn a_commit_that_was_acknowledged_and_lost_with_all_its_rows_is_noticed(at in 0..PURCHASES) {
        let history = falsified(|audit| {
            audit.orders.as_mut().expect("orders").remove(at);
            audit.charges.as_mut().expect("charges").remove(at);
            audit.notifications.as_mut().expect("messages").remove(at);
            audit.stock.as_mut().expect("stock")[0].on_hand += 1;
        });
        let verdict = judge(&history);
        let violated: Vec<Rule> = verdict.violated().map(|found| found.rule).collect();
        prop_assert_eq!(violated, [Rule::LostAck]);
    }

    #[test]
    fn a_gateway_that_captures_twice_is_noticed(at in 0..PURCHASES, same_key in any::<bool>()) {
        let mut history = honest();
        let id = history.names.charges.count();
        let charges = history.audit.as_mut().expect("an audit").charges.as_mut().expect("charges");
        let provider_key = charges[at].provider_key.filter(|_| same_key);
        charges.push(AuditCharge { id, provider_key, ..charges[at] });
        prop_assert!(is_violated(&history, Rule::DoubleCharge));
    }

    #[test]
    fn a_ledger_that_lists_one_charge_twice_is_no_evidence_of_two(at in 0..PURCHASES, to in 0..PURCHASES) {
        let history = falsified(|audit| {
            let charges = audit.charges.as_mut().expect("charges");
            charges.insert(to, charges[at]);
        });
        let verdict = judge(&history);
        prop_assert_eq!(verdict.overall(), Overall::Malformed);
        prop_assert_eq!(verdict.rule(Rule::Malformed).violations, 1);
        prop_assert_eq!(verdict.rule(Rule::DoubleCharge).outcome, Outcome::NotJudged);
    }

    #[test]
    fn an_order_that_nobody_asked_for_is_noticed(at in 0..PURCHASES) {
        let mut history = honest();
        let (order, key) = (history.names.orders.count(), history.names.keys.count());
        let orders = history.audit.as_mut().expect("an audit").orders.as_mut().expect("orders");
        let stranger = AuditOrder { id: order, key: Some(key), ..orders[at] };
        orders.push(stranger);
        prop_assert!(is_violated(&history, Rule::PhantomOrder));
    }
}

#[test]
fn changes_of_key_records_that_go_back_in_time_cannot_have_happened() {
    for (times, expected) in [([5, 5], Outcome::Held), ([5, 4], Outcome::Violated)] {
        let mut history = honest();
        history.transitions = times
            .map(|t| Transition {
                t,
                key: KeyRef::new(0),
                from: RecordState::InProgress,
                to: RecordState::InProgress,
                owner: None,
                token: 0,
            })
            .to_vec();
        let verdict = judge(&history);
        let found = verdict
            .rules
            .iter()
            .find(|found| found.rule == Rule::Malformed);
        assert_eq!(found.expect("it is applied").outcome, expected, "{times:?}");
    }
}
