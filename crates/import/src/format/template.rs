//! Splits a line of text by the format string that wrote it: literals, and variables between them.

use crate::format::is_there;

/// A format string, compiled.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// The text before the first variable and after each: always one more than there are variables.
    literals: Vec<String>,
    /// The names of the variables, as the format string has them.
    pub names: Vec<String>,
    /// Whether further fields may follow.
    pub open: bool,
}

/// A part of a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Literal(String),
    /// The name of a variable.
    Variable(String),
}

impl Template {
    /// Compiles the parts of a format string.
    ///
    /// # Errors
    ///
    /// If there is no text between two variables, so that it is unknown where one ends.
    pub fn new(pieces: impl IntoIterator<Item = Piece>, open: bool) -> Result<Template, String> {
        let mut template = Template {
            literals: vec![String::new()],
            names: Vec::new(),
            open,
        };
        for piece in pieces {
            match piece {
                Piece::Literal(text) => template.last().push_str(&text),
                Piece::Variable(name) => {
                    if let (true, Some(before)) =
                        (template.last().is_empty(), template.names.last())
                    {
                        return Err(format!(
                            "nothing stands between {before} and {name}, so the line cannot be split there; use --pattern"
                        ));
                    }
                    template.names.push(name);
                    template.literals.push(String::new());
                }
            }
        }
        Ok(template)
    }

    fn last(&mut self) -> &mut String {
        self.literals
            .last_mut()
            .expect("there is one literal more than there are variables")
    }

    /// Splits a line into the values of the variables, and returns the text after them.
    ///
    /// # Errors
    ///
    /// The column, from 1, at which the line is no longer as the format string says, and what should stand there.
    pub fn split<'l>(
        &self,
        line: &'l str,
        values: &mut Vec<&'l str>,
    ) -> Result<&'l str, (usize, String)> {
        values.clear();
        let column = |rest: &str| line.len() - rest.len() + 1;
        let first = &self.literals[0];
        let mut rest = line
            .strip_prefix(first.as_str())
            .ok_or_else(|| (1, format!("`{first}`")))?;
        for (at, literal) in self.literals.iter().enumerate().skip(1) {
            let quoted = self.literals[at - 1].ends_with('"') && literal.starts_with('"');
            let end = match (literal.as_str(), quoted) {
                ("", _) if self.open => Some(rest.find(' ').unwrap_or(rest.len())),
                ("", _) => Some(rest.len()),
                (_, true) => closing_quote(rest).filter(|end| rest[*end..].starts_with(literal)),
                (literal, false) => find(rest, literal),
            };
            let end = end.ok_or_else(|| {
                (
                    column(rest),
                    format!("{} and then `{literal}`", self.names[at - 1]),
                )
            })?;
            values.push(&rest[..end]);
            rest = &rest[end + literal.len()..];
        }
        match rest.trim_start() {
            "" => Ok(""),
            tail if self.open => Ok(tail),
            _ => Err((column(rest), String::from("the end of the line"))),
        }
    }
}

/// Where a literal begins. Lines are short and most literals are two or three bytes: setting up a search for each takes longer than
/// looking.
fn find(text: &str, literal: &str) -> Option<usize> {
    let (text, literal) = (text.as_bytes(), literal.as_bytes());
    (0..text.len()).find(|at| text[*at] == literal[0] && text[*at..].starts_with(literal))
}

/// Where a quoted text ends: at the first quote that no backslash escapes.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// A field that follows those of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Further<'l> {
    /// The name before `=`, as in `rt=0.045`.
    pub name: Option<&'l str>,
    /// Its text, without quotes.
    pub text: &'l str,
    /// Whether it stood in quotes.
    pub quoted: bool,
}

/// Splits what follows the fields of a format: bare words, and texts in quotes or brackets, with or without a name before them.
pub fn further(tail: &str) -> Vec<Further<'_>> {
    let mut fields = Vec::new();
    let mut rest = tail.trim_start();
    while !rest.is_empty() {
        let bare = rest.find([' ', '"', '=']).unwrap_or(rest.len());
        let name = rest[bare..]
            .starts_with('=')
            .then(|| &rest[..bare])
            .filter(|name| !name.is_empty());
        let text = &rest[name.map_or(0, |name| name.len() + 1)..];
        let (text, after, quoted) = match text.strip_prefix('"') {
            Some(inside) => {
                let end = closing_quote(inside).unwrap_or(inside.len());
                (&inside[..end], inside.get(end + 1..).unwrap_or(""), true)
            }
            None => {
                let end = text.find(' ').unwrap_or(text.len());
                (&text[..end], &text[end..], false)
            }
        };
        fields.push(Further { name, text, quoted });
        rest = after.trim_start();
    }
    fields
}

