//! The parser's complaints in our words: its text is taken apart, because it names what it met and what it knows.

use std::ops::Range;

use crate::mistake::Mistake;

use super::names::nearest;

/// The mistake behind an error of the TOML parser.
pub(super) fn explain(error: &toml::de::Error, text: &str) -> Mistake {
    let span = error.span().unwrap_or(0..0);
    let message = error.message();
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (Some(kind), Some((name, known))) = (unknown(message), names.split_first()) {
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        return Mistake::at(
            &span,
            format!("unknown {kind} `{name}`"),
            format!("no such {kind} here"),
        )
        .help(nearest(name, &known));
    }
    if let (true, Some(name)) = (message.starts_with("missing field"), names.first()) {
        return Mistake::at(
            &span,
            format!("missing field `{name}`"),
            format!("has no `{name}`"),
        )
        .maybe_help(section(name, &span));
    }
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    let (what, label) = match first.split_once(", expected ") {
        Some((what, expected)) => (what, format!("expected {expected}")),
        None => (first, String::from("here")),
    };
    Mistake::at(&widen(span, text), lower_case(what), label)
        .maybe_help((!rest.trim().is_empty()).then(|| lower_case(rest.trim())))
}

/// What kind of thing is unknown.
fn unknown(message: &str) -> Option<&'static str> {
    if message.starts_with("unknown field") {
        Some("field")
    } else if message.starts_with("unknown variant") {
        Some("word")
    } else {
        None
    }
}

/// How to begin a section that the whole file misses.
fn section(name: &str, span: &Range<usize>) -> Option<String> {
    let whole_file = span.start == 0;
    match name {
        "load" => Some("add a section `[load]` with `intents` and `over`".into()),
        "shop" => Some("add a section `[shop]` with `[[shop.sku]]` and `[[shop.basket]]`".into()),
        "story" | "strategy" if whole_file => {
            Some(format!("begin the file with `{name} = \"...\"`"))
        }
        _ => None,
    }
}

/// A place of at least one character, so that there is something to point at.
fn widen(span: Range<usize>, text: &str) -> Range<usize> {
    if span.is_empty() && span.start < text.len() {
        return span.start..span.start + 1;
    }
    span
}

/// The text without a capital at its beginning.
fn lower_case(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::from("this is not TOML"),
    }
}
