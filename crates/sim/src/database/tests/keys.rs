//! Keys: what no port tells. What one does is a body of `twins`.

use super::*;

#[test]
fn a_key_that_was_inserted_again_may_be_deleted_again() {
    let mut script = Script::new();
    script.committed_key("k", answered(1_000));
    let tx = script.db.begin();
    script.delete_expired(tx).unwrap().unwrap();
    script.insert_key(tx, "k").unwrap().unwrap();
    let row = script.db.keys.find(&scoped("k")).unwrap();
    let slot = &mut script.db.keys.slots[row as usize];
    slot.deleted = true;
    let before = slot.record.state;
    script
        .db
        .log(tx, super::super::undo::Undo::DeleteKey(row, before));
    script.commit(tx);
    assert_eq!(script.db.keys.find(&scoped("k")), None);
    let look = script.db.begin();
    assert_eq!(script.insert_key(look, "k"), Ok(Ok(())));
}

#[test]
fn a_take_over_counts_when_it_is_committed_whoever_had_the_claim() {
    let mut script = Script::new();
    script.committed_key("k", claimed(1));
    let a = script.db.begin();
    script.update_key(a, "k", 1, claimed(2)).unwrap().unwrap();
    script.db.rollback(a);
    assert_eq!(script.db.counts.takeovers, 0, "it did not happen");
    let b = script.db.begin();
    script.update_key(b, "k", 1, claimed(2)).unwrap().unwrap();
    script.update_key(b, "k", 2, claimed(2)).unwrap().unwrap();
    script.commit(b);
    assert_eq!(
        script.db.counts.takeovers, 1,
        "from itself: a replica may have left its own claim"
    );
    let c = script.db.begin();
    script
        .update_key(
            c,
            "k",
            2,
            KeyRecord {
                state: KeyState::Released,
                ..claimed(2)
            },
        )
        .unwrap()
        .unwrap();
    script.commit(c);
    let d = script.db.begin();
    script.update_key(d, "k", 2, claimed(3)).unwrap().unwrap();
    script.commit(d);
    assert_eq!(
        script.db.counts.takeovers, 1,
        "what was given back is nobody's"
    );
}
