//! The parser's errors in our words. Its message is taken apart, because it names what it found and what it knows.

use std::ops::Range;

use crate::mistake::Mistake;

use super::names::nearest;
use super::section::{Section, section};

/// The mistake behind an error of the TOML parser.
pub(super) fn explain(error: &toml::de::Error, text: &str) -> Mistake {
    let span = error.span().unwrap_or(0..0);
    let message = error.message();
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some(mistake) = brackets(message, text).or_else(|| twice(message, &span, text)) {
        return mistake;
    }
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
        .maybe_help(begin(name, &span));
    }
    if let Some(mistake) = value_missing(&span, text).or_else(|| quotes_missing(error, text)) {
        return mistake;
    }
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    let (what, label) = match first.split_once(", expected ") {
        Some((what, expected)) => (what, format!("expected {}", plainly(expected))),
        None => (first, String::from("here")),
    };
    Mistake::at(&widen(span, text), lower_case(what), label)
        .maybe_help((!rest.trim().is_empty()).then(|| lower_case(rest.trim())))
}

/// A section with the wrong number of brackets: the parser only says that it found a table.
fn brackets(message: &str, text: &str) -> Option<Mistake> {
    // The parser may also report an element of a list as an unknown field or a wrong type.
    const KINDS: [&str; 4] = [
        "invalid type: map",
        "invalid type: sequence",
        "duplicate key",
        "unknown field",
    ];
    if !KINDS.iter().any(|kind| message.starts_with(kind)) {
        return None;
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let head = line.trim_end();
        let name = head.trim_matches(['[', ']', ' ']);
        let many = head.starts_with("[[");
        let right = match (head.starts_with('[').then(|| section(name)).flatten(), many) {
            (Some(Section::List), false) => format!("[[{name}]]"),
            (Some(Section::Table), true) => format!("[{name}]"),
            _ => {
                start += line.len();
                continue;
            }
        };
        let (says, label) = match many {
            false => (format!("`{name}` is a list"), "any number of these"),
            true => (format!("`{name}` is one table"), "only one of these"),
        };
        let mistake = Mistake::at(&(start..start + head.len()), says, label);
        return Some(mistake.help(format!("write `{right}`")));
    }
    None
}

/// A field or a section that is there already.
fn twice(message: &str, span: &Range<usize>, text: &str) -> Option<Mistake> {
    let name = text.get(span.clone()).filter(|name| !name.contains('\n'))?;
    let mistake = || {
        Mistake::at(span, format!("`{name}` is there twice"), "is already above")
            .help("leave one of the two out")
    };
    message.starts_with("duplicate key").then(mistake)
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

/// An `=` at the end of a line: the parser takes the next line for its value.
fn value_missing(span: &Range<usize>, text: &str) -> Option<Mistake> {
    let (before, after) = text.split_at_checked(span.start)?;
    let written = before.trim_end();
    let ends = before[written.len()..].contains('\n')
        || after.trim_start_matches(' ').starts_with(['\n', '\r']);
    let place = written.strip_suffix('=')?.len()..written.len();
    (ends || after.is_empty())
        .then(|| Mistake::at(&place, "a value is missing", "expected one after `=`"))
}

/// A value without its quotes, such as `timeout = 5s`.
fn quotes_missing(error: &toml::de::Error, text: &str) -> Option<Mistake> {
    let message = error.message();
    if message.starts_with("invalid type") || message.starts_with("invalid value") {
        return None;
    }
    let bare = |c: char| c.is_ascii_alphanumeric() || "._-/%".contains(c);
    let (before, after) = text.split_at_checked(error.span()?.start)?;
    let start = before.trim_end_matches(bare).len();
    let end = text.len() - after.trim_start_matches(bare).len();
    let (word, line) = (
        &text[start..end],
        before[..start].trim_end().lines().next_back()?,
    );
    let a_value = line.ends_with(['=', ',', '[']) && line.contains('=');
    (a_value && word.contains(|c: char| !c.is_ascii_digit() && c != '.')).then(|| {
        Mistake::at(
            &(start..end),
            format!("`{word}` has no quotes"),
            "texts and times need them",
        )
        .help(format!("write `\"{word}\"`"))
    })
}

/// How to begin a section that the whole file misses.
fn begin(name: &str, span: &Range<usize>) -> Option<String> {
    let whole_file = span.start == 0;
    match name {
        "load" => Some("add a section `[load]` with `intents` and `over`".into()),
        "shop" => Some("add a section `[shop]` with `[[shop.sku]]` and `[[shop.basket]]`".into()),
        "story" if whole_file => Some("begin the file with `story = \"...\"`".into()),
        "strategy" if whole_file => Some(
            "begin the file with `strategy = \"...\"`; an overlay has none, and is laid over a scenario"
                .into(),
        ),
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

/// What was expected, in a file's words and not in our types'.
fn plainly(expected: &str) -> &str {
    match expected {
        "i64" => "a whole number",
        "f64" => "a number",
        "a string" => "a text in quotes",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list in brackets",
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    }
}

/// The text without a capital at its beginning.
fn lower_case(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::from("this is not TOML"),
    }
}
