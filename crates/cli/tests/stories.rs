//! What the scenarios show under which strategy.

use super::{folder, stdout};

#[test]
fn the_reference_makes_one_order_of_two_taps() {
    let text = stdout(&folder(), "scenario seven-thirty", 0);
    assert!(text.contains("Orders 1 live"), "{text}");
    assert!(
        text.contains("PASS") && text.contains("as the scenario expects"),
        "{text}"
    );
    assert!(
        !text.contains("hint:"),
        "nothing failed, so there is nothing to reproduce: {text}"
    );
}

#[test]
fn without_deduplication_two_taps_are_two_orders_with_a_witness_and_a_reproduction_at_the_end() {
    let text = stdout(&folder(), "scenario seven-thirty --strategy no-dedup", 1);
    assert!(text.contains("VIOLATED duplicate-order"), "{text}");
    assert!(
        text.contains("Witness duplicate-order, intent i0\n"),
        "{text}"
    );
    assert!(text.contains("35.00 charged twice"), "{text}");
    let last = text.lines().last();
    let hint = "hint: cargo run -- scenario seven-thirty --strategy no-dedup --seed 1";
    assert_eq!(last, Some(hint));
}

#[test]
fn a_check_before_an_insert_holds_with_some_seeds_and_not_with_others() {
    let line = "scenario seven-thirty --strategy check-then-insert --seeds 60 --json --quiet";
    let text = stdout(&folder(), line, 1);
    let count = |word: &str| {
        text.matches(&format!("\"verdict\":\"{word}\",\"expected\""))
            .count()
    };
    let (pass, fail) = (count("pass"), count("fail"));
    assert_eq!(pass + fail, 60);
    assert!(pass > 5 && fail > 5, "{pass} pass, {fail} fail");
}

#[test]
fn the_first_violating_seed_is_shown_in_full_and_its_command_violates_again() {
    let line = "scenario seven-thirty --strategy check-then-insert --seeds 60 --quiet";
    let text = stdout(&folder(), line, 1);
    assert!(
        text.contains("seeds 1 to 60") && text.contains("Extremes"),
        "{text}"
    );
    let hint = text
        .lines()
        .last()
        .and_then(|line| line.strip_prefix("hint: cargo run -- "));
    let again = stdout(
        &folder(),
        hint.expect("the last line is the reproduction"),
        1,
    );
    let digest = |text: &str| {
        let line = text.lines().find(|line| line.trim().starts_with("Digest"));
        line.expect("a report has a digest").to_owned()
    };
    assert_eq!(digest(&again), digest(&text));
}

#[test]
fn the_storm_costs_a_sixth_more_orders_without_deduplication_and_none_with_the_reference() {
    let line = "scenario doordash-storm --scale 0.01 --quiet";
    let held = stdout(&folder(), line, 0);
    assert!(held.contains("0 extra orders: 0.00"), "{held}");
    let text = stdout(&folder(), &format!("{line} --strategy no-dedup --json"), 1);
    let run: serde_json::Value = serde_json::from_str(&text).expect("one object");
    let extra = run["counts"]["extra_orders"].as_u64().expect("a count");
    // 0.281 for each of 60 % of 29,700 intents, give or take five standard deviations
    assert!((4_640..5_380).contains(&extra), "{extra}");
    // Each order is one too many but the first of its intent, and here every intent has one.
    let count = |name: &str| run["counts"][name].as_u64().expect("a count");
    assert_eq!(extra, count("orders") - count("intents"));
}

#[test]
fn the_witness_of_the_storm_shows_the_reply_that_was_lost_beside_the_one_that_came() {
    let line = "scenario doordash-storm --scale 0.001 --quiet --strategy no-dedup";
    let text = stdout(&folder(), line, 1);
    // The terminal breaks lines where they are full.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, witness) = text.split_once("Witness ").expect("a witness");
    let lost = witness.find("fault lose-response at");
    let came = witness.find("gets ok 201");
    let row = witness.find("- order ");
    assert!(lost < came && came < row && lost.is_some(), "{witness}");
}

#[test]
fn what_the_stories_expect_of_each_strategy_is_true_at_a_hundredth() {
    for story in ["seven-thirty", "million-a-day", "doordash-storm"] {
        for strategy in ["claim-complete", "no-dedup", "check-then-insert"] {
            let line = format!("scenario {story} --strategy {strategy} --scale 0.01");
            let text = stdout(&folder(), &format!("{line} --seeds 5 --expect --json"), 0);
            assert!(
                !text.contains("\"expected\":\"nothing-expected\""),
                "{line}"
            );
        }
    }
}

#[test]
fn at_the_gate_a_story_is_run_at_the_fraction_that_its_file_states() {
    let line = "scenario million-a-day --scale gate --quiet --json";
    let run: serde_json::Value = serde_json::from_str(&stdout(&folder(), line, 0)).expect("a run");
    assert_eq!(
        (&run["scale"], &run["counts"]["intents"]),
        (&0.01.into(), &10_000.into())
    );
    let again = run["reproduce"].as_str().expect("a command");
    assert!(again.ends_with(" --scale 0.01"), "{again}");
}

