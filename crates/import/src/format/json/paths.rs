//! Takes a few values out of a JSON object without building the rest of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::format::text::same_header;

/// The paths that are looked for: a tree of names.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    root: Node,
    slots: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<Child>,
    /// The slot of the path that ends here.
    slot: Option<usize>,
}

#[derive(Clone, Debug)]
struct Child {
    name: String,
    /// A header: case, hyphens and underscores do not matter.
    header: bool,
    node: Node,
}

impl Child {
    fn is(&self, name: &str) -> bool {
        match self.header {
            true => same_header(&self.name, name),
            false => self.name == name,
        }
    }
}

impl Paths {
    /// Adds a path with dots between its names, and returns its slot. It is also found as one name with dots in it, as flat logs
    /// write it.
    pub fn add(&mut self, path: &str) -> usize {
        self.insert(path, false)
    }

    /// The same for a path whose last name is that of a header.
    pub fn add_header(&mut self, path: &str) -> usize {
        self.insert(path, true)
    }

    fn insert(&mut self, path: &str, header: bool) -> usize {
        let names: Vec<&str> = path.split('.').collect();
        let slot = self.root.reach(&names, header).slot;
        let slot = slot.unwrap_or(self.slots);
        self.slots = self.slots.max(slot + 1);
        self.root.reach(&names, header).slot = Some(slot);
        if names.len() > 1 {
            self.root.reach(&[path], header).slot = Some(slot);
        }
        slot
    }

    /// Reads an object.
    ///
    /// # Errors
    ///
    /// Says at which column it is no JSON object.
    pub fn read<'l>(&self, line: &'l str) -> Result<Found<'l>, String> {
        let mut found = Found(vec![None; self.slots]);
        let mut json = serde_json::Deserializer::from_str(line);
        let seed = Walk {
            node: &self.root,
            found: &mut found,
        };
        let read = seed.deserialize(&mut json).and_then(|()| json.end());
        read.map_err(|error| {
            format!(
                "column {}: no JSON object: {}",
                error.column(),
                message(&error)
            )
        })?;
        Ok(found)
    }
}

/// An error's text without its place, which the mistake has already.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

impl Node {
    fn reach(&mut self, names: &[&str], header: bool) -> &mut Node {
        let Some((name, rest)) = names.split_first() else {
            return self;
        };
        let header_here = header && rest.is_empty();
        let same = |child: &Child| child.name == *name && child.header == header_here;
        let at = self.children.iter().position(same).unwrap_or_else(|| {
            let child = Child {
                name: (*name).to_owned(),
                header: header_here,
                node: Node::default(),
            };
            self.children.push(child);
            self.children.len() - 1
        });
        self.children[at].node.reach(rest, header)
    }
}

/// What was found, by slot.
#[derive(Clone, Debug)]
pub struct Found<'l>(Vec<Option<&'l RawValue>>);

impl<'l> Found<'l> {
    /// The value of a slot as a text: a string's content, the first of a list of strings, anything else as its JSON; `None` if it
    /// is absent or null.
    pub fn text(&self, slot: usize) -> Option<Cow<'l, str>> {
        plain(self.0.get(slot).copied().flatten()?)
    }
}

fn plain(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    match json.as_bytes() {
        [b'"', .., b'"'] if !json.contains('\\') => Some(Cow::Borrowed(&json[1..json.len() - 1])),
        [b'"', ..] => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        [b'[', ..] => {
            // Headers are lists of their values; any other list is unchanged.
            let first = serde_json::from_str::<Vec<&RawValue>>(json).ok()?;
            match first.as_slice() {
                [first, ..] if first.get().starts_with('"') => plain(first),
                _ => Some(Cow::Borrowed(json)),
            }
        }
        b"null" => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// What a JSON pointer (RFC 6901) finds in a JSON text: a string's content, anything else as JSON. The empty pointer is the whole
/// text, whatever it is.
pub fn pointed(text: &str, pointer: &str) -> Option<String> {
    if pointer.is_empty() {
        return Some(text.to_owned());
    }
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    shown(value.pointer(pointer)?)
}

/// A value as a text: a string's content, anything else as JSON; `None` for null.
pub fn shown(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Walks through an object and keeps what the paths name.
struct Walk<'p, 'f, 'l> {
    node: &'p Node,
    found: &'f mut Found<'l>,
}

impl<'l> DeserializeSeed<'l> for Walk<'_, '_, 'l> {
    type Value = ();

    fn deserialize<D: Deserializer<'l>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'l> Visitor<'l> for Walk<'_, '_, 'l> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'l>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Name<'l>>()? {
            let mut nodes = self
                .node
                .children
                .iter()
                .filter(|child| child.is(&name.0))
                .map(|child| &child.node)
                .peekable();
            if nodes.peek().is_none() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: &'l RawValue = map.next_value()?;
            for node in nodes {
                keep(node, value, self.found);
            }
        }
        Ok(())
    }
}

