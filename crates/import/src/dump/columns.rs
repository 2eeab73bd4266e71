//! Finds out which column of a dump is which field of a row: by the command line, or by its name.

use crate::dump::names::usual;
use crate::map::{Maps, Part};
use crate::mistake::{Mistake, did_you_mean};

/// The place of a field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a column, by its number.
    Column(usize),
    /// Nowhere: it is the same in every row.
    Value(String),
}

/// The columns of a dump, and the fields that they are.
#[derive(Clone, Debug)]
pub struct Columns {
    part: Part,
    /// The names of the columns.
    pub names: Vec<String>,
    fields: Vec<(&'static str, Source)>,
}

/// The fields without which there is no row.
fn required(part: Part) -> &'static [&'static str] {
    match part {
        Part::Requests => &[],
        Part::Orders => &["id", "state"],
        Part::Charges => &["id", "amount", "state"],
        Part::Refunds => &["id", "charge", "amount"],
    }
}

/// A name without what spellings differ in.
pub fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

impl Columns {
    /// Finds the fields of a part among columns. `tenants` says whether requests have tenants: a shop among the columns means
    /// nothing if they have not.
    ///
    /// # Errors
    ///
    /// If the command line names a column that is not there, or a required field has none.
    pub fn new(
        part: Part,
        names: &[String],
        maps: &Maps,
        tenants: bool,
    ) -> Result<Columns, Mistake> {
        let mut columns = Columns::unchecked(part, names);
        for field in part.fields() {
            let source = match maps.column(part, field) {
                Some("") => None,
                Some(column) => Some(columns.mapped(field, column)?),
                None if *field == "tenant" && !tenants => None,
                None => usual(part, field)
                    .iter()
                    .find_map(|name| columns.named(name))
                    .map(Source::Column),
            };
            columns.fields.extend(source.map(|source| (*field, source)));
        }
        columns.check()?;
        Ok(columns)
    }

    /// Columns whose fields are already known.
    ///
    /// # Errors
    ///
    /// If a required field has none.
    pub fn given(
        part: Part,
        names: &[String],
        fields: Vec<(&'static str, Source)>,
    ) -> Result<Columns, Mistake> {
        let columns = Columns {
            part,
            names: names.to_vec(),
            fields,
        };
        columns.check()?;
        Ok(columns)
    }

    /// Columns whose field is not known yet.
    pub fn unchecked(part: Part, names: &[String]) -> Columns {
        Columns {
            part,
            names: names.to_vec(),
            fields: Vec::new(),
        }
    }

    fn named(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| plain(column) == name)
    }

    /// The place of a column that the command line names.
    ///
    /// # Errors
    ///
    /// If there is none; proposes the nearest.
    pub fn mapped(&self, field: &str, column: &str) -> Result<Source, Mistake> {
        if let Some(value) = column.strip_prefix("value:") {
            return Ok(Source::Value(value.to_owned()));
        }
        let exact = self.names.iter().position(|name| name == column);
        let found = exact.or_else(|| {
            self.named(&plain(column))
                .filter(|_| !plain(column).is_empty())
        });
        found.map(Source::Column).ok_or_else(|| {
            let near = did_you_mean(column, self.names.iter().map(String::as_str));
            let option = format!("--map '{}:{field}={column}'", self.part.name());
            Mistake::new(
                option,
                format!(
                    "there is no such column{near} (columns are {})",
                    self.names.join(", ")
                ),
            )
        })
    }

    /// A row without its required fields is none, and a column that is there twice may be either.
    fn check(&self) -> Result<(), Mistake> {
        let part = self.part.name();
        for field in required(self.part) {
            if self.source(field).is_none() {
                let hint = if *field == "state" {
                    "; `value:TEXT` for COLUMN gives every row the same"
                } else {
                    ""
                };
                let message = format!(
                    "no column is called like the {field} of {part} (columns are {}); say --map '{part}:{field}=COLUMN'{hint}",
                    self.names.join(", ")
                );
                return Err(Mistake::new(part, message));
            }
        }
        for (field, source) in &self.fields {
            let Source::Column(at) = source else { continue };
            let name = &self.names[*at];
            if self.names.iter().filter(|other| *other == name).count() > 1 {
                let message = format!(
                    "two columns are called {name}, and {field} is one of them; give them names of their own"
                );
                return Err(Mistake::new(part, message));
            }
        }
        Ok(())
    }

