//! Which values of a log line become which fields of a `request`.

use std::borrow::Cow;

use crate::format::{Format, Raw};
use crate::map::{Maps, Part};
use crate::mistake::Mistake;
use crate::plan::Plan;
use crate::select::Selector;
use crate::target;

/// A field of a `request` line, and the place of its value.
#[derive(Clone, Debug)]
pub struct Pick {
    /// The field of the form.
    pub field: &'static str,
    /// Where it may stand; the first that is there counts.
    places: Vec<(Selector, Place)>,
    /// How many requests had it.
    pub found: u64,
    /// Whether the person asked for it.
    pub asked: bool,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
enum Place {
    /// The log's format has it in this slot.
    Slot(usize),
    /// The query string has it.
    Query(String),
    /// Every request has it.
    Value(String),
}

impl Pick {
    fn new(
        field: &'static str,
        selectors: Vec<Selector>,
        asked: bool,
        format: &mut dyn Format,
    ) -> Result<Pick, String> {
        let place = |selector: Selector| {
            let place = match &selector {
                Selector::Query(name) => Place::Query(name.clone()),
                Selector::Value(text) => Place::Value(text.clone()),
                other => Place::Slot(format.slot(other)?),
            };
            Ok((selector, place))
        };
        let places = selectors
            .into_iter()
            .map(place)
            .collect::<Result<Vec<_>, String>>()?;
        Ok(Pick {
            field,
            places,
            found: 0,
            asked,
        })
    }

    /// The value, if this request has it. `query` is that of its target.
    pub fn of<'r>(&'r self, raw: &'r Raw<'_>, query: &'r str) -> Option<Cow<'r, str>> {
        self.places.iter().find_map(|(_, place)| match place {
            Place::Slot(slot) => raw.values.get(*slot)?.as_deref().map(Cow::Borrowed),
            Place::Query(name) => target::parameter(query, name),
            Place::Value(text) => Some(Cow::Borrowed(text.as_str())),
        })
    }

    /// Whether it is in a body, and where.
    pub fn body_pointer(&self) -> Option<&str> {
        self.places.iter().find_map(|(selector, _)| match selector {
            Selector::Body(pointer) => Some(pointer.as_str()),
            _ => None,
        })
    }

    /// `key <- header:Idempotency-Key`.
    pub fn said(&self) -> String {
        let places: Vec<String> = self
            .places
            .iter()
            .map(|(selector, _)| selector.to_string())
            .collect();
        format!("{} <- {}", self.field, places.join(" or "))
    }
}

/// What stands for the fields that decide about a line, instead of what the format has: `t`, `duration`, `status`, `method`, `path`.
const OF_A_LINE: [&str; 5] = ["t", "duration", "status", "method", "path"];

/// The fields of the command line, of the format, and of no one.
#[derive(Clone, Debug)]
pub struct Picks {
    /// Fields of the form, in the order of writing.
    pub fields: Vec<Pick>,
    /// Fields that decide about the line.
    pub of_line: Vec<Pick>,
}

impl Picks {
    /// Asks a format for everything that is wanted of it.
    ///
    /// # Errors
    ///
    /// If a log of this format cannot have what the command line says.
    pub fn new(plan: &Plan, format: &mut dyn Format) -> Result<Picks, Mistake> {
        let mut picks = Picks {
            fields: Vec::new(),
            of_line: Vec::new(),
        };
        for field in Part::Requests.fields() {
            let of_line = OF_A_LINE.contains(field);
            let Some((selectors, asked, option)) = wanted(field, plan, format)? else {
                continue;
            };
            if of_line {
                format.mapped(field);
            }
            let pick = Pick::new(field, selectors, asked, format)
                .map_err(|why| Mistake::new(option, why))?;
            let list = if of_line {
                &mut picks.of_line
            } else {
                &mut picks.fields
            };
            list.push(pick);
        }
        Ok(picks)
    }

    /// The pick of a field.
    pub fn field(&self, field: &str) -> Option<&Pick> {
        self.fields.iter().find(|pick| pick.field == field)
    }
}

type Wanted = Option<(Vec<Selector>, bool, String)>;

/// Where a field shall be looked for, whether the person said so, and with which option.
fn wanted(field: &'static str, plan: &Plan, format: &dyn Format) -> Result<Wanted, Mistake> {
    let (mapped, option) = (
        plan.maps.column(Part::Requests, field),
        format!("--map 'requests:{field}=...'"),
    );
    let twice = |other: &str| Mistake::new(other, format!("{option} says it too; say it once"));
    Ok(match (field, mapped) {
        ("key", Some(_)) if plan.key.is_some() => return Err(twice("--key")),
        ("tenant", Some(_)) if plan.tenant.is_some() => return Err(twice("--tenant")),
        (_, Some("")) => None,
        (_, Some(text)) => {
            let selector =
                Selector::parse(text).map_err(|why| Mistake::new(option.clone(), why))?;
            Some((vec![selector], true, option))
        }
        ("key", None) => match plan.key.clone() {
            Some(key) => Some((vec![key], true, String::from("--key"))),
            None => format
                .usual_key()
                .map(|key| (vec![key], false, String::from("--key"))),
        },
        ("tenant", None) if plan.tenant.is_some() => {
            let tenant = plan.tenant.clone().map(Selector::Value);
            Some((tenant.into_iter().collect(), true, String::from("--tenant")))
        }
        (field, None) => Some(format.usual_field(field))
            .filter(|usual| !usual.is_empty())
            .map(|usual| (usual, false, option)),
    })
}

/// Whether requests say whose they are, so that a tenant among the columns of a dump means the same.
pub fn have_tenants(maps: &Maps, tenant: Option<&str>) -> bool {
    tenant.is_some()
        || maps
            .column(Part::Requests, "tenant")
            .is_some_and(|column| !column.is_empty())
}
