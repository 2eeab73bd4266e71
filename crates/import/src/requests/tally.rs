//! What is said of the requests when all of them were read.

use super::{Mistake, Mistakes, Requests, Seen, Tell, Unit, counted, grouped, tell};
use crate::instant;

impl Requests<'_> {
    /// What the log shows of answers, for the contract's `observed`; `whole` says that it was read already and can be complete.
    pub fn observed(&self, whole: bool) -> Vec<&'static str> {
        let shown = |field: &&str| {
            let picked = self.picks.field(field).is_some();
            *field == "status" || (picked && (!whole || self.seen.is_complete(field)))
        };
        ["status", "order", "response", "replayed"]
            .into_iter()
            .filter(shown)
            .collect()
    }

    /// Tells what was read, and returns what the rest of the history needs of it.
    ///
    /// # Errors
    ///
    /// All mistakes.
    pub fn end(mut self, name: &str, format: &[String], to: Tell<'_>) -> Result<Seen, Mistakes> {
        self.check_format();
        self.check();
        let mut read = format!("{name}: {}", counted(self.lines, "line"));
        if self.mistakes.is_empty() {
            read += &format!(", {} {}", grouped(self.kinds.count()), self.kinds.said());
        }
        tell(to, "Read", read);
        for said in format {
            tell(to, "Format", said.as_str());
        }
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        if let Some(left_out) = self.kinds.left_out() {
            tell(to, "Left out", left_out);
        }
        if self.seen.skipped > 0 {
            let skipped = counted(self.seen.skipped, "broken line");
            tell(
                to,
                "Skipped",
                format!("{skipped}: what they said is missing, and a finding may come of that"),
            );
        }
        self.tell_fields(to);
        self.tell_keys(to);
        self.tell_answers(to);
        self.tell_times(to);
        self.seen.has_keys = self.keyed() > 0;
        Ok(self.seen)
    }

    /// A log without a readable line is in another format: one mistake is clearer than twenty.
    fn check_format(&mut self) {
        if self.lines > 1 && self.mistakes.count == self.lines {
            let mut first = self.mistakes.shown.remove(0);
            first.message += &format!(
                "; none of the {} is written as --format says: try another format, --log-format or --pattern",
                counted(self.lines, "line")
            );
            self.mistakes = first.into();
        }
    }

    /// Looks for what makes the requests no history: the first mistake of a kind is enough, because the next may follow from it.
    fn check(&mut self) {
        let checks = [Self::check_kinds, Self::check_fields, Self::check_keys];
        for check in checks {
            if self.mistakes.is_empty() {
                check(self);
            }
        }
    }

    fn check_kinds(&mut self) {
        if let Err(mistake) = self.kinds.check() {
            self.mistakes.push(mistake);
        }
    }

    /// What was asked for and is in no request is no finding but a wrong place.
    fn check_fields(&mut self) {
        let absent = self
            .picks
            .fields
            .iter()
            .filter(|pick| pick.asked && pick.found == 0);
        for pick in absent.collect::<Vec<_>>() {
            let message = format!(
                "{}: none of the {} has it",
                pick.said(),
                counted(self.kinds.count(), "request")
            );
            self.mistakes.push(Mistake::new("requests", message));
        }
    }

    /// How many requests have a key.
    fn keyed(&self) -> u64 {
        self.picks.field("key").map_or(0, |key| key.found)
    }

    /// Orders whose keys were never sent are orders that were never asked for, to a judge. If the log has no keys at all, that
    /// would be every order.
    fn check_keys(&mut self) {
        let without = "say where it stands with --key, or leave the orders' keys out with --map 'orders:key='";
        if self.keyed() == 0 && !self.order_keys.is_empty() {
            let message = format!("orders have keys, and no request of the log has one; {without}");
            self.mistakes.push(Mistake::new("--key", message));
        }
    }

    fn tell_fields(&self, to: Tell<'_>) {
        let count = self.kinds.count();
        let fields = self.picks.of_line.iter().map(|pick| pick.said());
        let found = self
            .picks
            .fields
            .iter()
            .filter(|pick| pick.found > 0)
            .map(|pick| match pick.found == count {
                true => pick.said(),
                false => format!(
                    "{} ({} of {})",
                    pick.said(),
                    grouped(pick.found),
                    grouped(count)
                ),
            });
        let fields: Vec<String> = fields.chain(found).collect();
        if !fields.is_empty() {
            tell(to, "Requests", fields.join(", "));
        }
    }

    fn tell_keys(&self, to: Tell<'_>) {
        let keyed = self.keyed();
        if keyed == 0 {
            tell(
                to,
                "Note",
                "no request has a key: a retry cannot be told from a new purchase; say --key if the log has it",
            );
        } else if !self.order_keys.is_empty() {
            let known = self.seen.of_known_key;
            tell(
                to,
                "Keys",
                format!(
                    "{} of {} requests with a key have that of an order",
                    grouped(known),
                    grouped(keyed)
                ),
            );
            if known == 0 {
                tell(
                    to,
                    "Note",
                    "no key of the log is that of an order: are orders' keys stored with a prefix, or hashed?",
                );
            }
        }
    }

    fn tell_answers(&self, to: Tell<'_>) {
        let statuses: Vec<String> = self
            .seen
            .statuses
            .iter()
            .map(|(status, count)| match status {
                0 => format!("no status x {}", grouped(*count)),
                status => format!("{status} x {}", grouped(*count)),
            })
            .collect();
        tell(to, "Answers", statuses.join(", "));
        for (field, count) in &self.seen.ok_without {
            tell(
                to,
                "Note",
                format!("{} without {field}", counted(*count, "answer with 2xx")),
            );
        }
    }

    fn tell_times(&self, to: Tell<'_>) {
        if self.seen.of_either_end > 0 {
            tell(
                to,
                "Assumed",
                "each request may lie before or after its time; --time-is begin or end narrows it",
            );
        }
        if self.seen.without_duration > 0 {
            let longest = self.plan.longest / Unit::S.ns();
            let count = counted(self.seen.without_duration, "request");
            tell(
                to,
                "Assumed",
                format!("{count} without a duration took {longest} s at most (--longest)"),
            );
        }
        if let Some(covered) = self.seen.covered {
            let (first, last) = (instant::show(covered.first), instant::show(covered.last));
            tell(to, "Times", format!("{first} to {last}"));
        }
    }
}
