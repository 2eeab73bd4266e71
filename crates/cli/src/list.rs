//! `onceproof list` and `onceproof schema`: what can be named, and the forms of files.

use runner::known::{self, known};
use scenario::{Library, Mistake, Options, Scale};
use serde_json::{Value, json};

use crate::args::SchemaOf;
use crate::exit::Exit;
use crate::output::{Output, say};

/// Prints everything that a scenario file or a command line may name; or which scenarios cover what.
pub fn run(uses: bool, json: bool, output: &mut Output) -> Exit {
    let sections = match uses.then(tried).unwrap_or_else(|| Ok(names())) {
        Ok(sections) => sections,
        Err(mistake) => {
            say(&mistake.render());
            return Exit::Malformed;
        }
    };
    output.print(&match json {
        true => format!("{}\n", object(sections)),
        false => text(sections),
    });
    Exit::Ok
}

/// Prints a JSON Schema.
pub fn schema(of: SchemaOf, output: &mut Output) -> Exit {
    output.print(&match of {
        SchemaOf::Scenario => scenario::schema::text(),
        SchemaOf::Run => report::schema::run(),
        SchemaOf::Comparison => report::schema::comparison(),
        SchemaOf::History => history::jsonl::schema(),
    });
    Exit::Ok
}

/// Names under a heading, each with a line about it if there is one.
type Section = (&'static str, Vec<(String, String)>);

fn names() -> Vec<Section> {
    let about = |named: known::Named| (named.name.to_owned(), named.about.to_owned());
    let bare = |name: &str| (name.to_owned(), String::new());
    let library = Library::at("scenarios");
    let scenarios = library.list().into_iter();
    let overlays = library.overlays().into_iter();
    vec![
        (
            "scenarios",
            scenarios.map(|entry| (entry.name, entry.summary)).collect(),
        ),
        (
            "overlays",
            overlays.map(|entry| (entry.name, entry.summary)).collect(),
        ),
        ("strategies", known::strategies().map(about).collect()),
        ("faults", known::faults().map(bare).collect()),
        ("rules", known::rules().map(about).collect()),
        ("situations", known::labels().map(bare).collect()),
        ("presets", known::presets().map(bare).collect()),
    ]
}

/// What the scenarios of the folder try: under each name, the scenarios that try it.
fn tried() -> Result<Vec<Section>, Mistake> {
    let library = Library::at("scenarios");
    let options = Options {
        scale: Scale::FULL,
        overlay: None,
        known: known(),
    };
    let names = library.list().into_iter();
    let plans: Result<Vec<_>, _> = names
        .map(|entry| library.load(&entry.name, &options))
        .collect();
    let mut sections: Vec<Section> = Vec::new();
    for used in runner::uses(&plans?) {
        let row = (
            used.name,
            match used.scenarios.as_slice() {
                [] => String::from("none"),
                scenarios => scenarios.join(", "),
            },
        );
        match sections.last_mut() {
            Some((heading, rows)) if *heading == used.section => rows.push(row),
            _ => sections.push((used.section, vec![row])),
        }
    }
    Ok(sections)
}

fn text(sections: Vec<Section>) -> String {
    let mut text = String::new();
    for (heading, names) in sections {
        let widest = names.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        text.push_str(&format!("{heading}\n"));
        for (name, about) in names {
            let line = format!("  {name:<widest$}  {about}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

fn object(sections: Vec<Section>) -> Value {
    let entry = |(name, about): (String, String)| match about.is_empty() {
        true => Value::String(name),
        false => json!({ "name": name, "about": about }),
    };
    let section = |(heading, names): Section| {
        let names: Vec<Value> = names.into_iter().map(entry).collect();
        (heading.to_owned(), Value::Array(names))
    };
    Value::Object(sections.into_iter().map(section).collect())
}