#[test]
fn in_an_outage_of_the_gateway_a_key_of_the_client_prevents_nothing_and_the_cart_everything() {
    let extra = |strategy: &str, code| {
        let line = "scenario zomato-gateway-outage --scale 0.1 --quiet --json --strategy";
        let text = stdout(&folder(), &format!("{line} {strategy}"), code);
        let run: serde_json::Value = serde_json::from_str(&text).expect("one object");
        let count = |name: &str| run["counts"][name].as_u64().expect("a count");
        assert_eq!(count("intents"), 8_333);
        assert!(count("charges") >= count("orders"));
        count("extra_orders")
    };
    // 0.6 of the intents, give or take five standard deviations
    assert!((4_776..5_224).contains(&extra("no-dedup", 1)));
    assert!((4_776..5_224).contains(&extra("unique-key", 1)));
    assert_eq!(extra("claim-complete", 0), 0);
}

#[test]
fn one_retry_out_of_a_bad_cell_is_one_order_too_many_and_backoff_makes_almost_two() {
    let extra = |story: &str| {
        let line = format!("scenario {story} --strategy no-dedup --scale 0.1 --quiet --json");
        let run: serde_json::Value =
            serde_json::from_str(&stdout(&folder(), &line, 1)).expect("a run");
        run["counts"]["extra_orders"].as_u64().expect("a count")
    };
    assert_eq!(extra("instacart-retry-once"), 10_000);
    // Two for each of 10,000 if nobody left the cell; the minute that a cell lasts makes it 1.90.
    let backoff = extra("instacart-retry");
    assert!((18_600..19_500).contains(&backoff), "{backoff}");
}

#[test]
fn a_tab_that_shares_a_key_is_refused_and_served_under_its_own() {
    let line = "scenario network-retry --scale 0.05 --quiet --json";
    let run: serde_json::Value = serde_json::from_str(&stdout(&folder(), line, 0)).expect("a run");
    let count = |name: &str| run["counts"][name].as_u64().expect("a count");
    let judged = |name: &str| {
        let rules = run["rules"].as_array().expect("a list");
        let rule = rules.iter().find(|rule| rule["name"] == name);
        rule.expect("every rule")["checked"]
            .as_u64()
            .expect("a count")
    };
    for rule in [
        "conflict-accepted",
        "spurious-conflict",
        "false-merge",
        "cross-tenant",
    ] {
        assert!(judged(rule) > 100, "{rule}");
    }
    assert_eq!(count("extra_orders"), 0);
    let unserved = count("intents") - count("orders");
    assert!(unserved < 5, "the second cart is bought too: {unserved}");
}

#[test]
fn an_overlay_strikes_beside_the_story_and_its_run_can_be_had_again() {
    let folder = folder();
    let line = "scenario million-a-day --scale gate --strategy no-dedup --overlay chaos --json";
    let run: serde_json::Value = serde_json::from_str(&stdout(&folder, line, 1)).expect("a run");
    assert_eq!(run["overlay"], "chaos");
    assert_eq!(run["expected"], "nothing-expected");
    assert_eq!(run["report"], "reports/million-a-day-chaos");
    let again = run["reproduce"].as_str().expect("a command");
    let again = again.strip_prefix("cargo run -- ").expect("of cargo");
    let text = stdout(&folder, again, 1);
    assert!(text.contains(" · overlay chaos\n"), "{text}");
    assert!(text.contains(run["digest"].as_str().expect("a digest")));
    // Lines are broken at words.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["lose-request 1", "partition 1", "orphan-charge "] {
        assert!(words.contains(part), "{part}: {text}");
    }
    let report = folder.path().join("reports/million-a-day-chaos/report.md");
    let report = std::fs::read_to_string(report).expect("it is there");
    assert!(report.contains("at scale 0.01 under the overlay `chaos`"));
}

#[test]
fn the_canary_fails_whatever_the_seed_and_the_scale() {
    let folder = folder();
    for seed in 1..=20 {
        stdout(&folder, &format!("scenario canary --seed {seed}"), 1);
    }
    for line in [
        "--scale 0.01 --seeds 20",
        "--scale 0.000001",
        "--scale 1.5",
        "--scale 10",
        "--scale 0.01 --expect",
        "--expect",
        "--seeds 8",
        "--json",
        "--quiet --jobs 1",
    ] {
        stdout(&folder, &format!("scenario canary {line}"), 1);
    }
}

#[test]
fn an_expectation_of_a_violation_is_met_by_the_violation() {
    let folder = folder();
    stdout(
        &folder,
        "scenario seven-thirty --strategy no-dedup --expect",
        0,
    );
    stdout(&folder, "scenario seven-thirty canary --expect", 1);
}

#[test]
fn a_list_names_everything_that_can_be_named() {
    let text = stdout(&folder(), "list", 0);
    for name in [
        "doordash-storm",
        "claim-complete",
        "lose-response",
        "stuck-claim",
        "double-click",
        "reference",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    let json = stdout(&folder(), "list --json", 0);
    let list: serde_json::Value = serde_json::from_str(&json).expect("one object");
    assert_eq!(list["scenarios"][0]["name"], "address-change");
    assert_eq!(list["strategies"][0]["name"], "claim-complete");
}
