//! Mistakes point at the character and say what to write. One row for each kind of mistake.

mod clients;
mod faults;
mod syntax;
mod values;

use scenario::{Library, parse};

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
        violates = ["duplicate-order"] => holds = true\nmay-violate = ["lost-ack"] | [ | needs `violates` without `sometimes` | `sometimes = true`
        violates = ["duplicate-order"] => violates = ["duplicate-order"]\nsometimes = true\nmay-violate = ["lost-ack"] | [ | needs `violates` without `sometimes` | `sometimes = true`
        "#,
    );
}

#[test]
fn an_expectation_names_promises_of_the_service_and_not_the_state_of_the_evidence() {
    check_all(
        r#"
        ["duplicate-order"] => ["evidence"] | " | no strategy violates `evidence` | leave it out
        ["duplicate-order"] => ["vacuous"] | " | no strategy violates `evidence` | `vacuous` is its old name; leave it out
        "#,
    );
}

#[test]
fn a_contract_is_checked_as_a_whole() {
    check_all(
        r#"
        preset = "reference" => in-flight = "later" | " | unknown word `later` | there is
        preset = "reference" => in-flight = "202"\nwait-at-most = "5s" | " | `wait-at-most` needs `in-flight = "wait"` | in-flight = "wait"
        preset = "reference" => in-flight = "wait"\nwait-at-most = "0s" | " | this time is 0 |
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
        two(r#"any-seat = ["A1", "row"] | "row"] | unknown seat `row` | there is `A1` and `A2`"#),
        two(r#"any-seat = [] | [] | no seat to choose | any-seat = ["#),
        two(
            r#"coupon = "LUNCH5"\nany-seat = ["A1"] | ["A1"]\n | a coupon or a seat, not both | leave one of them out"#,
        ),
    ];
    for row in &rows {
        check_all(row);
    }
}

#[test]
fn unknown_names_get_the_nearest_known_one() {
    check_all(
        r#"
        "claim-complete" => "claim-compleet" | " | unknown strategy `claim-compleet` | did you mean `claim-complete`?
        "no-dedup" => "zzz" | " | unknown strategy `zzz` | there is `claim-complete`, `check-then-insert`, `no-dedup`,
        ["duplicate-order"] => ["duplicat-order"] | " | unknown rule | did you mean `duplicate-order`?
        ["double-click"] => ["double-clik"] | " | unknown situation or fault | did you mean `double-click`?
        "reference" => "stripe" | " | unknown preset | did you mean
        burger = 2 => burgr = 2 | burgr | unknown SKU | did you mean `burger`?
        client = "ios" => client = "io" | " | unknown client | did you mean `ios`?
        lose-response => loose-response | loose-response | unknown fault | did you mean `lose-response`?
        on = ["reset"] => on = ["rest"] | " | unknown word `rest` | did you mean `reset`?
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
