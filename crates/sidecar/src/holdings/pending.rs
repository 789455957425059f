//! Which providers wait for keys.

use outrigger_route::view::Key;

use super::Holdings;

impl Holdings {
    /// The providers of which nobody has told the keys, in order.
    pub(crate) fn pending(&self) -> Vec<Key> {
        let view = self.view();
        view.providers.keys().filter(|provider| view.is_pending(provider)).cloned().collect()
    }
}
