//! Coupons and seats, which a limited number of orders can use; and which basket uses which.

use std::collections::BTreeSet;

use super::load::Realised;
use super::names::among;
use super::shop::STOCK_MAX;
use super::value::{price, whole};
use super::{Lowering, plan};
use crate::file::{At, Basket, Shop};
use crate::mistake::Mistake;

/// The maximum number of seats; more are taken for a mistake.
const SEATS_MAX: usize = 1_000_000;

/// The coupons and seats of a shop, which a basket names: coupons first.
pub(super) struct Coupons {
    pub(super) all: Vec<plan::Coupon>,
    names: Vec<String>,
    seats: Vec<String>,
}

impl Lowering<'_> {
    /// Coupons shrink with the load, as stock does; a seat is always one.
    pub(super) fn coupons(&self, shop: &Shop, realised: Realised) -> Result<Coupons, Mistake> {
        let mut coupons = Coupons {
            all: Vec::new(),
            names: Vec::new(),
            seats: Vec::new(),
        };
        let mut known = BTreeSet::new();
        for coupon in &shop.coupon {
            let coupon = &coupon.value;
            let name = new_name(&coupon.name, "coupon", &mut known)?;
            let limit = whole(&coupon.limit, "the limit", 1..=STOCK_MAX)?;
            let off = coupon.off.as_ref().map(|off| price(off, self.source));
            coupons.names.push(name.clone());
            coupons.all.push(plan::Coupon {
                name,
                limit: realised.of(limit),
                off: off.transpose()?.unwrap_or_default(),
            });
        }
        for seat in &shop.seats {
            let name = new_name(seat, "seat", &mut known)?;
            coupons.seats.push(name.clone());
            coupons.all.push(plan::Coupon {
                name,
                limit: 1,
                off: Default::default(),
            });
        }
        match shop.seats.get(SEATS_MAX) {
            Some(seat) => Err(Mistake::at(
                &seat.span,
                format!("there are more than {SEATS_MAX} seats"),
                "is one too many",
            )),
            None => Ok(coupons),
        }
    }
}

fn new_name(
    name: &At<String>,
    what: &str,
    known: &mut BTreeSet<String>,
) -> Result<String, Mistake> {
    if name.value.is_empty() {
        return Err(Mistake::at(
            &name.span,
            format!("a {what} needs a name"),
            "empty",
        ));
    }
    if !known.insert(name.value.clone()) {
        let message = format!("the {what} `{}` is declared twice", name.value);
        return Err(Mistake::at(
            &name.span,
            message,
            "is the name of another coupon or seat",
        ));
    }
    Ok(name.value.clone())
}

impl Coupons {
    /// The baskets that a written one stands for: one if it has a coupon or nothing, one for each seat otherwise.
    pub(super) fn spread(
        &self,
        written: &At<Basket>,
        basket: plan::Basket,
    ) -> Result<Vec<plan::Basket>, Mistake> {
        match (&written.value.coupon, &written.value.any_seat) {
            (None, None) => Ok(vec![basket]),
            (Some(coupon), None) => {
                let coupon = Some(among(coupon, &self.names, "coupon")?);
                Ok(vec![plan::Basket { coupon, ..basket }])
            }
            (None, Some(seats)) => self.one_of(seats, &basket),
            (Some(_), Some(seats)) => Err(Mistake::at(
                &seats.span,
                "a basket has a coupon or a seat, not both",
                "there is a coupon already",
            )
            .help("leave one of them out")),
        }
    }

    fn one_of(
        &self,
        seats: &At<Vec<At<String>>>,
        basket: &plan::Basket,
    ) -> Result<Vec<plan::Basket>, Mistake> {
        if seats.value.is_empty() {
            return Err(
                Mistake::at(&seats.span, "this basket has no seat to choose", "is empty")
                    .help("write `any-seat = [\"A1\", \"A2\"]`"),
            );
        }
        let with = |seat: &At<String>| {
            let index = among(seat, &self.seats, "seat")?;
            Ok(plan::Basket {
                weight: basket.weight / seats.value.len() as f64,
                coupon: Some(self.names.len() + index),
                lines: basket.lines.clone(),
                note: basket.note.clone(),
            })
        };
        seats.value.iter().map(with).collect()
    }
}
