//! The targets of requests: path and query, globs, and kinds of paths for counting.

use std::borrow::Cow;

use regex::Regex;

/// A target split into its path and its query, without scheme, host and fragment.
pub fn split(target: &str) -> (&str, &str) {
    let after_host = match target.find("://") {
        // A `://` further inside belongs to a parameter.
        Some(at) if !target[..at].contains(['/', '?']) => {
            let rest = &target[at + 3..];
            &rest[rest.find(['/', '?']).unwrap_or(rest.len())..]
        }
        _ => target,
    };
    let after_host = after_host.split('#').next().unwrap_or(after_host);
    let (path, query) = after_host.split_once('?').unwrap_or((after_host, ""));
    let shorter = path.trim_end_matches('/');
    (if shorter.is_empty() { "/" } else { shorter }, query)
}

/// A parameter of a query string, decoded.
pub fn parameter<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut found = pairs.filter(|(key, _)| decoded(key) == name);
    found
        .next()
        .map(|(_, value)| decoded(value))
        .filter(|value| !value.is_empty())
}

/// Undoes percent-encoding, and `+` for a space.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
        let coded = match (first, rest) {
            (b'%', [high, low, ..]) => digit(high).zip(digit(low)),
            _ => None,
        };
        match (coded, first) {
            (Some((high, low)), _) => plain.push(high << 4 | low),
            (None, b'+') => plain.push(b' '),
            (None, byte) => plain.push(*byte),
        }
        bytes = &rest[if coded.is_some() { 2 } else { 0 }..];
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

/// A path as `--path` writes it: `*` is any text inside one segment, `**` any text.
#[derive(Clone, Debug)]
pub struct Glob(Regex);

impl Glob {
    /// Compiles a glob.
    ///
    /// # Errors
    ///
    /// If it does not begin with a slash, which no path would match.
    pub fn new(text: &str) -> Result<Glob, String> {
        if !text.starts_with('/') && !text.starts_with('*') {
            return Err(format!("a path begins with a slash: /{text}"));
        }
        let shorter = text.trim_end_matches('/');
        let literal = regex::escape(if shorter.is_empty() { "/" } else { shorter });
        let regex = literal.replace(r"\*\*", "(?s:.*)").replace(r"\*", "[^/]*");
        let regex = Regex::new(&format!("^{regex}$")).map_err(|error| error.to_string())?;
        Ok(Glob(regex))
    }

    /// Whether a path is one of those.
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// A path with its identifiers replaced by `*`, so that `/orders/17` and `/orders/18` count as one kind.
pub fn kind(path: &str) -> Cow<'_, str> {
    let is_identifier = |segment: &str| {
        let digits = segment.bytes().filter(u8::is_ascii_digit).count();
        digits > 0 && (digits == segment.len() || digits >= 4)
    };
    if !path.split('/').any(is_identifier) {
        return Cow::Borrowed(path);
    }
    let segments = path
        .split('/')
        .map(|segment| if is_identifier(segment) { "*" } else { segment });
    Cow::Owned(segments.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn a_target_is_its_path_and_query_without_host_and_last_slash() {
        for (target, expected) in [
            ("/orders", ("/orders", "")),
            ("/orders/?key=1", ("/orders", "key=1")),
            (
                "https://shop.example:443/orders?to=https://x/",
                ("/orders", "to=https://x/"),
            ),
            ("/go?to=https://x/y", ("/go", "to=https://x/y")),
            ("https://shop.example", ("/", "")),
            ("/", ("/", "")),
            ("*", ("*", "")),
        ] {
            assert_eq!(split(target), expected, "{target}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_an_empty_one_is_absent() {
        let query = "a=1&key=k%201%2B&b=x+y&empty=";
        assert_eq!(parameter(query, "key").as_deref(), Some("k 1+"));
        assert_eq!(parameter(query, "b").as_deref(), Some("x y"));
        assert_eq!(parameter(query, "empty"), None);
        assert_eq!(parameter(query, "c"), None);
        assert_eq!(parameter("k=%zz%4", "k").as_deref(), Some("%zz%4"));
    }

    #[test]
    fn a_star_stays_in_its_segment_and_two_do_not() {
        for (glob, path, is) in [
            ("/orders", "/orders", true),
            ("/orders", "/orders/1", false),
            ("/v1/*/orders", "/v1/shop/orders", true),
            ("/v1/*/orders", "/v1/a/b/orders", false),
            ("/v1/**/orders", "/v1/a/b/orders", true),
            ("/v*/orders", "/v12/orders", true),
            ("/v*/orders", "/v12/carts", false),
            ("/a/*/b/*", "/a/b/b/b", true),
            ("/**", "/anything/at/all", true),
            ("/*", "/", true),
            ("/orders.", "/orders1", false),
            ("/orders/", "/orders", true),
        ] {
            assert_eq!(
                Glob::new(glob).expect("a glob").matches(path),
                is,
                "{glob} {path}"
            );
        }
    }

    #[test]
    fn a_glob_without_a_slash_is_refused() {
        assert_eq!(
            Glob::new("orders").map(|_| ()),
            Err("a path begins with a slash: /orders".to_owned())
        );
    }

    #[test]
    fn identifiers_are_one_kind() {
        assert_eq!(kind("/v1/orders/17/cancel"), "/v1/orders/*/cancel");
        assert_eq!(
            kind("/orders/9f86d081-884c-4d63-a0f5-1b2c3d4e5f60"),
            "/orders/*"
        );
        assert_eq!(kind("/v1/orders"), "/v1/orders");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(one in "\\PC*|[/*a?%+:#=&.0-9]*", other in "[/*ab]*") {
            split(&one);
            parameter(&one, "a");
            kind(&one);
            if let Ok(glob) = Glob::new(&other) {
                glob.matches(&one);
            }
        }

        /// Against the definition, by trying every split.
        #[test]
        fn a_glob_matches_what_its_definition_says(glob in "/[/*ab]{0,6}[*ab]", path in "/[/ab]{0,6}") {
            let compiled = Glob::new(&glob).expect("a glob");
            prop_assert_eq!(compiled.matches(&path), defined(glob.as_bytes(), path.as_bytes()));
        }
    }

    fn defined(glob: &[u8], path: &[u8]) -> bool {
        match glob {
            [] => path.is_empty(),
            [b'*', b'*', rest @ ..] => (0..=path.len()).any(|taken| defined(rest, &path[taken..])),
            [b'*', rest @ ..] => {
                let segment = path.iter().take_while(|byte| **byte != b'/').count();
                (0..=segment).any(|taken| defined(rest, &path[taken..]))
            }
            [byte, rest @ ..] => path.first() == Some(byte) && defined(rest, &path[1..]),
        }
    }
}
