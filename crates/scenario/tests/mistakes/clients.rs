//! Clients that could not do what is said of them.

use scenario::parse;

use super::{GOOD, check, check_all};
use crate::known::options;

#[test]
fn what_is_done_to_keys_and_carts_needs_keys_and_carts() {
    check_all(
        r#"
        timeout = "5s" => key = "per-intent"\nkey-form = "ornate" | " | unknown word `ornate` | there is
        timeout = "5s" => key-form = "long" | " | this client sends no key | per-intent
        timeout = "5s" => key-reuse = [{ by = "another-tenant", chance = 0.1, after = "1s" }] | { | has no key of its own | key = "per-intent"
        timeout = "5s" => key = "per-tap"\nkey-reuse = [{ by = "another-tenant", chance = 0.1, after = "1s" }] | { | has no key of its own | key = "per-intent"
        timeout = "5s" => key = "per-intent"\nkey-reuse = [{ by = "same-user", chance = 0.1, after = "1s" }] | " | all carts are the same | [[shop.basket]]
        timeout = "5s" => key = "per-intent"\nkey-reuse = [{ by = "a-stranger", chance = 0.1, after = "1s" }] | " | unknown word `a-stranger` | there is
        timeout = "5s" => edited-cart = { chance = 0.1, after = "1s" } | { | all carts are the same | [[shop.basket]]
        timeout = "5s" => reserialised = 2 | 2 | not a probability |
        "#,
    );
    let client = "key = \"per-intent\"\nkey-reuse = [{ by = \"WHO\", chance = 0.1, after = \"1s\" }]\nreserialised = 0.5";
    for (who, from, to, says) in [
        (
            "another-tenant",
            "tenants = 2\n",
            "",
            "there is only one to use the key; write `tenants = 2`",
        ),
        (
            "another-user",
            "tenants = 2\n",
            "users = 1\n",
            "there is only one to use the key; write `users = 2`",
        ),
        (
            "another-user",
            "burger = 2",
            "burger = 1",
            "no cart can be written in two ways",
        ),
    ] {
        let text = GOOD.replace("timeout = \"5s\"", &client.replace("WHO", who));
        let mistake = parse("dinner.toml", &text.replace(from, to), &options(1.0));
        let mistake = mistake.expect_err("a mistake");
        let said = format!("{mistake}; {}", mistake.advice().unwrap_or_default());
        assert!(said.starts_with(says), "{said}");
        assert!(parse("dinner.toml", &text, &options(1.0)).is_ok(), "{who}");
    }
}

#[test]
fn a_second_channel_asks_at_least_once_and_waits() {
    check_all(
        r#"
        timeout = "5s" => second-channel = { max = 0, wait = "5s" } | 0 | the number of the channel's requests |
        timeout = "5s" => second-channel = { max = 3, wait = [] } | [] | a list of waits needs a wait |
        timeout = "5s" => second-channel = { wait = "5s" } | { | missing field `max` |
        replicas = 3 => gateway-timeout = "0s" | " | this time is 0 |
        "#,
    );
}

#[test]
fn an_app_that_always_dies_is_refused() {
    check(
        r#"share = 0.4"#,
        "share = 0.4\ncrash = { chance = 1, back-after = \"5s\" }",
        "1, back-after",
        "dies in every attempt",
        "below 1",
    );
}

#[test]
fn a_button_that_a_program_presses_is_refused_at_the_first_tap_too_many() {
    let taps = |count: usize| {
        GOOD.replace(
            "timeout = \"5s\"",
            &format!("taps = [{}]", vec!["{}"; count].join(", ")),
        )
    };
    assert!(parse("dinner.toml", &taps(1_000), &options(1.0)).is_ok());
    let text = taps(1_001);
    let mistake = parse("dinner.toml", &text, &options(1.0)).expect_err("too many");
    let last = text.find("{}]").expect("the last tap");
    assert_eq!(mistake.offset(), Some(last), "{}", mistake.render());
    assert_eq!(mistake.to_string(), "1001 taps of one button");
}
