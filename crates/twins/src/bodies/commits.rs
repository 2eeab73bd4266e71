//! Connections that break before a statement, before a COMMIT and after it, and commits that the database refuses.

use orders::{CommitTag, Isolation, StoreError};

use super::claims;
use super::keys::{committed_claim, find, insert, lock, update};
use crate::call::Call;
use crate::play::Play;
use crate::shop::{claimed, key};
use crate::twin::Need::{self, Database, RowLocks};
use crate::twin::Trouble::{LoseCommit, LoseCommitAck, LoseConnection, RefuseCommit};

claims! {
    a_connection_that_breaks_at_a_statement_undoes_the_transaction_and_says_so needs [RowLocks, Need::Trouble(LoseConnection)];
    a_connection_that_cannot_be_had_is_unavailable needs [Database, Need::Trouble(LoseConnection)];
    a_commit_that_does_not_arrive_is_unknown_and_nothing_is_there needs [RowLocks, Need::Trouble(LoseCommit)];
    a_commit_whose_answer_is_lost_is_unknown_and_everything_is_there needs [RowLocks, Need::Trouble(LoseCommitAck)];
    a_commit_that_is_refused_is_a_conflict_and_nothing_is_there needs [RowLocks, Need::Trouble(RefuseCommit)];
    the_commit_of_an_aborted_transaction_is_never_unknown_and_never_refused needs
        [Database, Need::Trouble(LoseCommit), Need::Trouble(LoseCommitAck), Need::Trouble(RefuseCommit)];
    a_statement_in_autocommit_may_be_unknown_both_ways needs [Database, Need::Trouble(LoseCommit), Need::Trouble(LoseCommitAck)];
    a_statement_in_autocommit_that_only_reads_is_never_unknown needs [Database, Need::Trouble(LoseCommit), Need::Trouble(LoseCommitAck)];
    a_statement_in_autocommit_that_does_not_arrive_is_unavailable needs [Database, Need::Trouble(LoseConnection)];
}

fn a_connection_that_breaks_at_a_statement_undoes_the_transaction_and_says_so(play: &mut Play<'_>) {
    let (a, b) = (play.open_for(LoseConnection), play.begin());
    play.begin_on(a);
    play.done(a, insert("k"));
    play.blocks(b, insert("k"));
    play.strike(a);
    play.fails(a, insert("l"), StoreError::Unavailable);
    play.goes_on(b, ());
    play.fails(a, find("k"), StoreError::Unavailable);
    play.fails(a, Call::Commit, StoreError::Unavailable);
    play.commit(b);
    assert_eq!(play.audit().keys, [(key("k"), claimed(1))]);
}

fn a_connection_that_cannot_be_had_is_unavailable(play: &mut Play<'_>) {
    let a = play.open_for(LoseConnection);
    play.strike(a);
    play.fails(
        a,
        Call::Begin(Isolation::ReadCommitted),
        StoreError::Unavailable,
    );
}

fn a_commit_that_does_not_arrive_is_unknown_and_nothing_is_there(play: &mut Play<'_>) {
    let (a, b) = (play.open_for(LoseCommit), play.begin());
    play.begin_on(a);
    play.done(a, insert("k"));
    play.blocks(b, insert("k"));
    play.strike(a);
    play.commit_unknown(a);
    play.goes_on(b, ());
    play.roll_back(b);
    assert_eq!(play.audit().keys, []);
}

fn a_commit_whose_answer_is_lost_is_unknown_and_everything_is_there(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b) = (play.open_for(LoseCommitAck), play.begin());
    play.begin_on(a);
    play.ok(a, update("k", 1, 2), 1);
    play.blocks(b, lock("k"));
    play.strike(a);
    play.commit_unknown(a);
    play.goes_on(b, Some(claimed(2)));
    assert_eq!(play.audit().keys, [(key("k"), claimed(2))]);
}

fn a_commit_that_is_refused_is_a_conflict_and_nothing_is_there(play: &mut Play<'_>) {
    committed_claim(play, "k");
    let (a, b) = (play.open_for(RefuseCommit), play.begin());
    play.begin_on(a);
    play.ok(a, update("k", 1, 2), 1);
    play.blocks(b, lock("k"));
    play.strike(a);
    play.fails(a, Call::Commit, StoreError::Conflict);
    play.goes_on(b, Some(claimed(1)));
}

fn the_commit_of_an_aborted_transaction_is_never_unknown_and_never_refused(play: &mut Play<'_>) {
    committed_claim(play, "k");
    for trouble in [LoseCommit, LoseCommitAck, RefuseCommit] {
        let a = play.open_for(trouble);
        play.begin_on(a);
        let refused = StoreError::Unique(orders::ports::Constraint::Keys);
        play.fails(a, insert("k"), refused);
        if trouble != LoseCommit {
            play.strike(a);
            play.ok(a, Call::Commit, CommitTag::RolledBack);
            continue;
        }
        // Its connection may break all the same, and that undoes nothing that would not be undone anyway.
        play.ok(a, Call::Commit, CommitTag::RolledBack);
    }
    assert_eq!(play.audit().keys, [(key("k"), claimed(1))]);
}

fn a_statement_in_autocommit_may_be_unknown_both_ways(play: &mut Play<'_>) {
    for (trouble, text, rows) in [(LoseCommit, "a", 0), (LoseCommitAck, "b", 1)] {
        let a = play.open_for(trouble);
        play.done(a, Call::Autocommit);
        play.strike(a);
        play.fails(a, insert(text), StoreError::Unknown);
        assert_eq!(play.audit().keys.len(), rows, "{trouble:?}");
    }
}

fn a_statement_in_autocommit_that_only_reads_is_never_unknown(play: &mut Play<'_>) {
    committed_claim(play, "k");
    for trouble in [LoseCommit, LoseCommitAck] {
        let a = play.open_for(trouble);
        play.done(a, Call::Autocommit);
        play.strike(a);
        play.ok(a, find("k"), Some(claimed(1)));
    }
}

fn a_statement_in_autocommit_that_does_not_arrive_is_unavailable(play: &mut Play<'_>) {
    let a = play.open_for(LoseConnection);
    play.done(a, Call::Autocommit);
    play.strike(a);
    play.fails(a, insert("k"), StoreError::Unavailable);
    assert_eq!(play.audit().keys, []);
}
