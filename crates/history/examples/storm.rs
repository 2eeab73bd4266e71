//! Writes a history of the given number of purchases (650,000 are 1.5 million events) in the JSONL form to standard output, to time
//! `onceproof check` with:
//! `cargo run --release -p history --example storm -- 650000 > storm.jsonl`

use std::io::{self, BufWriter, Write};

/// The requests of one purchase in ten are lost and sent again, and one in twenty is refused while the first runs.
fn main() -> io::Result<()> {
    let wanted = std::env::args().nth(1).and_then(|word| word.parse().ok());
    let purchases: u64 = wanted.unwrap_or(650_000);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    writeln!(
        out,
        r#"{{"kind":"contract","time_unit":"us","ttl":86400000000,"grace":0,"recovery_deadline":60000000,"in_flight":"409","mismatch":"422","prices":{{"burger":1200}},"stock":{{"burger":100000000}}}}"#
    )?;
    let mut process = 0;
    for i in 0..purchases {
        let t = i * 1000;
        let (tenant, order) = (i % 400, i + 1);
        let begin = |out: &mut dyn Write, t: u64, process: u64| {
            writeln!(
                out,
                r#"{{"kind":"invoke","t":{t},"process":{process},"op":"create","tenant":"t{tenant}","key":"key-{i:08x}","intent":"i{i}","payload":"p{i}","items":[{{"sku":"burger","quantity":2}}]}}"#
            )
        };
        let first = process;
        process += 1;
        begin(&mut out, t, first)?;
        if i % 20 == 7 {
            begin(&mut out, t + 10, process)?;
            writeln!(
                out,
                r#"{{"kind":"fail","t":{},"process":{process},"status":409,"code":"in_progress"}}"#,
                t + 20
            )?;
            process += 1;
        }
        let mut last = first;
        if i % 10 == 3 {
            writeln!(
                out,
                r#"{{"kind":"info","t":{},"process":{first},"error":"timeout"}}"#,
                t + 500
            )?;
            begin(&mut out, t + 600, process)?;
            last = process;
            process += 1;
        }
        writeln!(
            out,
            r#"{{"kind":"ok","t":{},"process":{last},"status":201,"order":"{order}","response":"R{order}","replayed":false}}"#,
            t + 900
        )?;
    }
    audit(&mut out, purchases)?;
    out.flush()
}

/// The last line: what the database and the gateway hold.
fn audit(out: &mut impl Write, purchases: u64) -> io::Result<()> {
    let comma = |i: u64| if i == 0 { "" } else { "," };
    write!(
        out,
        r#"{{"kind":"audit","t":{},"orders":["#,
        purchases * 1000 + 100_000_000
    )?;
    for i in 0..purchases {
        write!(
            out,
            r#"{}{{"id":"{}","tenant":"t{}","key":"key-{i:08x}","payload":"p{i}","state":"confirmed","t":{}}}"#,
            comma(i),
            i + 1,
            i % 400,
            i * 1000 + 300
        )?;
    }
    let burgers = 100_000_000 - 2 * purchases;
    writeln!(
        out,
        r#"],"stock":{{"burger":{{"initial":100000000,"on_hand":{burgers},"reserved":0}}}}}}"#
    )
}
