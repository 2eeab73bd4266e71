//! What can be bought: contents as clients send them, with their names in the history.

use std::cell::RefCell;

use history::{BasketRef, CouponRef, Item, Names, SkuRef, TenantRef};
use protocol::{Coupon, Line, Money, OrderContent, Sku, Tenant};
use scenario::Plan;

/// A content that can be ordered.
pub type Content = std::sync::Arc<OrderContent>;

/// What can be ordered.
#[derive(Debug)]
pub struct Menu {
    /// The baskets' contents.
    contents: Vec<Content>,
    /// Every basket's content, written otherwise; nothing where no client writes it so.
    rewritten: Vec<Vec<Content>>,
    /// The name of each shop's baskets in the history, shop by shop: they are the first names of baskets.
    names: Vec<BasketRef>,
    /// The name of the coupon of each shop's baskets in the history, shop by shop; empty if there are no coupons.
    coupons: Vec<Option<CouponRef>>,
    /// The name of each row of the stock in the history.
    stock: Vec<SkuRef>,
}

impl Menu {
    /// Every shop's baskets. They and every shop's goods get their names in the order of the plan, shop by shop.
    pub(crate) fn new(plan: &Plan, names: &mut Names) -> Menu {
        let baskets = plan.shop.baskets.iter();
        let contents = baskets.map(|basket| content(plan, basket)).collect();
        let mut basket_names = Vec::new();
        let mut coupons = Vec::new();
        let (by_name, mut stock) = (by_name(plan), Vec::new());
        for tenant in 0..plan.shop.tenants {
            names.tenants.count::<TenantRef>();
            let goods = goods(plan, tenant, names);
            stock.extend(by_name.iter().map(|index| goods[*index]));
            for basket in &plan.shop.baskets {
                let item = |(sku, quantity): &(usize, u32)| Item {
                    sku: goods[*sku],
                    quantity: *quantity,
                };
                basket_names.push(names.basket(basket.lines.iter().map(item).collect()));
            }
            if !plan.shop.coupons.is_empty() {
                let named = coupon_names(plan, tenant, names);
                let coupon = |basket: &scenario::Basket| basket.coupon.map(|index| named[index]);
                coupons.extend(plan.shop.baskets.iter().map(coupon));
            }
        }
        let rewrites = plan.clients.iter().any(|client| client.reserialised > 0.0);
        let baskets = plan.shop.baskets.iter().filter(|_| rewrites);
        Menu {
            contents,
            rewritten: baskets.map(|basket| rewritten(plan, basket)).collect(),
            names: basket_names,
            coupons,
            stock,
        }
    }

    /// The ways in which a basket's content can be written otherwise: the same to a service that compares what is bought.
    pub(crate) fn rewritten(&self, basket: usize) -> &[Content] {
        self.rewritten.get(basket).map_or(&[], Vec::as_slice)
    }

    /// The name of a shop's basket in the history.
    #[inline]
    pub fn basket(&self, tenant: u32, basket: usize) -> BasketRef {
        self.names[tenant as usize * self.contents.len() + basket]
    }

    /// The name of the coupon of a shop's basket in the history, if it has one.
    #[inline]
    pub fn coupon(&self, tenant: u32, basket: usize) -> Option<CouponRef> {
        let place = tenant as usize * self.contents.len() + basket;
        self.coupons.get(place).copied().flatten()
    }

    /// The name of a row of the stock in the history.
    #[inline]
    pub fn stock(&self, row: usize) -> SkuRef {
        self.stock[row]
    }

    /// Whether a shop's basket has this very content: the same place in memory, not only the same lines.
    #[inline]
    pub fn is_content(&self, tenant: Tenant, basket: BasketRef, content: &Content) -> bool {
        let before = tenant.0 as usize * self.contents.len();
        let place = basket.index().checked_sub(before);
        let known = place.and_then(|place| self.contents.get(place));
        known.is_some_and(|known| Content::ptr_eq(known, content))
    }
}

