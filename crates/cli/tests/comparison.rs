//! `onceproof compare`: it measures and does not judge; its text fits, its lines are JSON, its page is the same every time.

use std::fs;

use super::{folder, onceproof, stderr, stdout};

#[test]
fn a_comparison_exits_with_0_whoever_breaks_what() {
    let text = stdout(&folder(), "compare canary --strategies no-dedup --quiet", 0);
    assert!(text.contains("duplicate-order"), "{text}");
    assert!(text.contains("stated to prevent 0 %"), "{text}");
}

#[test]
fn a_comparison_fits_a_terminal() {
    let line = "compare seven-thirty million-a-day doordash-storm --scale 0.002 --seeds 3 --quiet";
    let text = stdout(&folder(), line, 0);
    // Losers of its races got five different statuses.
    let text = text + &stdout(&folder(), "compare key-reuse --seeds 1 --quiet", 0);
    let wide = text.lines().find(|line| line.chars().count() > 100);
    assert_eq!(wide, None);
    let strategies = text.matches("claim-complete").count();
    assert!(strategies >= 4 * 5, "every table has a line of it: {text}");
}

#[test]
fn what_is_named_twice_is_compared_once_and_that_is_said() {
    let line = "compare canary --strategies token,no-dedup,token,token --seeds 1 --quiet";
    let said = stderr(&folder(), line, 0);
    assert_eq!(
        said,
        "note: `token` is named more than once; it is compared once\n"
    );
    let line = "compare canary canary --strategies token --seeds 1 --quiet";
    let said = stderr(&folder(), line, 0);
    assert!(said.starts_with("note: `canary` is named"), "{said}");
}

#[test]
fn a_comparison_has_one_object_per_scenario() {
    let line = "compare canary seven-thirty canary --strategies token,no-dedup,token --seeds 5 --json --quiet";
    let text = stdout(&folder(), line, 0);
    let objects: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    let names: Vec<_> = objects.iter().map(|object| &object["scenario"]).collect();
    assert_eq!(names, ["canary", "seven-thirty"]);
    for object in &objects {
        let rows = object["strategies"].as_array().expect("a list");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["strategy"], "token");
        assert_eq!(rows[1]["extra_orders"], 5);
        assert_eq!(rows[1]["prevention"]["share"], 0.0);
        assert_eq!(rows[1]["avoided"]["share"], 0.0);
        assert_eq!(rows[1]["stated"]["source"], "seed 002, line 973");
        assert_eq!(rows[1]["broken"][0]["rule"], "duplicate-order");
    }
    assert_eq!(
        objects[1]["reproduce"],
        "cargo run -- compare seven-thirty --strategies token,no-dedup --seeds 5 --scale 1"
    );
}

#[test]
fn the_page_is_the_same_on_any_number_of_cores_and_has_a_section_per_scenario() {
    let folder = folder();
    let page = |jobs: u32| {
        let line = format!(
            "compare --all --scale 0.0002 --seeds 2 --strategies token,no-dedup --jobs {jobs} --quiet --report page.md"
        );
        stdout(&folder, &line, 0);
        fs::read_to_string(folder.path().join("page.md")).expect("the page is written")
    };
    let one = page(1);
    assert_eq!(one, page(3));
    assert!(
        one.contains("--strategies token,no-dedup --seeds 2 --scale 0.0002 --report page.md"),
        "{one}"
    );
    let mut lines = one.lines();
    let row = lines.find(|line| line.starts_with("| `no-dedup` |"));
    assert!(row.is_some_and(|row| row.contains("| 0 % (2) |")), "{one}");
    for name in ["canary", "doordash-storm", "million-a-day", "seven-thirty"] {
        assert!(one.contains(&format!("\n## {name}\n")), "{name}");
    }
}

#[test]
fn a_page_that_cannot_be_written_is_a_failure_of_the_harness() {
    let line = "compare canary --strategies token --quiet --report no/such/folder/page.md";
    onceproof(&folder(), line).assert().code(3);
}
