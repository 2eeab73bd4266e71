//! A cache shared by the replicas: time to live, flush, eviction, unavailability. It may forget everything at any moment.

use std::collections::BTreeMap;

use compact_str::CompactString;

/// The cache.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: BTreeMap<CompactString, (CompactString, u64)>,
}

impl Cache {
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
    pub(crate) fn set(&mut self, key: &CompactString, value: CompactString, until_us: u64) {
        self.entries.insert(key.clone(), (value, until_us));
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
            self.set(key, value, until_us);
        }
        absent
    }

    /// `DEL`, or an eviction.
    pub(crate) fn delete(&mut self, key: &CompactString) {
        self.entries.remove(key);
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
            self.delete(key);
        }
        ours
    }

    /// `FLUSHALL`.
    pub(crate) fn flush(&mut self) {
        self.entries.clear();
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
        cache.set(&text("k"), text("v"), 100);
        assert_eq!(cache.get(&text("k"), 99), Some(text("v")));
        assert_eq!(cache.get(&text("k"), 100), None);
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
