//! Orders, charges and refunds from the rows of their tables.

use std::collections::BTreeMap;

use crate::dump::columns::Columns;
use crate::dump::rows::{Added, NewRow, Rows};
use crate::dump::states::{Meaning, States};
use crate::dump::stripe::{Kind, Stripe};
use crate::dump::table::{self, Sink};
use crate::instant;
use crate::line::Line;
use crate::map::Part;
use crate::mistake::{Mistake, Mistakes, Tell, counted, grouped, quoted, tell};
use crate::plan::{Dump, Plan};
use crate::requests::pick::have_tenants;
use crate::span::Unit;
use crate::value::{self, Item};

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
    /// Reads a dump of a part, and tells what was read.
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

    /// An order without its time, and its items; `None` if it is left out.
    fn order(
        &mut self,
        row: &TableRow<'_>,
        line: u64,
        json: &mut Vec<u8>,
    ) -> Result<Option<Vec<Item>>, String> {
        let id = row.required("id")?;
        let Some(state) = self.state(row, line)? else {
            self.store.gone_orders.name(id);
            return Ok(None);
        };
        let mut out = Line::new("order", json);
        out.text("id", id);
        if let Some(tenant) = row.value("tenant").or(self.plan.tenant.as_deref()) {
            out.text("tenant", tenant);
        }
        for field in ["key", "intent", "payload", "coupon", "cart"] {
            row.copy(field, self.plan, &mut out);
        }
        out.text("state", state);
        let mut items = match row.value("items") {
            Some(json) => value::items(json).map_err(|why| row.named("items", why))?,
            None => Vec::new(),
        };
        if let Some(sku) = row.value("sku") {
            let quantity = match row.columns.source("quantity") {
                None => 1,
                Some(_) => {
                    let text = row.required("quantity")?;
                    value::whole(text).ok_or_else(|| {
                        row.named("quantity", format!("{} is no quantity", quoted(text)))
                    })?
                }
            };
            value::add(
                &mut items,
                Item {
                    sku: sku.into(),
                    quantity,
                },
            );
        }
        Ok(Some(items))
    }

    /// A charge without its time; `None` if it is left out.
    fn charge(
        &mut self,
        row: &TableRow<'_>,
        line: u64,
        decimal: bool,
        json: &mut Vec<u8>,
    ) -> Result<Option<Vec<Item>>, String> {
        let (id, order) = (row.required("id")?, row.value("order"));
        // Before anything that may be a mistake, so that all unknown states are found in one go.
        let state = self.state(row, line)?;
        let amount = row.amount(decimal)?;
        if amount.negative {
            return Err(row.named(
                "amount",
                String::from("a charge is not below zero; refunds are a dump of their own"),
            ));
        }
        if order.is_some_and(|order| self.store.gone_orders.has(order)) {
            self.store.gone_charges.name(id);
            self.leave_out(String::from("charges of orders that are left out"));
            return Ok(None);
        }
        let Some(state) = state else {
            self.store.gone_charges.name(id);
            return Ok(None);
        };
        let is_there =
            |order| !self.store.parts.contains(&Part::Orders) || self.store.orders.has(order);
        self.relate(order.map(|order| (order, is_there(order))));
        let mut out = Line::new("charge", json);
        out.text("id", id);
        for field in ["order", "intent", "provider_key", "tender"] {
            row.copy(field, self.plan, &mut out);
        }
        out.json("amount", &amount.json);
        out.text("state", state);
        Ok(Some(Vec::new()))
    }

    /// A refund without its time; `None` if it is left out.
    fn refund(
        &mut self,
        row: &TableRow<'_>,
        decimal: bool,
        json: &mut Vec<u8>,
    ) -> Result<Option<Vec<Item>>, String> {
        let (id, charge) = (row.required("id")?, row.required("charge")?);
        // Some write what is given back below zero, and some above.
        let amount = row.amount(decimal)?;
        if self.store.gone_charges.has(charge) {
            self.leave_out(String::from("refunds of charges that are left out"));
            return Ok(None);
        }
        let is_there = !self.store.parts.contains(&Part::Charges) || self.store.charges.has(charge);
        self.relate(Some((charge, is_there)));
        let mut out = Line::new("refund", json);
        out.text("id", id);
        row.copy("charge", self.plan, &mut out);
        out.json("amount", &amount.json);
        row.copy("key", self.plan, &mut out);
        Ok(Some(Vec::new()))
    }

    /// Counts what belongs nowhere: charges without an order, or with one that the dump does not have.
    fn relate(&mut self, of: Option<(&str, bool)>) {
        match of {
            None => self.tally.nowhere += 1,
            Some((_, true)) => {}
            Some((name, false)) => {
                self.tally.unmatched += 1;
                self.tally
                    .first_unmatched
                    .get_or_insert_with(|| name.to_owned());
            }
        }
    }

    /// The state of a row; `None` if rows of that state are left out. Unknown ones are told in the end, all at once.
    fn state(&mut self, row: &TableRow<'_>, line: u64) -> Result<Option<&'static str>, String> {
        let value = row.required("state")?;
        match self.states.meaning(value, line, &self.plan.maps) {
            Meaning::State(state) => Ok(Some(state)),
            Meaning::Unknown => Ok(None),
            Meaning::LeftOut => {
                self.leave_out(format!("{} {}", row.columns.column("state"), quoted(value)));
                Ok(None)
            }
        }
    }

    /// Tells what was read.
    fn end(mut self) -> Result<(), Mistakes> {
        if let Some(Layout::Table(columns)) = &self.layout
            && let Err(mistake) = self.states.check(&self.name, columns.column("state"))
        {
            self.mistakes.push(mistake);
        }
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        let (tally, to) = (&self.tally, self.to);
        tell(
            to,
            "Read",
            format!("{}: {}", self.name, counted(tally.rows, "row")),
        );
        for (why, count) in &tally.left_out {
            tell(to, "Left out", format!("{} {why}", grouped(*count)));
        }
        if tally.again > 0 {
            let what = if self.part == Part::Orders {
                "further items of an order"
            } else {
                "repetitions of a row"
            };
            tell(
                to,
                "Joined",
                format!("{} as {what} above", counted(tally.again, "row")),
            );
        }
        if tally.skipped > 0 {
            tell(
                to,
                "Skipped",
                format!(
                    "{}: a finding may be about what they said",
                    counted(tally.skipped, "broken row")
                ),
            );
        }
        let (of, owner) = if self.part == Part::Refunds {
            ("refund", "charge")
        } else {
            ("charge", "order")
        };
        if tally.nowhere > 0 {
            tell(
                to,
                "Note",
                format!("{} without {owner}", counted(tally.nowhere, of)),
            );
        }
        if let Some(first) = &tally.first_unmatched {
            let message = format!(
                "{} whose {owner} is not in the dump of {owner}s, the first {owner} {}: does the id there hold the same names?",
                counted(tally.unmatched, of),
                quoted(first)
            );
            tell(to, "Note", message);
        }
        Ok(())
    }
}

