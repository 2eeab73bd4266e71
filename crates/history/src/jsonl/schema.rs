//! The JSON Schema of a line, from the shapes by which lines are read.

use serde_json::{Map, Value, json};

use super::kinds::KINDS;
use super::shape::{Record, Shape};

/// The JSON Schema of a line of a history, with a line end.
pub fn schema() -> String {
    let lines: Vec<Value> = KINDS
        .iter()
        .map(|(kind, shape)| line(kind, *shape))
        .collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a history",
        "description": "crates/history/JSONL.md is the definition: the first line is a contract, and the order of the others does not matter.",
        "oneOf": lines,
    });
    let text = serde_json::to_string_pretty(&schema).expect("a value is JSON");
    text + "\n"
}

/// A line of a kind: its fields, and `kind` itself.
fn line(kind: &str, shape: Shape) -> Value {
    let Shape::Record(record) = shape else {
        unreachable!("every kind of line is an object")
    };
    let mut object = object(record);
    object["title"] = json!(kind);
    object["properties"]["kind"] = json!({ "const": kind });
    if let Some(required) = object["required"].as_array_mut() {
        required.insert(0, json!("kind"));
    }
    object
}

fn object(record: &Record) -> Value {
    let mut properties = Map::new();
    for field in record.fields {
        let mut of_field = value(field.shape);
        of_field["description"] = json!(field.about.trim());
        properties.insert(field.name.to_owned(), of_field);
    }
    let required = record.fields.iter().filter(|field| field.is_required);
    let required: Vec<&str> = required.map(|field| field.name).collect();
    json!({
        "description": record.about.trim(),
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

fn value(shape: Shape) -> Value {
    match shape {
        Shape::Name => json!({ "type": ["string", "integer"] }),
        Shape::Time => {
            json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "format": "date-time" }] })
        }
        Shape::Count => json!({ "type": "integer", "minimum": 0 }),
        Shape::Small => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Shape::Integer => json!({ "type": "integer" }),
        Shape::Amount => {
            json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?$" }] })
        }
        Shape::Status => status(),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Words(words) => json!({ "enum": words }),
        Shape::StatusOr(words) => json!({ "anyOf": [status(), { "enum": words }] }),
        Shape::Any => json!({}),
        Shape::List(each) => json!({ "type": "array", "items": value(*each) }),
        Shape::Map(each) => json!({ "type": "object", "additionalProperties": value(*each) }),
        Shape::Record(record) => object(record),
    }
}

fn status() -> Value {
    json!({ "anyOf": [{ "type": "integer", "minimum": 0, "maximum": 999 }, { "type": "string", "pattern": "^[0-9]{1,3}$" }] })
}
