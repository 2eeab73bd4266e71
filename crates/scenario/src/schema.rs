//! The JSON Schema of scenario files, from the same types as the parser, so that editors complete and check them.

use schemars::Schema;
use schemars::transform::{RecursiveTransform, Transform};

use crate::file::File;

/// The schema as text, the same every time.
pub fn text() -> String {
    let mut schema = schemars::schema_for!(File);
    RecursiveTransform(forget_null).transform(&mut schema);
    let mut value = schema.to_value();
    // Without this, the order of keys would depend on which features other crates ask of the JSON library.
    value.sort_all_objects();
    format!("{value:#}\n")
}

/// TOML has no null: what may be absent is simply not required.
fn forget_null(schema: &mut Schema) {
    if let Some(types) = schema
        .get_mut("type")
        .and_then(|types| types.as_array_mut())
    {
        types.retain(|name| *name != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    let Some(options) = schema.get_mut("anyOf").and_then(|any| any.as_array_mut()) else {
        return;
    };
    let before = options.len();
    options.retain(|option| option.get("type").is_none_or(|name| *name != "null"));
    if let (true, [only]) = (options.len() < before, &options[..])
        && let Some(only) = only.as_object().cloned()
    {
        schema.remove("anyOf");
        only.into_iter().for_each(|(key, value)| {
            schema.insert(key, value);
        });
    }
}
