//! The first line: what the service promised.

use super::mistake::{Complaint, complain};
use super::money::decimal;
use super::raw;
use super::reader::Reader;
use super::scalar::{Amount, AmountsWord, CaptureWord, ExpiryWord, Pairs, Part, Status, UnitWord};
use crate::contract::{Amounts, Capture, Contract, Expiry, Observed, TimeUnit};
use crate::names::SkuRef;

impl Reader {
    /// Takes the contract.
    pub(super) fn contract(&mut self, raw: raw::Contract<'_>) -> Result<(), Complaint> {
        self.ignore("contract", &raw.unknown);
        self.history.contract.amounts = match raw.amounts {
            None | Some(AmountsWord::Minor) => Amounts::Minor,
            Some(AmountsWord::Decimal) => Amounts::Decimal,
        };
        let prices = self.prices(raw.prices)?;
        let skus = &mut self.history.names.skus;
        let stock = raw.stock.map_or(Vec::new(), |pairs| pairs.0).into_iter();
        let stock = stock
            .map(|(sku, units)| (skus.intern(&sku.0), units))
            .collect();
        let texts = |texts: Option<Vec<super::scalar::Text<'_>>>| {
            let texts = texts.unwrap_or_default().into_iter();
            texts.map(|text| text.0.into_owned()).collect()
        };
        self.history.contract = Contract {
            time_unit: unit(raw.time_unit),
            ttl: raw.ttl,
            grace: raw.grace.unwrap_or(0),
            expiry: match raw.expiry {
                None | Some(ExpiryWord::AtLeast) => Expiry::AtLeast,
                Some(ExpiryWord::Exact) => Expiry::Exact,
            },
            recovery_deadline: raw.recovery_deadline,
            clock_tolerance: raw.clock_tolerance.unwrap_or(0),
            in_flight: raw.in_flight.map(|word| word.0),
            mismatch: raw.mismatch.map(|status| status.0),
            replay_status: raw.replay_status.map(|status| status.0),
            replay_header: raw.replay_header.unwrap_or(false),
            amounts: self.history.contract.amounts,
            prices,
            stock,
            stored_errors: raw
                .stored_errors
                .map(|list| list.iter().map(|Status(status)| *status).collect()),
            volatile: texts(raw.volatile),
            observed: raw.observed.map_or(Observed::ALL, |parts| observed(&parts)),
            capture: match raw.capture {
                None | Some(CaptureWord::Now) => Capture::Now,
                Some(CaptureWord::Later) => Capture::Later,
            },
            split: raw.split.unwrap_or(false),
            is_final: raw.is_final.unwrap_or(false),
            at_least_once: raw.at_least_once.unwrap_or(false),
            required_coverage: texts(raw.required_coverage),
            success_floor_ppm: raw.success_floor_ppm,
        };
        Ok(())
    }

    fn prices(
        &mut self,
        raw: Option<Pairs<'_, Amount<'_>>>,
    ) -> Result<Vec<(SkuRef, i64)>, Complaint> {
        let mut prices = Vec::new();
        for (sku, amount) in raw.map_or(Vec::new(), |pairs| pairs.0) {
            let price = self.amount("prices", &amount)?;
            prices.push((self.history.names.skus.intern(&sku.0), price));
        }
        Ok(prices)
    }

    /// An amount, as the contract says that amounts are written.
    pub(super) fn amount(
        &self,
        field: &'static str,
        amount: &Amount<'_>,
    ) -> Result<i64, Complaint> {
        match (self.history.contract.amounts, amount) {
            (Amounts::Minor, Amount::Number(amount)) => Ok(*amount),
            (Amounts::Decimal, Amount::Text(text)) => {
                decimal(text).map_err(|why| complain(field, format!("`{field}`: {why}")))
            }
            (Amounts::Minor, Amount::Text(text)) => Err(complain(
                field,
                format!(
                    "`{field}` is {text:?} (a string), and amounts are whole numbers of the smallest unit; a contract with `\"amounts\":\"decimal\"` has decimal texts"
                ),
            )),
            (Amounts::Decimal, Amount::Number(number)) => Err(complain(
                field,
                format!(
                    "`{field}` is {number} (a number), and the contract says `\"amounts\":\"decimal\"`; write it as a text such as \"149.99\""
                ),
            )),
        }
    }
}

fn unit(word: UnitWord) -> TimeUnit {
    match word {
        UnitWord::Nanoseconds => TimeUnit::Nanoseconds,
        UnitWord::Microseconds => TimeUnit::Microseconds,
        UnitWord::Milliseconds => TimeUnit::Milliseconds,
        UnitWord::Seconds => TimeUnit::Seconds,
    }
}

fn observed(parts: &[Part]) -> Observed {
    let mut observed = Observed::NOTHING;
    for part in parts {
        match part {
            Part::Status => observed.status = true,
            Part::Order => observed.order = true,
            Part::Response => observed.response = true,
            Part::Replayed => observed.replayed = true,
        }
    }
    observed
}
