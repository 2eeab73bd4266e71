//! A cache shared by the replicas: time to live, flush, eviction, unavailability, failover. It may forget everything at any moment.

use std::collections::{BTreeMap, VecDeque};

use compact_str::CompactString;

/// A value, and until when it lives.
type Entry = (CompactString, u64);

/// The cache.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: BTreeMap<CompactString, Entry>,
    /// How far its copy may be behind; it has none if this is nothing.
    behind_us: u64,
    /// What the copy may not have heard of yet, the latest last.
    tail: VecDeque<Change>,
    /// It has failed, and does not answer until then.
    pub(crate) down_until_us: u64,
}

/// A change that a copy may not have heard of.
#[derive(Debug)]
struct Change {
    at_us: u64,
    key: CompactString,
    before: Option<Entry>,
}

impl Cache {
    /// An empty cache whose copy is at most so far behind.
    pub(crate) fn new(behind_us: u64) -> Cache {
        Cache {
            behind_us,
            ..Cache::default()
        }
    }

    /// `GET`.
    pub(crate) fn get(&mut self, key: &CompactString, now_us: u64) -> Option<CompactString> {
        let (value, until_us) = self.entries.get(key)?;
        if *until_us <= now_us {
            self.entries.remove(key);
            return None;
        }
        Some(value.clone())
    }

    /// `SETEX`.
    pub(crate) fn set(
        &mut self,
        key: &CompactString,
        value: CompactString,
        now_us: u64,
        until_us: u64,
    ) {
        let before = self.entries.insert(key.clone(), (value, until_us));
        self.note(key, before, now_us);
    }

    /// `SET NX EX`.
    pub(crate) fn set_if_absent(
        &mut self,
        key: &CompactString,
        value: CompactString,
        now_us: u64,
        until_us: u64,
    ) -> bool {
        let absent = self.get(key, now_us).is_none();
        if absent {
            self.set(key, value, now_us, until_us);
        }
        absent
    }

    /// `DEL`, or an eviction.
    pub(crate) fn delete(&mut self, key: &CompactString, now_us: u64) {
        let before = self.entries.remove(key);
        self.note(key, before, now_us);
    }

    /// `EVAL`: `DEL` if the value is this one.
    pub(crate) fn delete_if(
        &mut self,
        key: &CompactString,
        value: &CompactString,
        now_us: u64,
    ) -> bool {
        let ours = self.get(key, now_us).as_ref() == Some(value);
        if ours {
            self.delete(key, now_us);
        }
        ours
    }

    /// `FLUSHALL`, which reaches the copy too.
    pub(crate) fn flush(&mut self) {
        self.entries.clear();
        self.tail.clear();
    }

    /// Back to the beginning.
    pub(crate) fn forget(&mut self) {
        self.flush();
        self.down_until_us = 0;
    }

    /// It dies, and its copy takes over at `back_us`: what was changed within the last `loses_us` is as it was before.
    pub(crate) fn fail_over(&mut self, now_us: u64, loses_us: u64, back_us: u64) {
        self.down_until_us = back_us;
        while let Some(last) = self.tail.pop_back_if(|last| last.at_us + loses_us > now_us) {
            match last.before {
                Some(entry) => self.entries.insert(last.key, entry),
                None => self.entries.remove(&last.key),
            };
        }
    }

    /// Remembers a change as long as the copy may not have heard of it.
    #[inline]
    fn note(&mut self, key: &CompactString, before: Option<Entry>, now_us: u64) {
        let behind_us = self.behind_us;
        if behind_us == 0 {
            return;
        }
        while self
            .tail
            .pop_front_if(|first| first.at_us + behind_us <= now_us)
            .is_some()
        {}
        self.tail.push_back(Change {
            at_us: now_us,
            key: key.clone(),
            before,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> CompactString {
        CompactString::new(s)
    }

    #[test]
    fn an_entry_lives_until_its_time_and_not_a_microsecond_longer() {
        let mut cache = Cache::default();
        cache.set(&text("k"), text("v"), 0, 100);
        assert_eq!(cache.get(&text("k"), 99), Some(text("v")));
        assert_eq!(cache.get(&text("k"), 100), None);
    }

    #[test]
    fn a_copy_that_takes_over_lacks_what_was_changed_last_and_nothing_else() {
        let mut cache = Cache::new(30);
        for (key, value, now_us) in [
            ("a", "1", 0),
            ("b", "1", 10),
            ("a", "2", 25),
            ("b", "2", 40),
            ("c", "1", 45),
        ] {
            cache.set(&text(key), text(value), now_us, 1_000);
        }
        cache.delete(&text("a"), 48);
        assert_eq!(cache.get(&text("a"), 49), None);
        // It is 20 behind: it has not heard of what was changed after 30.
        cache.fail_over(50, 20, 60);
        assert_eq!(cache.get(&text("a"), 60), Some(text("2")));
        assert_eq!(cache.get(&text("b"), 60), Some(text("1")));
        assert_eq!(cache.get(&text("c"), 60), None);
        // A flush reaches it.
        cache.flush();
        cache.fail_over(61, 30, 61);
        assert_eq!(cache.get(&text("a"), 61), None);
    }

    #[test]
    fn set_if_absent_sets_once_until_it_is_forgotten() {
        let mut cache = Cache::default();
        assert!(cache.set_if_absent(&text("k"), text("1"), 0, 10));
        assert!(!cache.set_if_absent(&text("k"), text("2"), 5, 15));
        assert!(cache.set_if_absent(&text("k"), text("3"), 10, 20));
        assert!(!cache.delete_if(&text("k"), &text("2"), 11), "another's");
        assert!(!cache.delete_if(&text("k"), &text("3"), 20), "over");
        cache.flush();
        assert!(cache.set_if_absent(&text("k"), text("4"), 11, 20));
        assert!(cache.delete_if(&text("k"), &text("4"), 12));
        assert_eq!(cache.get(&text("k"), 12), None);
    }
}
