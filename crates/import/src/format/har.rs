//! HTTP Archive 1.2, which browsers and proxies export (<http://www.softwareishard.com/blog/har-12-spec/>): one JSON document with
//! headers, bodies and answers.

use std::borrow::Cow;
use std::io::{self, BufRead};

use serde::Deserialize;

use crate::format::json::paths;
use crate::format::text::same_header;
use crate::format::{Format, Raw, Take};
use crate::select::Selector;
use crate::span::{Anchor, Unit};

/// An archive.
#[derive(Clone, Debug, Default)]
pub struct Har {
    slots: Vec<Selector>,
}

#[derive(Deserialize)]
struct Document {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: String,
    /// Milliseconds, with a fraction; -1 if it is unknown.
    time: serde_json::Number,
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    post_data: Option<Text>,
}

#[derive(Deserialize)]
struct Response {
    /// 0 if no answer came.
    status: i64,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    content: Text,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
struct Text {
    text: Option<String>,
    encoding: Option<String>,
}

impl Text {
    /// The text, if it is text: bodies in base64 are pictures and the like.
    fn plain(&self) -> Option<&str> {
        match self.encoding.as_deref() {
            None | Some("") => self.text.as_deref(),
            Some(_) => None,
        }
    }
}

fn header<'e>(headers: &'e [Header], wanted: &str) -> Option<Cow<'e, str>> {
    let found = headers
        .iter()
        .find(|header| same_header(&header.name, wanted));
    found.map(|header| Cow::Borrowed(header.value.as_str()))
}

impl Entry {
    fn raw<'e>(&'e self, slots: &[Selector]) -> Raw<'e> {
        let time = self.time.to_string();
        let lasted = (!time.starts_with('-')).then_some((Cow::Owned(time), Some(Unit::Ms)));
        Raw {
            method: Cow::Borrowed(&self.request.method),
            target: Cow::Borrowed(&self.request.url),
            status: self.response.status.to_string().into(),
            times: vec![(Anchor::Begin, Cow::Borrowed(&self.started_date_time))],
            duration: lasted,
            doubt: None,
            values: slots.iter().map(|selector| self.value(selector)).collect(),
        }
    }

    fn value<'e>(&'e self, selector: &Selector) -> Option<Cow<'e, str>> {
        let body = self.request.post_data.as_ref().and_then(Text::plain);
        let pointed =
            |text: Option<&str>, pointer: &str| paths::pointed(text?, pointer).map(Cow::Owned);
        match selector {
            Selector::Header(name) => header(&self.request.headers, name),
            Selector::ResponseHeader(name) => header(&self.response.headers, name),
            Selector::Body(pointer) => pointed(body, pointer),
            Selector::Response(pointer) => pointed(self.response.content.plain(), pointer),
            Selector::Query(_) | Selector::Field(_) | Selector::Value(_) => None,
        }
    }
}

impl Format for Har {
    fn slot(&mut self, selector: &Selector) -> Result<usize, String> {
        if matches!(selector, Selector::Field(_)) {
            return Err(format!(
                "an archive has no {selector}; it has {}",
                Selector::KINDS
            ));
        }
        self.slots.push(selector.clone());
        Ok(self.slots.len() - 1)
    }

    fn read(&mut self, input: Box<dyn BufRead>, take: Take<'_>) -> io::Result<()> {
        match serde_json::from_reader::<_, Document>(input) {
            Ok(document) => {
                for (number, entry) in (1..).zip(&document.log.entries) {
                    take(number, Ok(&entry.raw(&self.slots)));
                }
            }
            Err(error) if error.is_io() => return Err(error.into()),
            Err(error) => take(
                error.line() as u64,
                Err(format!("no HTTP Archive: {error}")),
            ),
        }
        Ok(())
    }

    fn said(&self) -> Vec<String> {
        vec![String::from(
            "the time of an archive's entry is the begin of its request, by the clock of the browser",
        )]
    }