/// A row and what its columns are.
struct TableRow<'r> {
    columns: &'r Columns,
    cells: &'r [Option<&'r str>],
}

impl<'r> TableRow<'r> {
    fn value(&self, field: &str) -> Option<&'r str> {
        self.columns.value(field, self.cells)
    }

    fn required(&self, field: &str) -> Result<&'r str, String> {
        self.value(field)
            .ok_or_else(|| self.named(field, String::from("is empty")))
    }

    /// A reason with the name of the column.
    fn named(&self, field: &str, why: String) -> String {
        format!("{}: {why}", self.columns.column(field))
    }

    fn time(&self, plan: &Plan) -> Result<Option<instant::Stamp>, String> {
        let Some(text) = self.value("t") else {
            return Ok(None);
        };
        let stamp = instant::read(text, plan.reading.utc_offset);
        stamp
            .map(Some)
            .map_err(|why| self.named("t", format!("{} {why}", quoted(text))))
    }

    fn amount(&self, decimal: bool) -> Result<value::Amount, String> {
        value::amount(self.required("amount")?, decimal).map_err(|why| self.named("amount", why))
    }

    /// A value as it is, or as the command line translates it.
    fn meaning<'m>(&'m self, field: &'static str, plan: &'m Plan) -> Option<&'m str> {
        let value = self.value(field)?;
        Some(
            plan.maps
                .value(self.columns.part(), field, value)
                .unwrap_or(value),
        )
    }

    /// Writes a field, if it is there.
    fn copy(&self, field: &'static str, plan: &Plan, out: &mut Line<'_>) {
        if let Some(value) = self.meaning(field, plan) {
            out.text(field, value);
        }
    }
}
