//! One row of a table becomes the JSON of an order, a charge or a refund.

use crate::dump::columns::Columns;
use crate::dump::part::Reader;
use crate::dump::states::Meaning;
use crate::instant;
use crate::line::Line;
use crate::map::Part;
use crate::mistake::quoted;
use crate::plan::Plan;
use crate::value::{self, Item};

impl Reader<'_> {
    /// An order without its time, and its items; `None` if it is left out.
    pub(super) fn order(
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
    pub(super) fn charge(
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
    pub(super) fn refund(
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
    pub(super) fn relate(&mut self, of: Option<(&str, bool)>) {
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

    /// The state of a row; `None` if rows of that state are left out. Unknown states are reported at the end, all at once.
    pub(super) fn state(
        &mut self,
        row: &TableRow<'_>,
        line: u64,
    ) -> Result<Option<&'static str>, String> {
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
}

/// A row and what its columns are.
pub(super) struct TableRow<'r> {
    pub(super) columns: &'r Columns,
    pub(super) cells: &'r [Option<&'r str>],
}

impl<'r> TableRow<'r> {
    pub(super) fn value(&self, field: &str) -> Option<&'r str> {
        self.columns.value(field, self.cells)
    }

    pub(super) fn required(&self, field: &str) -> Result<&'r str, String> {
        self.value(field)
            .ok_or_else(|| self.named(field, String::from("is empty")))
    }

    /// A reason with the name of the column.
    pub(super) fn named(&self, field: &str, why: String) -> String {
        format!("{}: {why}", self.columns.column(field))
    }

    pub(super) fn time(&self, plan: &Plan) -> Result<Option<instant::Stamp>, String> {
        let Some(text) = self.value("t") else {
            return Ok(None);
        };
        let stamp = instant::read(text, plan.reading.utc_offset);
        stamp
            .map(Some)
            .map_err(|why| self.named("t", format!("{} {why}", quoted(text))))
    }

    pub(super) fn amount(&self, decimal: bool) -> Result<value::Amount, String> {
        value::amount(self.required("amount")?, decimal).map_err(|why| self.named("amount", why))
    }

    /// A value, translated if the command line says so.
    pub(super) fn meaning<'m>(&'m self, field: &'static str, plan: &'m Plan) -> Option<&'m str> {
        let value = self.value(field)?;
        Some(
            plan.maps
                .value(self.columns.part(), field, value)
                .unwrap_or(value),
        )
    }

    /// Writes a field, if it is there.
    pub(super) fn copy(&self, field: &'static str, plan: &Plan, out: &mut Line<'_>) {
        if let Some(value) = self.meaning(field, plan) {
            out.text(field, value);
        }
    }
}
