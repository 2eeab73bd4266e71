//! Mistakes point at the character and say what to write. One row for each kind of mistake.

use scenario::{Library, Options, Scale, parse};

use crate::known::options;

/// A file without a mistake, in which each test makes one.
const GOOD: &str = r#"story = "dinner"
strategy = "claim-complete"
coverage = ["double-click"]
gate = "50%"

[[expect]]
strategy = "no-dedup"
violates = ["duplicate-order"]

[contract]
preset = "reference"

[world]
replicas = 3

[world.latency]
handler = { lognormal = { median = "300ms", sigma = 0.6 } }
uplink = { uniform = ["80ms", "400ms"] }

[shop]
tenants = 2

[[shop.sku]]
name = "burger"
price = "15.00"
stock = 10

[[shop.basket]]
lines = { burger = 2 }

[load]
intents = 10
over = "2h"
peak = { factor = 4, from = "30min", for = "1h" }

[[client]]
name = "ios"
share = 0.6
timeout = "5s"
retry = { max = 3, on = ["reset"], wait = "1s" }

[[client]]
name = "web"
share = 0.4

[[fault]]
lose-response = { chance = 0.2, client = "ios", window = { from = "30min", until = "1h" } }
"#;

/// The mistake of the good file with `from` replaced by `to`: it points at `at`, which is what was put there unless it is a
/// section, and it says and advises these words.
fn check(from: &str, to: &str, at: &str, says: &str, advises: &str) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    let text = GOOD.replace(from, to);
    let Err(mistake) = parse("scenarios/dinner.toml", &text, &options(1.0)) else {
        panic!("{to} passed")
    };
    let rendered = mistake.render();
    let offset = mistake.offset().expect("it has a place");
    assert!(text[offset..].starts_with(at), "{rendered}");
    let place = GOOD.find(from).expect("it is there");
    let inside = (place..place + to.len()).contains(&offset);
    assert!(inside || at.starts_with('['), "{rendered}");
    assert!(mistake.to_string().contains(says), "{rendered}");
    let advice = mistake.advice().unwrap_or_default();
    assert!(advice.contains(advises), "{rendered}");
    assert!(rendered.contains("scenarios/dinner.toml"), "{rendered}");
}

/// One mistake a line: what is replaced `=>` by what, and after bars: at what it points, what it says, what it advises.
fn check_all(rows: &str) {
    let rows = rows.lines().map(str::trim).filter(|row| !row.is_empty());
    for row in rows {
        let (from, rest) = row.split_once(" =>").expect("an arrow");
        let cell = |cell: &str| cell.trim().replace("\\n", "\n");
        let cells: Vec<String> = rest.split('|').map(cell).collect();
        let [to, at, says, advises] = &cells[..] else {
            panic!("four cells: {row}")
        };
        check(&cell(from), to, at, says, advises);
    }
}

#[test]
fn advice_is_not_given_where_it_would_be_wrong() {
    let text = GOOD.replace("chance = 0.2", "chance = \"150%\"");
    let mistake = parse("dinner.toml", &text, &options(1.0)).expect_err("too likely");
    assert_eq!(mistake.advice(), None, "{}", mistake.render());
    let text = GOOD.replace("{ burger = 2 }", "{ burgr = 2 }");
    let mistake = parse("dinner.toml", &text, &options(1.0)).expect_err("no such SKU");
    assert!(
        mistake.render().contains("the only SKU is `burger`"),
        "{}",
        mistake.render()
    );
}

#[test]
fn the_good_file_is_good() {
    assert!(parse("dinner.toml", GOOD, &options(1.0)).is_ok());
}