    /// What the dump is of.
    pub fn part(&self) -> Part {
        self.part
    }

    /// The place of a field.
    pub fn source(&self, field: &str) -> Option<&Source> {
        self.fields
            .iter()
            .find(|(name, _)| *name == field)
            .map(|(_, source)| source)
    }

    /// The value of a field in a row.
    pub fn value<'r>(&'r self, field: &str, cells: &[Option<&'r str>]) -> Option<&'r str> {
        match self.source(field)? {
            Source::Column(at) => cells.get(*at).copied().flatten(),
            Source::Value(text) => Some(text),
        }
    }

    /// The column of a field, for messages.
    pub fn column(&self, field: &str) -> &str {
        match self.source(field) {
            Some(Source::Column(at)) => &self.names[*at],
            _ => "value",
        }
    }

    /// `id <- order_no, state <- status; not used: note`.
    pub fn said(&self) -> String {
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|(field, source)| match source {
                Source::Column(at) => format!("{field} <- {}", self.names[*at]),
                Source::Value(text) => format!("{field} = {text}"),
            })
            .collect();
        let used = |at: usize| {
            self.fields
                .iter()
                .any(|(_, source)| *source == Source::Column(at))
        };
        let unused: Vec<&str> = (0..self.names.len())
            .filter(|at| !used(*at))
            .map(|at| self.names[at].as_str())
            .collect();
        match unused.is_empty() {
            true => fields.join(", "),
            false => format!("{}; not used: {}", fields.join(", "), unused.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(part: Part, names: &str, maps: &[&str], tenants: bool) -> Result<String, String> {
        let maps: Vec<String> = maps.iter().map(|text| (*text).to_owned()).collect();
        let maps = Maps::parse(&maps).expect("well formed");
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        let columns = Columns::new(part, &names, &maps, tenants);
        columns
            .map(|columns| columns.said())
            .map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn usual_names_are_taken_in_any_spelling_and_what_is_not_used_is_said() {
        assert_eq!(
            columns(
                Part::Orders,
                "Order No,idem_key,Status,createdAt,shop_id,email",
                &[],
                false
            )
            .as_deref(),
            Ok(
                "id <- Order No, state <- Status, key <- idem_key, t <- createdAt; not used: shop_id, email"
            )
        );
        assert_eq!(
            columns(
                Part::Charges,
                "charge_id,order_id,amount_cents,status,payment_intent",
                &[],
                false
            )
            .as_deref(),
            Ok(
                "id <- charge_id, amount <- amount_cents, state <- status, order <- order_id, provider_key <- payment_intent"
            )
        );
    }

    #[test]
    fn a_tenant_is_taken_only_if_requests_have_one_and_maps_go_first() {
        let names = "id,state,shop,other";
        let said = columns(
            Part::Orders,
            names,
            &["orders:id=other,state=value:confirmed"],
            true,
        )
        .expect("a table");
        assert_eq!(
            said,
            "id <- other, state = confirmed, tenant <- shop; not used: id, state"
        );
        let said = columns(Part::Orders, names, &["orders:tenant="], true).expect("a table");
        assert!(!said.contains("tenant"), "{said}");
    }

    #[test]
    fn what_is_missing_or_twice_is_a_mistake_that_proposes_a_map() {
        for (names, maps, part) in [
            (
                "id,paid",
                &[][..],
                "say --map 'orders:state=COLUMN'; `value:TEXT`",
            ),
            (
                "id,state",
                &["orders:key=idkey"],
                "there is no such column (columns are id, state)",
            ),
            (
                "id,state,idem_key",
                &["orders:key=idemkez"],
                "did you mean `idem_key`?",
            ),
            ("id,state,id", &[], "two columns are called id"),
        ] {
            let said = columns(Part::Orders, names, maps, false).expect_err(names);
            assert!(said.contains(part), "{said}");
        }
    }
}
