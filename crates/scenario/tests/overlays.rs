//! What an overlay adds to a story, and what it leaves.

use scenario::{Library, Mistake, Options, Overlay, Plan, builtin, parse};

use crate::known::{folder, options};

fn over(story: &str, text: &str) -> Result<Plan, Mistake> {
    let (name, scenario) = builtin()
        .iter()
        .find(|(name, _)| *name == story)
        .expect("it comes with the program");
    let overlay = Overlay {
        called: "rain".into(),
        source_name: "rain.toml".into(),
        text: text.into(),
    };
    let options = Options {
        overlay: Some(overlay),
        ..options(1.0)
    };
    parse(name, scenario, &options)
}

#[test]
fn its_faults_come_after_the_storys_and_nothing_is_expected_any_more() {
    let rain = r#"
        story = "It rains."
        [[fault]]
        lose-response = { chance = 0.5, client = "ios" }
        [[fault]]
        lose-response = { chance = 0.1, window = { from = "1h", until = "3d" } }
    "#;
    let plan = over("doordash-storm", rain).expect("an overlay");
    let names: Vec<&str> = plan.faults.iter().map(|fault| &*fault.name).collect();
    // The story's own is called as without the overlay, so that its chances stay the same.
    assert_eq!(
        names,
        ["lose-response", "lose-response-2", "lose-response-3"]
    );
    assert_eq!(plan.faults[1].client, plan.faults[0].client);
    assert!(plan.expect.is_empty() && !plan.coverage.is_empty());
    assert_eq!(plan.overlay.as_deref(), Some("rain"));
}

#[test]
fn the_share_that_must_succeed_is_that_of_the_story_as_it_stands() {
    let rain = "story = \"It rains.\"\n[[fault]]\nlose-request = { chance = 1 }";
    let plan = over("legit-repeat", rain).expect("an overlay");
    assert_eq!(plan.contract.success_floor_ppm, None);
    assert_eq!(plan.contract.recovery_deadline_us, 120_000_000);
}

#[test]
fn a_mistake_in_it_is_pointed_at_in_its_own_text() {
    for (text, at, says) in [
        (
            "story = \"x\"\n[[fault]]\nlose-reqest = { chance = 1 }",
            "lose-reqest",
            "unknown fault",
        ),
        (
            "story = \"x\"\n[[fault]]\nlose-request = { chance = 2 }",
            "2",
            "not a probability",
        ),
        (
            "story = \"x\"\n[[fault]]\nlose-request = { chance = 1, client = \"no\" }",
            "\"no\"",
            "unknown client",
        ),
        (
            "story = \"x\"\n[load]\nintents = 1",
            "load",
            "unknown field `load`",
        ),
        ("story = \"x\"", "\"x\"", "nothing goes wrong"),
    ] {
        let mistake = over("seven-thirty", text).expect_err("refused");
        let rendered = mistake.render();
        let offset = mistake.offset().expect("it has a place");
        assert!(text[offset..].starts_with(at), "{rendered}");
        assert!(mistake.to_string().contains(says), "{rendered}");
        assert!(rendered.contains("rain.toml"), "{rendered}");
    }
}

#[test]
fn chaos_composes_with_every_scenario_that_there_is() {
    let chaos = Library::at(folder()).overlay("chaos").expect("it is there");
    assert_eq!(
        chaos,
        Library::at("no-such-folder")
            .overlay("chaos")
            .map(|found| Overlay {
                source_name: chaos.source_name.clone(),
                ..found
            })
            .expect("it comes with the program")
    );
    for (name, text) in builtin() {
        let options = Options {
            overlay: Some(chaos.clone()),
            ..options(1.0)
        };
        let alone = parse(name, text, &crate::known::options(1.0)).expect("a scenario");
        let plan = parse(name, text, &options).unwrap_or_else(|e| panic!("{}", e.render()));
        assert_eq!(plan.faults.len(), alone.faults.len() + 12, "{name}");
        assert_eq!(plan.faults[..alone.faults.len()], alone.faults);
    }
}

#[test]
fn a_window_comes_again() {
    let chaos = Library::at(folder()).overlay("chaos").expect("it is there");
    let plan = over("seven-thirty", &chaos.text).expect("an overlay");
    let failover = plan
        .faults
        .iter()
        .find_map(|fault| fault.window)
        .expect("a window");
    let at = |s: u64| failover.contains(s * 1_000_000);
    assert_eq!(
        [at(0), at(299), at(300), at(309), at(310)],
        [false, false, true, true, false]
    );
    assert_eq!(
        [at(899), at(900), at(909), at(910)],
        [false, true, true, false]
    );
}
