//! Spans in OTLP's JSON form, as a collector's file exporter writes them
//! (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>). A server's span is a request; spans of clients and of work
//! inside are not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead};

use serde::Deserialize;
use serde_json::Value;

use crate::format::json::paths::shown;
use crate::format::text::same_header;
use crate::format::{Format, Raw, Take};
use crate::mistake::counted;
use crate::select::Selector;
use crate::span::Anchor;

/// Exported spans.
#[derive(Clone, Debug, Default)]
pub struct Otel {
    slots: Vec<Selector>,
    /// How many server spans each service had.
    services: BTreeMap<String, u64>,
    others: u64,
}

/// One export, which also is a line of the file exporter; `batches` is how Tempo calls it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    #[serde(alias = "batches")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    #[serde(default)]
    resource: Resource,
    #[serde(default, alias = "instrumentationLibrarySpans")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Default, Deserialize)]
struct Resource {
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct ScopeSpans {
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(default)]
    kind: Value,
    /// Nanoseconds since 1970, as a text or a number.
    start_time_unix_nano: Value,
    end_time_unix_nano: Value,
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    #[serde(default)]
    value: Value,
}

impl Attribute {
    /// The value as a text; of a list, as headers are, the first.
    fn text(&self) -> Option<String> {
        let typed = self.value.as_object()?.values().next()?;
        let value = typed.get("values").and_then(|values| values.get(0));
        let value = value.and_then(|value| value.as_object()?.values().next());
        shown(value.unwrap_or(typed))
    }
}

fn attribute(attributes: &[Attribute], is: impl Fn(&str) -> bool) -> Option<String> {
    attributes
        .iter()
        .find(|attribute| is(&attribute.key))
        .and_then(Attribute::text)
}

/// The first of some names that is there: the names of the semantic conventions since 1.23, and those before.
fn first(attributes: &[Attribute], names: &[&str]) -> Option<String> {
    names
        .iter()
        .find_map(|name| attribute(attributes, |key| key == *name))
}

impl Span {
    fn is_server(&self) -> bool {
        self.kind == 2 || self.kind == "SPAN_KIND_SERVER"
    }

    fn raw(&self, resource: &Resource, slots: &[Selector]) -> Raw<'_> {
        let named = |names: &[&str]| Cow::Owned(first(&self.attributes, names).unwrap_or_default());
        let time = |value: &Value| Cow::Owned(shown(value).unwrap_or_default());
        Raw {
            method: named(&["http.request.method", "http.method"]),
            target: self.target(),
            status: named(&["http.response.status_code", "http.status_code"]),
            times: vec![
                (Anchor::Begin, time(&self.start_time_unix_nano)),
                (Anchor::End, time(&self.end_time_unix_nano)),
            ],
            duration: None,
            doubt: None,
            values: slots
                .iter()
                .map(|selector| self.value(resource, selector).map(Cow::Owned))
                .collect(),
        }
    }

    fn target(&self) -> Cow<'_, str> {
        let path = first(
            &self.attributes,
            &[
                "url.path",
                "http.target",
                "url.full",
                "http.url",
                "http.route",
            ],
        );
        let query = first(&self.attributes, &["url.query"]).filter(|query| !query.is_empty());
        let path = path.unwrap_or_default();
        match query.filter(|_| !path.contains('?')) {
            Some(query) => format!("{path}?{}", query.trim_start_matches('?')).into(),
            None => path.into(),
        }
    }

    fn value(&self, resource: &Resource, selector: &Selector) -> Option<String> {
        let header = |prefix: &str, wanted: &str| {
            attribute(&self.attributes, |key| {
                key.strip_prefix(prefix)
                    .is_some_and(|name| same_header(name, wanted))
            })
        };
        match selector {
            Selector::Header(name) => header("http.request.header.", name),
            Selector::ResponseHeader(name) => header("http.response.header.", name),
            Selector::Field(name) => {
                let own = attribute(&self.attributes, |key| key == name);
                own.or_else(|| attribute(&resource.attributes, |key| key == name))
            }
            Selector::Query(_) | Selector::Body(_) | Selector::Response(_) | Selector::Value(_) => {
                None
            }
        }
    }
}

impl Otel {
    fn export(
        &mut self,
        export: &Export,
        number: &mut u64,
        take: &mut dyn FnMut(u64, Result<&Raw<'_>, String>),
    ) {
        for of in &export.resource_spans {
            let service = attribute(&of.resource.attributes, |key| key == "service.name");
            let service = service.unwrap_or_else(|| String::from("(no service.name)"));
            for span in of.scope_spans.iter().flat_map(|scope| &scope.spans) {
                *number += 1;
                if !span.is_server() {
                    self.others += 1;
                    continue;
                }
                *self.services.entry(service.clone()).or_default() += 1;
                take(*number, Ok(&span.raw(&of.resource, &self.slots)));
            }
        }
    }
}

impl Format for Otel {
    fn slot(&mut self, selector: &Selector) -> Result<usize, String> {
        if matches!(selector, Selector::Body(_) | Selector::Response(_)) {
            return Err(String::from(
                "spans have no bodies; record the value as an attribute and say field:NAME",
            ));
        }
        self.slots.push(selector.clone());
        Ok(self.slots.len() - 1)
    }