impl Further<'_> {
    /// Whether it is a number with a decimal point, as a duration in seconds is.
    pub fn is_decimal(&self) -> bool {
        self.text.split_once('.').is_some_and(|(whole, rest)| {
            let digits =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits(whole) && digits(rest)
        })
    }

    /// Whether it is a whole number.
    pub fn is_whole(&self) -> bool {
        is_there(self.text) && self.text.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// A value as it was before the log escaped it: nginx writes `\x22`, Apache `\"`, both `\\`.
pub fn unescaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        let (byte, taken) = match (first, rest) {
            (b'\\', [b'x', high, low, ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
                (digit(high) << 4 | digit(low), 4)
            }
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [next, ..]) => (*next, 2),
            _ => (*first, 1),
        };
        plain.push(byte);
        bytes = &bytes[taken..];
    }
    String::from_utf8_lossy(&plain).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn template(open: bool) -> Template {
        use Piece::{Literal, Variable};
        let pieces = [
            Literal("[".into()),
            Variable("t".into()),
            Literal("] \"".into()),
            Variable("request".into()),
            Literal("\" ".into()),
            Variable("status".into()),
        ];
        Template::new(pieces, open).expect("well formed")
    }

    #[test]
    fn a_line_is_split_at_the_literals_and_quotes_may_be_escaped() {
        let mut values = Vec::new();
        let tail = template(true).split(
            r#"[28/Nov 06:16] "GET /a\"b HTTP/1.1" 200 0.045 "k 1""#,
            &mut values,
        );
        assert_eq!(values, ["28/Nov 06:16", r#"GET /a\"b HTTP/1.1"#, "200"]);
        assert_eq!(tail, Ok(r#"0.045 "k 1""#));
    }

    #[test]
    fn a_line_that_is_otherwise_names_the_column_and_what_should_stand_there() {
        let mut values = Vec::new();
        let mut split = |line, open| template(open).split(line, &mut values).map(str::to_owned);
        assert_eq!(split("28/Nov", true), Err((1, "`[`".into())));
        assert_eq!(
            split("[28/Nov] GET", true),
            Err((2, "t and then `] \"`".into()))
        );
        assert_eq!(
            split("[28/Nov] \"GET", true),
            Err((11, "request and then `\" `".into()))
        );
        assert_eq!(split("[28/Nov] \"GET\" 200 more", false), Ok(String::new()));
    }

    #[test]
    fn further_fields_are_bare_quoted_or_named() {
        let fields = further(r#" 0.045 "k \"1" rt=0.1 uct="0.0 -" - "open"#);
        let texts: Vec<(Option<&str>, &str, bool)> =
            fields.iter().map(|f| (f.name, f.text, f.quoted)).collect();
        assert_eq!(
            texts,
            [
                (None, "0.045", false),
                (None, r#"k \"1"#, true),
                (Some("rt"), "0.1", false),
                (Some("uct"), "0.0 -", true),
                (None, "-", false),
                (None, "open", true),
            ]
        );
        assert!(fields[0].is_decimal() && !fields[0].is_whole());
    }

    #[test]
    fn escapes_of_both_servers_are_undone() {
        assert_eq!(unescaped("plain"), "plain");
        assert_eq!(unescaped(r#"a\x22b\"c\\d\xC3\xA9"#), "a\"b\"c\\dé");
        assert_eq!(unescaped(r"\x2"), "x2");
    }

    #[test]
    fn variables_that_touch_are_refused() {
        let touching = [Piece::Variable("$a".into()), Piece::Variable("$b".into())];
        let said = Template::new(touching, false).expect_err("nothing between");
        assert!(said.contains("between $a and $b"), "{said}");
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "\\PC*|[\\[\\]\" \\\\a=.0-9]*") {
            let mut values = Vec::new();
            let _: Result<&str, _> = template(true).split(&line, &mut values);
            further(&line);
            unescaped(&line);
        }
    }
}
