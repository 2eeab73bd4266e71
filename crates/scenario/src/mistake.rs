//! What is wrong with a scenario file, and where: one message that points at the character and proposes what to write.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

/// Why there is no plan. Prints as one line; [`render`](Mistake::render) shows the place.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Mistake(Box<Details>);

#[derive(Debug)]
struct Details {
    message: String,
    label: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    span: Option<Range<usize>>,
}

impl Mistake {
    /// A mistake that has no place in a file.
    pub fn nowhere(message: impl Into<String>) -> Mistake {
        Mistake(Box::new(Details {
            message: message.into(),
            label: String::new(),
            help: None,
            source: None,
            span: None,
        }))
    }

    /// A mistake at a place; the file is added by [`within`](Mistake::within).
    pub(crate) fn at(
        span: &Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Mistake {
        let mut mistake = Mistake::nowhere(message);
        mistake.0.label = label.into();
        mistake.0.span = Some(span.clone());
        mistake
    }

    /// What to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Mistake {
        self.0.help = Some(help.into());
        self
    }

    /// What to write instead, if that is known.
    #[must_use]
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Mistake {
        self.0.help = help;
        self
    }

    /// The file in which the place is.
    #[must_use]
    pub(crate) fn within(mut self, name: &str, text: &str) -> Mistake {
        self.0.span = self.0.span.map(|span| one_line(span, text));
        self.0.source = Some(NamedSource::new(name, text.to_owned()).with_language("TOML"));
        self
    }

    /// The byte of the file at which the mistake is.
    pub fn offset(&self) -> Option<usize> {
        self.0.span.as_ref().map(|span| span.start)
    }

    /// What to write instead, in words.
    pub fn advice(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The message with the lines of the file it is about, for a terminal without colour.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
            // Names have hyphens, and must not be broken at them.
            .with_wrap_lines(false)
            .with_links(false);
        match handler.render_report(&mut text, self) {
            // Control characters of a file could do anything to a terminal.
            Ok(()) => text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}"),
            // Only a failing writer leads here; the message alone still helps.
            Err(fmt::Error) => format!("{self}\n"),
        }
    }
}

/// A place on one line: of a table that is wrong as a whole, its first line is enough.
fn one_line(span: Range<usize>, text: &str) -> Range<usize> {
    let start = floor(span.start, text);
    let end = floor(span.end, text).max(start);
    let lines = &text[start..end];
    let blank = lines.len() - lines.trim_start().len();
    let first = lines.trim_start().lines().next().unwrap_or("").trim_end();
    start + blank..start + blank + first.len()
}

/// The nearest boundary between characters that is not after this byte.
fn floor(at: usize, text: &str) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Diagnostic for Mistake {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.0.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let source = self.0.source.as_ref()?;
        Some(source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.0.span.clone()?;
        let label = (!self.0.label.is_empty()).then(|| self.0.label.clone());
        let labeled = LabeledSpan::new(label, span.start, span.len());
        Some(Box::new(std::iter::once(labeled)))
    }
}