/// Keeps a value, and looks for more inside of it.
fn keep<'l>(node: &Node, value: &'l RawValue, found: &mut Found<'l>) {
    if let Some(slot) = node.slot {
        found.0[slot] = Some(value);
    }
    if !node.children.is_empty() && value.get().starts_with('{') {
        let mut json = serde_json::Deserializer::from_str(value.get());
        let inside = Walk { node, found }.deserialize(&mut json);
        debug_assert!(inside.is_ok(), "it was read once already");
    }
}

/// The name of a field, borrowed if nothing in it is escaped.
struct Name<'l>(Cow<'l, str>);

impl<'l> Deserialize<'l> for Name<'l> {
    fn deserialize<D: Deserializer<'l>>(deserializer: D) -> Result<Name<'l>, D::Error> {
        struct Text;
        impl<'l> Visitor<'l> for Text {
            type Value = Name<'l>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'l str) -> Result<Name<'l>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Name<'l>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn values_are_found_nested_flat_and_under_headers_of_any_spelling() {
        let mut paths = Paths::default();
        let (nested, key, list) = (
            paths.add("req.method"),
            paths.add_header("headers.Idempotency-Key"),
            paths.add("list"),
        );
        let number = paths.add("n");
        let line = r#"{"req":{"url":"/","method":"POST"},"headers":{"idempotency_key":["k\"1","k2"]},"list":[1,2],"n":1.50}"#;
        let found = paths.read(line).expect("an object");
        assert_eq!(found.text(nested).as_deref(), Some("POST"));
        assert_eq!(found.text(key).as_deref(), Some("k\"1"));
        assert_eq!(found.text(list).as_deref(), Some("[1,2]"));
        assert_eq!(
            found.text(number).as_deref(),
            Some("1.50"),
            "digits stay as they are"
        );
        let flat = paths
            .read(r#"{"req.method":"GET","n":null}"#)
            .expect("an object");
        assert_eq!(flat.text(nested).as_deref(), Some("GET"));
        assert_eq!(flat.text(number), None);
    }

    #[test]
    fn a_path_that_leads_through_another_finds_both() {
        let mut paths = Paths::default();
        let (whole, inside) = (paths.add("request"), paths.add("request.method"));
        assert_eq!(paths.add("request"), whole);
        let found = paths
            .read(r#"{"request":{"method":"POST"}}"#)
            .expect("an object");
        assert_eq!(found.text(whole).as_deref(), Some(r#"{"method":"POST"}"#));
        assert_eq!(found.text(inside).as_deref(), Some("POST"));
        let line = paths
            .read(r#"{"request":"POST / HTTP/1.1"}"#)
            .expect("an object");
        assert_eq!(
            (line.text(whole).as_deref(), line.text(inside)),
            (Some("POST / HTTP/1.1"), None)
        );
    }

    #[test]
    fn what_is_no_object_is_told_with_its_column() {
        let said = Paths::default().read(r#"{"a":1"#).expect_err("cut off");
        assert!(said.starts_with("column 6: no JSON object"), "{said}");
        assert!(Paths::default().read("[1]").is_err());
        assert!(Paths::default().read(r#"{"a":1} x"#).is_err());
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "\\PC*|[{}\\[\\]\":,a.0-9\\\\ ]*") {
            let mut paths = Paths::default();
            paths.add("a.a");
            paths.add_header("a.0");
            if let Ok(found) = paths.read(&line) {
                found.text(0);
            }
            pointed(&line, "/a");
        }
    }
}
