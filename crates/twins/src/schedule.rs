//! Random schedules: some connections, and which does what next on a few rows.
//!
//! A schedule is made of numbers, so that drawing one takes nothing else, and a failing one can be shrunk and pasted. What it
//! led to is a transcript: two worlds that do the same write the same one.

use orders::{CommitTag, Isolation, KeyIndex, NewOrder};
use protocol::{OrderState, Span};

use crate::call::{Answer, Call, Told};
use crate::shop::{CART, SHOP, answered, claimed, coupon, key, keyed, line, new_order};
use crate::statement::Statement;
use crate::twin::{Seat, Step, Trouble, Twin};

/// Who moves, and what it does: the number of an entry of [`menu`]. Both are taken modulo what there is.
pub type Move = (u8, u8);

/// What a connection heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Which connection.
    pub who: usize,
    /// What of.
    pub call: Call,
    /// What it was told; none: it waits.
    pub told: Option<Told>,
}

/// Longer than any deadlock check takes to come.
const LONG: Span = Span::secs(5);

/// The statements of a schedule, on two keys, a cart, a text in a unique index, two shelves and a seat. Those that write have their guards:
/// whatever the schedule, nothing is sold twice.
pub fn menu() -> Vec<Call> {
    let claim = |text: &str| Statement::InsertKey {
        key: key(text),
        record: claimed(1),
    };
    let take_over = |text: &str, held: u32| Statement::UpdateKey {
        key: key(text),
        held: orders::Token(held),
        record: claimed(held + 1),
    };
    let done = Statement::UpdateKey {
        key: key("a"),
        held: orders::Token(2),
        record: answered(1_000),
    };
    let order = |new: NewOrder| Statement::InsertOrder { new };
    let shop = |lines: &[(&str, u32)]| (SHOP, lines.iter().map(|(sku, n)| line(sku, *n)).collect());
    let (tenant, burgers) = shop(&[("burger", 4)]);
    let (_, both) = shop(&[("pie", 1), ("burger", 3)]);
    let (_, pie) = shop(&[("pie", 1)]);
    let statements = [
        claim("a"),
        claim("b"),
        take_over("a", 1),
        take_over("b", 1),
        done,
        Statement::LockKey { key: key("a") },
        Statement::LockKey { key: key("b") },
        Statement::FindKey { key: key("a") },
        Statement::DeleteExpiredKeys {
            before: protocol::Time(2_000),
            limit: 10,
        },
        order(new_order(Some(CART))),
        order(keyed(SHOP, KeyIndex::Unique)),
        Statement::FindOrderByCart { tenant, cart: CART },
        Statement::ReserveStock {
            tenant,
            lines: burgers,
        },
        Statement::SellStock {
            tenant,
            lines: both,
        },
        Statement::SellStock { tenant, lines: pie },
        Statement::RedeemCoupon {
            tenant,
            coupon: coupon("A1"),
        },
        Statement::ClearCart { tenant, cart: CART },
    ];
    let ends = [Call::Commit, Call::Commit, Call::Rollback];
    statements.into_iter().map(Call::from).chain(ends).collect()
}

/// A connection of a schedule.
struct Player {
    seat: Seat,
    is_open: bool,
    /// The call that waits.
    waits: Option<Call>,
}

/// Plays a schedule on this number of connections, until every transaction has ended.
pub fn play(twin: &mut dyn Twin, connections: usize, moves: &[Move]) -> Vec<Heard> {
    let menu = menu();
    let open = |twin: &mut dyn Twin| Player {
        seat: twin.open(None::<Trouble>),
        is_open: false,
        waits: None,
    };
    let mut players: Vec<Player> = (0..connections).map(|_| open(twin)).collect();
    let mut heard = Vec::new();
    for (who, pick) in moves {
        let who = usize::from(*who) % players.len();
        if players[who].waits.is_none() {
            let call = menu[usize::from(*pick) % menu.len()].clone();
            make(twin, &mut players[who], who, call, &mut heard);
            listen(twin, &mut players, &mut heard);
        }
    }
    end(twin, &mut players, &mut heard);
    heard
}

