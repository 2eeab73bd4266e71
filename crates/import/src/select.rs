//! The place of a value in a request or an answer: `header:Idempotency-Key`, `query:key`, `body:/key`, `field:name`.

/// The place of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// A header of the request.
    Header(String),
    /// A header of the answer.
    ResponseHeader(String),
    /// A parameter of the query string.
    Query(String),
    /// A place in the request's JSON body, as a JSON pointer (RFC 6901); empty for the whole body.
    Body(String),
    /// A place in the answer's JSON body.
    Response(String),
    /// A field of the log: its name, or for further fields of a text format their number.
    Field(String),
    /// The same text for every line.
    Value(String),
}

impl Selector {
    /// The word before the colon, for messages.
    pub const KINDS: &'static str = "header:NAME, response-header:NAME, query:NAME, body:/pointer, response:/pointer, field:NAME or value:TEXT";

    /// Reads a selector; a text without a known word before a colon is the name of a field.
    ///
    /// # Errors
    ///
    /// If a name is missing, or a pointer does not begin with a slash.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let (kind, name) = text.split_once(':').unwrap_or(("", text));
        let named = |selector: fn(String) -> Selector| match name {
            "" => Err(format!(
                "`{text}` names nothing; expected {}",
                Selector::KINDS
            )),
            name => Ok(selector(name.to_owned())),
        };
        let pointed =
            |selector: fn(String) -> Selector| match name.starts_with('/') || name.is_empty() {
                true => Ok(selector(name.to_owned())),
                false => Err(format!(
                    "`{text}`: a JSON pointer begins with a slash: {kind}:/{name}"
                )),
            };
        match kind {
            "header" => named(Selector::Header),
            "response-header" => named(Selector::ResponseHeader),
            "query" => named(Selector::Query),
            "field" => named(Selector::Field),
            "value" => named(Selector::Value),
            "body" => pointed(Selector::Body),
            "response" => pointed(Selector::Response),
            _ if text.is_empty() => named(Selector::Field),
            _ => Ok(Selector::Field(text.to_owned())),
        }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, name) = match self {
            Selector::Header(name) => ("header", name),
            Selector::ResponseHeader(name) => ("response-header", name),
            Selector::Query(name) => ("query", name),
            Selector::Body(name) => ("body", name),
            Selector::Response(name) => ("response", name),
            Selector::Field(name) => ("field", name),
            Selector::Value(name) => ("value", name),
        };
        write!(f, "{kind}:{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_written_as_it_is_read() {
        for text in [
            "header:Idempotency-Key",
            "response-header:Idempotent-Replayed",
            "query:key",
            "body:/a/b",
            "body:",
            "response:/id",
            "field:headers.key",
            "value:A",
        ] {
            assert_eq!(Selector::parse(text).expect("a selector").to_string(), text);
        }
        assert_eq!(
            Selector::parse("key"),
            Ok(Selector::Field("key".to_owned()))
        );
        assert_eq!(
            Selector::parse("Created (UTC: x)"),
            Ok(Selector::Field("Created (UTC: x)".to_owned()))
        );
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in ["header:", "", "body:id"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
        let said = Selector::parse("body:id").expect_err("no slash");
        assert!(said.contains("body:/id"), "{said}");
    }
}
