//! The committed schema is the one the types give, and the committed files satisfy it.

use std::fs;

use boon::{Compiler, SchemaIndex, Schemas};

use crate::known::folder;

/// The schema that the types give, ready to validate.
pub struct Schema {
    pub json: serde_json::Value,
    schemas: Schemas,
    root: SchemaIndex,
}

impl Schema {
    pub fn of_the_types() -> Schema {
        let json: serde_json::Value =
            serde_json::from_str(&scenario::schema::text()).expect("the schema is JSON");
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler
            .add_resource("schema.json", json.clone())
            .expect("the schema can be read");
        let root = compiler
            .compile("schema.json", &mut schemas)
            .expect("the schema is a schema");
        Schema {
            json,
            schemas,
            root,
        }
    }

    /// # Errors
    /// What is wrong with a file, and where.
    pub fn accepts(&self, toml: &str) -> Result<(), String> {
        let table: toml::Table = toml.parse().expect("it is TOML");
        let json = serde_json::to_value(table).expect("TOML fits into JSON");
        self.schemas
            .validate(&json, self.root)
            .map_err(|error| error.to_string())
    }
}

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
    let schema = Schema::of_the_types();
    for (name, text) in scenario::builtin() {
        assert_eq!(schema.accepts(text), Ok(()), "{name}");
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let schema = Schema::of_the_types();
    let mut files = scenario::builtin().iter();
    let (_, text) = files
        .find(|(name, _)| *name == "canary")
        .expect("it is there");
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
        assert!(schema.accepts(&text.replace(from, to)).is_err(), "{to}");
    }
}
