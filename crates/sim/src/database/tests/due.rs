//! Claims that are due: found in order, whatever the clocks say.

use super::*;

#[test]
fn overdue_claims_are_found_whatever_the_clocks_say_of_the_others() {
    let mut script = Script::new();
    let until = |lease_until: u64| KeyRecord {
        lease_until: Time(lease_until),
        ..claimed(1)
    };
    // A minute, and a day, ahead of the others.
    script.committed_key("minute", until(60_000_000));
    script.committed_key("day", until(86_400_000_000));
    script.committed_key("late", until(300));
    script.committed_key("early", until(200));
    let tx = script.db.begin();
    assert_eq!(script.overdue(tx, 250, 10), ["early"]);
    assert_eq!(
        script.overdue(tx, 1_000, 1),
        ["early"],
        "what is one's own is not skipped; who is due first comes first"
    );
    assert_eq!(script.overdue(tx, 1_000, 10), ["early", "late"]);
    assert_eq!(
        script.overdue(tx, 61_000_000, 10),
        ["early", "late", "minute"]
    );
}
