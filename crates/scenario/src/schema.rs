//! The JSON Schema of scenario files, from the same types as the parser, so that editors complete and check them.

use crate::file::File;

/// The schema as text, the same every time.
pub fn text() -> String {
    let mut schema = schemars::schema_for!(File).to_value();
    // Without this, the order of keys would depend on which features other crates ask of the JSON library.
    schema.sort_all_objects();
    format!("{schema:#}\n")
}
