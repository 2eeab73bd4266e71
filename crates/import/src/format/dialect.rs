//! What the variables of a format string mean: nginx's `log_format`, Apache's `LogFormat`, Envoy's format strings, and the fixed
//! form of the AWS Application Load Balancer, written like nginx's.

use crate::format::template::Piece;
use crate::span::{Anchor, Unit};

/// Who wrote a text log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// nginx.
    Nginx,
    /// The Apache HTTP Server.
    Apache,
    /// Envoy, also inside Istio.
    Envoy,
    /// An AWS Application Load Balancer.
    Alb,
}

/// What a variable is to a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A time, and which end of the request it is.
    Time(Anchor),
    /// How long the request took.
    Duration(Unit),
    /// Method, target and protocol in one.
    Request,
    /// The method.
    Method,
    /// The path with its query.
    Target,
    /// The status that the client was sent.
    Status,
    /// A header of the request.
    Header(String),
    /// A header of the answer.
    ResponseHeader(String),
    /// Anything else: it can be asked for by its name.
    Other,
}

impl Dialect {
    /// The name for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Nginx => "nginx",
            Dialect::Apache => "apache",
            Dialect::Envoy => "envoy",
            Dialect::Alb => "alb",
        }
    }

    /// The default format of the server. Apache's is `common`; `combined` adds to it.
    pub const fn usual(self) -> &'static str {
        match self {
            Dialect::Nginx => {
                r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#
            }
            Dialect::Apache => r#"%h %l %u %t "%r" %>s %b"#,
            Dialect::Envoy => concat!(
                r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% "#,
                r#"%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "#,
                r#""%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%""#
            ),
            Dialect::Alb => concat!(
                r#"$type $time $elb $client $target $request_processing_time $target_processing_time $response_processing_time "#,
                r#"$elb_status_code $target_status_code $received_bytes $sent_bytes "$request" "$user_agent" $ssl_cipher "#,
                r#"$ssl_protocol $target_group_arn "$trace_id" "$domain_name" "$chosen_cert_arn" $matched_rule_priority "#,
                r#"$request_creation_time"#
            ),
        }
    }

    /// What the times in its logs are, for the person.
    pub const fn about_times(self) -> &'static str {
        match self {
            Dialect::Nginx => "the time of an nginx line is the end of its request",
            Dialect::Apache => "the time of an Apache line (%t) is the begin of its request",
            Dialect::Envoy => "the time of an Envoy line (START_TIME) is the begin of its request",
            Dialect::Alb => {
                "lines of the load balancer say both when a request began and when it was answered"
            }
        }
    }

    /// How to configure the server so that the log has the key.
    pub const fn about_keys(self) -> &'static str {
        match self {
            Dialect::Nginx => {
                r#"add "$http_idempotency_key" at the end of the log_format and say --key field:last, or give the log_format with --log-format"#
            }
            Dialect::Apache => {
                r#"add "%{Idempotency-Key}i" at the end of the LogFormat and say --key field:last, or give the LogFormat with --log-format"#
            }
            Dialect::Envoy => {
                r#"add "%REQ(IDEMPOTENCY-KEY)%" at the end of the format and say --key field:last, or give the format with --log-format"#
            }
            Dialect::Alb => {
                "its format is fixed: only a key in the query (query:NAME) is logged; take the log of the service behind it"
            }
        }
    }

    /// Splits a format string into its parts.
    ///
    /// # Errors
    ///
    /// If a variable is not ended.
    pub fn pieces(self, format: &str) -> Result<Vec<Piece>, String> {
        let (mut pieces, mut rest) = (Vec::new(), format);
        let mark = match self {
            Dialect::Nginx | Dialect::Alb => '$',
            Dialect::Apache | Dialect::Envoy => '%',
        };
        while let Some(at) = rest.find(mark) {
            pieces.push(Piece::Literal(rest[..at].to_owned()));
            let after = &rest[at + 1..];
            let (variable, length) = match self {
                Dialect::Nginx | Dialect::Alb => dollar(after),
                Dialect::Apache => percent(after),
                Dialect::Envoy => command(after),
            }
            .ok_or_else(|| format!("`{}` is no variable of {}", &rest[at..], self.name()))?;
            pieces.extend(self.written(variable));
            rest = &after[length..];
        }
        pieces.push(Piece::Literal(rest.to_owned()));
        Ok(pieces)
    }

    /// How a variable is written in the log: Apache puts brackets around `%t`, and `%%` is a percent sign.
    fn written(self, variable: String) -> Vec<Piece> {
        let bracket = |text: &str| Piece::Literal(text.to_owned());
        match (self, variable.as_str()) {
            (Dialect::Apache, "t") => vec![bracket("["), Piece::Variable(variable), bracket("]")],
            (Dialect::Apache | Dialect::Envoy, "" | "%") => vec![bracket("%")],
            _ => vec![Piece::Variable(variable)],
        }
    }

    /// What a variable is to a history.
    pub fn role(self, variable: &str) -> Role {
        match self {
            Dialect::Nginx => nginx(variable),
            Dialect::Apache => apache(variable),
            Dialect::Envoy => envoy(variable),
            Dialect::Alb => alb(variable),
        }
    }
}

