//! What the outbox tells the kitchen, how often, and what is printed of it.

use history::{AuditNotification, History, Label};

use crate::story::{go, met, orders, plan, struck};

const KITCHEN: &str = r#"
    [world.latency]
    kitchen = "3s"
    [[client]]
    name = "app"
    key = "per-intent"
    timeout = "20s"
"#;

fn play(strategy: &str, fault: &str) -> History {
    let text = match fault {
        "" => KITCHEN.to_owned(),
        fault => format!("{KITCHEN}[[fault]]\n{fault}"),
    };
    go(&plan(&text), strategy, 1).history
}

fn tickets(history: &History) -> &[AuditNotification] {
    let audit = history.audit.as_ref().expect("it was taken");
    audit.notifications.as_ref().expect("they were looked at")
}

/// How long after its order each ticket was printed, of those whose order is there.
fn lateness(history: &History) -> Vec<u64> {
    let rows = history
        .audit
        .as_ref()
        .and_then(|audit| audit.orders.as_ref());
    let made = |ticket: &AuditNotification| {
        let row = rows?.iter().find(|row| Some(row.id) == ticket.order)?;
        Some(ticket.t? - row.t?)
    };
    tickets(history).iter().filter_map(made).collect()
}

#[test]
fn what_is_committed_in_the_outbox_is_printed_once_and_takes_its_time() {
    let history = play("no-dedup", "lose-commit = { chance = 0.2 }");
    let lost = struck(&history, "lose-commit");
    assert!(lost > 30 && orders(&history) == 300 - lost);
    // What was rolled back is told to nobody.
    assert_eq!(tickets(&history).len() as u64, orders(&history));
    let lateness = lateness(&history);
    assert_eq!(lateness.len() as u64, orders(&history));
    assert!(
        lateness
            .iter()
            .all(|late| (3_000_000..3_100_000).contains(late))
    );
}

#[test]
fn a_message_that_is_committed_beside_its_order_is_printed_without_it() {
    let history = play("response-snapshot", "lose-commit = { chance = 0.2 }");
    let printed = tickets(&history).len() as u64;
    assert!(printed > orders(&history) + 20, "{printed}");
}

#[test]
fn what_comes_twice_is_printed_twice_unless_the_kitchen_knows_messages() {
    let fault = "duplicate-message = { chance = 0.1, after = \"1min\" }";
    for (strategy, knows) in [("no-dedup", false), ("claim-complete", true)] {
        let history = play(strategy, fault);
        let twice = struck(&history, "duplicate-message");
        assert!(twice > 15);
        assert_eq!(met(&history, Label::MessageRedelivered), twice);
        let printed = if knows { 300 } else { 300 + twice };
        assert_eq!(tickets(&history).len() as u64, printed, "{strategy}");
    }
}

#[test]
fn a_relay_that_dies_sends_its_message_again_and_the_others_later() {
    let history = play(
        "no-dedup",
        "crash-relay = { chance = 0.05, down-for = \"30s\" }",
    );
    let crashes = struck(&history, "crash-relay");
    assert!(crashes > 5, "{crashes}");
    assert_eq!(met(&history, Label::MessageRedelivered), crashes);
    assert_eq!(tickets(&history).len() as u64, 300 + crashes);
    let late = lateness(&history)
        .into_iter()
        .filter(|late| *late > 3_100_000);
    // Two seconds between two orders: some ten wait for each time that the relay was away.
    assert!(late.count() as u64 > 4 * crashes);
}

#[test]
fn without_a_kitchen_the_rows_of_the_outbox_are_what_was_told() {
    let text = "[[client]]\nname = \"app\"\ntimeout = \"20s\"";
    let history = go(&plan(text), "no-dedup", 1).history;
    assert_eq!(tickets(&history).len(), 300);
    assert!(tickets(&history).iter().all(|row| row.t.is_none()));
}
