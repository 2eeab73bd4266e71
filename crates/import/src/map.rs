//! `--map`: which column is which field of the form, and which value of a column is which of the form's.

use crate::mistake::{Mistake, did_you_mean};

/// What a map is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The access log.
    Requests,
    /// The dump of orders.
    Orders,
    /// The dump of charges.
    Charges,
    /// The dump of refunds.
    Refunds,
}

impl Part {
    const ALL: [Part; 4] = [Part::Requests, Part::Orders, Part::Charges, Part::Refunds];

    /// As the command line writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Requests => "requests",
            Part::Orders => "orders",
            Part::Charges => "charges",
            Part::Refunds => "refunds",
        }
    }

    /// The fields that can be mapped: those of the form, and for requests what decides whether a line is one of them.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Part::Requests => &[
                "t", "duration", "status", "method", "path", "key", "tenant", "process", "intent",
                "payload", "items", "coupon", "order", "amount", "host", "response", "replayed",
                "code",
            ],
            Part::Orders => &[
                "id", "state", "key", "tenant", "intent", "payload", "items", "sku", "quantity",
                "coupon", "cart", "t",
            ],
            Part::Charges => &[
                "id",
                "amount",
                "state",
                "order",
                "intent",
                "provider_key",
                "tender",
                "t",
            ],
            Part::Refunds => &["id", "charge", "amount", "key", "t"],
        }
    }
}

/// The maps of a command line.
#[derive(Clone, Debug, Default)]
pub struct Maps {
    columns: Vec<(Part, &'static str, String)>,
    values: Vec<(Part, &'static str, String, String)>,
}

impl Maps {
    /// Reads `orders:id=order_no,key=idem_key` and `orders.state:paid=confirmed,open=pending`.
    ///
    /// # Errors
    ///
    /// Names the map that is malformed, and the nearest name that is known.
    pub fn parse(texts: &[String]) -> Result<Maps, Mistake> {
        let mut maps = Maps::default();
        for text in texts {
            maps.add(text)
                .map_err(|why| Mistake::new(format!("--map '{text}'"), why))?;
        }
        Ok(maps)
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let form = "expected orders:FIELD=COLUMN,... or orders.FIELD:VALUE=MEANING,...";
        let (head, pairs) = text.split_once(':').ok_or(form)?;
        let (part, field) = head
            .split_once('.')
            .map_or((head, None), |(part, field)| (part, Some(field)));
        let named = Part::ALL.into_iter().find(|known| known.name() == part);
        let part = named.ok_or_else(|| {
            let names = Part::ALL.map(Part::name);
            format!("there is no part `{part}`{}", did_you_mean(part, names))
        })?;
        let field = field.map(|field| known(part, field)).transpose()?;
        for pair in pairs.split(',') {
            let (left, right) = pair
                .split_once('=')
                .ok_or_else(|| format!("`{pair}` has no `=`; {form}"))?;
            let (left, right) = (left.trim(), right.trim().to_owned());
            match field {
                Some(field) => self.values.push((part, field, left.to_owned(), right)),
                None => self.columns.push((part, known(part, left)?, right)),
            }
        }
        Ok(())
    }

    /// The column of a field: `Some("")` is none at all. The last map of a field counts.
    pub fn column(&self, part: Part, field: &str) -> Option<&str> {
        let columns = self.columns.iter().rev();
        let mut found = columns.filter(|(of, name, _)| (*of, *name) == (part, field));
        found.next().map(|(.., column)| column.as_str())
    }

    /// The fields of a part that have a map, and their columns.
    pub fn columns(&self, part: Part) -> impl Iterator<Item = (&'static str, &str)> {
        let columns = self.columns.iter().filter(move |(of, ..)| *of == part);
        columns.map(|(_, field, column)| (*field, column.as_str()))
    }

    /// What a value of a field's column means.
    pub fn value(&self, part: Part, field: &str, value: &str) -> Option<&str> {
        let values = self.values.iter().rev();
        let mut found = values
            .filter(|(of, name, from, _)| (*of, *name, from.as_str()) == (part, field, value));
        found.next().map(|(.., to)| to.as_str())
    }

    /// Whether a field has values that mean something else.
    pub fn has_values(&self, part: Part, field: &str) -> bool {
        self.values
            .iter()
            .any(|(of, name, ..)| (*of, *name) == (part, field))
    }
}

fn known(part: Part, field: &str) -> Result<&'static str, String> {
    let found = part.fields().iter().find(|known| **known == field);
    found.copied().ok_or_else(|| {
        let (name, fields) = (part.name(), part.fields());
        let near = did_you_mean(field, fields.iter().copied());
        format!(
            "{name} have no field `{field}`{near} (the fields are {})",
            fields.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maps(texts: &[&str]) -> Result<Maps, String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Maps::parse(&texts).map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn columns_and_values_are_looked_up_by_part_and_field_and_the_last_map_counts() {
        let maps = maps(&[
            "orders:id=order_no,key=idem key,tenant=",
            "orders.state:paid=confirmed,open=pending",
            "orders:id=number",
        ]);
        let maps = maps.expect("well formed");
        assert_eq!(maps.column(Part::Orders, "id"), Some("number"));
        assert_eq!(maps.column(Part::Orders, "key"), Some("idem key"));
        assert_eq!(maps.column(Part::Orders, "tenant"), Some(""));
        assert_eq!(maps.column(Part::Charges, "id"), None);
        assert_eq!(maps.value(Part::Orders, "state", "paid"), Some("confirmed"));
        assert_eq!(maps.value(Part::Orders, "state", "gone"), None);
    }

    #[test]
    fn a_malformed_map_is_named_with_what_was_meant() {
        for (text, part) in [
            ("orders", "expected orders:FIELD=COLUMN"),
            ("order:id=no", "did you mean `orders`?"),
            ("orders:idd=no", "did you mean `id`?"),
            ("orders:id", "`id` has no `=`"),
            ("orders.stat:paid=confirmed", "did you mean `state`?"),
        ] {
            let said = maps(&[text]).expect_err(text);
            assert!(said.contains(part) && said.contains(text), "{said}");
        }
    }
}