    fn usual_key(&self) -> Option<Selector> {
        Some(Selector::Header(String::from("Idempotency-Key")))
    }

    fn usual_field(&self, field: &str) -> Vec<Selector> {
        match field {
            "payload" => vec![Selector::Body(String::new())],
            "response" => vec![Selector::Response(String::new())],
            "replayed" => vec![Selector::ResponseHeader(String::from(
                "Idempotent-Replayed",
            ))],
            "order" => ["/order_id", "/orderId", "/order/id", "/id"]
                .map(|at| Selector::Response(at.to_owned()))
                .to_vec(),
            _ => Vec::new(),
        }
    }

    fn is_whole(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Cursor;

    /// An entry as browsers write it, shortened.
    const ARCHIVE: &str = r#"{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[],"entries":[
        {"_initiator":{"type":"script"},"startedDateTime":"2026-11-28T06:16:02.250Z","time":1500.5,
         "request":{"method":"POST","url":"https://shop.example/api/orders?x=1","httpVersion":"http/2.0",
           "headers":[{"name":"idempotency-key","value":"k-1"}],"queryString":[],"cookies":[],"headersSize":-1,"bodySize":20,
           "postData":{"mimeType":"application/json","text":"{\"items\":[{\"sku\":\"S\",\"quantity\":1}]}"}},
         "response":{"status":201,"statusText":"","httpVersion":"http/2.0","headers":[],"cookies":[],
           "content":{"size":8,"mimeType":"application/json","text":"{\"id\":7}"},"redirectURL":"","headersSize":-1,"bodySize":8},
         "cache":{},"timings":{"blocked":1,"send":0.1,"wait":1499,"receive":0.4}},
        {"startedDateTime":"2026-11-28T06:16:09.250Z","time":-1,
         "request":{"method":"POST","url":"https://shop.example/api/orders","headers":[]},
         "response":{"status":0,"headers":[],"content":{"size":0,"mimeType":"x-unknown","text":"AAA=","encoding":"base64"}}}]}}"#;

    fn read(selectors: &[&str], text: &str) -> Vec<Result<String, String>> {
        let mut har = Har::default();
        for selector in selectors {
            har.slot(&Selector::parse(selector).expect("a selector"))
                .expect("an archive has it");
        }
        let mut said = Vec::new();
        let read = har.read(
            Box::new(Cursor::new(text.to_owned())),
            &mut |number, raw| {
                said.push(raw.map(|raw| {
                    let values: Vec<&str> = raw
                        .values
                        .iter()
                        .map(|value| value.as_deref().unwrap_or("none"))
                        .collect();
                    let lasted = raw.duration.as_ref().map_or("none", |(text, _)| text);
                    format!(
                        "{number} {} {} {} {} {lasted} {}",
                        raw.method,
                        raw.target,
                        raw.status,
                        raw.times[0].1,
                        values.join(" ")
                    )
                }));
            },
        );
        read.expect("memory can be read");
        said
    }

    #[test]
    fn headers_bodies_and_answers_of_an_archive_are_read() {
        let selectors = ["header:Idempotency-Key", "body:/items", "response:/id"];
        let expected = [
            r#"1 POST https://shop.example/api/orders?x=1 201 2026-11-28T06:16:02.250Z 1500.5 k-1 [{"quantity":1,"sku":"S"}] 7"#,
            "2 POST https://shop.example/api/orders 0 2026-11-28T06:16:09.250Z none none none none",
        ];
        assert_eq!(
            read(&selectors, ARCHIVE),
            expected.map(|line| Ok(line.to_owned()))
        );
    }

    #[test]
    fn what_is_no_archive_is_told_with_its_line() {
        let said = read(&[], "{\"log\":\n{}}");
        let said = said[0].as_ref().expect_err("no entries");
        assert!(
            said.contains("no HTTP Archive: missing field `entries`"),
            "{said}"
        );
    }
}
