//! The JSON Schemas of `run.json` and of comparisons, from the same types that write them.

use schemars::Schema;

use crate::comparison::Comparison;
use crate::run::Run;

/// The schema of `run.json` as text, the same every time.
pub fn run() -> String {
    text(schemars::schema_for!(Run))
}

/// The schema of what `onceproof compare --json` prints for a scenario.
pub fn comparison() -> String {
    text(schemars::schema_for!(Comparison))
}

fn text(schema: Schema) -> String {
    let mut schema = schema.to_value();
    // Without this, the order of keys would depend on which features other crates ask of the JSON library.
    schema.sort_all_objects();
    format!("{schema:#}\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schemas_are_those_of_the_types() {
        for (of, written, committed) in [
            ("run", super::run(), include_str!("../run.schema.json")),
            (
                "comparison",
                super::comparison(),
                include_str!("../comparison.schema.json"),
            ),
        ] {
            assert!(
                committed == written,
                "run `cargo run -- schema {of} > crates/report/{of}.schema.json`"
            );
        }
    }
}
