//! Orders, charges and refunds from the rows of their tables.

mod build;
mod told;

use std::collections::BTreeMap;

use crate::dump::columns::Columns;
use crate::dump::part::build::TableRow;
use crate::dump::rows::{Added, NewRow, Rows};
use crate::dump::states::States;
use crate::dump::stripe::{Kind, Stripe};
use crate::dump::table::{self, Sink};
use crate::line::Line;
use crate::map::Part;
use crate::mistake::{Mistake, Mistakes, Tell, quoted, tell};
use crate::plan::{Dump, Plan};
use crate::requests::pick::have_tenants;
use crate::span::Unit;

/// Everything that was dumped.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// The orders.
    pub orders: Rows,
    /// The charges.
    pub charges: Rows,
    /// The refunds.
    pub refunds: Rows,
    /// The keys of orders.
    pub keys: Rows,
    /// The parts that were read, in the order of reading.
    pub parts: Vec<Part>,
    /// How far a time of a row may be from the true one, in nanoseconds.
    pub resolution: i64,
    /// Whether amounts are decimals because of an export that has no others.
    pub decimal: bool,
    /// A dump whose amounts are whole, as far as the command line says.
    whole_amounts: Option<String>,
    /// Orders and charges that were left out, with which what belongs to them is left out too.
    gone_orders: Rows,
    gone_charges: Rows,
}

/// The columns of a dump.
#[derive(Clone, Debug)]
enum Layout {
    Table(Columns),
    Stripe(Box<Stripe>),
}

/// Reads one dump into the store.
struct Reader<'a> {
    plan: &'a Plan,
    unit: Unit,
    part: Part,
    name: String,
    store: &'a mut Store,
    to: Tell<'a>,
    layout: Option<Layout>,
    states: States,
    mistakes: Mistakes,
    tally: Tally,
    /// The JSON of a row.
    json: Vec<u8>,
}

/// What the rows of a dump were like.
#[derive(Clone, Debug, Default)]
struct Tally {
    rows: u64,
    again: u64,
    skipped: u64,
    /// Rows that were left out, by reason.
    left_out: BTreeMap<String, u64>,
    /// Charges without an order, and those whose order is not in the dump; refunds likewise.
    nowhere: u64,
    unmatched: u64,
    first_unmatched: Option<String>,
}

impl Store {
    /// Reads a dump of a part, and reports what was read.
    ///
    /// # Errors
    ///
    /// All mistakes of the dump.
    pub fn read(
        &mut self,
        part: Part,
        dump: Dump,
        plan: &Plan,
        unit: Unit,
        to: Tell<'_>,
    ) -> Result<(), Mistakes> {
        let name = dump.name.clone();
        let named: Vec<&str> = plan.maps.columns(part).map(|(_, column)| column).collect();
        let mut reader = Reader {
            plan,
            unit,
            part,
            name,
            store: self,
            to,
            layout: None,
            states: States::new(part),
            mistakes: Mistakes::default(),
            tally: Tally::default(),
            json: Vec::new(),
        };
        let read = table::read(dump, &named, &mut reader);
        if let Err(mistake) = read {
            reader.mistakes.push(mistake);
        }
        reader.end()
    }

    fn rows(&mut self, part: Part) -> &mut Rows {
        match part {
            Part::Refunds => &mut self.refunds,
            Part::Charges => &mut self.charges,
            _ => &mut self.orders,
        }
    }

    fn add_part(&mut self, part: Part) {
        if !self.parts.contains(&part) {
            self.parts.push(part);
        }
    }
}

