//! The JSON Schema of `run.json`, from the same types that write it.

use crate::run::Run;

/// The schema as text, the same every time.
pub fn text() -> String {
    let mut schema = schemars::schema_for!(Run).to_value();
    // Without this, the order of keys would depend on which features other crates ask of the JSON library.
    schema.sort_all_objects();
    format!("{schema:#}\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_the_one_of_the_types() {
        let committed = include_str!("../run.schema.json");
        assert!(
            committed == super::text(),
            "run `cargo run -- schema run > crates/report/run.schema.json`"
        );
    }
}
