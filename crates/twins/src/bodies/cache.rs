//! The cache: values that end, and commands that are done in one step.

use orders::ports::CacheError;
use protocol::Span;

use super::claims;
use crate::call::{Answer, CacheCall};
use crate::play::Play;
use crate::twin::Need::{self, Cache, Time};
use crate::twin::Trouble::{CacheUnavailable, LoseCacheAnswer};

claims! {
    what_was_set_is_found_on_every_connection_until_it_is_deleted needs [Cache];
    only_the_first_sets_what_is_absent needs [Cache];
    only_who_has_its_value_deletes_it needs [Cache];
    a_value_ends_when_its_time_is_over_and_may_then_be_set_again needs [Cache, Time];
    a_value_that_is_set_again_begins_its_time_anew needs [Cache, Time];
    a_cache_that_is_away_has_done_nothing needs [Cache, Need::Trouble(CacheUnavailable)];
    a_command_whose_answer_is_lost_is_done needs [Cache, Need::Trouble(LoseCacheAnswer)];
}

const MINUTE: Span = Span::secs(60);

fn get(key: &str) -> CacheCall {
    CacheCall::Get(key.into())
}

fn set(key: &str, value: &str) -> CacheCall {
    CacheCall::Set(key.into(), value.into(), MINUTE)
}

fn set_if_absent(key: &str, value: &str) -> CacheCall {
    CacheCall::SetIfAbsent(key.into(), value.into(), MINUTE)
}

fn value(text: &str) -> Answer {
    Answer::Value(Some(text.into()))
}

const NOTHING: Answer = Answer::Value(None);

fn what_was_set_is_found_on_every_connection_until_it_is_deleted(play: &mut Play<'_>) {
    let (a, b) = (play.open(), play.open());
    play.ok(a, get("k"), NOTHING);
    play.done(a, set("k", "1"));
    play.ok(b, get("k"), value("1"));
    play.ok(b, get("l"), NOTHING);
    play.done(b, set("k", "2"));
    play.ok(a, get("k"), value("2"));
    for _ in 0..2 {
        play.done(a, CacheCall::Delete("k".into()));
        play.ok(b, get("k"), NOTHING);
    }
}

fn only_the_first_sets_what_is_absent(play: &mut Play<'_>) {
    let (a, b) = (play.open(), play.open());
    play.ok(a, set_if_absent("k", "1"), true);
    play.ok(b, set_if_absent("k", "2"), false);
    play.ok(b, get("k"), value("1"));
}

fn only_who_has_its_value_deletes_it(play: &mut Play<'_>) {
    let (a, b) = (play.open(), play.open());
    let delete_if = |value: &str| CacheCall::DeleteIf("k".into(), value.into());
    play.ok(a, delete_if("1"), false);
    play.done(a, set("k", "1"));
    play.ok(b, delete_if("2"), false);
    play.ok(b, get("k"), value("1"));
    play.ok(b, delete_if("1"), true);
    play.ok(a, get("k"), NOTHING);
}

fn a_value_ends_when_its_time_is_over_and_may_then_be_set_again(play: &mut Play<'_>) {
    let a = play.open();
    play.done(a, set("k", "1"));
    play.ok(a, set_if_absent("l", "1"), true);
    play.pass(Span::secs(50));
    play.ok(a, get("k"), value("1"));
    play.ok(a, set_if_absent("l", "2"), false);
    play.pass(Span::secs(11));
    play.ok(a, get("k"), NOTHING);
    play.ok(a, set_if_absent("l", "2"), true);
}

fn a_value_that_is_set_again_begins_its_time_anew(play: &mut Play<'_>) {
    let a = play.open();
    play.done(a, set("k", "1"));
    play.pass(Span::secs(50));
    play.done(a, set("k", "2"));
    play.pass(Span::secs(50));
    play.ok(a, get("k"), value("2"));
}

fn a_cache_that_is_away_has_done_nothing(play: &mut Play<'_>) {
    let (a, b) = (play.open_for(CacheUnavailable), play.open());
    play.strike(a);
    play.fails(a, set("k", "1"), CacheError::Unavailable);
    play.fails(a, get("k"), CacheError::Unavailable);
    play.ok(b, get("k"), NOTHING);
}

fn a_command_whose_answer_is_lost_is_done(play: &mut Play<'_>) {
    let (a, b) = (play.open_for(LoseCacheAnswer), play.open());
    play.strike(a);
    play.fails(a, set("k", "1"), CacheError::Unknown);
    play.ok(b, get("k"), value("1"));
}
