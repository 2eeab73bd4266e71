//! The button of a page: it may be disabled while a request of its page is under way, or wait for further taps.

use protocol::Button;

use crate::visit::Visit;
use crate::wire::Wire;

impl Visit {
    /// A tap on a button that may be disabled, or wait for further taps. Whether it leads to a request.
    pub(crate) async fn press<W: Wire>(&self, wire: &W) -> bool {
        let page = self.page();
        let is_disabled = wire.at_desk(|desk| {
            let is_disabled = desk.devices.submitting.contains(&page);
            desk.devices.held_back += u64::from(is_disabled);
            is_disabled
        });
        if is_disabled {
            return false;
        }
        if let Button::Debounced(span) = self.button {
            wire.sleep(span.0).await;
        }
        wire.at_desk(|desk| {
            let sends = desk.devices.submitting.insert(page);
            desk.devices.held_back += u64::from(!sends);
            sends
        })
    }

    /// Nothing of the page is under way any more: its button works again.
    pub(crate) fn let_go<W: Wire>(&self, wire: &W) {
        let page = self.page();
        wire.at_desk(|desk| desk.devices.submitting.remove(&page));
    }
}
