//! What rows and answers leave out. A rule that would need it, and finds nothing wrong without it, does not know.

use history::{Completion, History};

use super::refusals::Refusal;

/// How much is left out.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// Orders that do not say their key, although their payload was never sent without one, by row, in order.
    pub(crate) keyless: Vec<u32>,
    /// Orders that were not there before the run, and do not say when they were created.
    pub(crate) undated: u64,
    /// Orders that do not say whose they are, although there are several tenants.
    pub(crate) tenantless: u64,
    /// Orders that do not say what is in them, by row.
    pub(crate) itemless: Vec<u32>,
    /// Orders of which neither their row nor their request says what is in them.
    pub(crate) orders_without_items: u64,
    /// Live ones among them.
    pub(crate) live_without_items: u64,
    /// Live orders for which there is room only if a key, whose orders are not all known, was forgotten and used anew.
    pub(crate) further_lives: u64,
    /// Live orders without a key that may be the second of a purchase which has one, by row.
    pub(crate) perhaps_second: Vec<u32>,
    /// Live orders that belong to no certain purchase.
    pub(crate) strays: u64,
    /// Captured or authorised charges that name neither an order nor an intent, by row.
    pub(crate) nameless_charges: Vec<u32>,
    /// Such charges that name no order, and an intent that no request and no order is known to be for, by row.
    pub(crate) strange_charges: Vec<u32>,
    /// Answers `ok` without a body.
    pub(crate) bodiless_oks: u64,
    /// Refusals with neither a status nor a code that is known.
    pub(crate) bare_refusals: u64,
    /// Definite refusals without a status, by event.
    pub(crate) statusless_refusals: Vec<u32>,
    /// Refusals without a code, by event.
    pub(crate) uncoded_refusals: Vec<u32>,
    /// Whether each code, by its number, is for an answer that never came, as far as it was looked at.
    says_no_answer: Vec<Option<bool>>,
}

impl Gaps {
    pub(super) fn clear(&mut self) {
        let Gaps {
            keyless,
            undated,
            tenantless,
            itemless,
            orders_without_items,
            live_without_items,
            further_lives,
            perhaps_second,
            strays,
            nameless_charges,
            strange_charges,
            bodiless_oks,
            bare_refusals,
            statusless_refusals,
            uncoded_refusals,
            says_no_answer,
        } = self;
        says_no_answer.clear();
        for list in [
            perhaps_second,
            keyless,
            itemless,
            nameless_charges,
            strange_charges,
            statusless_refusals,
            uncoded_refusals,
        ] {
            list.clear();
        }
        for count in [
            bodiless_oks,
            undated,
            tenantless,
            orders_without_items,
            live_without_items,
            further_lives,
            strays,
            bare_refusals,
        ] {
            *count = 0;
        }
    }

    /// A refusal, and what it means as far as it says.
    #[inline]
    pub(super) fn see_refusal(&mut self, index: usize, said: &Completion, meaning: Refusal) {
        let is_bare = said.status.is_none() && meaning == Refusal::Definite;
        self.bare_refusals += u64::from(is_bare);
        if said.status.is_none() && !meaning.is_no_holder() {
            self.statusless_refusals.push(index as u32);
        }
        if said.code.is_none() {
            self.uncoded_refusals.push(index as u32);
        }
    }

    /// Whether an end without a status may have been an answer of the server's: it does not say that none came.
    pub(super) fn may_be_an_error(&mut self, history: &History, said: &Completion) -> bool {
        let Some(code) = said.code else {
            return history.contract.observed.status;
        };
        let codes = &history.names.codes;
        if self.says_no_answer.len() <= code.index() {
            self.says_no_answer.resize(codes.len(), None);
        }
        let known = self.says_no_answer[code.index()].get_or_insert_with(|| {
            let text = codes.text(code.index()).to_lowercase();
            NO_ANSWER.iter().any(|word| text.contains(word))
        });
        !*known
    }
}

/// Words for an answer that never came.
const NO_ANSWER: [&str; 16] = [
    "timeout",
    "timed",
    "deadline",
    "reset",
    "connect",
    "refused",
    "closed",
    "eof",
    "broken",
    "lost",
    "dropped",
    "aborted",
    "cancel",
    "died",
    "no answer",
    "network",
];
