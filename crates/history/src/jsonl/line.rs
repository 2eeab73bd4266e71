//! A line that is being written: fields, lists and names.

use std::io::{self, Write};

use crate::contract::Amounts;
use crate::event::RecordState;
use crate::names::{BasketRef, KeyRef, Names, Symbols, TenantRef};

/// A line that is being written.
pub(super) struct Line<'a> {
    /// What is written so far.
    pub(super) text: String,
    /// The names of the history.
    pub(super) names: &'a Names,
    /// The tenant of each key.
    pub(super) tenants: &'a [Option<TenantRef>],
    /// How amounts are written.
    pub(super) amounts: Amounts,
}

impl Line<'_> {
    pub(super) fn send(&mut self, output: &mut impl Write) -> io::Result<()> {
        self.text.push_str("}\n");
        output.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    pub(super) fn kind(&mut self, kind: &str) {
        self.text.push_str("{\"kind\":\"");
        self.text.push_str(kind);
        self.text.push('"');
    }

    /// A comma, where something is before it in its object or list.
    pub(super) fn comma(&mut self) {
        if !self.text.ends_with(['{', '[']) {
            self.text.push(',');
        }
    }

    pub(super) fn field(&mut self, name: &str) {
        self.comma();
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    pub(super) fn number(&mut self, name: &str, value: impl Into<i128>) {
        self.field(name);
        digits(&mut self.text, value.into());
    }

    pub(super) fn string(&mut self, name: &str, value: &str) {
        self.field(name);
        quote(&mut self.text, value);
    }

    pub(super) fn optional(&mut self, name: &str, value: Option<impl Into<i128>>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// A boolean that is false where it is absent.
    pub(super) fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.bool(name, true);
        }
    }

    /// An amount, as a value.
    pub(super) fn money(&mut self, amount: i64) {
        match self.amounts {
            Amounts::Minor => digits(&mut self.text, i128::from(amount)),
            Amounts::Decimal => quote(&mut self.text, &Amounts::Decimal.text(amount)),
        }
    }

    /// An amount, as a field.
    pub(super) fn amount(&mut self, name: &str, amount: i64) {
        self.field(name);
        self.money(amount);
    }

    pub(super) fn bool(&mut self, name: &str, value: bool) {
        self.field(name);
        self.text.push_str(if value { "true" } else { "false" });
    }

    pub(super) fn name(&mut self, field: &str, symbols: &Symbols, index: Option<usize>) {
        if let Some(index) = index {
            self.string(field, &symbols.text(index));
        }
    }

    pub(super) fn key(&mut self, tenant: Option<TenantRef>, key: Option<KeyRef>) {
        let names = self.names;
        let tenant = tenant.or_else(|| key.and_then(|key| self.tenants[key.index()]));
        self.name("tenant", &names.tenants, tenant.map(|t| t.index()));
        if let Some(key) = key {
            self.string("key", &names.key_text(key));
        }
    }

    /// A key that stands for itself: if no request sent it, it belongs to the nameless tenant.
    pub(super) fn owned_key(&mut self, key: KeyRef) {
        let names = self.names;
        match self.tenants[key.index()] {
            Some(tenant) => self.name("tenant", &names.tenants, Some(tenant.index())),
            None => self.string("tenant", ""),
        }
        self.string("key", &names.key_text(key));
    }

    pub(super) fn items(&mut self, basket: Option<BasketRef>) {
        let Some(basket) = basket else {
            return;
        };
        let names = self.names;
        self.field("items");
        self.text.push('[');
        for item in names.items(basket) {
            self.comma();
            self.text.push('{');
            self.string("sku", &names.skus.text(item.sku.index()));
            self.number("quantity", item.quantity);
            self.text.push('}');
        }
        self.text.push(']');
    }

    /// A number whose field name is any text.
    pub(super) fn number_of(&mut self, name: &str, value: i128) {
        self.comma();
        quote(&mut self.text, name);
        self.text.push(':');
        digits(&mut self.text, value);
    }

    pub(super) fn list<T>(&mut self, field: &str, values: &[T], each: impl FnMut(&mut Self, &T)) {
        if !values.is_empty() {
            self.listed(field, values, each);
        }
    }

    /// A list, also an empty one.
    pub(super) fn listed<T>(
        &mut self,
        field: &str,
        values: &[T],
        mut each: impl FnMut(&mut Self, &T),
    ) {
        self.field(field);
        self.text.push('[');
        for value in values {
            self.comma();
            each(self, value);
        }
        self.text.push(']');
    }

    /// The begin of an object whose field name is any text.
    pub(super) fn field_of(&mut self, name: &str) {
        self.comma();
        quote(&mut self.text, name);
        self.text.push_str(":{");
    }

    pub(super) fn rows<T>(
        &mut self,
        field: &str,
        rows: Option<&[T]>,
        mut each: impl FnMut(&mut Self, &T),
    ) {
        let Some(rows) = rows else {
            return;
        };
        self.field(field);
        self.text.push('[');
        for row in rows {
            self.comma();
            self.text.push('{');
            each(self, row);
            self.text.push('}');
        }
        self.text.push(']');
    }
}

/// The state of a key record.
pub(super) const fn state(state: RecordState) -> &'static str {
    match state {
        RecordState::Absent => "absent",
        RecordState::InProgress => "in_progress",
        RecordState::Completed => "completed",
        RecordState::Failed => "failed",
    }
}

/// A number. Millions of them are written, and formatting machinery would take longer than everything else.
pub(super) fn digits(text: &mut String, value: i128) {
    let Ok(mut rest) = u64::try_from(value) else {
        text.push_str(&value.to_string());
        return;
    };
    let mut digits = [0_u8; 20];
    let mut place = digits.len();
    loop {
        place -= 1;
        digits[place] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.extend(digits[place..].iter().map(|digit| char::from(*digit)));
}

/// A JSON string.
pub(super) fn quote(text: &mut String, value: &str) {
    let is_plain = |b: u8| b >= 0x20 && b != b'"' && b != b'\\';
    if value.bytes().all(is_plain) {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&serde_json::Value::from(value).to_string());
    }
}
