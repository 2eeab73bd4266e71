//! A history for other checkers: EDN as Jepsen writes it, one map per line, for Elle's list-append model.
//!
//! A key is a list of the orders that were made for it. The attempt that made an order appends it, and every answer reads the list; what
//! the database holds at the end is one last read. An order that no client was told of is appended by the first attempt with its key
//! whose outcome is unknown. One key, one order is then a list of length one.

use std::io::{self, Write};

use crate::History;
use crate::contract::TimeUnit;
use crate::event::{Event, Invoke, What};
use crate::names::{KeyRef, OrderRef};

/// Writes a history.
///
/// # Errors
/// Those of `output`.
pub fn write(history: &History, mut output: impl Write) -> io::Result<()> {
    let begun = begins(history);
    let makers = makers(history, &begun);
    let numbers = numbers(history);
    let mut line = String::new();
    let mut index = 0;
    for (place, event) in history.events.iter().enumerate() {
        let (kind, asked) = match &event.what {
            What::Invoke(asked) => (":invoke", Some((place, asked))),
            What::Ok(_) => (":ok", begin(history, &begun, event)),
            What::Fail(_) => (":fail", begin(history, &begun, event)),
            What::Info(_) => (":info", begin(history, &begun, event)),
            _ => continue,
        };
        let Some((begin, asked)) = asked else {
            continue;
        };
        let key = list_name(history, asked, event.process);
        let appended = makers[begin];
        let read = match &event.what {
            What::Ok(said) => said.order,
            _ => None,
        };
        line.clear();
        let process = numbers[event.process as usize];
        head(&mut line, history, index, kind, process, event.t);
        line.push('[');
        if let Some(order) = appended {
            let order = quoted(&history.names.orders.text(order.index()));
            line.push_str(&format!("[:append {key} {order}] "));
        }
        let read = read.map_or("nil".to_owned(), |order| {
            format!("[{}]", quoted(&history.names.orders.text(order.index())))
        });
        line.push_str(&format!("[:r {key} {read}]]}}\n"));
        output.write_all(line.as_bytes())?;
        index += 1;
    }
    last_read(history, &numbers, index, &mut output)
}

/// The event that each process is at, by process.
fn begins(history: &History) -> Vec<Option<usize>> {
    let mut begun = vec![None; history.processes()];
    for (place, event) in history.events.iter().enumerate() {
        if let What::Invoke(_) = event.what
            && let Some(slot) = begun.get_mut(event.process as usize)
        {
            slot.get_or_insert(place);
        }
    }
    begun
}

fn begin<'a>(
    history: &'a History,
    begun: &[Option<usize>],
    event: &Event,
) -> Option<(usize, &'a Invoke)> {
    let begin = (*begun.get(event.process as usize)?)?;
    match &history.events[begin].what {
        What::Invoke(asked) => Some((begin, asked)),
        _ => None,
    }
}

/// The order that each attempt made, by the event of its invocation.
fn makers(history: &History, begun: &[Option<usize>]) -> Vec<Option<OrderRef>> {
    let mut makers = vec![None; history.events.len()];
    let mut is_made = vec![false; history.names.orders.len()];
    let mut unknown: Vec<(KeyRef, usize)> = Vec::new();
    let mut ended = vec![false; history.events.len()];
    for event in &history.events {
        let Some((begin, _)) = begin(history, begun, event) else {
            continue;
        };
        match event.what {
            What::Ok(said) => {
                ended[begin] = true;
                if let Some(order) = said.order.filter(|order| !is_made[order.index()]) {
                    is_made[order.index()] = true;
                    makers[begin] = Some(order);
                }
            }
            What::Fail(_) => ended[begin] = true,
            _ => {}
        }
    }
    for (place, event) in history.events.iter().enumerate() {
        if let What::Invoke(asked) = &event.what
            && !ended[place]
        {
            unknown.extend(asked.key.map(|key| (key, place)));
        }
    }
    unknown.sort_unstable();
    let audit = history.audit.as_ref();
    let rows = audit.and_then(|audit| audit.orders.as_ref());
    for row in rows
        .into_iter()
        .flatten()
        .filter(|row| !is_made[row.id.index()])
    {
        let Some(key) = row.key else {
            continue;
        };
        let from = unknown.partition_point(|(other, _)| *other < key);
        let own = unknown[from..]
            .iter()
            .take_while(|(other, _)| *other == key);
        let free = own
            .map(|(_, place)| *place)
            .find(|place| makers[*place].is_none());
        if let Some(place) = free {
            makers[place] = Some(row.id);
        }
    }
    makers
}

/// The list that an attempt is about: its key's; without one, its purchase's, or its own.
fn list_name(history: &History, asked: &Invoke, process: u32) -> String {
    let names = &history.names;
    quoted(&match (asked.key, asked.intent) {
        (Some(key), _) => key_name(history, key, asked),
        (None, Some(intent)) => format!("intent {}", names.intents.text(intent.index())),
        (None, None) => format!("attempt {}", history.process_name(process)),
    })
}

fn key_name(history: &History, key: KeyRef, asked: &Invoke) -> String {
    let names = &history.names;
    let tenant = names.tenants.text(asked.tenant.index());
    format!("{tenant}/{}", names.key_text(key))
}

fn head(line: &mut String, history: &History, index: u64, kind: &str, process: u64, t: u64) {
    let ns: u128 = match history.contract.time_unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
        TimeUnit::Seconds => 1_000_000_000,
    };
    line.push_str(&format!(
        "{{:index {index}, :type {kind}, :process {}, :time {}, :f :txn, :value ",
        process,
        u128::from(t) * ns,
    ));
}

/// The processes of the history as the numbers that Elle needs: their names where all of them are numbers, else their places.
fn numbers(history: &History) -> Vec<u64> {
    let processes = 0..history.processes() as u32;
    let named = processes.clone().map(|process| {
        // One number is left for a process after all others.
        let number = history.names.process_number(process);
        number.filter(|number| *number < u64::MAX)
    });
    named
        .collect::<Option<Vec<u64>>>()
        .unwrap_or_else(|| processes.map(u64::from).collect())
}

/// What the database holds at the end, key by key.
fn last_read(
    history: &History,
    numbers: &[u64],
    index: u64,
    output: &mut impl Write,
) -> io::Result<()> {
    let Some(audit) = &history.audit else {
        return Ok(());
    };
    let names = &history.names;
    let mut rows: Vec<_> = audit
        .orders
        .iter()
        .flatten()
        .filter_map(|row| Some((row.key?, row.t, row)))
        .collect();
    rows.sort_by_key(|(key, t, _)| (*key, *t));
    let mut reads = String::from("[");
    for list in rows.chunk_by(|a, b| a.0 == b.0) {
        let tenant = list[0]
            .2
            .tenant
            .map_or("".into(), |t| names.tenants.text(t.index()));
        let key = quoted(&format!("{tenant}/{}", names.key_text(list[0].0)));
        let orders = list
            .iter()
            .map(|(_, _, row)| quoted(&names.orders.text(row.id.index())));
        let orders: Vec<String> = orders.collect();
        reads.push_str(&format!("[:r {key} [{}]] ", orders.join(" ")));
    }
    let reads = format!("{}]", reads.trim_end());
    // A process of its own, after all others.
    let reader = numbers.iter().max().map_or(0, |last| last + 1);
    for (offset, kind) in [(0, ":invoke"), (1, ":ok")] {
        let mut line = String::new();
        head(&mut line, history, index + offset, kind, reader, audit.t);
        output.write_all(format!("{line}{reads}}}\n").as_bytes())?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