    /// The numbers given to `take` are those of spans, from 1: exports are often one long line.
    fn read(&mut self, input: Box<dyn BufRead>, take: Take<'_>) -> io::Result<()> {
        let mut number = 0;
        for export in serde_json::Deserializer::from_reader(input).into_iter::<Export>() {
            match export {
                Ok(export) => self.export(&export, &mut number, take),
                Err(error) if error.is_io() => return Err(error.into()),
                Err(error) => {
                    take(error.line() as u64, Err(format!("no OTLP JSON: {error}")));
                    break;
                }
            }
        }
        Ok(())
    }

    fn said(&self) -> Vec<String> {
        let mut said = vec![String::from(
            "spans say both when a request began and when it ended",
        )];
        if self.others > 0 {
            said.push(format!(
                "{} not of a server left out",
                counted(self.others, "span")
            ));
        }
        if self.services.len() > 1 {
            let services: Vec<&str> = self.services.keys().map(String::as_str).collect();
            said.push(format!(
                "server spans of {} services ({}): a request that passes several counts once for each; export those of one",
                services.len(),
                services.join(", ")
            ));
        }
        said
    }

    fn usual_key(&self) -> Option<Selector> {
        Some(Selector::Header(String::from("Idempotency-Key")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Cursor;

    fn span(kind: &str, attributes: &str) -> String {
        format!(
            r#"{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"POST","kind":{kind},"startTimeUnixNano":"1795846562250000001","endTimeUnixNano":1795846563750000000,"attributes":[{attributes}],"status":{{}}}}"#
        )
    }

    fn export(service: &str, spans: &[String]) -> String {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},"scopeSpans":[{{"scope":{{"name":"my.library"}},"spans":[{}]}}]}}]}}"#,
            spans.join(",")
        )
    }

    const NOW: &str = r#"{"key":"http.request.method","value":{"stringValue":"POST"}},{"key":"url.path","value":{"stringValue":"/orders"}},{"key":"url.query","value":{"stringValue":"a=1"}},{"key":"http.response.status_code","value":{"intValue":"201"}},{"key":"http.request.header.idempotency-key","value":{"arrayValue":{"values":[{"stringValue":"k-1"}]}}}"#;
    const BEFORE: &str = r#"{"key":"http.method","value":{"stringValue":"POST"}},{"key":"http.target","value":{"stringValue":"/orders?b=2"}},{"key":"http.status_code","value":{"intValue":504}},{"key":"http.request.header.idempotency_key","value":{"stringValue":"k-2"}}"#;

    fn read(format: &mut Otel, text: String) -> Vec<Result<String, String>> {
        let mut said = Vec::new();
        let read = format.read(Box::new(Cursor::new(text)), &mut |number, raw| {
            said.push(raw.map(|raw| {
                let values: Vec<&str> = raw
                    .values
                    .iter()
                    .map(|value| value.as_deref().unwrap_or("none"))
                    .collect();
                let times: Vec<&str> = raw.times.iter().map(|(_, time)| time.as_ref()).collect();
                format!(
                    "{number} {} {} {} {} {}",
                    raw.method,
                    raw.target,
                    raw.status,
                    times.join(".."),
                    values.join(" ")
                )
            }));
        });
        read.expect("memory can be read");
        said
    }

    #[test]
    fn server_spans_of_old_and_new_conventions_are_requests_and_others_are_counted() {
        let mut format = Otel::default();
        for selector in ["header:Idempotency-Key", "field:service.name"] {
            format
                .slot(&Selector::parse(selector).expect("a selector"))
                .expect("spans have it");
        }
        let shop = export(
            "shop",
            &[
                span("2", NOW),
                span("3", NOW),
                span(r#""SPAN_KIND_SERVER""#, BEFORE),
            ],
        );
        let edge = export("edge", &[span("2", NOW)]);
        let times = "1795846562250000001..1795846563750000000";
        let expected = [
            format!("1 POST /orders?a=1 201 {times} k-1 shop"),
            format!("3 POST /orders?b=2 504 {times} k-2 shop"),
            format!("4 POST /orders?a=1 201 {times} k-1 edge"),
        ];
        assert_eq!(
            read(&mut format, format!("{shop}\n{edge}\n")),
            expected.map(Ok)
        );
        let said = format.said().join("\n");
        assert!(
            said.contains("1 span not of a server") && said.contains("2 services (edge, shop)"),
            "{said}"
        );
    }

    #[test]
    fn what_is_no_export_is_told_and_ends_the_reading() {
        let said = read(&mut Otel::default(), String::from("{\"spans\":[]}\n{}"));
        assert_eq!(said.len(), 1);
        assert!(
            said[0]
                .as_ref()
                .expect_err("no export")
                .contains("missing field `resourceSpans`"),
            "{said:?}"
        );
    }
}
