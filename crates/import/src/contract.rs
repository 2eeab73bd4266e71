//! The first line of a history: what the service promised, from a file or as little as can be said without one.

use serde_json::{Map, Value, json};

use crate::mistake::{Mistake, Tell, tell};
use crate::span::Unit;

/// The unit of a history's times if no contract names one: that of most logs.
pub const USUAL_UNIT: Unit = Unit::Ms;

/// The promises of a service.
#[derive(Clone, Debug)]
pub struct Contract {
    fields: Map<String, Value>,
    /// What it is called in messages; `None` if there is no file.
    name: Option<String>,
    /// The unit of times.
    pub unit: Unit,
}

/// What the input says about the first line.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whether amounts are decimals.
    pub decimal: bool,
    /// What of answers the log shows.
    pub observed: Vec<&'static str>,
    /// By how much times of rows and of requests may differ, in nanoseconds.
    pub tolerance: i64,
}

/// What is not judged without a promise.
const UNPROMISED: [(&str, &str); 5] = [
    ("ttl", "keys count as kept for ever"),
    (
        "in_flight",
        "how a duplicate of a running request is answered",
    ),
    ("mismatch", "how a key with another payload is answered"),
    ("prices", "whether the right amounts were charged"),
    ("stock", "whether more was sold than there was"),
];

impl Contract {
    /// Reads a contract: a JSON object, or a JSON line that may be the first of a history.
    ///
    /// # Errors
    ///
    /// If it is no contract, or its unit is none.
    pub fn read(file: Option<&(String, String)>) -> Result<Contract, Mistake> {
        let Some((name, text)) = file else {
            return Ok(Contract {
                fields: Map::new(),
                name: None,
                unit: USUAL_UNIT,
            });
        };
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let mut fields = match values.next() {
            Some(Ok(Value::Object(fields))) => fields,
            Some(Err(error)) => {
                return Err(Mistake::at(name, error.line() as u64, error.to_string()));
            }
            _ => return Err(Mistake::at(name, 1, "expected a JSON object, the contract")),
        };
        if let Some(kind) = fields.remove("kind").filter(|kind| kind != "contract") {
            return Err(Mistake::at(
                name,
                1,
                format!("kind is {kind}, and not \"contract\""),
            ));
        }
        let unit = match fields.get("time_unit") {
            None => USUAL_UNIT,
            Some(unit) => unit.as_str().and_then(Unit::named).ok_or_else(|| {
                Mistake::at(
                    name,
                    1,
                    format!("time_unit is {unit}; expected \"ns\", \"us\", \"ms\" or \"s\""),
                )
            })?,
        };
        Ok(Contract {
            fields,
            name: Some(name.clone()),
            unit,
        })
    }

    /// Whether it says that amounts are decimals.
    pub fn is_decimal(&self) -> bool {
        self.fields
            .get("amounts")
            .is_some_and(|amounts| amounts == "decimal")
    }

    /// Writes the line. What the file lacks about the recording is added, with a note; what it says about amounts must agree.
    ///
    /// # Errors
    ///
    /// If the file says that amounts are whole, and they are not.
    pub fn write(mut self, facts: &Facts, out: &mut Vec<u8>, to: Tell<'_>) -> Result<(), Mistake> {
        let amounts = if facts.decimal { "decimal" } else { "minor" };
        if let (Some(name), Some(said)) = (&self.name, self.fields.get("amounts"))
            && said != amounts
        {
            let message = format!("amounts are {said}, but those of the dumps are {amounts}");
            return Err(Mistake::at(name, 1, message));
        }
        let tolerance =
            facts.tolerance / self.unit.ns() + i64::from(facts.tolerance % self.unit.ns() > 0);
        let own = [
            ("amounts", json!(amounts)),
            ("observed", json!(facts.observed)),
            ("clock_tolerance", json!(tolerance)),
        ];
        let mut added = Vec::new();
        if self.fields.remove("time_unit").is_none() {
            added.push(format!("time_unit \"{}\"", self.unit.name()));
        }
        for (field, value) in own {
            if !self.fields.contains_key(field) {
                added.push(format!("{field} {value}"));
                self.fields.insert(field.to_owned(), value);
            }
        }
        let from = self.name.as_deref().unwrap_or("none given (--contract)");
        let added = match added.is_empty() {
            true => String::new(),
            false => format!("; added {}", added.join(", ")),
        };
        tell(to, "Contract", format!("{from}{added}"));
        let absent: Vec<String> = UNPROMISED
            .iter()
            .filter(|(field, _)| !self.fields.contains_key(*field))
            .map(|(field, what)| format!("{field} ({what})"))
            .collect();
        if !absent.is_empty() {
            tell(
                to,
                "Unjudged",
                format!("the contract promises nothing about {}", absent.join(", ")),
            );
        }
        out.extend_from_slice(
            format!(
                "{{\"kind\":\"contract\",\"time_unit\":\"{}\"",
                self.unit.name()
            )
            .as_bytes(),
        );
        for (field, value) in &self.fields {
            out.extend_from_slice(format!(",{}:{value}", Value::from(field.as_str())).as_bytes());
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(file: Option<&str>, decimal: bool) -> Result<(String, String), String> {
        let file = file.map(|text| ("c.json".to_owned(), text.to_owned()));
        let contract = Contract::read(file.as_ref()).map_err(|mistake| mistake.to_string())?;
        let facts = Facts {
            decimal,
            observed: vec!["status"],
            tolerance: 2_000_000_001,
        };
        let (mut out, mut told) = (Vec::new(), String::new());
        let written = contract.write(&facts, &mut out, &mut |note| {
            told += &format!("{}\n", note.text)
        });
        written.map_err(|mistake| mistake.to_string())?;
        Ok((String::from_utf8(out).expect("text"), told))
    }

    #[test]
    fn without_a_file_nothing_is_promised_and_that_is_told() {
        let (line, told) = written(None, false).expect("a contract");
        assert_eq!(
            line,
            "{\"kind\":\"contract\",\"time_unit\":\"ms\",\"amounts\":\"minor\",\"clock_tolerance\":2001,\"observed\":[\"status\"]}\n"
        );
        for part in ["none given", "ttl (keys count as kept for ever)", "prices"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn a_file_is_completed_and_what_it_says_stays() {
        let file = "{\"kind\":\"contract\",\"time_unit\":\"us\",\"ttl\":9,\"clock_tolerance\":5,\"prices\":{\"S\":\"1.00\"}}\n{\"kind\":\"audit\"}";
        let (line, told) = written(Some(file), true).expect("a contract");
        assert_eq!(
            line,
            "{\"kind\":\"contract\",\"time_unit\":\"us\",\"amounts\":\"decimal\",\"clock_tolerance\":5,\"observed\":[\"status\"],\"prices\":{\"S\":\"1.00\"},\"ttl\":9}\n"
        );
        assert!(
            !told.contains("prices") && told.contains("mismatch"),
            "{told}"
        );
    }

    #[test]
    fn what_is_no_contract_or_says_otherwise_is_told_with_its_place() {
        for (file, part) in [
            ("[]", "c.json:1: expected a JSON object"),
            ("{\"ttl\":", "c.json:1: EOF"),
            ("{\"kind\":\"audit\"}", "kind is \"audit\""),
            ("{\"time_unit\":\"min\"}", "time_unit is \"min\""),
            ("{\"amounts\":\"decimal\"}", "those of the dumps are minor"),
        ] {
            let said = written(Some(file), false).expect_err(file);
            assert!(said.contains(part), "{said}");
        }
    }
}
