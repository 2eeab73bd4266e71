//! The sections of a file, from its types: which are lists (`[[...]]`) and which are tables (`[...]`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::file::File;

/// What a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// A list of tables.
    List,
    /// A single table.
    Table,
}

/// The section of this name, which is that of the one around it, a point and its own.
pub(super) fn section(name: &str) -> Option<Section> {
    static SECTIONS: LazyLock<BTreeMap<String, Section>> = LazyLock::new(|| {
        let schema = schemars::schema_for!(File).to_value();
        let mut sections = BTreeMap::new();
        collect(&schema, &schema, "", &mut sections);
        sections
    });
    SECTIONS.get(name).copied()
}

/// Every section below a table.
fn collect(table: &Value, root: &Value, around: &str, found: &mut BTreeMap<String, Section>) {
    let properties = table["properties"].as_object();
    for (name, property) in properties.into_iter().flatten() {
        let property = meant(property, root);
        let (section, inner) = match property.get("items") {
            Some(items) => (Section::List, meant(items, root)),
            None => (Section::Table, property),
        };
        if is_table(inner) {
            let name = format!("{around}{name}");
            collect(inner, root, &format!("{name}."), found);
            found.insert(name, section);
        }
    }
}

/// What a property refers to, whether or not it may be absent.
fn meant<'a>(property: &'a Value, root: &'a Value) -> &'a Value {
    let mut options = property["anyOf"].as_array().into_iter().flatten();
    let only = options.find(|option| option["type"] != "null");
    let property = only.unwrap_or(property);
    let reference = property["$ref"].as_str();
    let place = reference.and_then(|reference| reference.strip_prefix('#'));
    place
        .and_then(|place| root.pointer(place))
        .unwrap_or(property)
}

/// Whether it is written as a table, whichever of its forms it has.
fn is_table(schema: &Value) -> bool {
    let forms = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    match forms {
        Some(forms) => forms.iter().all(is_table),
        None => {
            schema["type"] == "object"
                || schema["type"]
                    .as_array()
                    .is_some_and(|types| types.iter().any(|name| name == "object"))
        }
    }
}
