//! Writes the log and the dumps of a day into a folder, to time `onceproof import` with: `cargo run --release -p import --example day --
//! FOLDER 1000000 300000` for a million lines of log and 300,000 orders with as many charges.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Seconds since 1970 of 2026-11-28T00:00:00Z.
const MIDNIGHT: i64 = 1_795_824_000;

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let folder = words.next().unwrap_or_else(|| String::from("."));
    let mut number = |usual: i64| {
        words
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(usual)
    };
    let (lines, orders) = (number(1_000_000), number(300_000));
    let file = |name: &str| {
        Ok::<_, io::Error>(BufWriter::with_capacity(
            1 << 20,
            File::create(Path::new(&folder).join(name))?,
        ))
    };
    log(&mut file("access.log")?, lines, orders)?;
    dumps(
        &mut file("orders.csv")?,
        &mut file("charges.csv")?,
        lines,
        orders,
    )
}

/// The time of a line, in milliseconds since midnight: a day has them all.
fn at(line: i64, lines: i64) -> i64 {
    line * 86_000_000 / lines
}

/// The line of the log in which an order was answered.
fn line_of(order: i64, lines: i64, orders: i64) -> i64 {
    order * lines / orders
}

/// A UUID that is always the same for an order.
fn key(order: i64) -> String {
    let mixed = (order as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{order:012x}",
        mixed >> 32,
        mixed >> 16 & 0xffff,
        mixed & 0xfff,
        mixed >> 20 & 0xfff
    )
}

fn log(out: &mut impl Write, lines: i64, orders: i64) -> io::Result<()> {
    let mut order = 0;
    for line in 0..lines {
        let seconds = at(line, lines) / 1000;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let client = format!("203.0.{}.{}", line / 250 % 250, line % 250);
        let time = format!("28/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000");
        let (request, status, lasted, sent) =
            if order < orders && line_of(order, lines, orders) == line {
                order += 1;
                ("POST /v1/orders", 201, 120 + line % 700, key(order - 1))
            } else {
                ("GET /v1/menu?page=2", 200, 3 + line % 40, String::from("-"))
            };
        writeln!(
            out,
            r#"{client} - - [{time}] "{request} HTTP/2.0" {status} 512 "-" "shop-ios/4.2 (iPhone; iOS 19.1)" {}.{:03} "{sent}""#,
            lasted / 1000,
            lasted % 1000
        )?;
    }
    out.flush()
}

fn dumps(
    rows: &mut impl Write,
    charges: &mut impl Write,
    lines: i64,
    orders: i64,
) -> io::Result<()> {
    writeln!(rows, "id,idempotency_key,status,sku,quantity,created_at")?;
    writeln!(charges, "id,order_id,amount,status,created_at")?;
    for order in 0..orders {
        let ms = at(line_of(order, lines, orders), lines);
        let (seconds, fraction) = (MIDNIGHT + ms / 1000, ms % 1000);
        writeln!(
            rows,
            "{order},{},confirmed,burger,2,{seconds}.{fraction:03}",
            key(order)
        )?;
        writeln!(
            charges,
            "ch_{order},{order},2400,captured,{seconds}.{fraction:03}"
        )?;
    }
    rows.flush()?;
    charges.flush()
}
