//! `onceproof check`: histories that were recorded anywhere.

use std::fs;

use super::{folder, onceproof, root, stderr, stdout};

const CONTRACT: &str =
    r#"{"kind":"contract","time_unit":"ms","prices":{"S":100},"stock":{"S":10}}"#;

/// A purchase that ended in so many orders, as a history.
fn purchase(orders: u32) -> String {
    let mut text = format!("{CONTRACT}\n");
    let mut rows = Vec::new();
    for order in 1..=orders {
        let (process, begun, done) = (order - 1, order * 10, order * 10 + 5);
        text += &format!(
            r#"{{"kind":"invoke","t":{begun},"process":{process},"op":"create","tenant":"A","key":"k{order}","intent":"i1","payload":"b1","items":[{{"sku":"S","quantity":1}}]}}
{{"kind":"ok","t":{done},"process":{process},"status":201,"order":"{order}","response":"R{order}"}}
"#
        );
        rows.push(format!(
            r#"{{"id":"{order}","tenant":"A","key":"k{order}","payload":"b1","items":[{{"sku":"S","quantity":1}}],"state":"confirmed","t":{done}}}"#
        ));
    }
    text + &format!(
        "{{\"kind\":\"audit\",\"t\":10000,\"orders\":[{}]}}\n",
        rows.join(",")
    )
}

#[test]
fn one_order_passes_and_two_of_one_purchase_fail_with_a_witness() {
    let folder = folder();
    fs::write(folder.path().join("one.jsonl"), purchase(1)).expect("a file");
    fs::write(folder.path().join("two.jsonl"), purchase(2)).expect("a file");
    let text = stdout(&folder, "check one.jsonl", 0);
    assert!(text.contains("Verdict PASS"), "{text}");
    let text = stdout(&folder, "check one.jsonl two.jsonl", 1);
    assert!(
        text.contains("VIOLATED duplicate-order")
            && text.contains("Witness duplicate-order, intent i"),
        "{text}"
    );
    let lines = stdout(&folder, "check one.jsonl two.jsonl --json", 1);
    let verdicts: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("one object")["verdict"]
                .to_string()
        })
        .collect();
    assert_eq!(verdicts, [r#""pass""#, r#""fail""#]);
}

#[test]
fn what_is_no_history_is_named_with_its_line_and_exits_with_2() {
    let folder = folder();
    fs::write(
        folder.path().join("bad.jsonl"),
        format!("{CONTRACT}\n{{\"kind\":\"nonsense\"}}\n"),
    )
    .expect("a file");
    let said = stderr(&folder, "check bad.jsonl", 2);
    assert!(said.contains("bad.jsonl:2"), "{said}");
    let said = stderr(&folder, "check no-such-file.jsonl", 2);
    assert!(said.contains("no-such-file.jsonl"), "{said}");
}

#[test]
fn a_history_of_our_own_is_judged_as_it_was_when_it_happened() {
    let folder = folder();
    for (strategy, code) in [("claim-complete", 0), ("no-dedup", 1)] {
        stdout(
            &folder,
            &format!("scenario seven-thirty --strategy {strategy} --history h.jsonl"),
            code,
        );
        stdout(&folder, "check h.jsonl", code);
    }
}

/// The page that defines the form.
fn form() -> String {
    fs::read_to_string(root().join("crates/history/JSONL.md")).expect("the page is there")
}

#[test]
fn the_example_of_the_form_is_a_history_that_holds() {
    let (folder, form) = (folder(), form());
    let example = form.split("```jsonl\n").nth(1);
    let example = example.and_then(|rest| rest.split("```").next());
    fs::write(folder.path().join("h.jsonl"), example.expect("an example")).expect("a file");
    let text = stdout(&folder, "check h.jsonl", 0);
    assert!(text.contains("Verdict PASS"), "{text}");
    let help = stdout(&folder, "check --help", 0);
    assert!(help.contains("crates/history/JSONL.md"), "{help}");
}

#[test]
fn the_form_says_every_field_that_is_read() {
    let read = |name: &str| {
        let source = root().join("crates/history/src/jsonl").join(name);
        fs::read_to_string(source).expect("the source is there")
    };
    let source = read("raw.rs") + &read("raw_rows.rs");
    // Fields stand in the records' declarations, one to a line.
    let fields = source.lines().filter_map(|line| {
        let (field, kind) = line.trim().strip_suffix(',')?.split_once(": ")?;
        let is_name = field.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        (is_name && line.starts_with("            ") && !kind.contains('(')).then_some(field)
    });
    let (form, fields) = (form(), fields.collect::<Vec<_>>());
    assert!(fields.len() > 50, "{fields:?}");
    for field in fields {
        let said = [format!("`{field}`"), format!("\"{field}\"")];
        assert!(said.iter().any(|said| form.contains(said)), "{field}");
    }
}

#[test]
fn a_line_of_json_names_the_file_and_its_exit_code_and_every_file_has_one() {
    let folder = folder();
    fs::write(folder.path().join("two.jsonl"), purchase(2)).expect("a file");
    fs::write(folder.path().join("bad.jsonl"), "{\"kind\":\"nonsense\"}\n").expect("a file");
    let text = stdout(&folder, "check two.jsonl bad.jsonl --json", 2);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object"))
        .collect();
    let told = |line: &serde_json::Value| (line["file"].clone(), line["exit"].clone());
    assert_eq!(told(&lines[0]), ("two.jsonl".into(), 1.into()));
    assert_eq!(told(&lines[1]), ("bad.jsonl".into(), 2.into()));
    let rules = lines[0]["rules"].as_array().expect("a list");
    let found = rules.iter().find(|rule| rule["name"] == "duplicate-order");
    let witness = &found.expect("the rule")["witnesses"][0];
    assert!(
        witness["why"].is_string()
            && witness["operations"].is_array()
            && witness["rows"].is_array()
    );
}

#[test]
fn an_export_goes_to_stdout_and_the_verdict_to_stderr() {
    let folder = folder();
    fs::write(folder.path().join("one.jsonl"), purchase(1)).expect("a file");
    let assert = onceproof(&folder, "check one.jsonl --export elle")
        .assert()
        .code(0);
    let output = assert.get_output();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("{:index 0, :type :invoke"), "{text}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Verdict PASS"));
}
