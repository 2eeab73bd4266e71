//! The shop: prices, stock, and what people put into their carts.

use super::coupon::Coupons;
use super::load::Realised;
use super::names::among;
use super::value::{positive, price, whole};
use super::{Lowering, plan};
use crate::file::{At, Basket, Shop, Sku};
use crate::mistake::Mistake;

/// The maximum quantity of one SKU in a cart; more is taken for a typo.
const QUANTITY_MAX: i64 = 1_000;

/// The most of one SKU in one shop: ten times as much, the largest scale, still fits the plan.
pub(super) const STOCK_MAX: i64 = 400_000_000;

impl Lowering<'_> {
    pub(super) fn shop(
        &self,
        written: &At<Shop>,
        realised: Realised,
    ) -> Result<plan::Shop, Mistake> {
        let shop = &written.value;
        let tenants = shop.tenants.as_ref();
        let tenants = tenants.map(|n| whole(n, "the number of tenants", 1..=1_000_000));
        let users = shop.users.as_ref();
        let users = users.map(|n| whole(n, "the number of users", 1..=4_000_000_000));
        let guests = shop.guests.as_ref();
        let skus = self.skus(&shop.sku, realised)?;
        let coupons = self.coupons(shop, realised)?;
        let baskets = baskets(written, &skus, &coupons)?;
        Ok(plan::Shop {
            tenants: tenants.transpose()?.unwrap_or(1) as u32,
            users: users.transpose()?,
            guests: guests.map_or(Ok(0.0), |share| self.chance(share))?,
            skus,
            coupons: coupons.all,
            baskets,
        })
    }

    fn skus(&self, written: &[At<Sku>], realised: Realised) -> Result<Vec<plan::Sku>, Mistake> {
        let mut skus: Vec<plan::Sku> = Vec::new();
        for sku in written {
            let At { span, value: name } = &sku.value.name;
            if name.is_empty() {
                return Err(Mistake::at(span, "a SKU needs a name", "empty"));
            }
            if skus.iter().any(|other| other.name == *name) {
                let message = format!("the SKU `{name}` is declared twice");
                return Err(Mistake::at(span, message, "has this name too"));
            }
            let stock = whole(&sku.value.stock, "the stock", 0..=STOCK_MAX)?;
            skus.push(plan::Sku {
                name: name.clone(),
                price: price(&sku.value.price, self.source)?,
                stock: realised.of(stock),
            });
        }
        Ok(skus)
    }
}

fn baskets(
    shop: &At<Shop>,
    skus: &[plan::Sku],
    coupons: &Coupons,
) -> Result<Vec<plan::Basket>, Mistake> {
    let written = &shop.value.basket;
    if written.is_empty() {
        return Err(Mistake::at(
            &shop.span,
            "no `[[shop.basket]]` is defined",
            "has no basket",
        )
        .help("add `[[shop.basket]]` with `lines = { burger = 2 }`"));
    }
    let names: Vec<String> = skus.iter().map(|sku| sku.name.clone()).collect();
    let mut baskets = Vec::new();
    for basket in written {
        let lowered = basket_of(basket, &names)?;
        baskets.extend(coupons.spread(basket, lowered)?);
    }
    let sum: f64 = baskets.iter().map(|basket| basket.weight).sum();
    for basket in &mut baskets {
        basket.weight /= sum;
    }
    Ok(baskets)
}

fn basket_of(basket: &At<Basket>, names: &[String]) -> Result<plan::Basket, Mistake> {
    let lines = &basket.value.lines;
    if lines.value.0.is_empty() {
        return Err(Mistake::at(&lines.span, "this basket is empty", "no lines")
            .help("write `lines = { burger = 2 }`"));
    }
    let lower = |(sku, quantity): &(At<String>, At<i64>)| {
        let index = among(sku, names, "SKU")?;
        let quantity = whole(quantity, "the quantity", 1..=QUANTITY_MAX)?;
        Ok((index, quantity as u32))
    };
    let weight = basket.value.weight.as_ref();
    Ok(plan::Basket {
        weight: weight.map_or(Ok(1.0), |weight| positive(weight, "a weight"))?,
        lines: lines.value.0.iter().map(lower).collect::<Result<_, _>>()?,
        note: basket.value.note.clone().unwrap_or_default(),
        coupon: None,
    })
}
