//! The outbox, its relay, and the kitchen: what is committed there becomes tickets. At least once, late, and in any order.

use explore::Kind;
use history::Label;
use scenario::faults::Opportunity;

use crate::event::Event;
use crate::kitchen::{Message, Ticket};
use crate::setting::Setting;
use crate::state::State;

const LATE: Kind = Kind::new("outbox.message.late");

impl State {
    /// A commit took effect: the relay sees what it left in the outbox.
    #[inline]
    pub(crate) fn relay(&mut self, setting: &Setting) {
        if !self.database.notes.leaving.is_empty() {
            self.relay_all(setting);
        }
    }

    fn relay_all(&mut self, setting: &Setting) {
        for row in std::mem::take(&mut self.database.notes.leaving) {
            let message = Message {
                row,
                sent: 0,
                copy: false,
            };
            self.send_message(setting, message);
        }
    }

    /// The relay sends a message when it is there, and the message takes its time.
    fn send_message(&mut self, setting: &Setting, message: Message) {
        let table = setting.delays.kitchen.as_ref();
        let table = table.expect("rows are relayed where there is a kitchen");
        let who = message.who();
        let late_us = table.draw(&mut self.chooser, LATE, who.lineage, who.ordinal);
        let leaves_us = self.kernel.now_us().max(self.kitchen.relay_back_at_us);
        self.message_at(leaves_us + late_us, message);
        let echo = self.strike(&setting.faults, Opportunity::DuplicateMessage, who);
        if let Some(after_us) = echo.map(|fault| fault.delay(who, &mut self.chooser)) {
            let copy = true;
            self.message_at(leaves_us + late_us + after_us, Message { copy, ..message });
        }
    }

    fn message_at(&mut self, at_us: u64, message: Message) {
        self.kitchen.busy_until_us = self.kitchen.busy_until_us.max(at_us);
        self.kernel.at(at_us, Event::Message(message.into()));
    }

    /// A message reaches the kitchen; the relay marks it as sent, or dies before it can, and sends it again when it is back.
    pub(crate) fn deliver(&mut self, setting: &Setting, message: Message, knows_messages: bool) {
        self.print(message, knows_messages);
        let who = message.who();
        if message.copy {
            return;
        }
        if let Some(fault) = self.strike(&setting.faults, Opportunity::CrashRelay, who) {
            let back_at_us = self.kernel.now_us() + fault.delay(who, &mut self.chooser);
            self.kitchen.relay_back_at_us = self.kitchen.relay_back_at_us.max(back_at_us);
            let sent = message.sent.saturating_add(1);
            self.send_message(setting, Message { sent, ..message });
        }
    }

    /// The kitchen prints a ticket. One that knows messages does it once for each.
    fn print(&mut self, message: Message, knows_messages: bool) {
        let row = message.row as usize;
        let known = &mut self.kitchen.known;
        known.resize(known.len().max(row + 1), false);
        if std::mem::replace(&mut known[row], true) {
            self.cover(Label::MessageRedelivered);
            if knows_messages {
                return;
            }
        }
        let (order, kind) = self
            .database
            .notes
            .get(row)
            .expect("what is committed stays");
        self.kitchen.tickets.push(Ticket {
            order,
            kind,
            printed_us: self.kernel.now_us(),
        });
    }
}
