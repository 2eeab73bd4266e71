//! The committed schema is the one the types give, and the committed files satisfy it.

use std::fs;

use crate::known::folder;

#[test]
fn the_committed_schema_is_what_the_types_give() {
    let path = folder().join("schema.json");
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let fresh = scenario::schema::text();
    if committed != fresh {
        let beside = std::env::temp_dir().join("onceproof-schema.json");
        fs::write(&beside, &fresh).expect("a temporary file can be written");
        panic!(
            "{} is out of date; regenerate it with\n  cargo run -- schema scenario > scenarios/schema.json\nor copy {}",
            path.display(),
            beside.display()
        );
    }
}

#[test]
fn every_scenario_file_satisfies_the_schema() {
    let schema: serde_json::Value =
        serde_json::from_str(&scenario::schema::text()).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    for (name, text) in scenario::builtin() {
        let table: toml::Table = text.parse().expect("it is TOML");
        let json = serde_json::to_value(table).expect("TOML fits into JSON");
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let schema: serde_json::Value =
        serde_json::from_str(&scenario::schema::text()).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let (_, text) = scenario::builtin()[0];
    for (from, to) in [
        ("uplink = \"40ms\"", "uplink = \"40 ms\""),
        ("uplink = \"40ms\"", "uplnk = \"40ms\""),
        (
            "uplink = \"40ms\"",
            "uplink = { uniform = [\"1s\", \"2s\"], exponential = \"1s\" }",
        ),
        ("key = \"none\"", "key = \"sometimes\""),
        ("intents = 1", "intentions = 1"),
    ] {
        assert!(text.contains(from));
        let table: toml::Table = text.replace(from, to).parse().expect("it is TOML");
        let json = serde_json::to_value(table).expect("TOML fits into JSON");
        assert!(!validator.is_valid(&json), "{to}");
    }
}
