//! The language by example is a scenario, and leaves nothing out.

use std::collections::BTreeSet;
use std::fs;

use crate::known::{folder, options};
use crate::schema::Schema;

/// The examples of the page, one after another.
fn examples() -> String {
    let page = fs::read_to_string(folder().join("README.md")).expect("the page is there");
    let blocks = page.split("```toml\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .collect()
}

fn keys(value: &serde_json::Value, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                into.insert(key.clone());
                keys(value, into);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| keys(value, into)),
        _ => {}
    }
}

/// Every field name that the schema knows.
fn fields(schema: &serde_json::Value, into: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(object) => {
            if let Some(serde_json::Value::Object(properties)) = object.get("properties") {
                into.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| fields(value, into));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| fields(value, into)),
        _ => {}
    }
}

#[test]
fn the_examples_read_together_are_a_scenario() {
    let plan = match scenario::parse("README.toml", &examples(), &options(1.0)) {
        Ok(plan) => plan,
        Err(mistake) => panic!("{}", mistake.render()),
    };
    // A replica stands still for a time, or for leases.
    assert_eq!(plan.faults.len(), scenario::FaultName::ALL.len() + 1);
    assert_eq!(plan.clients.len(), 4);
}

#[test]
fn every_field_and_every_fault_has_an_example() {
    let table: toml::Table = examples().parse().expect("it is TOML");
    let json = serde_json::to_value(table).expect("TOML fits into JSON");
    let schema = Schema::of_the_types();
    let (mut shown, mut known) = (BTreeSet::new(), BTreeSet::new());
    keys(&json, &mut shown);
    fields(&schema.json, &mut known);
    let missing: Vec<&String> = known.difference(&shown).collect();
    assert!(
        known.len() > 80 && missing.is_empty(),
        "no example of {missing:?}"
    );
    assert_eq!(schema.accepts(&examples()), Ok(()));
}

#[test]
fn the_page_lists_every_scenario() {
    let page = fs::read_to_string(folder().join("README.md")).expect("the page is there");
    for (name, _) in scenario::builtin() {
        assert!(page.contains(&format!("[`{name}`]({name}.toml)")), "{name}");
    }
}
