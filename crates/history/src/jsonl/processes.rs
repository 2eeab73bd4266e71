//! Numbers for the processes of a file.

use hashbrown::HashTable;

/// Numbers for processes: their own while those are 0, 1, 2... in order, which costs nothing; else by first appearance.
#[derive(Debug, Default)]
pub(super) struct Processes {
    pub(super) count: u32,
    /// The file's numbers, once they are not ours.
    pub(super) names: Vec<u64>,
    table: HashTable<u32>,
}

impl Processes {
    /// Our number of the file's process; `None` if there are more than 2^32.
    pub(super) fn number(&mut self, name: u64) -> Option<u32> {
        if self.names.is_empty() {
            if name < u64::from(self.count) {
                return u32::try_from(name).ok();
            }
            if name == u64::from(self.count) {
                self.count = self.count.checked_add(1)?;
                return Some(self.count - 1);
            }
            self.names = (0..u64::from(self.count)).collect();
            for number in 0..self.count {
                let names = &self.names;
                self.table
                    .insert_unique(spread(u64::from(number)), number, |n| {
                        spread(names[*n as usize])
                    });
            }
        }
        let names = &self.names;
        if let Some(number) = self
            .table
            .find(spread(name), |n| names[*n as usize] == name)
        {
            return Some(*number);
        }
        let number = self.count;
        self.count = self.count.checked_add(1)?;
        self.names.push(name);
        let names = &self.names;
        self.table
            .insert_unique(spread(name), number, |n| spread(names[*n as usize]));
        Some(number)
    }
}

/// Numbers in a row make bad hashes.
fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26)
}
