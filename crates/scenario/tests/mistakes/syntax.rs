//! What is not written as a scenario file is written.

use super::{check, check_all};

#[test]
fn toml_that_does_not_parse_is_pointed_at() {
    check_all(
        r#"
        stock = 10 => stock = | = | a value is missing |
        tenants = 2 => tenants = 2 3 | 2 3 | |
        intents = 10 => intents = "10" | " | invalid type |
        "#,
    );
}

#[test]
fn a_value_without_its_quotes_is_shown_with_them() {
    for (from, to, word) in [
        ("\"ios\"\nshare", "ios\nshare", "ios"),
        ("timeout = \"5s\"", "timeout = 5s", "5s"),
        ("timeout = \"5s\"", "timeout = 1.5min", "1.5min"),
        ("chance = 0.2", "chance = 22.1%", "22.1%"),
        ("chance = 0.2", "chance = 1/50", "1/50"),
        ("[\"80ms\", \"400ms\"]", "[80ms, \"400ms\"]", "80ms"),
    ] {
        let says = format!("`{word}` has no quotes");
        check(from, to, word, &says, &format!("write `\"{word}\"`"));
    }
}

#[test]
fn a_section_has_the_brackets_that_it_needs() {
    check_all(
        r#"
        [[fault]] => [fault] | [fault] | `fault` is a list | write `[[fault]]`
        [[shop.sku]] => [shop.sku] | [shop.sku] | `shop.sku` is a list | write `[[shop.sku]]`
        [load] => [[load]] | [[load]] | `load` is one table | write `[load]`
        [world.latency] => [[world.latency]] | [[world.latency]] | `world.latency` is one table | write `[world.latency]`
        share = 0.4 => share = 0.4\n[client.taps]\nchance = 0.5 | [client.taps] | `client.taps` is a list | write `[[client.taps]]`
        share = 0.4 => share = 0.4\n[[client.retry]]\nmax = 3 | [[client.retry]] | `client.retry` is one table | write `[client.retry]`
        [[expect]] => [expect]\nholds = true\n[expect] | [expect] | `expect` is a list | write `[[expect]]`
        [contract] => [contract]\n[contract] | contract | `contract` is there twice | leave one
        "#,
    );
}

#[test]
fn unknown_and_missing_fields_are_named() {
    check_all(
        r#"
        timeout => timeuot | timeuot | unknown field `timeuot` | did you mean `timeout`?
        [load] => [laod] | laod | unknown field `laod` | did you mean `load`?
        reset"], wait => reset"], wiat | wiat | unknown field | did you mean `wait`?
        sigma = 0.6 => sgima = 0.6 | sgima | unknown field | did you mean `sigma`?
        intents = 10\n => | [load] | missing field `intents` |
        "#,
    );
}
