//! The scenarios that come with the program: what their files say is what their stories need.

use explore::Distribution;
use scenario::{FaultKind, KeyPolicy, Library, Options, Plan, Scale, builtin, load, parse};

use crate::known::{folder, options, strategy};

fn plan(name: &str) -> Plan {
    scaled(name, 1.0)
}

fn scaled(name: &str, scale: f64) -> Plan {
    match Library::at(folder()).load(name, &options(scale)) {
        Ok(plan) => plan,
        Err(mistake) => panic!("{}", mistake.render()),
    }
}

/// The average order in minor units, by weights.
fn average(plan: &Plan) -> f64 {
    let baskets = plan.shop.baskets.iter();
    let total = |lines: &[(usize, u32)]| -> i64 {
        let minor = |(sku, n): &(usize, u32)| plan.shop.skus[*sku].price.minor() * i64::from(*n);
        lines.iter().map(minor).sum()
    };
    baskets
        .map(|basket| basket.weight * total(&basket.lines) as f64)
        .sum()
}

#[test]
fn a_file_that_is_no_text_is_pointed_at_and_one_without_its_ending_is_told() {
    let folder = std::env::temp_dir().join(format!("onceproof-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let said = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("a file");
        let path = path.display().to_string();
        let mistake = Library::at(&folder)
            .load(&path, &options(1.0))
            .expect_err("no scenario");
        (mistake.offset(), mistake.render())
    };
    let (offset, text) = said("bytes.toml", b"story = \"caf\xe9\"\n");
    assert_eq!(offset, Some(12), "{text}");
    assert!(
        text.contains("this is not UTF-8") && text.contains("bytes.toml:1:13"),
        "{text}"
    );
    let (_, text) = said("dinner.json", b"{}");
    assert!(text.contains("does not end in `.toml`"), "{text}");
    std::fs::remove_dir_all(&folder).expect("our own folder");
}

#[test]
fn every_file_of_the_folder_comes_with_the_program_word_for_word() {
    let names: Vec<String> = Library::at(folder())
        .list()
        .into_iter()
        .map(|e| e.name)
        .collect();
    let ours: Vec<&str> = builtin().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ours);
    for (name, text) in builtin() {
        let (_, found) = Library::at(folder())
            .text(name)
            .expect("it is in the folder");
        assert_eq!(found, *text);
    }
}