/// Makes a call, in a transaction that is opened for it if there is none.
fn make(twin: &mut dyn Twin, player: &mut Player, who: usize, call: Call, heard: &mut Vec<Heard>) {
    if !player.is_open {
        let begun = twin.call(player.seat, Call::Begin(Isolation::ReadCommitted));
        assert_eq!(
            begun,
            Step::Done(Ok(Answer::Nothing)),
            "a transaction begins"
        );
        player.is_open = true;
    }
    let step = twin.call(player.seat, call.clone());
    note(player, who, call, step, heard);
}

fn note(player: &mut Player, who: usize, call: Call, step: Step, heard: &mut Vec<Heard>) {
    player.is_open &= !matches!(
        (&call, &step),
        (Call::Commit | Call::Rollback, Step::Done(_))
    );
    player.waits = (step == Step::Blocked).then(|| call.clone());
    let told = match step {
        Step::Done(told) => Some(told),
        Step::Blocked => None,
    };
    heard.push(Heard { who, call, told });
}

/// Hears of those who waited, and do not any more. Whether there was one.
fn listen(twin: &mut dyn Twin, players: &mut [Player], heard: &mut Vec<Heard>) -> bool {
    let before = heard.len();
    for (who, player) in players.iter_mut().enumerate() {
        if let Some(call) = player.waits.take() {
            match twin.wait(player.seat) {
                Step::Blocked => player.waits = Some(call),
                done => note(player, who, call, done, heard),
            }
        }
    }
    heard.len() > before
}

/// Every transaction ends that can, until all have: those who wait for each other when the deadlock check has come.
fn end(twin: &mut dyn Twin, players: &mut [Player], heard: &mut Vec<Heard>) {
    while players.iter().any(|player| player.is_open) {
        let can = players
            .iter()
            .position(|player| player.is_open && player.waits.is_none());
        match can {
            Some(who) => make(twin, &mut players[who], who, Call::Commit, heard),
            None => twin.pass(LONG),
        }
        let goes_on = listen(twin, players, heard);
        assert!(
            can.is_some() || goes_on,
            "of those who wait for each other one goes on"
        );
    }
}

/// Whether a transcript has a COMMIT that committed.
pub fn has_committed(heard: &[Heard]) -> bool {
    let committed = Some(Ok(Answer::Tag(CommitTag::Committed)));
    heard.iter().any(|heard| heard.told == committed)
}

/// What holds after every schedule of the [`menu`], as a list of what does not.
pub fn broken(twin: &mut dyn Twin) -> Vec<&'static str> {
    let rows = twin.audit();
    let live = |row: &&orders::OrderRow| row.state != OrderState::Cancelled;
    let of_cart = rows
        .orders
        .iter()
        .filter(live)
        .filter(|row| row.new.natural_key == Some(CART));
    let of_key = rows
        .orders
        .iter()
        .filter(|row| row.new.key_index == KeyIndex::Unique);
    let [burgers, reserved] = rows.shelf(SHOP, "burger").unwrap_or([-1, -1]);
    let [pies, _] = rows.shelf(SHOP, "pie").unwrap_or([-1, -1]);
    // Four at a time are reserved, and three are sold with the one pie.
    let sold = if pies == 0 { [0, 3] } else { [0, 0] };
    let adds_up = sold.contains(&(10 - burgers - reserved)) && reserved % 4 == 0;
    let texts: Vec<_> = rows.keys.iter().map(|(key, _)| key).collect();
    let claims = [
        (of_cart.count() <= 1, "a cart is sold once"),
        (of_key.count() <= 1, "a key has one order"),
        (burgers >= 0 && pies >= 0 && adds_up, "stock adds up"),
        (rows.used(SHOP, "A1") <= Some(1), "a seat is taken once"),
        (
            texts.windows(2).all(|two| two[0] < two[1]),
            "a key is there once",
        ),
        (rows.cleared.len() <= 1, "a cart is cleared once"),
    ];
    claims
        .into_iter()
        .filter(|(holds, _)| !holds)
        .map(|(_, claim)| claim)
        .collect()
}
