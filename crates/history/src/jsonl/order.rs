//! The order of everything: what a file says does not depend on the order of its lines.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::reader::Reader;
use crate::event::{RecordState, Transition, What};
use crate::names::{KeyRef, Names};
use crate::{Event, Source};

impl Reader {
    /// Sorts the events by time. The order of those with one time does not depend on the lines: faults first, then by process, each
    /// operation's begin before its end.
    pub(super) fn order_events(&mut self) -> Source {
        let events = &mut self.history.events;
        if !events.is_sorted_by_key(|event| event.t) {
            let mut order: Vec<u32> = (0..events.len() as u32).collect();
            order.sort_by_key(|event| events[*event as usize].t);
            self.lines = order
                .iter()
                .map(|event| self.lines[*event as usize])
                .collect();
            *events = order.iter().map(|event| events[*event as usize]).collect();
        }
        let names = &self.history.names;
        let mut is_busy = vec![false; names.processes.len()];
        let mut begin = 0;
        while begin < events.len() {
            let t = events[begin].t;
            let count = events[begin..]
                .iter()
                .take_while(|event| event.t == t)
                .count();
            let end = begin + count;
            if count > 1 {
                order_instant(
                    &mut events[begin..end],
                    &mut self.lines[begin..end],
                    names,
                    &is_busy,
                );
            }
            for event in &events[begin..end] {
                match event.what {
                    What::Fault { .. } => {}
                    What::Ok(_) | What::Fail(_) | What::Info(_) => {
                        is_busy[event.process as usize] = false
                    }
                    _ => is_busy[event.process as usize] = true,
                }
            }
            begin = end;
        }
        Source {
            lines: std::mem::take(&mut self.lines),
            audit: self
                .rows
                .audit
                .as_ref()
                .and_then(|head| u32::try_from(head.line).ok()),
            is_dated: self.is_dated,
            ..Source::default()
        }
    }
}

/// Numbers come first, by value, then texts, by their characters.
pub(super) fn compare_names(a: &str, b: &str) -> Ordering {
    let digits = |name: &str| {
        let is_number = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| name.trim_start_matches('0').len())
    };
    match (digits(a), digits(b)) {
        (Some(x), Some(y)) => x
            .cmp(&y)
            .then_with(|| a.trim_start_matches('0').cmp(b.trim_start_matches('0')))
            .then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// Puts the events of one instant in order.
fn order_instant(events: &mut [Event], lines: &mut [u32], names: &Names, is_busy: &[bool]) {
    let mut all: Vec<(Event, u32)> = events.iter().copied().zip(lines.iter().copied()).collect();
    all.sort_by(|(a, _), (b, _)| compare_events(a, b, names));
    for group in all
        .chunk_by_mut(|(a, _), (b, _)| is_operation(a) && is_operation(b) && a.process == b.process)
    {
        if group.len() > 1 {
            alternate(group, is_busy[group[0].0.process as usize]);
        }
    }
    for (place, (event, line)) in all.into_iter().enumerate() {
        (events[place], lines[place]) = (event, line);
    }
}

fn is_operation(event: &Event) -> bool {
    !matches!(event.what, What::Fault { .. })
}

fn is_end(event: &Event) -> bool {
    matches!(event.what, What::Ok(_) | What::Fail(_) | What::Info(_))
}

/// Faults by name, then operations by process.
fn compare_events(a: &Event, b: &Event, names: &Names) -> Ordering {
    match (&a.what, &b.what) {
        (
            What::Fault {
                fault: x, host: h, ..
            },
            What::Fault {
                fault: y, host: k, ..
            },
        ) => {
            let host = |host: &Option<crate::HostRef>| {
                host.map_or(String::new(), |host| {
                    names.hosts.text(host.index()).into_owned()
                })
            };
            let name = names
                .faults
                .text(x.index())
                .cmp(&names.faults.text(y.index()));
            name.then_with(|| host(h).cmp(&host(k)))
        }
        (What::Fault { .. }, _) => Ordering::Less,
        (_, What::Fault { .. }) => Ordering::Greater,
        _ => {
            let name = |event: &Event| names.processes.text(event.process as usize);
            match a.process == b.process {
                true => Ordering::Equal,
                false => compare_names(&name(a), &name(b)),
            }
        }
    }
}

/// The events of one process with one time: begins and ends alternate.
fn alternate(group: &mut [(Event, u32)], mut is_busy: bool) {
    let (mut ends, mut begins): (Vec<_>, Vec<_>) =
        group.iter().copied().partition(|(event, _)| is_end(event));
    ends.reverse();
    begins.reverse();
    for place in group.iter_mut() {
        let next = match is_busy {
            true => ends.pop().or_else(|| begins.pop()),
            false => begins.pop().or_else(|| ends.pop()),
        };
        *place = next.expect("as many as there were");
        is_busy = !is_end(&place.0);
    }
}

/// Sorts the changes of key records by time. Those of one key with one time form a chain: each begins in the state in which the previous
/// one ended.
pub(super) fn order_changes(changes: &mut [Transition], names: &Names) {
    changes.sort_by_key(|change| change.t);
    let tied = keys_at_once(changes, names);
    if tied.is_empty() {
        return;
    }
    let mut states: BTreeMap<KeyRef, RecordState> = BTreeMap::new();
    for instant in changes.chunk_by_mut(|a, b| a.t == b.t) {
        for own in instant.chunk_by_mut(|a, b| a.key == b.key) {
            chain(own, states.get(&own[0].key).copied());
        }
        for change in instant.iter().filter(|change| tied.contains(&change.key)) {
            states.insert(change.key, change.to);
        }
    }
}

/// Puts the changes of each key in one instant side by side, and returns the keys that have several in one.
fn keys_at_once(changes: &mut [Transition], names: &Names) -> BTreeSet<KeyRef> {
    let mut tied = BTreeSet::new();
    for instant in changes.chunk_by_mut(|a, b| a.t == b.t) {
        if instant.len() > 1 {
            instant.sort_by(|a, b| compare_changes(a, b, names));
            let pairs = instant.windows(2).filter(|pair| pair[0].key == pair[1].key);
            tied.extend(pairs.map(|pair| pair[0].key));
        }
    }
    tied
}

fn compare_changes(a: &Transition, b: &Transition, names: &Names) -> Ordering {
    let key = |change: &Transition| names.keys.text(change.key.index());
    let owner = |change: &Transition| change.owner.map(|owner| names.hosts.text(owner.index()));
    let rest = |change: &Transition| (change.token, change.from, change.to);
    match a.key == b.key {
        true => rest(a).cmp(&rest(b)).then_with(|| owner(a).cmp(&owner(b))),
        false => key(a).cmp(&key(b)),
    }
}

fn chain(own: &mut [Transition], mut state: Option<RecordState>) {
    for place in 0..own.len() {
        let fits = |change: &Transition| state.is_none_or(|state| change.from == state);
        let next = own[place..].iter().position(fits).unwrap_or(0);
        own[place..=place + next].rotate_right(1);
        state = Some(own[place].to);
    }
}