impl Sink for Reader<'_> {
    fn header(&mut self, columns: &[String], form: &str) -> Result<(), Mistake> {
        let stripe = match self.part {
            Part::Charges => Stripe::known(columns, &self.plan.maps)?,
            _ => None,
        };
        let in_file = |mut mistake: Mistake, name: &str| {
            if !mistake.place.starts_with("--") {
                mistake.place = name.to_owned();
            }
            mistake
        };
        self.store.add_part(self.part);
        let layout = match stripe {
            Some(stripe) => {
                self.store.add_part(Part::Refunds);
                self.store.decimal = true;
                tell(
                    self.to,
                    "Reading",
                    format!("{}: a balance export of Stripe, decimal amounts", self.name),
                );
                tell(self.to, "Charges", stripe.charges.said());
                tell(self.to, "Refunds", stripe.refunds.said());
                Layout::Stripe(Box::new(stripe))
            }
            None => {
                let tenants = have_tenants(&self.plan.maps, self.plan.tenant.as_deref());
                let columns = Columns::new(self.part, columns, &self.plan.maps, tenants);
                let columns = columns.map_err(|mistake| in_file(mistake, &self.name))?;
                tell(self.to, "Reading", format!("{}: {form}", self.name));
                tell(self.to, title(self.part), columns.said());
                Layout::Table(columns)
            }
        };
        self.layout = Some(layout);
        self.one_kind_of_amounts()
    }

    fn row(&mut self, line: u64, cells: &[Option<&str>]) {
        self.tally.rows += 1;
        // Taken out and put back, because the rows of the store change meanwhile.
        let Some(layout) = self.layout.take() else {
            return;
        };
        if let Err(why) = self.sorted(&layout, line, cells) {
            self.broken(line, why);
        }
        self.layout = Some(layout);
    }

    fn broken(&mut self, line: u64, why: String) {
        match self.plan.skip_broken {
            true => self.tally.skipped += 1,
            false => self.mistakes.push(Mistake::at(&self.name, line, why)),
        }
    }
}

/// A part's name at the beginning of a note.
fn title(part: Part) -> &'static str {
    match part {
        Part::Requests => "Requests",
        Part::Orders => "Orders",
        Part::Charges => "Charges",
        Part::Refunds => "Refunds",
    }
}

impl Reader<'_> {
    /// Gives a row to its part.
    fn sorted(&mut self, layout: &Layout, line: u64, cells: &[Option<&str>]) -> Result<(), String> {
        let stripe = match layout {
            Layout::Table(columns) => {
                return self.build(self.part, columns, line, cells, self.plan.decimal);
            }
            Layout::Stripe(stripe) => stripe,
        };
        match stripe.kind(cells) {
            Kind::Charge => self.build(Part::Charges, &stripe.charges, line, cells, true),
            Kind::Refund => {
                stripe.check_refund(cells)?;
                self.build(Part::Refunds, &stripe.refunds, line, cells, true)
            }
            Kind::Other(kind) => {
                self.leave_out(format!(
                    "{} rows",
                    if kind.is_empty() { "untyped" } else { kind }
                ));
                Ok(())
            }
        }
    }

    /// A history has amounts of one kind. Those of Stripe's exports are decimals, whatever the command line says.
    fn one_kind_of_amounts(&mut self) -> Result<(), Mistake> {
        let is_whole = matches!(self.layout, Some(Layout::Table(_)))
            && self.part != Part::Orders
            && !self.plan.decimal;
        if is_whole {
            self.store
                .whole_amounts
                .get_or_insert_with(|| self.name.clone());
        }
        match &self.store.whole_amounts {
            Some(name) if self.store.decimal => {
                let message = "its amounts would be whole, and those of the Stripe export are decimals; say --decimal if its are too";
                Err(Mistake::new(name, message))
            }
            _ => Ok(()),
        }
    }

    fn leave_out(&mut self, why: String) {
        *self.tally.left_out.entry(why).or_default() += 1;
    }

    fn build(
        &mut self,
        part: Part,
        columns: &Columns,
        line: u64,
        cells: &[Option<&str>],
        decimal: bool,
    ) -> Result<(), String> {
        let row = TableRow { columns, cells };
        let id = row.required("id")?;
        let t = row.time(self.plan)?;
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        let built = match part {
            Part::Refunds => self.refund(&row, decimal, &mut json),
            Part::Charges => self.charge(&row, line, decimal, &mut json),
            _ => self.order(&row, line, &mut json),
        };
        let built = built.map(|items| {
            let items = items?;
            if let Some(stamp) = t {
                self.store.resolution = self.store.resolution.max(stamp.resolution);
                Line::of(&mut json).time("t", stamp.ns, self.unit);
            }
            let key = match part {
                Part::Orders => row
                    .meaning("key", self.plan)
                    .map(|key| self.store.keys.name(key)),
                _ => None,
            };
            let t = t.map(|stamp| stamp.ns);
            Some(self.store.rows(part).add(NewRow {
                id,
                json: &json,
                line,
                t,
                key,
                items,
            }))
        });
        self.json = json;
        match built? {
            Some(Added::Otherwise(earlier)) => Err(format!(
                "{} {} stands in line {earlier} with other values; a dump has one row of each, or one for each item with its sku",
                columns.column("id"),
                quoted(id)
            )),
            Some(Added::Again) => {
                self.tally.again += 1;
                Ok(())
            }
            Some(Added::New) | None => Ok(()),
        }
    }
}
