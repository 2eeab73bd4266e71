//! When a key was first sent, and to whom an order was first named: looked up in the events, so that no key and no order keeps it.

use history::{History, Invoke, What};

use super::store::Facts;

impl Facts {
    /// When a key was first sent; 0 if it never was.
    #[inline]
    pub(crate) fn first_sent(&self, history: &History, key: usize) -> u64 {
        let first = self.keys[key].first_invoke.get();
        first.map_or(0, |begun| history.events[begun].t)
    }

    /// The request whose `ok` was the first to name an order.
    #[inline]
    pub(crate) fn first_told<'a>(&self, history: &'a History, order: usize) -> Option<&'a Invoke> {
        let done = self.orders[order].acked.get()?;
        match &history.events[self.links[done].partner.get()?].what {
            What::Invoke(asked) => Some(asked),
            _ => None,
        }
    }

    /// The intent for which answers named an order, if they named it for one only.
    #[inline]
    pub(crate) fn named_for(&self, history: &History, order: usize) -> Option<usize> {
        let is_merged = self.orders[order].is_merged;
        let first = self.first_told(history, order).filter(|_| !is_merged);
        Some(first?.intent?.index())
    }

    /// Whether answers named an order for more than one intent, or for an unknown one.
    pub(crate) fn is_named_for_many(&self, history: &History, order: usize) -> bool {
        let first = self.first_told(history, order);
        first.is_some_and(|first| first.intent.is_none() || self.orders[order].is_merged)
    }
}