#[test]
fn what_may_be_violated_stands_beside_what_is() {
    check_all(
        r#"
        violates = ["duplicate-order"] => violates = ["duplicate-order"]\nmay-violate = ["duplicate-order"] | " | is violated every time |
        violates = ["duplicate-order"] => violates = ["duplicate-order"]\nmay-violate = ["lost-ak"] | " | unknown rule `lost-ak` | `lost-ack`
        violates = ["duplicate-order"] => holds = true\nmay-violate = ["lost-ack"] | [ | stands beside what is violated | `sometimes = true`
        violates = ["duplicate-order"] => violates = ["duplicate-order"]\nsometimes = true\nmay-violate = ["lost-ack"] | [ | stands beside what is violated | `sometimes = true`
        "#,
    );
}

#[test]
fn an_expectation_names_promises_of_the_service_and_not_the_state_of_the_evidence() {
    check_all(
        r#"
        ["duplicate-order"] => ["vacuous"] | " | no strategy violates `vacuous` | leave it out
        "#,
    );
}

#[test]
fn a_contract_is_checked_as_a_whole() {
    check_all(
        r#"
        preset = "reference" => in-flight = "later" | " | unknown word `later` | there is
        preset = "reference" => in-flight = "202"\nwait-at-most = "5s" | " | nobody waits for a twin | in-flight = "wait"
        preset = "reference" => in-flight = "wait"\nwait-at-most = "0s" | " | this time is nothing |
        preset = "reference" => mismatch = 200 | 200 | the status of a mismatch |
        preset = "reference" => stored-errors = ["out-of-stok"] | " | unknown word `out-of-stok` | did you mean `out-of-stock`?
        "#,
    );
}

#[test]
fn coupons_and_seats_are_declared_once_and_named_rightly() {
    let shop = |more: &str| format!("tenants = 2 => {more} ");
    let coupon = |more: &str| format!("stock = 10 => stock = 10\\n[[shop.coupon]]\\n{more}");
    let two = |lines: &str| {
        let declared = "seats = [\"A1\", \"A2\"]\\n[[shop.coupon]]\\nname = \"LUNCH5\"\\nlimit = 3\\noff = \"30.00\"\\n";
        format!(
            "tenants = 2\\n\\n[[shop.sku]]\\nname = \"burger\"\\nprice = \"15.00\"\\nstock = 10\\n\\n[[shop.basket]]\\nlines = {{ burger = 2 }} => {declared}[[shop.sku]]\\nname = \"burger\"\\nprice = \"15.00\"\\nstock = 10\\n[[shop.basket]]\\nlines = {{ burger = 2 }}\\n{lines}"
        )
    };
    let rows = [
        shop(r#"seats = ["A1", "A1"] | "A1"] | the seat `A1` is declared twice |"#),
        shop(r#"seats = [""] | " | a seat needs a name |"#),
        coupon(r#"name = ""\nlimit = 1 | ""\nlimit | a coupon needs a name |"#),
        coupon(r#"name = "C"\nlimit = 0 | 0 | the limit |"#),
        coupon(r#"name = "C"\nlimit = 1\noff = "1.005" | "1.005 | |"#),
        two(r#"coupon = "free" | "free" | unknown coupon `free` | there is `LUNCH5`"#),
        two(r#"coupon = "A1" | "A1"\n | unknown coupon `A1` |"#),
        two(
            r#"coupon = "LUNCH5" | "LUNCH5"\n\n | with the coupon `LUNCH5` this basket costs nothing | anything to pay"#,
        ),
        two(r#"any-seat = ["A1", "row"] | "row"] | unknown seat `row` | there is `A1` and `A2`"#),
        two(r#"any-seat = [] | [] | no seat to choose | any-seat = ["#),
        two(
            r#"coupon = "LUNCH5"\nany-seat = ["A1"] | ["A1"]\n | a coupon or with a seat | one of either"#,
        ),
    ];
    for row in &rows {
        check_all(row);
    }
}

#[test]
fn what_is_done_to_keys_and_carts_needs_keys_and_carts() {
    check_all(
        r#"
        timeout = "5s" => key = "per-intent"\nkey-form = "ornate" | " | unknown word `ornate` | there is
        timeout = "5s" => key-form = "long" | " | this client sends no key | per-intent
        timeout = "5s" => key-reuse = [{ by = "another-tenant", chance = 0.1, after = "1s" }] | { | has no key of its own | key = "per-intent"
        timeout = "5s" => key = "per-tap"\nkey-reuse = [{ by = "another-tenant", chance = 0.1, after = "1s" }] | { | has no key of its own | key = "per-intent"
        timeout = "5s" => key = "per-intent"\nkey-reuse = [{ by = "same-user", chance = 0.1, after = "1s" }] | " | every cart is the same | [[shop.basket]]
        timeout = "5s" => key = "per-intent"\nkey-reuse = [{ by = "a-stranger", chance = 0.1, after = "1s" }] | " | unknown word `a-stranger` | there is
        timeout = "5s" => edited-cart = { chance = 0.1, after = "1s" } | { | every cart is the same | [[shop.basket]]
        timeout = "5s" => reserialised = 2 | 2 | not a probability |
        "#,
    );
    let client = "key = \"per-intent\"\nkey-reuse = [{ by = \"WHO\", chance = 0.1, after = \"1s\" }]\nreserialised = 0.5";
    for (who, from, to, says) in [
        (
            "another-tenant",
            "tenants = 2\n",
            "",
            "there is nobody else; write `tenants = 2`",
        ),
        (
            "another-user",
            "tenants = 2\n",
            "users = 1\n",
            "there is nobody else; write `users = 2`",
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
fn unknown_names_get_the_nearest_known_one() {
    check_all(
        r#"
        "claim-complete" => "claim-compleet" | " | unknown strategy `claim-compleet` | did you mean `claim-complete`?
        "no-dedup" => "zzz" | " | unknown strategy `zzz` | there is `claim-complete`, `check-then-insert`, `no-dedup`,
        ["duplicate-order"] => ["duplicat-order"] | " | unknown rule | did you mean `duplicate-order`?
        ["double-click"] => ["double-clik"] | " | unknown coverage label | did you mean `double-click`?
        "reference" => "stripe" | " | unknown preset | did you mean
        burger = 2 => burgr = 2 | burgr | unknown SKU | did you mean `burger`?
        client = "ios" => client = "io" | " | unknown client | did you mean `ios`?
        lose-response => loose-response | loose-response | unknown fault | did you mean `lose-response`?
        on = ["reset"] => on = ["rest"] | " | unknown word `rest` | did you mean `reset`?
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
        timeout = "5s" => timeout = "0s" | " | this time is nothing |
        timeout = "5s" => timeout = [1] | [1] | not a length |
        "#,
    );
}

#[test]
fn a_second_channel_asks_at_least_once_and_waits() {
    check_all(
        r#"
        timeout = "5s" => second-channel = { max = 0, wait = "5s" } | 0 | the number of the channel's requests |
        timeout = "5s" => second-channel = { max = 3, wait = [] } | [] | a list of waits needs a wait |
        timeout = "5s" => second-channel = { wait = "5s" } | { | missing field `max` |
        replicas = 3 => gateway-timeout = "0s" | " | this time is nothing |
        "#,
    );
}

#[test]
fn a_window_comes_again_after_it_has_ended_and_a_replica_is_struck_that_there_is() {
    check_all(
        r#"
        until = "1h" => until = "1h", every = "29min" | " | comes again before it has ended | 
        lose-response = { chance = 0.2, client = "ios", => crash-replica = { chance = 0.2, down-for = "5s", replica = "replica-3", | " | no such replica | `replica-2`
        lose-response = { chance = 0.2, client = "ios", => pause-replica = { chance = 0.2, for = "5s", replica = "cache", | " | `cache` is not a replica | `replica-0`
        lose-response = { chance = 0.2, client = "ios", => clock-step = { chance = 0.2, by = "5s", replica = "replica-3", | " | no such replica | `replica-2`
        lose-response = { chance = 0.2, client = "ios", => clock-step = { chance = 0.2, by = "-5s", | " | `-5s` is not a length of time |
        lose-response = { chance = 0.2, client = "ios", => clock-step = { chance = 0.2, back = 0.5, | { | missing field `by` |
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
        gate = "50%" => gate = 0 | 0 | the gate runs nothing of the story | leave it out
        gate = "50%" => gate = "0%" | " | the gate runs nothing of the story | leave it out
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
fn a_replica_stands_still_for_a_time_or_for_leases() {
    check_all(
        r#"
        lose-response = { chance = 0.2, client = "ios", window => pause-replica = { chance = 0.2, window | 0.2 | how long does it stand still? | `leases = 2`
        lose-response = { chance = 0.2, client = "ios" => pause-replica = { chance = 0.2, for = "1s", leases = 2 | 2, window | says twice | leave one of them out
        lose-response = { chance = 0.2, client = "ios" => pause-replica = { chance = 0.2, leases = 0 | 0, window | the number of leases is 0 |
        "#,
    );
}

#[test]
fn a_rolling_restart_has_its_time_and_a_failover_loses_something() {
    let fault = GOOD.lines().last().expect("it ends with a fault");
    for (to, at, says, advises) in [
        (
            r#"rolling-restart = { from = "2h", down-for = "5s" }"#,
            r#""2h""#,
            "the restart lies outside the load",
            "the load lasts 2h",
        ),
        (
            r#"rolling-restart = { from = "1h", down-for = "1min", apart = "30s", every = "239s" }"#,
            r#""239s""#,
            "comes again before it has ended",
            "3 replicas one after another take 4min",
        ),
        (
            r#"rolling-restart = { from = "1h", down-for = "0s" }"#,
            r#""0s""#,
            "this time is nothing",
            "",
        ),
        (
            r#"fail-over-cache = { chance = 1, down-for = "5s", loses = "0s" }"#,
            r#""0s""#,
            "this time is nothing",
            "",
        ),
    ] {
        check(fault, to, at, says, advises);
    }
    let whole =
        r#"rolling-restart = { from = "1h", down-for = "1min", apart = "30s", every = "4min" }"#;
    assert!(parse("dinner.toml", &GOOD.replace(fault, whole), &options(1.0)).is_ok());
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

#[test]
fn there_is_at_least_one_of_everything() {
    check_all(
        r#"
        intents = 10 => intents = 0 | 0 | the number of intents is 0 |
        replicas = 3 => replicas = 0 | 0 | the number of replicas is 0 |
        burger = 2 => burger = 0 | 0 | the quantity is 0 |
        lines = { burger = 2 } => lines = {} | { | this basket is empty | burger = 2
        [[shop.basket]]\nlines = { burger = 2 }\n => | [shop] | nobody buys anything | [[shop.basket]]
        "#,
    );
}

#[test]
fn a_name_is_used_once() {
    check_all(
        r#"
        name = "web" => name = "ios" | "ios" | the client `ios` is declared twice |
        [[shop.basket]] => [[shop.sku]]\nname = "burger"\nprice = "1"\nstock = 1\n[[shop.basket]] | "burger" | the SKU `burger` is declared twice |
        tenants = 2 => tenants = 2\ntenants = 3 | tenants = 3 | `tenants` is there twice | one of the two
        "#,
    );
}

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
fn a_fault_that_the_backend_cannot_do_is_refused_at_its_word() {
    let known = scenario::Known {
        faults: vec!["lose-request".into()],
        backend: "sqlite".into(),
        ..options(1.0).known
    };
    let mistake = parse(
        "dinner.toml",
        GOOD,
        &Options {
            scale: Scale::FULL,
            overlay: None,
            known,
        },
    )
    .expect_err("refused");
    assert_eq!(mistake.offset(), GOOD.find("lose-response"));
    assert_eq!(mistake.to_string(), "`sqlite` cannot do `lose-response`");
    assert_eq!(mistake.advice(), Some("`sqlite` can do `lose-request`"));
}

#[test]
fn a_section_has_the_brackets_that_it_needs() {
    check_all(
        r#"
        [[fault]] => [fault] | [fault] | `fault` is a list | write `[[fault]]`
        [[shop.sku]] => [shop.sku] | [shop.sku] | `shop.sku` is a list | write `[[shop.sku]]`
        [load] => [[load]] | [[load]] | `load` is one table | write `[load]`
        [world.latency] => [[world.latency]] | [[world.latency]] | `world.latency` is one table | write `[world.latency]`
        [[expect]] => [expect]\nholds = true\n[expect] | [expect] | `expect` is a list | write `[[expect]]`
        [contract] => [contract]\n[contract] | contract | `contract` is there twice | leave one
        "#,
    );
}

#[test]
fn a_table_names_one_fault() {
    check_all(
        r#"
        lose-response = { => chance = 1\nlose-response = { | chance | `chance` stands beside `lose-response` | its own table
        [[fault]]\n => [[fault]]\n[[fault]]\n | [[fault]] | which fault? | lose-response
        "#,
    );
}

#[test]
fn a_missing_scenario_names_the_ones_that_are_there() {
    let library = Library::at("no-such-folder");
    let near = library
        .load("doordash-strom", &options(1.0))
        .expect_err("missing");
    assert_eq!(
        near.to_string(),
        "there is no scenario `doordash-strom` in `no-such-folder`"
    );
    assert_eq!(near.advice(), Some("did you mean `doordash-storm`?"));
    let path = library
        .load("x/y.toml", &options(1.0))
        .expect_err("missing");
    assert_eq!(path.to_string(), "there is no file `x/y.toml`");
    assert!(
        path.advice()
            .is_some_and(|advice| advice.contains("`seven-thirty`"))
    );
    assert!(!path.render().is_empty());
}

#[test]
fn a_rendered_mistake_shows_the_line_and_what_to_write() {
    let text = GOOD.replace("\"claim-complete\"", "\"claim-compleet\"");
    let mistake = parse("scenarios/dinner.toml", &text, &options(1.0)).expect_err("unknown");
    let expected = "
  × unknown strategy `claim-compleet`
   ╭─[scenarios/dinner.toml:2:12]
 1 │ story = \"dinner\"
 2 │ strategy = \"claim-compleet\"
   ·            ────────┬───────
   ·                    ╰── not one of the 18 strategies
 3 │ coverage = [\"double-click\"]
   ╰────
  help: did you mean `claim-complete`?
";
    assert_eq!(
        format!("\n{}", mistake.render().trim_start_matches('\n')),
        expected
    );
}

#[test]
fn a_partition_that_could_never_strike_is_refused() {
    let lose = r#"lose-response = { chance = 0.2, client = "ios", window = { from = "30min", until = "1h" } }"#;
    for (from, to, says) in [
        ("clients", "database", "without a replica"),
        ("database", "cache", "without a replica"),
        ("gateway", "clients", "without a replica"),
        ("replica-0", "replica-1", "each other nothing"),
        ("replicas", "replica-0", "each other nothing"),
        ("clients", "clients", "two sides"),
    ] {
        let cut = format!(r#"partition = {{ from = "{from}", to = "{to}" }}"#);
        let text = GOOD.replace(lose, &cut);
        let mistake = parse("dinner.toml", &text, &options(1.0)).expect_err(&cut);
        assert!(mistake.to_string().contains(says), "{}", mistake.render());
        let offset = mistake.offset().expect("it has a place");
        assert!(
            text[offset..].starts_with(&format!("\"{to}\" }}")),
            "{}",
            mistake.render()
        );
    }
    for (from, to) in [
        ("clients", "replicas"),
        ("replica-2", "gateway"),
        ("cache", "replica-0"),
    ] {
        let cut = format!(r#"partition = {{ from = "{from}", to = "{to}" }}"#);
        assert!(
            parse("dinner.toml", &GOOD.replace(lose, &cut), &options(1.0)).is_ok(),
            "{cut}"
        );
    }
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
