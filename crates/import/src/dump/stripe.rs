//! Stripe's exports of a balance: charges and refunds in one CSV, with decimal amounts.
//!
//! Two are known by their headers: the export of the balance in the dashboard (`id,Type,Source,Amount,Fee,Net,Currency,Created
//! (UTC),...`), and the itemized reports (`balance_transaction_id,created_utc,...,gross,...,reporting_category,source_id,...`,
//! <https://docs.stripe.com/reports/report-types/balance>).

use crate::dump::columns::{Columns, Source, plain};
use crate::map::{Maps, Part};
use crate::mistake::Mistake;

/// The columns of an export.
#[derive(Clone, Debug)]
pub struct Stripe {
    /// Of rows that are charges.
    pub charges: Columns,
    /// Of rows that are refunds.
    pub refunds: Columns,
    kind: usize,
    source: usize,
}

/// What a row of an export is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<'r> {
    /// Money from a customer.
    Charge,
    /// Money back to one.
    Refund,
    /// Anything else: fees, payouts, disputes.
    Other(&'r str),
}

/// Columns of metadata that probably name the order, by what is left of their names.
const ORDERS: [&str; 9] = [
    "orderidmetadata",
    "ordernometadata",
    "ordernumbermetadata",
    "ordermetadata",
    "paymentmetadataorderid",
    "paymentmetadataorderno",
    "paymentmetadataordernumber",
    "paymentmetadataorder",
    "orderid",
];

impl Stripe {
    /// The columns of an export, if the header is that of one.
    ///
    /// # Errors
    ///
    /// If the command line names a column that is not there.
    pub fn known(names: &[String], maps: &Maps) -> Result<Option<Stripe>, Mistake> {
        let column = |wanted: &str| names.iter().position(|name| plain(name) == wanted);
        let first = |wanted: &[&str]| wanted.iter().find_map(|name| column(name));
        let dashboard = column("type")
            .zip(column("source"))
            .filter(|_| column("net").is_some() && column("amount").is_some());
        let itemized = column("reportingcategory")
            .zip(column("sourceid"))
            .filter(|_| column("gross").is_some());
        let Some((kind, source)) = dashboard.or(itemized) else {
            return Ok(None);
        };
        let transaction = first(&["balancetransactionid", "id"]);
        let charge = column("chargeid").unwrap_or(source);
        let amount = first(&["amount", "gross"]);
        let time = first(&["createdutc", "created"]);
        let usual_charges = [
            ("id", Some(charge)),
            ("amount", amount),
            ("order", first(&ORDERS)),
            ("provider_key", column("paymentintentid")),
            ("t", time),
        ];
        let usual_refunds = [
            ("id", transaction),
            ("charge", Some(charge)),
            ("amount", amount),
            ("t", time),
        ];
        let mut charges = of(Part::Charges, names, &usual_charges, maps)?;
        charges.push(("state", Source::Value(String::from("captured"))));
        Ok(Some(Stripe {
            charges: Columns::given(Part::Charges, names, charges)?,
            refunds: Columns::given(
                Part::Refunds,
                names,
                of(Part::Refunds, names, &usual_refunds, maps)?,
            )?,
            kind,
            source,
        }))
    }

    /// What a row is.
    pub fn kind<'r>(&self, cells: &[Option<&'r str>]) -> Kind<'r> {
        match cells.get(self.kind).copied().flatten().unwrap_or("") {
            "charge" | "payment" => Kind::Charge,
            // A bank may take a payment back after it seemed to succeed.
            "refund" | "payment_refund" | "payment_failure_refund" => Kind::Refund,
            other => Kind::Other(other),
        }
    }

    /// Whether a refund names its charge: the dashboard's export has the refund's own id as its source since some years.
    ///
    /// # Errors
    ///
    /// Says which export names it.
    pub fn check_refund(&self, cells: &[Option<&str>]) -> Result<(), String> {
        let charge = self.refunds.value("charge", cells).unwrap_or("");
        let mapped = self.refunds.source("charge") != Some(&Source::Column(self.source));
        if mapped || charge.starts_with("ch_") || charge.starts_with("py_") {
            return Ok(());
        }
        Err(format!(
            "the refund {charge} does not name its charge; export the itemized report, which has charge_id, or say \
             --map 'refunds:charge=COLUMN'"
        ))
    }
}

/// The sources of a part's fields: the command line's first.
fn of(
    part: Part,
    names: &[String],
    usual: &[(&'static str, Option<usize>)],
    maps: &Maps,
) -> Result<Vec<(&'static str, Source)>, Mistake> {
    let columns = Columns::unchecked(part, names);
    let mut fields = Vec::new();
    for field in part.fields().iter().filter(|field| **field != "state") {
        let source = match maps.column(part, field) {
            Some("") => None,
            Some(column) => Some(columns.mapped(field, column)?),
            None => usual
                .iter()
                .find(|(name, _)| name == field)
                .and_then(|(_, at)| at.map(Source::Column)),
        };
        fields.extend(source.map(|source| (*field, source)));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the dashboard exports it, with one column of metadata.
    const DASHBOARD: &str = "id,Type,Source,Amount,Fee,Net,Currency,Created (UTC),Available On (UTC),Description,\
        Customer Facing Amount,Customer Facing Currency,Transfer,Transfer Date (UTC),Transfer Group,order_id (metadata)";
    /// As the itemized report on the change of the balance has it.
    const ITEMIZED: &str = "balance_transaction_id,created_utc,created,currency,gross,net,fee,reporting_category,source_id,\
        description,customer_facing_amount,customer_facing_currency,customer_id,charge_id,payment_intent_id,payment_metadata[order_id]";

    fn known(header: &str) -> Option<Stripe> {
        let names: Vec<String> = header
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect();
        Stripe::known(&names, &Maps::default()).expect("no maps")
    }

    #[test]
    fn both_exports_are_known_by_their_headers() {
        let dashboard = known(DASHBOARD).expect("an export");
        assert!(
            dashboard.charges.said().starts_with(
                "id <- Source, amount <- Amount, order <- order_id (metadata), t <- Created (UTC), state = captured; not used: id, Type"
            ),
            "{}",
            dashboard.charges.said()
        );
        let itemized = known(ITEMIZED).expect("an export");
        assert!(
            itemized.charges.said().starts_with(
                "id <- charge_id, amount <- gross, order <- payment_metadata[order_id], provider_key <- payment_intent_id, t <- created_utc"
            ),
            "{}",
            itemized.charges.said()
        );
        assert!(
            itemized
                .refunds
                .said()
                .starts_with("id <- balance_transaction_id, charge <- charge_id, amount <- gross")
        );
        assert!(
            known("id,order_id,amount,status,type").is_none(),
            "a table of charges is no export"
        );
    }

    #[test]
    fn a_refund_without_its_charge_is_refused_and_not_guessed() {
        let stripe = known(DASHBOARD).expect("an export");
        let row = |kind, source| [Some("txn_1"), Some(kind), Some(source)];
        assert_eq!(stripe.kind(&row("charge", "ch_1")), Kind::Charge);
        assert_eq!(stripe.kind(&row("payout", "po_1")), Kind::Other("payout"));
        assert_eq!(stripe.kind(&row("refund", "re_1")), Kind::Refund);
        assert_eq!(stripe.check_refund(&row("refund", "ch_1")), Ok(()));
        let said = stripe
            .check_refund(&row("refund", "re_1"))
            .expect_err("which charge?");
        assert!(said.contains("itemized report"), "{said}");
    }
}
