//! Opening a channel on a stream of its own, between server and host.
//!
//! The server opens a bidirectional stream and sends `open`. The host answers `opened` or `refused`, or asks for the
//! session password first; then PAKE messages pass through the server as bytes that it cannot read. After `opened`
//! every frame in both directions is the plugin's own message: the relay never looks inside.
//!
//! Before `opened`, a frame is JSON of [`ToHost`] or [`FromHost`]. After it, the first byte of a frame is its
//! [`Tag`], the rest the plugin's.
//!
//! The host fetches a plugin on a stream that it opens itself: one frame of [`Fetch`], answered by one frame of
//! [`FetchAnswer`] and then the file's bytes until the stream ends.

use crate::problem::Problem;
use hospes_licence::grant::SignedGrant;
use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};

/// From the server to the host, before the channel is open.
#[serde_as]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToHost {
    /// Opens.
    Open {
        /// The permission.
        grant: SignedGrant,
        /// The opener's JSON for the plugin's `run`.
        request: String,
    },
    /// A PAKE message of the technician's side.
    Pake {
        /// Opaque.
        #[serde_as(as = "Base64")]
        message: Vec<u8>,
    },
}

/// From the host to the server, before the channel is open.
#[serde_as]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromHost {
    /// This login has not proved the session password yet.
    NeedPassword {
        /// Seconds until a guess is answered, 0 for at once (guesses are throttled on the host).
        retry_after: u32,
    },
    /// A PAKE message of the host's side.
    Pake {
        /// Opaque.
        #[serde_as(as = "Base64")]
        message: Vec<u8>,
    },
    /// Something takes time: the customer is being asked, or the plugin is on its way.
    Wait {
        /// `asking-customer`, `fetching` or `starting`.
        reason: String,
    },
    /// Plugin messages follow.
    Opened {
        /// The interfaces that are unlocked.
        interfaces: Vec<String>,
    },
    /// Not opened.
    Refused {
        /// Why.
        problem: Problem,
    },
}

/// First byte of every frame of an open channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// The plugin's message.
    Message = 0,
    /// The side will send no more messages.
    Finish = 1,
    /// Last frame of a channel that did not end by itself: JSON of a [`Problem`].
    Problem = 2,
}

/// The host wants a plugin file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Fetch {
    /// By BLAKE3 of the file, hex.
    Component {
        /// The hash that the grant named.
        hash: String,
    },
}

/// Answer to [`Fetch`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FetchAnswer {
    /// That many bytes follow.
    Found {
        /// Length in bytes.
        length: u64,
    },
    /// There is no such file, or not for this session.
    NotFound {},
}
