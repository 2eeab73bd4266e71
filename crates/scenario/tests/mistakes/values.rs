//! Values that are out of their range, or not of their kind.

use super::check_all;

#[test]
fn lengths_of_time_need_a_unit_that_we_know() {
    check_all(
        r#"
        timeout = "5s" => timeout = "5 sec" | " | `5 sec` is not a length of time | write `5s`
        timeout = "5s" => timeout = 5 | 5 | `5` has no unit | write `"5s"`
        timeout = "5s" => timeout = 1.5 | 1.5 | `1.5` has no unit | write `"1.5s"`
        timeout = "5s" => timeout = "5" | " | not a length | write `5s` for seconds
        timeout = "5s" => timeout = "5m" | " | not a length | write `5min`
        timeout = "5s" => timeout = "-5s" | " | not a length | a number and a unit
        timeout = "5s" => timeout = "0.3us" | " | not a length | a multiple of `1us`
        timeout = "5s" => timeout = "99999d" | " | not a length | at most `366d`
        timeout = "5s" => timeout = "0s" | " | this time is 0 |
        timeout = "5s" => timeout = [1] | [1] | not a length |
        "#,
    );
}

#[test]
fn probabilities_and_shares_lie_between_0_and_1_and_add_up() {
    check_all(
        r#"
        chance = 0.2 => chance = 1.2 | 1.2 | `1.2` is not a probability | write `"1.2%"`
        chance = 0.2 => chance = -0.1 | -0.1 | not a probability |
        chance = 0.2 => chance = nan | nan | not a probability |
        chance = 0.2 => chance = "1/0" | " | not a probability | "1/50"
        chance = 0.2 => chance = "often" | " | not a probability | "22.1%"
        share = 0.4 => share = 0.5 | 0.5 | shares add up to 1.1 | gets the rest
        gate = "50%" => gate = 0 | 0 | the gate is 0 | leave it out
        gate = "50%" => gate = "0%" | " | the gate is 0 | leave it out
        gate = "50%" => gate = 2 | 2 | `2` is not a probability | write `"2%"`
        "#,
    );
}

#[test]
fn prices_are_exact_and_not_negative() {
    check_all(
        r#"
        price = "15.00" => price = "15.005" | " | not a price | "15.00"
        price = "15.00" => price = 15.005 | 15.005 | not a price | "15.00"
        price = "15.00" => price = "-15" | " | not a price | "15.00"
        price = "15.00" => price = true | true | not a price | "15.00"
        "#,
    );
}

#[test]
fn there_is_at_least_one_of_everything() {
    check_all(
        r#"
        intents = 10 => intents = 0 | 0 | the number of intents is 0 |
        replicas = 3 => replicas = 0 | 0 | the number of replicas is 0 |
        burger = 2 => burger = 0 | 0 | the quantity is 0 |
        lines = { burger = 2 } => lines = {} | { | this basket is empty | burger = 2
        [[shop.basket]]\nlines = { burger = 2 }\n => | [shop] | no `[[shop.basket]]` is defined | [[shop.basket]]
        "#,
    );
}

#[test]
fn windows_lie_within_the_load() {
    check_all(
        r#"
        until = "1h" => until = "10min" | " | the window ends before it begins |
        until = "1h" => until = "3h" | " | the window lies outside the load | the load lasts 2h
        for = "1h" => for = "90.5min" | " | the peak lies outside the load | the load lasts 2h
        ["80ms", "400ms"] => ["400ms", "80ms"] | [ | `uniform` ends before it begins |
        "#,
    );
}