/// `$name` or `${name}`, without the dollar; and how long it is.
fn dollar(after: &str) -> Option<(String, usize)> {
    if let Some(inside) = after.strip_prefix('{') {
        return inside
            .find('}')
            .map(|end| (inside[..end].to_owned(), end + 2));
    }
    let end = after
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(after.len());
    (end > 0).then(|| (after[..end].to_owned(), end))
}

/// `%h`, `%>s`, `%{Name}i`, `%400,501{Name}i`, without the percent sign, the modifiers and the statuses; and how long it is.
fn percent(after: &str) -> Option<(String, usize)> {
    let modifiers = after.find(|c: char| !matches!(c, '<' | '>' | '!' | ',' | '0'..='9'))?;
    let rest = &after[modifiers..];
    let argument = match rest.strip_prefix('{') {
        Some(inside) => inside.find('}')? + 2,
        None => 0,
    };
    let letter = rest[argument..].chars().next()?;
    // `%^ti` and `%^to` are the only directives of more than one letter.
    let length = argument + if letter == '^' { 3 } else { letter.len_utf8() };
    let variable = rest.get(..length)?;
    Some((variable.to_owned(), modifiers + length))
}

/// `%NAME(arguments):length%`, without its percent signs; and how long it is. Arguments may have percent signs of their own.
fn command(after: &str) -> Option<(String, usize)> {
    let arguments = after.find('(').filter(|open| !after[..*open].contains('%'));
    let begin = match arguments {
        Some(open) => open + after[open..].find(')')?,
        None => 0,
    };
    let end = begin + after[begin..].find('%')?;
    Some((after[..end].to_owned(), end + 1))
}

/// nginx logs a request when it is done, so its times are ends. `$request_time` counts from the first byte of the request.
fn nginx(variable: &str) -> Role {
    match variable {
        "time_local" | "time_iso8601" | "msec" => Role::Time(Anchor::End),
        "request_time" => Role::Duration(Unit::S),
        "request" => Role::Request,
        "request_method" => Role::Method,
        "request_uri" => Role::Target,
        "status" => Role::Status,
        _ => match (
            variable.strip_prefix("http_"),
            variable.strip_prefix("sent_http_"),
        ) {
            (Some(header), _) => Role::Header(header.to_owned()),
            (_, Some(header)) => Role::ResponseHeader(header.to_owned()),
            _ => Role::Other,
        },
    }
}

/// `%t` is when the request was received, unless it says `end:`; `%D` is in microseconds, `%T` in seconds.
fn apache(variable: &str) -> Role {
    let (argument, letter) = match variable
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
    {
        Some((argument, letter)) => (argument, letter),
        None => ("", variable),
    };
    match (letter, argument) {
        ("t", argument) if argument.ends_with("_frac") => Role::Other,
        ("t", argument) if argument.starts_with("end:") => Role::Time(Anchor::End),
        ("t", _) => Role::Time(Anchor::Begin),
        ("D", _) => Role::Duration(Unit::Us),
        ("T", "") => Role::Duration(Unit::S),
        ("T", unit) => Unit::named(unit).map_or(Role::Other, Role::Duration),
        ("r", _) => Role::Request,
        ("m", _) => Role::Method,
        ("U", _) => Role::Target,
        ("s", _) => Role::Status,
        ("i", header) => Role::Header(header.to_owned()),
        ("o", header) => Role::ResponseHeader(header.to_owned()),
        _ => Role::Other,
    }
}

