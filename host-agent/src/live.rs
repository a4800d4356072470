//! How the session stands: active, a provider is connected (who, with what), connection trouble (R17).

use std::collections::BTreeMap;
use tokio::sync::watch;

/// Who is connected with what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Connected {
    /// The technician's name.
    pub technician: String,
    /// The capability's id.
    pub capability: String,
}

/// What the customer sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// The server is reached.
    pub online: bool,
    /// Open channels by id.
    pub channels: BTreeMap<String, Connected>,
}

/// The state, to be watched.
#[derive(Debug, Default)]
pub(crate) struct Live(watch::Sender<View>);

impl Live {
    /// The server is reached, or not.
    pub(crate) fn online(&self, online: bool) {
        self.0.send_if_modified(|view| std::mem::replace(&mut view.online, online) != online);
    }

    /// A channel is open until the result is dropped.
    pub(crate) fn channel<'a>(&'a self, id: &str, who: Connected) -> OpenChannel<'a> {
        self.0.send_modify(|view| {
            view.channels.insert(id.to_owned(), who);
        });
        OpenChannel { live: self, id: id.to_owned() }
    }

    /// Watches it.
    pub(crate) fn watch(&self) -> watch::Receiver<View> {
        self.0.subscribe()
    }

    /// How it stands now.
    pub(crate) fn now(&self) -> View {
        self.0.borrow().clone()
    }
}

/// Takes the channel off the list when dropped.
pub(crate) struct OpenChannel<'a> {
    live: &'a Live,
    id: String,
}

impl Drop for OpenChannel<'_> {
    fn drop(&mut self) {
        self.live.0.send_modify(|view| {
            view.channels.remove(&self.id);
        });
    }
}