#[test]
fn every_file_loads_and_carries_its_name_and_its_story() {
    for (name, _) in builtin() {
        let plan = plan(name);
        assert_eq!(plan.name, *name);
        assert!(plan.story.len() > 100 && !plan.story.contains('\n'));
        assert!(!plan.coverage.is_empty() && !plan.expect.is_empty());
        assert!((plan.clients.iter().map(|c| c.share).sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn scenarios_load_by_name_where_there_is_no_folder() {
    let plan = load("seven-thirty", &options(1.0)).expect("it comes with the program");
    assert_eq!(plan.name, "seven-thirty");
    let entries = Library::at("no-such-folder").list();
    assert_eq!(entries.len(), builtin().len());
    assert!(
        entries.iter().all(|entry| entry.summary.len() > 20),
        "{entries:?}"
    );
}

#[test]
fn a_list_shows_the_first_sentence_of_each_story() {
    let entries = Library::at(folder()).list();
    let storm = entries
        .iter()
        .find(|entry| entry.name == "doordash-storm")
        .expect("listed");
    assert_eq!(
        storm.summary,
        "For 24 hours the replies of a delivery service get lost on their way to its iOS app, and the app orders again."
    );
}

#[test]
fn seven_thirty_receives_both_requests_within_the_same_second() {
    let plan = plan("seven-thirty");
    assert_eq!(plan.load.intents, 1);
    assert_eq!(
        plan.load.starts_at_us,
        (19 * 3600 + 30 * 60 + 5) * 1_000_000
    );
    let basket = &plan.shop.baskets[0];
    assert_eq!(basket.lines, [(0, 2), (1, 1)]);
    assert_eq!(average(&plan), 3_500.0);
    let [first, second] = &plan.clients[0].taps[..] else {
        panic!("two taps")
    };
    let only = |delay: &scenario::Delay| delay.parts[0].1;
    assert_eq!(only(&first.after), Distribution::Constant(1_000_000));
    assert_eq!(
        first.uplink.as_ref().map(only),
        Some(Distribution::Constant(6_000_000))
    );
    assert_eq!(only(&second.after), Distribution::Constant(5_000_000));
    // Sent at :11, so 1.00 to 1.99 s later it is :12.00 to :12.99.
    assert_eq!(
        second.uplink.as_ref().map(only),
        Some(Distribution::Uniform(1_000_000, 1_990_000))
    );
    assert_eq!(plan.clients[0].key, KeyPolicy::None);
    assert!(plan.clients[0].timeout_us.is_none() && plan.clients[0].retry.is_none());
}

#[test]
fn a_million_a_day_means_fifty_thousand_second_taps_worth_a_million_and_a_half() {
    let plan = plan("million-a-day");
    assert_eq!(
        (plan.load.intents, plan.load.over_us),
        (1_000_000, 86_400_000_000)
    );
    assert_eq!(plan.clients[0].taps[1].chance, 0.05);
    assert_eq!(average(&plan), 3_000.0);
    let peak = plan.load.peak.expect("dinner");
    assert_eq!(peak.factor, 4.0);
    assert_eq!(
        peak.window.until_us - peak.window.from_us,
        3 * 3_600_000_000
    );
    assert_eq!(plan.clients[0].taps[1].after.parts.len(), 2);
}

#[test]
fn the_storm_means_half_a_million_extra_orders_worth_fifteen_millions() {
    let plan = plan("doordash-storm");
    let fault = &plan.faults[0];
    assert_eq!(fault.kind, FaultKind::LoseResponse { reset: 0.7 });
    assert_eq!(plan.clients[fault.client.expect("one app's")].name, "ios");
    let retry = plan.clients[0].retry.as_ref().expect("it retries");
    assert!(retry.on_reset && retry.on_timeout && !retry.on_unavailable);
    // One extra order for each reply that is lost while a retry is left.
    let p = fault.chance;
    let per_intent: f64 = (1..=retry.max as i32).map(|k| p.powi(k)).sum();
    let extra = plan.load.intents as f64 * plan.clients[0].share * per_intent;
    assert!((extra - 500_000.0).abs() < 1_000.0, "{extra}");
    assert_eq!(average(&plan), 3_000.0);
}

#[test]
fn the_canary_expects_what_cannot_be() {
    let plan = plan("canary");
    assert_eq!(plan.strategy, strategy("no-dedup"));
    let [expect] = &plan.expect[..] else {
        panic!("one expectation")
    };
    assert_eq!(expect.strategy, Some(strategy("no-dedup")));
    assert!(expect.violates.is_empty());
}

#[test]
fn a_scale_divides_the_load_and_the_stock_but_not_the_time() {
    let small = scaled("doordash-storm", 0.0001);
    assert_eq!(small.load.intents, 297);
    assert_eq!(small.shop.skus[0].stock, 20);
    assert_eq!(small.load.over_us, 86_400_000_000);
    assert_eq!(small.scale, 0.0001);
    assert_eq!(scaled("seven-thirty", 0.001).load.intents, 1);
    assert_eq!(scaled("million-a-day", 2.0).load.intents, 2_000_000);
    for scale in [0.0, -1.0, 11.0, f64::NAN] {
        assert!(load("seven-thirty", &options(scale)).is_err());
    }
}

#[test]
fn a_gate_is_the_scale_that_the_file_states_and_all_of_it_where_it_states_none() {
    let at_the_gate = |text: &str| {
        let options = Options {
            scale: Scale::Gate,
            ..options(1.0)
        };
        let plan = parse("gated.toml", text, &options).expect("a scenario");
        (plan.scale, plan.load.intents)
    };
    let (_, text) = builtin()
        .iter()
        .find(|(name, _)| *name == "million-a-day")
        .expect("it comes with the program");
    assert_eq!(at_the_gate(text), (0.01, 10_000));
    let text = text.replace("gate = \"1%\"\n", "");
    assert_eq!(at_the_gate(&text), (1.0, 1_000_000));
}

#[test]
fn a_story_of_one_intent_keeps_its_whole_stock_at_every_scale_below_one() {
    for name in ["seven-thirty", "canary"] {
        for scale in [1.0, 0.5, 0.01, 1e-9] {
            let small = scaled(name, scale);
            assert_eq!((small.load.intents, small.shop.skus[0].stock), (1, 100));
        }
        assert_eq!(scaled(name, 10.0).shop.skus[0].stock, 1_000);
    }
}

#[test]
fn the_stock_follows_the_intents_that_are_left_and_not_the_scale() {
    let intents_and_stock = |intents: &str, stock: &str, scale: f64| {
        let (_, text) = builtin()
            .iter()
            .find(|(name, _)| *name == "canary")
            .expect("it comes with the program");
        let text = text.replace("intents = 1\n", &format!("intents = {intents}\n"));
        let text = text.replace("stock = 100\n", &format!("stock = {stock}\n"));
        let plan = parse("small.toml", &text, &options(scale)).expect("a scenario");
        (plan.load.intents, plan.shop.skus[0].stock)
    };
    // 3 x 0.5 is 1.5, which is 2 of 3 intents: two thirds of 100, rounded up.
    assert_eq!(intents_and_stock("3", "100", 0.5), (2, 67));
    // 200 x 0.001 is none, which is raised to 1 of 200.
    assert_eq!(intents_and_stock("200", "100", 0.001), (1, 1));
    assert_eq!(
        intents_and_stock("200", "400_000_000", 10.0),
        (2_000, 4_000_000_000)
    );
    assert_eq!(intents_and_stock("200", "0", 0.5), (100, 0));
}