/// Spare handles to the baskets' contents. A content is shared by all who order it, and a shared counter costs a locked instruction,
/// which waits for every store before it: so a handle that is no longer needed is kept, and given out again.
#[derive(Debug)]
pub struct Handles {
    spare: Vec<RefCell<Vec<Content>>>,
}

impl Handles {
    /// None yet, for the contents of a menu.
    pub fn new(menu: &Menu) -> Handles {
        Handles {
            spare: menu.contents.iter().map(|_| RefCell::default()).collect(),
        }
    }

    /// A handle to a basket's content, for one request.
    #[inline]
    pub(crate) fn content(&self, menu: &Menu, basket: usize) -> Content {
        let spare = self.spare[basket].borrow_mut().pop();
        spare.unwrap_or_else(|| Content::clone(&menu.contents[basket]))
    }

    /// Keeps the handle of a request that is done with.
    #[inline]
    pub fn give_back(&self, menu: &Menu, used: Content) {
        let mut contents = menu.contents.iter().zip(&self.spare);
        if let Some((_, spare)) = contents.find(|(content, _)| Content::ptr_eq(content, &used)) {
            spare.borrow_mut().push(used);
        }
    }
}

/// The name of a SKU as the catalogue has it.
pub fn sku(name: &str) -> Sku {
    Sku(name.into())
}

/// A shop's goods in the order of their rows, which is that of their names: statements lock in the order of rows.
pub fn by_name(plan: &Plan) -> Vec<usize> {
    let mut goods: Vec<usize> = (0..plan.shop.skus.len()).collect();
    goods.sort_by_key(|index| &plan.shop.skus[*index].name);
    goods
}

/// The names of a shop's goods in the history, in the order of the plan.
pub fn goods(plan: &Plan, tenant: u32, names: &mut Names) -> Vec<SkuRef> {
    let goods = plan.shop.skus.iter();
    goods
        .map(|item| names.skus.intern(&format!("t{tenant}/{}", item.name)))
        .collect()
}

/// The names of a shop's coupons in the history, in the order of the plan.
fn coupon_names(plan: &Plan, tenant: u32, names: &mut Names) -> Vec<CouponRef> {
    let coupons = plan.shop.coupons.iter();
    coupons
        .map(|coupon| coupon_name(Tenant(tenant), &coupon.name, names))
        .collect()
}

/// The name of a shop's coupon in the history.
pub fn coupon_name(tenant: Tenant, code: &str, names: &mut Names) -> CouponRef {
    names.coupons.intern(&format!("{tenant}/{code}"))
}

fn content(plan: &Plan, basket: &scenario::Basket) -> Content {
    of_lines(plan, basket, &basket.lines)
}

/// With its lines in the opposite order, and with its first line of several split in two.
fn rewritten(plan: &Plan, basket: &scenario::Basket) -> Vec<Content> {
    let lines = &basket.lines;
    let mut ways = Vec::new();
    if lines.len() > 1 {
        ways.push(of_lines(
            plan,
            basket,
            &lines.iter().rev().copied().collect::<Vec<_>>(),
        ));
    }
    if let Some(place) = lines.iter().position(|(_, quantity)| *quantity > 1) {
        let mut split = lines.clone();
        split[place].1 -= 1;
        split.insert(place, (lines[place].0, 1));
        ways.push(of_lines(plan, basket, &split));
    }
    ways
}

fn of_lines(plan: &Plan, basket: &scenario::Basket, lines: &[(usize, u32)]) -> Content {
    let line = |(index, quantity): &(usize, u32)| {
        let item = &plan.shop.skus[*index];
        Line {
            sku: sku(&item.name),
            quantity: *quantity,
            unit_price: Money(item.price.minor()),
        }
    };
    Content::new(OrderContent {
        lines: lines.iter().map(line).collect(),
        note: basket.note.as_str().into(),
        coupon: basket.coupon.map(|index| {
            let coupon = &plan.shop.coupons[index];
            Coupon {
                code: coupon.name.as_str().into(),
                off: coupon.off,
            }
        }),
    })
}