/// `START_TIME` is when the request began; `DURATION` is in milliseconds.
fn envoy(variable: &str) -> Role {
    let (name, rest) = variable.split_once('(').unwrap_or((variable, ""));
    let argument = rest.split_once(')').map_or(rest, |(argument, _)| argument);
    match (name, argument) {
        ("START_TIME", _) => Role::Time(Anchor::Begin),
        ("DURATION", _) => Role::Duration(Unit::Ms),
        ("RESPONSE_CODE", _) => Role::Status,
        ("REQ", ":METHOD") => Role::Method,
        ("REQ", path) if path.ends_with(":PATH") => Role::Target,
        // A second name after a question mark is what is logged instead of an absent header.
        ("REQ", header) => Role::Header(header.split('?').next().unwrap_or(header).to_owned()),
        ("RESP", header) => {
            Role::ResponseHeader(header.split('?').next().unwrap_or(header).to_owned())
        }
        _ => Role::Other,
    }
}

/// `time` is when the answer was generated, `request_creation_time` when the request was received.
fn alb(variable: &str) -> Role {
    match variable {
        "time" => Role::Time(Anchor::End),
        "request_creation_time" => Role::Time(Anchor::Begin),
        "request" => Role::Request,
        "elb_status_code" => Role::Status,
        "user_agent" => Role::Header(String::from("user-agent")),
        _ => Role::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(dialect: Dialect, format: &str) -> Vec<String> {
        let pieces = dialect.pieces(format).expect("a format");
        let name = |piece| match piece {
            Piece::Variable(name) => Some(name),
            Piece::Literal(_) => None,
        };
        pieces.into_iter().filter_map(name).collect()
    }

    #[test]
    fn format_strings_of_every_dialect_are_split_into_their_variables() {
        assert_eq!(
            variables(Dialect::Nginx, "${msec} $request_time-x"),
            ["msec", "request_time"]
        );
        assert_eq!(
            variables(
                Dialect::Apache,
                r#"%h %t "%r" %>s %400,501{Idempotency-Key}i %{ms}T %% %^ti"#
            ),
            ["h", "t", "r", "s", "{Idempotency-Key}i", "{ms}T", "^ti"]
        );
        assert_eq!(
            variables(
                Dialect::Envoy,
                "[%START_TIME(%s.%3f)%] %REQ(A?B):8% %DURATION%"
            )
            .len(),
            3,
            "a percent sign inside parentheses does not end a variable"
        );
    }

    #[test]
    fn what_is_no_variable_is_named() {
        for (dialect, format, part) in [
            (Dialect::Nginx, "a $ b", "`$ b`"),
            (Dialect::Nginx, "${a", "`${a`"),
            (Dialect::Apache, "%{Name", "`%{Name`"),
            (Dialect::Envoy, "%DURATION", "`%DURATION`"),
        ] {
            let said = dialect.pieces(format).expect_err("no variable");
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn times_are_begins_or_ends_as_their_servers_document_it() {
        use Anchor::{Begin, End};
        for (dialect, variable, anchor) in [
            (Dialect::Nginx, "time_local", End),
            (Dialect::Nginx, "msec", End),
            (Dialect::Apache, "t", Begin),
            (Dialect::Apache, "{end:usec}t", End),
            (Dialect::Envoy, "START_TIME", Begin),
            (Dialect::Alb, "time", End),
            (Dialect::Alb, "request_creation_time", Begin),
        ] {
            assert_eq!(dialect.role(variable), Role::Time(anchor), "{variable}");
        }
        assert_eq!(Dialect::Apache.role("D"), Role::Duration(Unit::Us));
        assert_eq!(Dialect::Apache.role("{ms}T"), Role::Duration(Unit::Ms));
        assert_eq!(
            Dialect::Envoy.role("REQ(X-ENVOY-ORIGINAL-PATH?:PATH)"),
            Role::Target
        );
        assert_eq!(
            Dialect::Nginx.role("http_idempotency_key"),
            Role::Header("idempotency_key".into())
        );
    }
}
